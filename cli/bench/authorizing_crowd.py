"""Who there is when drivers are counted: installations, chargers, and everybody with a card."""

from collections.abc import Iterator
from typing import Final

from shared.messages import Event
from shared.messages.installation import (
    AuthenticationRequiredSet,
    ChargerAssigned,
    InstallationCreated,
)
from shared.messages.installation_terms import Category, InstallationType
from shared.messages.permissions import CardRegistered, Role, RoleGranted
from shared.phases import PHASES, GridType
from shared.rights.cards import card_mark

INSTALLATIONS: Final = 500
CARDS: Final = 10_000
CHARGERS: Final = 200
STRANGERS_EVERY: Final = 5
"""Every so many cards that are shown belong to people of another installation."""


def serial(number: int) -> str:
    """Name a charger; its id is the same."""
    return f"BENCH{number:05}"


def _card(number: int) -> str:
    return f"CARD{number:010}"


def _cards_at(installation: int) -> range:
    """Number the cards of the people of one installation."""
    each = CARDS // INSTALLATIONS
    return range(installation * each, (installation + 1) * each)


def shown_at(charger: int) -> list[str]:
    """List the cards that are shown at a charger: of people from there, and now and then from elsewhere."""
    own, others = _cards_at(charger), _cards_at(charger + 1)
    return [
        _card(other if number % STRANGERS_EVERY == 0 else mine)
        for number, (mine, other) in enumerate(zip(own, others, strict=True))
    ]


def layout() -> Iterator[Event]:
    """Say what installation says: installations where drivers are asked who they are, and chargers."""
    for number in range(INSTALLATIONS):
        yield InstallationCreated(
            installation_id=f"bench-{number}",
            name=f"Bench {number}",
            address="Street 1",
            category=Category.COMMUNITY,
            country="NO",
            type=InstallationType.GARAGE,
            breaker_a=63,
            time_zone="Europe/Oslo",
            grid_type=GridType.TN_3_PHASE,
        )
        yield AuthenticationRequiredSet(installation_id=f"bench-{number}", required=True)
    for number in range(CHARGERS):
        yield ChargerAssigned(
            installation_id=f"bench-{number}",
            charger_id=serial(number),
            circuit_id="main",
            serial=serial(number),
            name="Bay",
            wiring=PHASES,
            max_a=32,
            min_a=6.0,
            breaker_a=None,
            fail_safe_a=6.0,
            moved_from=None,
        )


def people(key: bytes) -> Iterator[Event]:
    """Say what permissions says: cards by their marks under a key, and a role for each person."""
    for installation in range(INSTALLATIONS):
        for number in _cards_at(installation):
            person_id = f"person-{number}"
            yield CardRegistered(
                person_id=person_id,
                card_id=f"card-{number}",
                mark=card_mark(_card(number), key),
                sealed="c2VhbGVk",
            )
            yield RoleGranted(
                installation_id=f"bench-{installation}",
                grantee=f"person/{person_id}",
                role=Role.USER,
            )
