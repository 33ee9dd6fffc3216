"""People who change their minds about a building."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from cli.proving.buildings import Building
from cli.proving.moments import Chances, moment
from shared.messages import Event
from shared.messages.balancer import MAIN
from shared.messages.installation import AvailableCurrentSet
from shared.phases import PHASES, PhaseSwitching

Step = Callable[[Building, Building, Chances, float], Iterator[Event]]
SET_A: Final = (10.0, 16.0, 20.0, 32.0, 63.0)
AVAILABLE_A: Final = (0.0, 8.0, 16.0, 40.0)
CHANGES: Final[tuple[dict[str, Any], ...]] = (
    {"min_a": 10.0},
    {"min_a": 6.0},
    {"max_a": 12.0},
    {"breaker_a": 10.0},
    {"breaker_a": None},
    *({"phase_switching": it} for it in PhaseSwitching),
)


def free_bays(building: Building) -> list[str]:
    return sorted(it for it, bay in building.bays.items() if not bay.locked)


def _lower_or_raise(
    a: Building, _: Building, chances: Chances, _now_s: float
) -> Iterator[Event]:
    yield from a.set_breaker(chances.pick([MAIN, *a.set_a]), chances.pick(SET_A))


def _make_available(
    a: Building, _: Building, chances: Chances, now_s: float
) -> Iterator[Event]:
    l1, l2, l3 = (chances.pick(AVAILABLE_A) for _ in PHASES)
    available_a = chances.pick([None, (l1, l2, l3)])
    until = moment(now_s + chances.pick(range(5, 60)))
    for_ever = available_a is None or chances.one_in(2)
    yield AvailableCurrentSet(
        **a.about, available_a=available_a, until=None if for_ever else until
    )


def _move(a: Building, _: Building, chances: Chances, _now_s: float) -> Iterator[Event]:
    if (free := free_bays(a)) and (circuits := a.open_circuits()):
        yield from a.move(chances.pick(free), chances.pick(circuits))


def _move_away(a: Building, b: Building, chances: Chances, _now_s: float) -> Iterator[Event]:
    if not (free := free_bays(a)) or not (circuits := b.open_circuits()):
        return
    bay = a.bays[chances.pick(free)]
    yield from a.remove(bay.charger_id, moved_to=b.installation_id)
    wirings = b.wirings_of(bay.serial)
    wiring = bay.wiring if bay.wiring in wirings else wirings[0]
    yield from b.assign(
        bay.charger_id,
        bay.serial,
        chances.pick(circuits),
        wiring,
        moved_from=a.installation_id,
        phase_switching=bay.phase_switching,
    )
    yield from b.fail_safes()


def _remove(a: Building, _: Building, chances: Chances, _now_s: float) -> Iterator[Event]:
    if free := free_bays(a):
        yield from a.remove(chances.pick(free))


def _put(a: Building, b: Building, chances: Chances, _now_s: float) -> Iterator[Event]:
    """A charger that is nowhere, or a new one, under an id that was used before, or a new one."""
    circuits = a.open_circuits()
    used = {bay.serial for it in (a, b) for bay in it.bays.values()}
    ids = {it for building in (a, b) for it in building.bays}
    anywhere = [f"ZAP{it:04}" for it in range(9)]
    serial = chances.pick(
        chances.pick([anywhere, a.removed or anywhere, b.removed or anywhere])
    )
    charger_id = chances.pick([f"bay-{it}" for it in range(8)])
    if circuits and serial not in used and charger_id not in ids:
        yield from a.assign(
            charger_id,
            serial,
            chances.pick(circuits),
            chances.pick(a.wirings_of(serial)),
            phase_switching=chances.pick(tuple(PhaseSwitching)),
        )
        yield from a.fail_safes()


def _change(a: Building, _: Building, chances: Chances, _now_s: float) -> Iterator[Event]:
    if free := free_bays(a):
        yield from a.change(chances.pick(free), **chances.pick(CHANGES))


def _rewire(a: Building, _: Building, chances: Chances, _now_s: float) -> Iterator[Event]:
    if free := free_bays(a):
        bay = a.bays[chances.pick(free)]
        yield from a.change(bay.charger_id, wiring=chances.pick(a.wirings_of(bay.serial)))


def _wish(a: Building, _: Building, chances: Chances, _now_s: float) -> Iterator[Event]:
    if free := free_bays(a):
        yield from a.wish(chances.pick(free), chances.pick([None, 0.0, 6.0, 10.0]))


def _lock(a: Building, _: Building, chances: Chances, _now_s: float) -> Iterator[Event]:
    circuit_id = chances.pick(sorted(a.set_a))
    if circuit_id in a.inactive:
        yield from a.reactivate(circuit_id)
    else:
        yield from a.deactivate(circuit_id)


def _move_circuit(a: Building, _: Building, chances: Chances, _now_s: float) -> Iterator[Event]:
    circuit_id, other = chances.shuffled(sorted(a.set_a))[:2]
    if circuit_id not in a.path(other):
        yield from a.move_circuit(circuit_id, chances.pick([MAIN, other]))


def _switch_below(a: Building, _: Building, chances: Chances, _now_s: float) -> Iterator[Event]:
    yield from a.switch_current(chances.pick([None, 6.0, 15.0, 32.0]))


def _prefer(a: Building, _: Building, chances: Chances, _now_s: float) -> Iterator[Event]:
    if free := free_bays(a):
        yield from a.prefer(chances.pick(free), chances.pick([0, 5, 9]))


STEPS: tuple[Step, ...] = (
    _lower_or_raise,
    _make_available,
    _move,
    _move,
    _move_away,
    _remove,
    _put,
    _put,
    _change,
    _rewire,
    _wish,
    _lock,
    _move_circuit,
    _prefer,
    _switch_below,
)
