"""The simulated charger's local list, and whom it lets in by it."""

from random import Random
from typing import Any

import pytest

from shared.phases import GridType
from simulator.charger import Charger
from simulator.local_list import ENTRIES_MAX, MESSAGE_MAX, LocalList
from simulator.outlet import Outlet
from simulator.payloads import CallRefused
from simulator.requests import answer

NOW_S = 1_795_000_000.0


def sent(version: int, kind: str, **entries: dict[str, Any] | None) -> dict[str, Any]:
    told = [
        {"idTag": tag} if info is None else {"idTag": tag, "idTagInfo": info}
        for tag, info in entries.items()
    ]
    return {"listVersion": version, "updateType": kind, "localAuthorizationList": told}


YES, BLOCKED = {"status": "Accepted"}, {"status": "Blocked"}


def test_a_whole_list_replaces_and_a_difference_adds_and_takes_out() -> None:
    held = LocalList()

    assert held.take(sent(1, "Full", A=YES, B=YES)) == "Accepted"
    assert held.take(sent(2, "Differential", B=None, C=BLOCKED)) == "Accepted"
    assert (held.version, set(held.entries)) == (2, {"A", "C"})
    assert held.take(sent(3, "Full", D=YES)) == "Accepted"
    assert set(held.entries) == {"D"}


def test_what_cannot_be_leaves_the_list_as_it_was() -> None:
    held = LocalList()
    held.take(sent(5, "Full", A=YES))

    assert held.take(sent(5, "Differential", B=YES)) == "VersionMismatch"
    many = {f"C{number}": YES for number in range(MESSAGE_MAX + 1)}
    assert held.take(sent(6, "Differential", **many)) == "Failed"
    with pytest.raises(CallRefused):
        held.take(sent(6, "Half", B=YES))
    assert (held.version, set(held.entries)) == (5, {"A"})
    assert MESSAGE_MAX < ENTRIES_MAX


@pytest.mark.parametrize(
    ("tag", "strangers", "may"),
    [
        ("card1", "false", True),
        ("CARD2", "false", False),
        ("CARD3", "false", False),
        ("OTHER", "false", False),
        ("OTHER", "true", True),
        ("CARD2", "true", False),
    ],
)
def test_offline_the_list_decides_and_strangers_may_only_where_it_was_said(
    tag: str, strangers: str, may: bool
) -> None:
    charger = Charger("ZAP000001", Outlet(32.0, GridType.TN_3_PHASE, 3), Random(1))  # noqa: S311

    def ask(action: str, payload: dict[str, Any]) -> dict[str, Any]:
        return answer(charger, action, payload, NOW_S)

    for key, value in (
        ("LocalAuthListEnabled", "true"),
        ("AllowOfflineTxForUnknownId", strangers),
    ):
        assert ask("ChangeConfiguration", {"key": key, "value": value}) == {
            "status": "Accepted"
        }
    over = {"status": "Accepted", "expiryDate": "2020-01-01T00:00:00Z"}
    listed = sent(4, "Full", CARD1=YES, CARD2=BLOCKED, CARD3=over)
    assert ask("SendLocalList", listed) == {"status": "Accepted"}
    assert ask("GetLocalListVersion", {}) == {"listVersion": 4}

    charger.transactions.driver_came(tag)
    charger.transactions.authorise(NOW_S, connected=False)

    assert (charger.transactions.running is not None) is may
    assert charger.transactions.barred is not may


def test_a_switch_is_true_or_false_and_nothing_else() -> None:
    charger = Charger("ZAP000001", Outlet(32.0, GridType.TN_3_PHASE, 3), Random(1))  # noqa: S311
    change = {"key": "LocalAuthListEnabled", "value": "perhaps"}

    assert answer(charger, "ChangeConfiguration", change, NOW_S) == {"status": "Rejected"}
