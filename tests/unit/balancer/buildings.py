"""
Two buildings whose installers change their minds, for the protocol's tests.

Written here from the meaning of the events alone: what an installation service may announce, in an
order in which it may announce it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from shared.messages.balancer import MAIN
from shared.messages.installation import (
    AvailableCurrentSet,
    Category,
    ChargerAssigned,
    ChargerChanged,
    ChargerMoved,
    ChargerRemoved,
    CircuitAdded,
    CircuitChanged,
    CircuitDeactivated,
    CircuitMoved,
    CircuitReactivated,
    FailSafeSet,
    InstallationChanged,
    InstallationCreated,
    InstallationType,
    PrioritySet,
    SerialLocked,
    SerialUnlocked,
    SwitchCurrentSet,
)
from shared.phases import PHASES, GridType, Phase, PhaseSwitching
from tests.unit.balancer.moments import Chances, moment

FAIL_SAFE_SHARE = 0.5
WIRINGS = ((*PHASES,), (*PHASES[1:], PHASES[0]), (*PHASES[2:], *PHASES[:2]))


@dataclass(frozen=True)
class Bay:
    """A charger as the installation has it."""

    charger_id: str
    serial: str
    circuit_id: str
    wiring: tuple[Phase, ...]
    fail_safe_a: float
    min_a: float = 6.0
    max_a: float = 32.0
    breaker_a: float | None = None
    wished_a: float | None = None
    locked: bool = False
    phase_switching: PhaseSwitching = PhaseSwitching.NONE


@dataclass
class Building:
    """An installation with a main breaker and circuits beneath it."""

    installation_id: str
    main_a: float
    set_a: dict[str, float]
    parents: dict[str, str]
    grid: GridType = GridType.TN_3_PHASE
    inactive: set[str] = field(default_factory=set)
    bays: dict[str, Bay] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    """The serials that stood here once."""

    def path(self, circuit_id: str) -> list[str]:
        path = [circuit_id]
        while path[-1] != MAIN:
            path.append(self.parents[path[-1]])
        return path

    def in_use(self, circuit_id: str) -> bool:
        return not self.inactive & set(self.path(circuit_id))

    def lines(self, wiring: tuple[Phase, ...], *, one_phase: bool) -> tuple[Phase, ...]:
        """Name the lines that a car loads: one of one phase in an IT grid stands between two."""
        if not one_phase and len(wiring) == 3:
            return wiring
        if self.grid is not GridType.IT_3_PHASE:
            return wiring[:1]
        return (wiring[0], PHASES[(PHASES.index(wiring[0]) + 1) % 3])

    def open_circuits(self) -> list[str]:
        return [it for it in self.set_a if self.in_use(it)]

    @property
    def about(self) -> dict[str, str]:
        return {"installation_id": self.installation_id}

    # --- Events ---

    def created(self) -> Iterator[Any]:
        yield InstallationCreated(**self._described())
        for circuit_id, set_a in self.set_a.items():
            above = self.parents[circuit_id]
            yield CircuitAdded(
                **self.about,
                circuit_id=circuit_id,
                parent_id=None if above == MAIN else above,
                name=circuit_id,
                breaker_a=set_a,
                set_a=set_a,
            )

    def _described(self) -> dict[str, Any]:
        return {
            **self.about,
            "name": "Garage",
            "address": "Street 1",
            "category": Category.COMMUNITY,
            "country": "NO",
            "type": InstallationType.GARAGE,
            "grid_type": self.grid,
            "breaker_a": self.main_a,
            "time_zone": "Europe/Oslo",
        }

    def assign(
        self,
        charger_id: str,
        serial: str,
        circuit_id: str,
        wiring: tuple[Phase, ...],
        **more: Any,
    ) -> Iterator[Any]:
        moved_from = more.pop("moved_from", None)
        bay = Bay(charger_id, serial, circuit_id, wiring, 0.0, **more)
        self.bays[charger_id] = bay
        fail_safe_a = self.shared_out()[charger_id]
        self.bays[charger_id] = replace(bay, fail_safe_a=fail_safe_a)
        yield ChargerAssigned(
            **self.about,
            circuit_id=circuit_id,
            charger_id=charger_id,
            serial=serial,
            name=charger_id,
            wiring=wiring,
            max_a=bay.max_a,
            min_a=bay.min_a,
            breaker_a=bay.breaker_a,
            fail_safe_a=fail_safe_a,
            moved_from=moved_from,
            phase_switching=bay.phase_switching,
        )

    def remove(self, charger_id: str, moved_to: str | None = None) -> Iterator[Any]:
        bay = self.bays.pop(charger_id)
        self.removed.append(bay.serial)
        yield ChargerRemoved(
            **self.about, charger_id=charger_id, serial=bay.serial, moved_to=moved_to
        )
        yield from self.fail_safes()

    def move(self, charger_id: str, circuit_id: str) -> Iterator[Any]:
        bay = self.bays[charger_id]
        yield ChargerMoved(
            **self.about,
            charger_id=charger_id,
            from_circuit_id=bay.circuit_id,
            circuit_id=circuit_id,
        )
        self.bays[charger_id] = replace(bay, circuit_id=circuit_id)
        yield from self.fail_safes()

    def change(self, charger_id: str, **update: Any) -> Iterator[Any]:
        bay = replace(self.bays[charger_id], **update)
        if len(bay.wiring) == 1:
            bay = replace(bay, phase_switching=PhaseSwitching.NONE)
        self.bays[charger_id] = bay
        yield ChargerChanged(
            **self.about,
            charger_id=charger_id,
            name=charger_id,
            wiring=bay.wiring,
            max_a=bay.max_a,
            min_a=bay.min_a,
            breaker_a=bay.breaker_a,
            phase_switching=bay.phase_switching,
        )

    def switch_current(self, switch_current_a: float | None) -> Iterator[Any]:
        yield SwitchCurrentSet(**self.about, switch_current_a=switch_current_a)

    def set_breaker(self, circuit_id: str, set_a: float) -> Iterator[Any]:
        if circuit_id == MAIN:
            self.main_a = set_a
            yield InstallationChanged(**self._described())
        else:
            self.set_a[circuit_id] = set_a
            yield CircuitChanged(
                **self.about,
                circuit_id=circuit_id,
                name=circuit_id,
                breaker_a=set_a,
                set_a=set_a,
            )
        yield from self.fail_safes()

    def move_circuit(self, circuit_id: str, parent_id: str) -> Iterator[Any]:
        self.parents[circuit_id] = parent_id
        parent = None if parent_id == MAIN else parent_id
        yield CircuitMoved(**self.about, circuit_id=circuit_id, parent_id=parent)
        yield from self.fail_safes()

    def deactivate(self, circuit_id: str) -> Iterator[Any]:
        """With all chargers beneath it, whose serials are locked."""
        for bay in list(self.bays.values()):
            if circuit_id in self.path(bay.circuit_id) and not bay.locked:
                self.bays[bay.charger_id] = replace(bay, locked=True)
                who = {"charger_id": bay.charger_id, "serial": bay.serial}
                yield SerialLocked(**self.about, **who, circuit_id=circuit_id)
        self.inactive.add(circuit_id)
        yield CircuitDeactivated(**self.about, circuit_id=circuit_id)
        yield from self.fail_safes()

    def reactivate(self, circuit_id: str) -> Iterator[Any]:
        self.inactive.discard(circuit_id)
        yield CircuitReactivated(**self.about, circuit_id=circuit_id)
        for bay in list(self.bays.values()):
            if bay.locked and self.in_use(bay.circuit_id):
                self.bays[bay.charger_id] = replace(bay, locked=False)
                who = {"charger_id": bay.charger_id, "serial": bay.serial}
                yield SerialUnlocked(**self.about, **who, reason="in use again")
        yield from self.fail_safes()

    def wish(self, charger_id: str, fail_safe_a: float | None) -> Iterator[Any]:
        self.bays[charger_id] = replace(self.bays[charger_id], wished_a=fail_safe_a)
        yield from self.fail_safes()

    def fail_safes(self) -> Iterator[Any]:
        """Announce those that are others than they were, lower ones first."""
        due = sorted(self.shared_out().items(), key=lambda it: it[1])
        for charger_id, fail_safe_a in due:
            if fail_safe_a != self.bays[charger_id].fail_safe_a:
                self.bays[charger_id] = replace(self.bays[charger_id], fail_safe_a=fail_safe_a)
                yield FailSafeSet(
                    **self.about, charger_id=charger_id, fail_safe_a=fail_safe_a, wished=False
                )

    def shared_out(self) -> dict[str, float]:
        """What each is due while all of them fit half of every breaker, and nothing otherwise."""
        room = {it: a * FAIL_SAFE_SHARE for it, a in {MAIN: self.main_a, **self.set_a}.items()}
        shares = {}
        for bay in self.bays.values():
            path = self.path(bay.circuit_id)
            share_a = 6.0 if bay.wished_a is None else bay.wished_a
            if (
                bay.locked
                or not self.in_use(bay.circuit_id)
                or share_a > min(room[it] for it in path)
            ):
                share_a = 0.0
            for it in path:
                room[it] -= share_a
            shares[bay.charger_id] = share_a
        return shares


# --- What installers do ---

Step = Callable[[Building, Building, Chances, float], Iterator[Any]]
SET_A = (10.0, 16.0, 20.0, 32.0, 63.0)
AVAILABLE_A = (0.0, 8.0, 16.0, 40.0)
CHANGES: tuple[dict[str, Any], ...] = (
    {"wiring": WIRINGS[0]},
    {"wiring": WIRINGS[1]},
    {"wiring": (Phase.L2,)},
    {"min_a": 10.0},
    {"min_a": 6.0},
    {"max_a": 12.0},
    {"breaker_a": 10.0},
    {"breaker_a": None},
    {"phase_switching": PhaseSwitching.NONE},
    {"phase_switching": PhaseSwitching.FIRST_TERMINAL},
    {"phase_switching": PhaseSwitching.ANY_TERMINAL},
)


def free_bays(building: Building) -> list[str]:
    return sorted(it for it, bay in building.bays.items() if not bay.locked)


def _lower_or_raise(a: Building, _: Building, chances: Chances, _now_s: float) -> Iterator[Any]:
    yield from a.set_breaker(chances.pick([MAIN, *a.set_a]), chances.pick(SET_A))


def _make_available(a: Building, _: Building, chances: Chances, now_s: float) -> Iterator[Any]:
    l1, l2, l3 = (chances.pick(AVAILABLE_A) for _ in PHASES)
    available_a = chances.pick([None, (l1, l2, l3)])
    until = moment(now_s + chances.pick(range(5, 60)))
    for_ever = available_a is None or chances.one_in(2)
    yield AvailableCurrentSet(
        **a.about, available_a=available_a, until=None if for_ever else until
    )


def _move(a: Building, _: Building, chances: Chances, _now_s: float) -> Iterator[Any]:
    if (free := free_bays(a)) and (circuits := a.open_circuits()):
        yield from a.move(chances.pick(free), chances.pick(circuits))


def _move_away(a: Building, b: Building, chances: Chances, _now_s: float) -> Iterator[Any]:
    if not (free := free_bays(a)) or not (circuits := b.open_circuits()):
        return
    bay = a.bays[chances.pick(free)]
    yield from a.remove(bay.charger_id, moved_to=b.installation_id)
    circuit_id = chances.pick(circuits)
    moved = {"moved_from": a.installation_id, "phase_switching": bay.phase_switching}
    yield from b.assign(bay.charger_id, bay.serial, circuit_id, bay.wiring, **moved)
    yield from b.fail_safes()


def _remove(a: Building, _: Building, chances: Chances, _now_s: float) -> Iterator[Any]:
    if free := free_bays(a):
        yield from a.remove(chances.pick(free))


def _put(a: Building, b: Building, chances: Chances, _now_s: float) -> Iterator[Any]:
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
        wiring, switching = chances.pick(WIRINGS), chances.pick(tuple(PhaseSwitching))
        circuit_id = chances.pick(circuits)
        yield from a.assign(charger_id, serial, circuit_id, wiring, phase_switching=switching)
        yield from a.fail_safes()


def _change(a: Building, _: Building, chances: Chances, _now_s: float) -> Iterator[Any]:
    if free := free_bays(a):
        yield from a.change(chances.pick(free), **chances.pick(CHANGES))


def _wish(a: Building, _: Building, chances: Chances, _now_s: float) -> Iterator[Any]:
    if free := free_bays(a):
        yield from a.wish(chances.pick(free), chances.pick([None, 0.0, 6.0, 10.0]))


def _lock(a: Building, _: Building, chances: Chances, _now_s: float) -> Iterator[Any]:
    circuit_id = chances.pick(sorted(a.set_a))
    if circuit_id in a.inactive:
        yield from a.reactivate(circuit_id)
    else:
        yield from a.deactivate(circuit_id)


def _move_circuit(a: Building, _: Building, chances: Chances, _now_s: float) -> Iterator[Any]:
    circuit_id, other = chances.shuffled(sorted(a.set_a))[:2]
    if circuit_id not in a.path(other):
        yield from a.move_circuit(circuit_id, chances.pick([MAIN, other]))


def _switch_below(a: Building, _: Building, chances: Chances, _now_s: float) -> Iterator[Any]:
    yield from a.switch_current(chances.pick([None, 6.0, 15.0, 32.0]))


def _prefer(a: Building, _: Building, chances: Chances, _now_s: float) -> Iterator[Any]:
    if free := free_bays(a):
        charger_id, priority = chances.pick(free), chances.pick([0, 5, 9])
        yield PrioritySet(**a.about, charger_id=charger_id, priority=priority)


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
    _change,
    _wish,
    _lock,
    _move_circuit,
    _prefer,
    _switch_below,
)
