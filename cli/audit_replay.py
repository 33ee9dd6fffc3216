"""The logs of an audit, event by event: what each one does to the layout, the chargers and the sums."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from math import inf

from cli.audit_contracts import Contracts
from cli.audit_flows import highest_course
from cli.audit_hardware import Hardware, Place
from cli.audit_layout import MINUTE_S, Charger, Circuit, Layout
from cli.audit_sums import Excess, Sum
from shared.messages import Event
from shared.messages.balancer import (
    MAIN,
    CurrentLimitAllocated,
    Lease,
    LeasesRenewed,
    UnmanagedLoadCounted,
)
from shared.messages.installation import (
    AvailableCurrentSet,
    ChargerAssigned,
    ChargerChanged,
    ChargerMoved,
    ChargerRemoved,
    CircuitAdded,
    CircuitChanged,
    CircuitDeactivated,
    CircuitMoved,
    CircuitReactivated,
    CurrentScheduleSet,
    ExternalLimitLifted,
    ExternalLimitSet,
    FailSafeSet,
    InstallationChanged,
    InstallationCreated,
    InstallationDeactivated,
    InstallationReactivated,
    SerialLocked,
    SerialUnlocked,
)
from shared.messages.telemetry import (
    ChargerEvent,
    CurrentLimitApplied,
    CurrentLimitRejected,
    FailSafeApplied,
)
from shared.phases import PHASES, Phase


@dataclass(slots=True)
class Replay:
    """Everything as it stands at one moment of the replay."""

    end_s: float
    """Until when the logs reach; plans are followed so far."""
    now_s: float = 0.0
    position: int = 0
    """In its log, of what is heard at present."""
    layouts: dict[str, Layout] = field(default_factory=dict)
    serials: dict[str, Hardware] = field(default_factory=lambda: defaultdict(Hardware))
    chargers: dict[tuple[str, str], Hardware] = field(default_factory=dict)
    """By installation and charger id."""
    early: dict[tuple[str, str], list[ChargerEvent]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """What chargers told before the balancer knew of them."""
    sums: dict[str, Sum] = field(default_factory=lambda: defaultdict(Sum))
    contracts: Contracts = field(default_factory=Contracts)
    agreed: dict[str, Sum] = field(default_factory=dict)
    """The same sums where somebody has ever set a limit, against what is allowed there."""
    found: list[tuple[str, Phase, Excess]] = field(default_factory=list)
    commands: int = 0

    def hear(self, event: Event, at_s: float, position: int) -> None:
        """Take in one event; time only goes forward."""
        self.now_s, self.position = max(self.now_s, at_s), position
        self._agree()
        self._follow_schedules()
        match event:
            case ExternalLimitSet() | ExternalLimitLifted():
                self.contracts.hear(event)
                self._agree()
            case CurrentLimitAllocated():
                lease = Lease.model_validate(event.model_dump(include=set(Lease.model_fields)))
                self._tell(event.installation_id, lease)
            case LeasesRenewed():
                for lease in event.leases:
                    self._tell(event.installation_id, lease)
            case UnmanagedLoadCounted():
                layout = self.layouts[event.installation_id]
                layout.loads_a[event.circuit_id] = event.load_a
                self._limit(layout)
            case ChargerEvent():
                self._report(event)
            case _ if event.service == InstallationCreated.service:
                self._change(event)

    def inherited_as(self) -> float:
        """Add up what was above the breakers that chargers share and that nobody had planned."""
        shared = {
            layout.name(circuit_id)
            for layout in self.layouts.values()
            for circuit_id in layout.circuits
        }
        for it in self.sums.values():
            it.until(self.end_s)
        all_as = sum(it.overload_as for key, it in self.sums.items() if key in shared)
        planned_as = sum(it.overload_as for key, _, it in self.found if key in shared)
        return max(0.0, all_as - planned_as)

    def contract_excess_as(self) -> float:
        """Add up what limits in force, and fail-safes, came to above what others allow."""
        for it in self.agreed.values():
            it.until(self.end_s)
        return sum(it.overload_as for it in self.agreed.values())

    # --- The sums ---

    def _agree(self) -> None:
        """Let what is allowed be as it is now; times of the week are followed from event to event."""
        if not self.contracts.limits and not self.agreed:
            return
        allowed = self.contracts.steps(self.layouts, self.now_s)
        for breaker in {*(breaker for breaker, _ in allowed), *self.agreed}:
            if breaker not in self.agreed:
                so_far = self.sums[breaker]
                so_far.until(self.now_s)
                self.agreed[breaker] = Sum(
                    at_s=so_far.at_s, now=so_far.now, changes=dict(so_far.changes)
                )
            total = self.agreed[breaker]
            total.until(self.now_s)
            total.may_a = [allowed.get((breaker, line), ((-inf, inf),)) for line in PHASES]

    def _follow_schedules(self) -> None:
        """Let what a schedule allows be as it is now, and in the next minutes."""
        for layout in self.layouts.values():
            if layout.schedule is not None and self.now_s >= layout.now_s + MINUTE_S:
                layout.now_s = self.now_s
                self._limit(layout)

    def _lay(self, hardware: Hardware, planned_for: str | None = None) -> None:
        """Put what a charger may draw into the sums; where that was planned, it must fit. It is not
        planned for another installation, to which the charger has gone without anybody knowing."""
        after = {it: highest_course(c) for it, c in hardware.courses(self.now_s).items()}
        for breaker in {**hardware.laid, **after}:
            was, will = hardware.laid.get(breaker, ()), after.get(breaker, ())
            total = self.sums[breaker]
            total.until(self.now_s)
            if planned_for is not None and breaker.startswith(f"{planned_for}/"):
                excesses = total.planned(was, will, self.end_s)
                self.found.extend((breaker, line, it) for line, it in excesses)
            total.replace(was, will)
            if breaker in self.agreed:
                self.agreed[breaker].until(self.now_s)
                self.agreed[breaker].replace(was, will)
        hardware.laid = after

    def _limit(self, layout: Layout) -> None:
        """Let what breakers may carry be as the layout has it."""
        for (breaker, line), may_a in layout.may_a():
            total, index = self.sums[breaker], PHASES.index(line)
            if total.may_a[index] != may_a:
                total.until(self.now_s)
                total.may_a[index] = may_a

    # --- Messages and chargers ---

    def _tell(self, installation_id: str, lease: Lease) -> None:
        hardware = self.chargers[installation_id, lease.charger_id]
        hardware.tell(installation_id, lease)
        self.commands += 1
        self._lay(hardware, planned_for=installation_id)

    def _report(self, event: ChargerEvent) -> None:
        whose = (event.installation_id, event.charger_id)
        hardware = self.chargers.get(whose)
        if hardware is None:
            self.early[whose].append(event)
            return
        match event:
            case CurrentLimitApplied():
                key = (event.charger_id, event.sequence)
                hardware.applied(key, self.now_s)  # whatever the gateway's clock may show
            case CurrentLimitRejected():
                hardware.rejected((event.charger_id, event.sequence))
            case FailSafeApplied():
                hardware.fail_safe_applied(event.installation_id, event.fail_safe_a, self.now_s)
            case _:
                return
        self._lay(hardware)

    # --- The layout ---

    def _change(self, event: Event) -> None:
        for change in (self._installation, self._circuit, self._charger):
            layout = change(event)
            if layout is not None:
                self._limit(layout)
                return

    def _installation(self, event: Event) -> Layout | None:
        if isinstance(event, InstallationCreated):
            main = {MAIN: Circuit(None, event.breaker_a)}
            layout = Layout(event.installation_id, event.grid_type, main)
            self.layouts[event.installation_id] = layout
            return layout
        layout = self.layouts[event.aggregate_id]
        match event:
            case InstallationChanged():
                layout.circuits[MAIN].set_a = event.breaker_a
                if layout.schedule is not None:
                    zone = {"time_zone": event.time_zone}
                    layout.schedule = layout.schedule.model_copy(update=zone)
                if layout.grid is not event.grid_type:
                    layout.grid = event.grid_type
                    self._stand_anew(layout, layout.chargers)
            case InstallationDeactivated():
                layout.active = False
            case InstallationReactivated():
                layout.active = True
            case AvailableCurrentSet():
                layout.available_a = event.available_a
                until = event.until
                layout.available_until_s = inf if until is None else until.timestamp()
            case CurrentScheduleSet():
                layout.schedule = event if event.rules else None
                layout.now_s = self.now_s
            case _:
                return None
        return layout

    def _circuit(self, event: Event) -> Layout | None:
        layout = self.layouts[event.aggregate_id]
        match event:
            case CircuitAdded():
                parent_id = event.parent_id or MAIN
                layout.circuits[event.circuit_id] = Circuit(parent_id, event.set_a)
            case CircuitChanged():
                layout.circuits[event.circuit_id].set_a = event.set_a
            case CircuitMoved():
                self._circuit_moved(layout, event.circuit_id, event.parent_id or MAIN)
            case CircuitDeactivated():
                layout.circuits[event.circuit_id].active = False
            case CircuitReactivated():
                layout.circuits[event.circuit_id].active = True
            case _:
                return None
        return layout

    def _circuit_moved(self, layout: Layout, circuit_id: str, parent_id: str) -> None:
        beneath = [
            it for it, c in layout.chargers.items() if circuit_id in layout.path(c.circuit_id)
        ]
        layout.circuits[circuit_id].parent_id = parent_id
        self._stand_anew(layout, beneath)
        # Whoever stood beneath it before hangs where it hangs now as well.
        name, way_up = layout.name(circuit_id), [*map(layout.name, layout.path(circuit_id))]
        for hardware in self.serials.values():
            left = [it for it in hardware.places if name in it.breakers and it.left_s < inf]
            for it in left:
                breakers = (*it.breakers[: it.breakers.index(name)], *way_up)
                further = replace(it, breakers=breakers)
                if further not in hardware.places:
                    hardware.places.append(further)
            if left:
                self._lay(hardware)

    def _charger(self, event: Event) -> Layout | None:
        layout = self.layouts[event.aggregate_id]
        if isinstance(event, SerialLocked | SerialUnlocked):
            layout.chargers[event.charger_id].locked = isinstance(event, SerialLocked)
        elif isinstance(event, FailSafeSet):
            hardware = self.chargers[layout.installation_id, event.charger_id]
            hardware.asked_a.append(event.fail_safe_a)
            self._lay(hardware)
        else:
            return self._charger_placed(event, layout)
        return layout

    def _charger_placed(self, event: Event, layout: Layout) -> Layout | None:
        match event:
            case ChargerAssigned():
                self._assigned(event, layout)
            case ChargerChanged():
                charger = layout.chargers[event.charger_id]
                charger.breaker_a = event.breaker_a
                if charger.wiring != event.wiring:
                    charger.wiring = event.wiring
                    self._stand_anew(layout, [event.charger_id])
            case ChargerMoved():
                layout.chargers[event.charger_id].circuit_id = event.circuit_id
                self._stand_anew(layout, [event.charger_id])
            case ChargerRemoved():
                self._removed(event, layout)
            case _:
                return None
        return layout

    def _assigned(self, event: ChargerAssigned, layout: Layout) -> None:
        whose = (layout.installation_id, event.charger_id)
        layout.chargers[event.charger_id] = Charger(
            event.serial, event.circuit_id, event.wiring, event.breaker_a
        )
        hardware = self.serials[event.serial]
        hardware.ask_elsewhere(event.fail_safe_a)
        self.chargers[whose] = hardware
        self._stand(hardware, layout, event.charger_id)
        for early in self.early.pop(whose, ()):
            self._report(early)

    def _removed(self, event: ChargerRemoved, layout: Layout) -> None:
        own, *_ = layout.breakers(event.charger_id)
        total = self.sums[own]
        total.until(self.now_s)
        total.may_a = [((-inf, 0.0),) for _ in PHASES]
        hardware = self.chargers[layout.installation_id, event.charger_id]
        hardware.leave(layout.installation_id, self.now_s)
        del layout.chargers[event.charger_id]
        self._lay(hardware)

    def _stand_anew(self, layout: Layout, charger_ids: Iterable[str]) -> None:
        for charger_id in charger_ids:
            hardware = self.chargers[layout.installation_id, charger_id]
            hardware.leave(layout.installation_id, self.now_s)
            self._stand(hardware, layout, charger_id)

    def _stand(self, hardware: Hardware, layout: Layout, charger_id: str) -> None:
        breakers, lines = layout.breakers(charger_id), layout.lines(charger_id)
        place = Place(
            self.position, layout.installation_id, breakers, lines, in_pairs=layout.in_pairs
        )
        hardware.stand(place)
        self._lay(hardware)
