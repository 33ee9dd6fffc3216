"""Certificates of chargers: given what happened, when something is wished, then events."""

from datetime import timedelta

import pytest

from services.telemetry import certificates
from services.telemetry.certificates import NONE_YET, UnknownCertificate, folded
from shared.messages.credentials import ChargerCertificateRevoked, RevokeChargerCertificate
from tests.unit.telemetry.facts import ASSIGNED, AT, BAY_12

HERE = ASSIGNED.model_copy(update={"assignment": "a-1", "tenure": "a-1"})
YEAR = (AT, AT + timedelta(days=365))
ISSUED = certificates.issued(HERE, "4C", YEAR, "PEM")
REVOKE = RevokeChargerCertificate(
    command_id="c-1",
    installation_id="garage",
    serial="ZAP000012",
    number="4C",
    reason="the charger was stolen",
)
GONE = ChargerCertificateRevoked(
    **BAY_12, serial="ZAP000012", number="4C", reason="the charger was stolen"
)


def test_a_certificate_is_good_for_the_tenure_it_was_issued_in() -> None:
    state = folded(ISSUED)

    assert state.good("PEM", "a-1")
    assert not state.good("PEM", "a-2")
    assert not state.good("PEN", "a-1")


def test_a_charger_with_a_certificate_has_to_show_it_until_it_ends() -> None:
    state = folded(ISSUED)

    assert state.demanded("a-1", AT)
    assert not state.demanded("a-1", AT + timedelta(days=366))
    assert not state.demanded("a-2", AT)
    assert not folded([*ISSUED, GONE]).demanded("a-1", AT)


def test_a_revoked_certificate_is_good_no_more() -> None:
    state = folded(ISSUED)

    assert certificates.revoke(REVOKE, state, HERE, foreign=False) == (GONE,)
    after = folded([*ISSUED, GONE])
    assert not after.good("PEM", "a-1")
    assert certificates.revoke(REVOKE, after, HERE, foreign=False) == ()


def test_a_certificate_nobody_knows_is_revoked_only_where_others_sign_too() -> None:
    with pytest.raises(UnknownCertificate, match="certificate list ZAP000012"):
        certificates.revoke(REVOKE, NONE_YET, HERE, foreign=False)
    assert certificates.revoke(REVOKE, NONE_YET, HERE, foreign=True) == (GONE,)
