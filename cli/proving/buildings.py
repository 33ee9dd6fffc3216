"""
Buildings, and what an installation service announces of them.

Written from the meaning of the events alone: what may be announced, in an order in which it may be.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from shared.messages import Event
from shared.messages.balancer import MAIN
from shared.messages.installation import (
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
    PrioritySet,
    SerialLocked,
    SerialUnlocked,
    SwitchCurrentSet,
)
from shared.messages.installation_terms import Category, InstallationType
from shared.phases import PHASES, GridType, Phase, PhaseSwitching
from shared.units import PILOT_MIN_A

FAIL_SAFE_SHARE: Final = 0.5
WIRINGS: Final = ((*PHASES,), (*PHASES[1:], PHASES[0]), (*PHASES[2:], *PHASES[:2]))
ONE_PHASE_WIRINGS: Final = ((PHASES[0],), (PHASES[1],), (PHASES[2],))


@dataclass(frozen=True)
class Bay:
    """A charger as the installation has it."""

    charger_id: str
    serial: str
    circuit_id: str
    wiring: tuple[Phase, ...]
    fail_safe_a: float
    min_a: float = PILOT_MIN_A
    max_a: float = 32.0
    breaker_a: float | None = None
    wished_a: float | None = None
    locked: bool = False
    phase_switching: PhaseSwitching = PhaseSwitching.NONE


@dataclass
class Building:
    """An installation with a main breaker, and circuits beneath it in whatever tree."""

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
        """Name a circuit and all above it."""
        path = [circuit_id]
        while path[-1] != MAIN:
            path.append(self.parents[path[-1]])
        return path

    def in_use(self, circuit_id: str) -> bool:
        return not self.inactive & set(self.path(circuit_id))

    def open_circuits(self) -> list[str]:
        return [it for it in self.set_a if self.in_use(it)]

    def wirings_of(self, serial: str) -> Sequence[tuple[Phase, ...]]:
        """How a charger may be wired here. Every third one has one terminal only: nobody wires a
        charger to more lines while a car charges, because he would have to cut its power."""
        if not self.grid.three_phase:
            return (PHASES[:1],)
        return ONE_PHASE_WIRINGS if serial[-1] in "258" else WIRINGS

    @property
    def about(self) -> dict[str, str]:
        return {"installation_id": self.installation_id}

    # --- Events ---

    def created(self) -> Iterator[Event]:
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
        *,
        min_a: float = PILOT_MIN_A,
        max_a: float = 32.0,
        breaker_a: float | None = None,
        wished_a: float | None = None,
        phase_switching: PhaseSwitching = PhaseSwitching.NONE,
        moved_from: str | None = None,
    ) -> Iterator[Event]:
        """Announce a charger; `wiring` names the line behind each of its terminals."""
        bay = Bay(
            charger_id, serial, circuit_id, wiring, 0.0, min_a, max_a, breaker_a, wished_a
        )
        if len(wiring) == len(PHASES):
            bay = replace(bay, phase_switching=phase_switching)
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

    def remove(self, charger_id: str, moved_to: str | None = None) -> Iterator[Event]:
        bay = self.bays.pop(charger_id)
        self.removed.append(bay.serial)
        yield ChargerRemoved(
            **self.about, charger_id=charger_id, serial=bay.serial, moved_to=moved_to
        )
        yield from self.fail_safes()

    def move(self, charger_id: str, circuit_id: str) -> Iterator[Event]:
        bay = self.bays[charger_id]
        yield ChargerMoved(
            **self.about,
            charger_id=charger_id,
            from_circuit_id=bay.circuit_id,
            circuit_id=circuit_id,
        )
        self.bays[charger_id] = replace(bay, circuit_id=circuit_id)
        yield from self.fail_safes()

    def change(self, charger_id: str, **update: Any) -> Iterator[Event]:  # noqa: ANN401  # the fields' own types
        """Announce that a charger is set up otherwise than before."""
        bay = replace(self.bays[charger_id], **update)
        if len(bay.wiring) == 1:
            bay = replace(bay, phase_switching=PhaseSwitching.NONE)
        self.bays[charger_id] = bay
        yield ChargerChanged(
            **self.about,
            charger_id=bay.charger_id,
            name=bay.charger_id,
            wiring=bay.wiring,
            max_a=bay.max_a,
            min_a=bay.min_a,
            breaker_a=bay.breaker_a,
            phase_switching=bay.phase_switching,
        )

    def prefer(self, charger_id: str, priority: int) -> Iterator[Event]:
        yield PrioritySet(**self.about, charger_id=charger_id, priority=priority)

    def switch_current(self, switch_current_a: float | None) -> Iterator[Event]:
        yield SwitchCurrentSet(**self.about, switch_current_a=switch_current_a)

    def set_breaker(self, circuit_id: str, set_a: float) -> Iterator[Event]:
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

    def move_circuit(self, circuit_id: str, parent_id: str) -> Iterator[Event]:
        self.parents[circuit_id] = parent_id
        parent = None if parent_id == MAIN else parent_id
        yield CircuitMoved(**self.about, circuit_id=circuit_id, parent_id=parent)
        yield from self.fail_safes()

    def deactivate(self, circuit_id: str) -> Iterator[Event]:
        """With all chargers beneath it, whose serials are locked."""
        for bay in list(self.bays.values()):
            if circuit_id in self.path(bay.circuit_id) and not bay.locked:
                self.bays[bay.charger_id] = replace(bay, locked=True)
                who = {"charger_id": bay.charger_id, "serial": bay.serial}
                yield SerialLocked(**self.about, **who, circuit_id=circuit_id)
        self.inactive.add(circuit_id)
        yield CircuitDeactivated(**self.about, circuit_id=circuit_id)
        yield from self.fail_safes()

    def reactivate(self, circuit_id: str) -> Iterator[Event]:
        self.inactive.discard(circuit_id)
        yield CircuitReactivated(**self.about, circuit_id=circuit_id)
        for bay in list(self.bays.values()):
            if bay.locked and self.in_use(bay.circuit_id):
                self.bays[bay.charger_id] = replace(bay, locked=False)
                who = {"charger_id": bay.charger_id, "serial": bay.serial}
                yield SerialUnlocked(**self.about, **who, reason="in use again")
        yield from self.fail_safes()

    def wish(self, charger_id: str, fail_safe_a: float | None) -> Iterator[Event]:
        self.bays[charger_id] = replace(self.bays[charger_id], wished_a=fail_safe_a)
        yield from self.fail_safes()

    def fail_safes(self) -> Iterator[Event]:
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
            share_a = PILOT_MIN_A if bay.wished_a is None else bay.wished_a
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
