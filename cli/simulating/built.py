"""Buildings, as the log of installations tells of them."""

from dataclasses import replace

from cli.proving.buildings import Bay, Building
from shared.messages import Event
from shared.messages.balancer import MAIN
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
    FailSafeSet,
    InstallationChanged,
    InstallationCreated,
    SerialLocked,
    SerialUnlocked,
)


class Built(Building):
    """A building that stands as was decided."""

    shared_with_others = False
    """Whether less than its breakers carry may be used now."""

    def hear(self, event: Event) -> None:
        """Follow what was decided for this building."""
        match event:
            case InstallationCreated() | InstallationChanged():
                self.main_a, self.grid = event.breaker_a, event.grid_type
            case CircuitAdded() | CircuitMoved():
                self.parents[event.circuit_id] = event.parent_id or MAIN
                if isinstance(event, CircuitAdded):
                    self.set_a[event.circuit_id] = event.set_a
            case CircuitChanged():
                self.set_a[event.circuit_id] = event.set_a
            case CircuitDeactivated():
                self.inactive.add(event.circuit_id)
            case CircuitReactivated():
                self.inactive.discard(event.circuit_id)
            case AvailableCurrentSet():
                self.shared_with_others = event.available_a is not None
            case _:
                self._hear_of_charger(event)

    def _hear_of_charger(self, event: Event) -> None:
        match event:
            case ChargerAssigned():
                self.bays[event.charger_id] = Bay(
                    event.charger_id,
                    event.serial,
                    event.circuit_id,
                    event.wiring,
                    event.fail_safe_a,
                    event.min_a,
                    event.max_a,
                    event.breaker_a,
                    phase_switching=event.phase_switching,
                )
            case ChargerRemoved():
                self.removed.append(self.bays.pop(event.charger_id).serial)
            case ChargerMoved():
                self._update(event.charger_id, circuit_id=event.circuit_id)
            case ChargerChanged():
                self._update(
                    event.charger_id,
                    wiring=event.wiring,
                    min_a=event.min_a,
                    max_a=event.max_a,
                    breaker_a=event.breaker_a,
                    phase_switching=event.phase_switching,
                )
            case FailSafeSet():
                self._update(event.charger_id, fail_safe_a=event.fail_safe_a)
            case SerialLocked() | SerialUnlocked():
                if event.charger_id in self.bays:
                    self._update(event.charger_id, locked=isinstance(event, SerialLocked))

    def _update(self, charger_id: str, **update: object) -> None:
        self.bays[charger_id] = replace(self.bays[charger_id], **update)  # type: ignore[arg-type]
