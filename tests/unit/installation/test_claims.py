"""Serial numbers and charger ids: each stands in one place in the world."""

from services.installation.claims import claims_of, stream_of, taken
from services.installation.decider import installation
from services.installation.refusals import ChargerExists, SerialIsLocked, SerialTaken
from services.installation.state import Installation
from shared.decider import Claim
from tests.unit.installation.facts import (
    added,
    assigned,
    created,
    deactivated,
    fail_safe,
    locked,
    removed,
)

HILL = Installation()


def test_a_serial_is_claimed_together_with_its_charger() -> None:
    holder = "harbour-garage/bay-1"
    assert claims_of(assigned(1)) == (
        Claim("serial", "ZAP000001", holder),
        Claim("charger", "bay-1", holder),
    )
    assert claims_of(added()) == ()


def test_an_id_that_stands_in_another_installation_is_refused_saying_where() -> None:
    """Every service knows a charger by its id alone: two of one id would be taken for one."""
    refusal = taken(
        Claim("charger", "bay-1", "harbour-garage/bay-1"), "hill-garage/bay-1", HILL
    )

    assert isinstance(refusal, ChargerExists)
    assert "hill-garage" in refusal.detail


def test_a_serial_that_stands_in_another_installation_is_refused_saying_where() -> None:
    claim = Claim("serial", "ZAP000001", "harbour-garage/bay-1")

    refusal = taken(claim, "hill-garage/bay-7", HILL)

    assert isinstance(refusal, SerialTaken)
    assert "ZAP000001" in refusal.detail
    assert "hill-garage" in refusal.detail


def test_both_keys_are_released_with_the_charger() -> None:
    holder = "harbour-garage/bay-1"
    assert claims_of(removed(1)) == (
        Claim("serial", "ZAP000001", holder, release=True),
        Claim("charger", "bay-1", holder, release=True),
    )


def test_a_serial_that_is_locked_in_another_installation_is_refused_saying_why() -> None:
    history = (created(), added(), assigned(1), locked(1), deactivated(), fail_safe(1, 0))
    claim = Claim("serial", "ZAP000001", "hill-garage/bay-7")

    refusal = taken(claim, "harbour-garage/bay-1", installation.fold(history))

    assert isinstance(refusal, SerialIsLocked)
    assert "installation harbour-garage" in refusal.detail
    assert "circuit 'level-1' was deactivated" in refusal.detail


def test_the_holder_of_a_key_names_the_stream_it_is_known_in() -> None:
    assert stream_of("harbour-garage/bay-1") == "installation-harbour-garage"
