"""Who knocks and stands nowhere, and where those connected from the same address stand."""

from cli.layout.adopting import knocks_of
from shared.messages import Event
from shared.messages.telemetry import ChargerConnected, ChargerRefused, Place
from tests.unit.cli.layout.recording import (
    GARAGE,
    add,
    assign,
    charger,
    create,
    recorded,
    world_after,
)

HOUSE, QUAY = "203.0.113.7", "203.0.113.8"
WORLD = world_after(
    *GARAGE,
    create("pier"),
    add("quay", installation_id="pier"),
    assign("quay", charger(30), installation_id="pier"),
)


def knocked(serial: str, remote: str = HOUSE) -> ChargerRefused:
    return ChargerRefused(
        serial=serial, reason="nobody has assigned it", remote=remote, place=Place.UNKNOWN
    )


def connected(serial: str, remote: str = HOUSE) -> Event:
    return ChargerConnected(
        installation_id="harbour",
        charger_id=serial,
        serial=serial,
        vendor="V",
        model="M",
        gateway_id="g",
        remote=remote,
    )


def test_who_knocks_belongs_where_those_beside_it_stand() -> None:
    here = [connected(it.serial) for it in WORLD.state("harbour").chargers.values()]

    (knock,) = knocks_of(recorded([knocked("ZAP000099")]), recorded(here), WORLD)

    assert knock.serial == "ZAP000099"
    assert knock.installation_id == "harbour"
    assert sum(knock.neighbours.values()) == len(here)


def test_nothing_is_said_where_neighbours_do_not_stand_together_or_are_none() -> None:
    both = [connected("ZAP000012"), connected("ZAP000030")]

    mixed, alone = (
        knocks_of(recorded([knocked("ZAP000099", remote)]), recorded(both), WORLD)[0]
        for remote in (HOUSE, QUAY)
    )

    assert mixed.installation_id is None
    assert mixed.circuit_id("pier") == "quay"
    assert (alone.installation_id, alone.neighbours) == (None, {})


def test_who_stands_somewhere_does_not_wait_and_the_newest_comes_first() -> None:
    refused = [knocked("ZAP000098"), knocked("ZAP000012"), knocked("ZAP000099")]

    found = knocks_of(recorded(refused), [], WORLD)

    assert [it.serial for it in found] == ["ZAP000099", "ZAP000098"]
