"""Which serial number is which charger, as the installation service's events tell it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from services.telemetry.charger import Charger, evolve
from services.telemetry.projections import Assignments
from services.telemetry.whereabouts import Whereabouts
from shared.messages import InstallationEvent
from shared.messages.installation import (
    AuthenticationRequiredSet,
    ChargerAssigned,
    ChargerChanged,
    ChargerMoved,
    ChargerRemoved,
    FailSafeSet,
    InstallationChanged,
    InstallationCreated,
    InstallationDeactivated,
    InstallationReactivated,
    SerialLocked,
    SerialUnlocked,
)
from shared.messages.installation_terms import Category, InstallationType
from shared.phases import PHASES, GridType, Phase
from shared.recorded import Meta, Recorded
from tests.unit.telemetry import facts

SERIAL = "ZAP000012"
GARAGE = {"installation_id": "garage"}
BAY = {**GARAGE, "charger_id": "bay-12"}
ELSEWHERE: dict[str, Any] = {"installation_id": "depot", "charger_id": "bay-12"}
AS_BUILT: dict[str, Any] = {
    "name": "Garage",
    "address": "Street 1",
    "category": Category.COMMUNITY,
    "country": "NO",
    "type": InstallationType.GARAGE,
    "breaker_a": 63,
    "time_zone": "Europe/Oslo",
}
BAY_AS_BUILT: dict[str, Any] = {
    "name": "Bay 12",
    "wiring": PHASES,
    "max_a": 32,
    "min_a": 6.0,
    "breaker_a": None,
}


class Nowhere:
    """A database that writes nothing down: what is held in memory is looked at."""

    async def execute(self, *_: object) -> None:
        return None


def created(**where: str) -> InstallationCreated:
    return InstallationCreated(**(where or GARAGE), **AS_BUILT, grid_type=GridType.TN_3_PHASE)


def assigned(fail_safe_a: float = 6.0, serial: str = SERIAL, **where: Any) -> ChargerAssigned:
    return ChargerAssigned(
        **(where or BAY),
        **BAY_AS_BUILT,
        circuit_id="level-1",
        serial=serial,
        fail_safe_a=fail_safe_a,
        moved_from=None,
    )


def removed(serial: str = SERIAL, **where: str) -> ChargerRemoved:
    return ChargerRemoved(**(where or BAY), serial=serial)


def fail_safe(fail_safe_a: float, **where: str) -> FailSafeSet:
    return FailSafeSet(**(where or BAY), fail_safe_a=fail_safe_a, wished=False)


def locked(circuit_id: str | None = "level-1") -> SerialLocked:
    return SerialLocked(**BAY, serial=SERIAL, circuit_id=circuit_id)


def unlocked() -> SerialUnlocked:
    return SerialUnlocked(**BAY, serial=SERIAL, reason="level-1 was reactivated")


async def fold(assignments: Assignments, *events: InstallationEvent, first: int = 1) -> None:
    for position, event in enumerate(events, start=first):
        recorded = Recorded(
            position=position,
            stream=f"installation-{event.installation_id}",
            version=position,
            event_id=UUID(int=position),
            recorded_at=datetime(2026, 11, 22, tzinfo=UTC),
            type=type(event).__name__,
            schema_version=event.schema_version,
            data=event.model_dump_json().encode(),
            meta=Meta(actor="test", command_id="c", correlation_id="c"),
        )
        await assignments.apply(Nowhere(), recorded)


async def after(*events: InstallationEvent) -> Assignments:
    assignments = Assignments(Whereabouts())
    await fold(assignments, *events)
    return assignments


async def test_a_charger_is_known_with_its_grid() -> None:
    known = (await after(created(), assigned())).get(SERIAL)

    assert known is not None
    assert (known.installation_id, known.charger_id) == ("garage", "bay-12")
    assert (known.grid_type, known.wiring) == (GridType.TN_3_PHASE, PHASES)
    assert (known.fail_safe_a, known.barred, known.authentication_required) == (
        6.0,
        None,
        False,
    )


async def test_what_changes_is_known_as_it_is_from_then_on() -> None:
    wiring = {"wiring": (Phase.L3, Phase.L1, Phase.L2)}
    known = (
        await after(
            created(),
            assigned(),
            ChargerChanged(**BAY, **(BAY_AS_BUILT | wiring)),
            InstallationChanged(**GARAGE, **AS_BUILT, grid_type=GridType.IT_3_PHASE),
            AuthenticationRequiredSet(**GARAGE, required=True),
            fail_safe(10.0),
            ChargerMoved(**BAY, from_circuit_id="level-1", circuit_id="level-2"),
            InstallationDeactivated(**GARAGE),
            InstallationReactivated(**GARAGE),
        )
    ).get(SERIAL)

    assert known is not None
    assert known.wiring == (Phase.L3, Phase.L1, Phase.L2)
    assert (known.grid_type, known.authentication_required) == (GridType.IT_3_PHASE, True)
    assert known.fail_safe_a == 10.0


async def test_what_is_said_of_one_charger_goes_before_what_holds_for_all() -> None:
    def asks(*, required: bool, charger_id: str | None = None) -> AuthenticationRequiredSet:
        return AuthenticationRequiredSet(**GARAGE, required=required, charger_id=charger_id)

    own = asks(required=True, charger_id=BAY["charger_id"])
    known = await after(created(), assigned(), own, asks(required=False))

    found = known.get(SERIAL)
    assert found is not None
    assert found.authentication_required


@pytest.mark.parametrize(
    ("circuit_id", "what"),
    [("level-1", "circuit level-1 of installation garage"), (None, "installation garage")],
)
async def test_a_locked_charger_gets_nothing_and_it_is_said_why(
    circuit_id: str | None, what: str
) -> None:
    assignments = await after(created(), assigned(), locked(circuit_id))
    known = assignments.get(SERIAL)
    await fold(assignments, fail_safe(0.0), unlocked(), fail_safe(8.0), first=4)
    again = assignments.get(SERIAL)

    assert known is not None
    assert known.fail_safe_a == 0.0, "whatever its fail-safe was"
    assert known.barred == f"its serial is locked, because {what} was deactivated"
    assert again is not None
    assert (again.barred, again.fail_safe_a) == (None, 8.0)
    assert again.same_place(known)


async def test_a_removed_charger_is_assigned_nowhere() -> None:
    assignments = await after(created(), assigned(), removed())
    await fold(assignments, fail_safe(10.0), first=4)

    assert assignments.get(SERIAL) is None
    assert assignments.all() == []


async def test_a_charger_moved_to_another_installation_is_there() -> None:
    assignments = await after(
        created(),
        created(installation_id="depot"),
        assigned(),
        removed(),
        assigned(**ELSEWHERE),
    )
    await fold(assignments, fail_safe(10.0), fail_safe(8.0, **ELSEWHERE), first=6)

    known = assignments.get(SERIAL)
    assert known is not None
    assert (known.installation_id, known.fail_safe_a) == ("depot", 8.0)


async def test_a_removal_that_comes_late_removes_nothing_from_the_new_place() -> None:
    """The stream of the old installation may be parked, and applied later."""
    assignments = await after(
        created(),
        created(installation_id="depot"),
        assigned(),
        assigned(**ELSEWHERE),
        removed(),
    )

    known = assignments.get(SERIAL)
    assert known is not None
    assert known.installation_id == "depot"


async def test_other_hardware_under_the_same_charger_id_is_another_charger() -> None:
    assignments = await after(
        created(), assigned(), removed(), assigned(serial="ZAP000099"), removed()
    )
    await fold(assignments, fail_safe(10.0), first=6)

    assert assignments.get(SERIAL) is None
    known = assignments.get("ZAP000099")
    assert known is not None
    assert known.fail_safe_a == 10.0


async def test_events_read_again_leave_the_same_chargers() -> None:
    events = [
        created(),
        created(installation_id="depot"),
        assigned(),
        fail_safe(10.0),
        locked(),
        fail_safe(0.0),
        unlocked(),
        removed(),
        assigned(8.0, **ELSEWHERE),
        fail_safe(7.0, **ELSEWHERE),
    ]
    assignments = await after(*events)
    before = assignments.all()

    await fold(assignments, *events)

    assert assignments.all() == before


async def test_a_charger_of_an_installation_nobody_created_is_refused() -> None:
    with pytest.raises(KeyError, match="never created"):
        await after(assigned())


# --- Whereabouts ---


async def test_what_was_confirmed_here_counts_as_long_as_the_charger_stays() -> None:
    whereabouts = Whereabouts()
    assignments = Assignments(whereabouts)
    await fold(assignments, created(), assigned())
    here = assignments.get(SERIAL)
    assert here is not None
    state = evolve(Charger(), facts.connected)

    assert whereabouts.vouch_for(state, here), "it was never anywhere else"
    assert not whereabouts.vouch_for(Charger(), here), "nobody has ever seen it"
    await whereabouts.confirmed(Nowhere(), here, "10.0.0.1")
    await fold(assignments, removed(), assigned(), first=3)
    back = assignments.get(SERIAL)
    assert back is not None

    assert not back.same_place(here)
    assert not whereabouts.vouch_for(state, back), "it may have been told anything elsewhere"
    assert whereabouts.host(SERIAL) == "10.0.0.1"
    assert whereabouts.left(SERIAL) == here
    await whereabouts.confirmed(Nowhere(), back)
    assert whereabouts.vouch_for(state, back)
    assert whereabouts.host(SERIAL) == "10.0.0.1"
