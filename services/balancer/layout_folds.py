"""How each event of the installation service changes a layout; folding one twice changes nothing."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeVar

from services.balancer.layouts import (
    FAIL_SAFES_MAX,
    FORGOTTEN_AFTER,
    ChargerLayout,
    CircuitLayout,
    Departed,
    Document,
    FailSafe,
    Layout,
    Lock,
    Stay,
    WishLayout,
)
from services.balancer.limit_folds import fold_limits
from shared.ids import ChargerId, CircuitId
from shared.messages import Event
from shared.messages.balancer import MAIN
from shared.messages.installation import (
    AvailableCurrentSet,
    ChargerAssigned,
    ChargerChanged,
    ChargerMoved,
    ChargerRemoved,
    ChargingWishSet,
    CircuitAdded,
    CircuitChanged,
    CircuitDeactivated,
    CircuitMoved,
    CircuitReactivated,
    FailSafeSet,
    ImbalanceLimitSet,
    InstallationChanged,
    InstallationCreated,
    InstallationDeactivated,
    InstallationReactivated,
    PrioritySet,
    SerialLocked,
    SerialUnlocked,
    SwitchCurrentSet,
)

M = TypeVar("M", bound=Document)


def fold_layout(
    layout: Layout | None, event: Event, position: int, recorded_at: datetime
) -> Layout | None:
    """
    Fold an installation's event; events of no importance here leave the layout as it is.

    Args:
        layout: what is known; none before the installation was created.
        event: what the installation service announced.
        position: of the event in its log.
        recorded_at: when it was recorded.

    Raises:
        BrokenLayout: breakers would lie in a circle, or hang on nothing.
    """
    if layout is None:
        return _created(event, position) if isinstance(event, InstallationCreated) else None
    if position <= layout.position:
        return layout
    fold = _Fold(layout, position, recorded_at)
    after = (
        fold.installation(event)
        or fold.circuit(event)
        or fold.charger(event)
        or fold_limits(layout, event)
    )
    return _with(after or layout, position=position)


def _created(event: InstallationCreated, position: int) -> Layout:
    return Layout(
        installation_id=event.installation_id,
        name=event.name,
        grid=event.grid_type,
        breaker_a=event.breaker_a,
        time_zone=event.time_zone,
        position=position,
    )


class _Fold:
    """One event on its way into a layout; each method returns none for what is not its own."""

    def __init__(self, layout: Layout, position: int, at: datetime) -> None:
        self._layout = layout
        self._position = position
        self._at = at

    # --- The installation ---

    def installation(self, event: Event) -> Layout | None:
        layout = self._layout
        match event:
            case InstallationChanged():
                regridded = event.grid_type is not layout.grid
                before = self._relocating(layout.chargers) if regridded else layout
                return _with(
                    before,
                    name=event.name,
                    grid=event.grid_type,
                    breaker_a=event.breaker_a,
                    time_zone=event.time_zone,
                )
            case InstallationDeactivated():
                return _with(layout, active=False)
            case InstallationReactivated():
                return _with(layout, active=True)
            case AvailableCurrentSet():
                return _with(layout, available_a=event.available_a, available_until=event.until)
            case SwitchCurrentSet():
                return _with(layout, switch_current_a=event.switch_current_a)
            case ImbalanceLimitSet():
                return _with(layout, imbalance_a=event.imbalance_a)
            case _:
                return None

    # --- Circuits ---

    def circuit(self, event: Event) -> Layout | None:
        match event:
            case CircuitAdded():
                return self._with_circuit(
                    event.circuit_id,
                    CircuitLayout(
                        parent_id=event.parent_id or MAIN, name=event.name, set_a=event.set_a
                    ),
                )
            case CircuitChanged():
                return self._changed(event.circuit_id, name=event.name, set_a=event.set_a)
            case CircuitMoved():
                return self._circuit_moved(event.circuit_id, event.parent_id or MAIN)
            case CircuitDeactivated():
                return self._changed(event.circuit_id, active=False)
            case CircuitReactivated():
                return self._changed(event.circuit_id, active=True)
            case _:
                return None

    def _changed(self, circuit_id: CircuitId, **update: Any) -> Layout:  # noqa: ANN401
        return self._with_circuit(
            circuit_id, self._layout.circuits[circuit_id].model_copy(update=update)
        )

    def _with_circuit(self, circuit_id: CircuitId, circuit: CircuitLayout) -> Layout:
        return _with(self._layout, circuits={**self._layout.circuits, circuit_id: circuit})

    def _circuit_moved(self, circuit_id: CircuitId, parent_id: CircuitId) -> Layout:
        """All beneath it hangs elsewhere from now on, what has departed from there as well."""
        before = self._relocating(self._layout.beneath(circuit_id))
        circuit = before.circuits[circuit_id].model_copy(update={"parent_id": parent_id})
        after = _with(before, circuits={**before.circuits, circuit_id: circuit})
        path = after.path(circuit_id)

        def also_here(stays: tuple[Stay, ...]) -> tuple[Stay, ...]:
            further = (
                _with(it, path=(*it.path[: it.path.index(circuit_id)], *path))
                for it in stays
                if circuit_id in it.path
            )
            return (*stays, *(it for it in further if it not in stays))

        chargers = {
            it: _with(charger, stays=also_here(charger.stays)) if charger.stays else charger
            for it, charger in after.chargers.items()
        }
        departed = tuple(_with(it, stays=also_here(it.stays)) for it in after.departed)
        return _with(after, chargers=chargers, departed=departed)

    # --- Chargers ---

    def charger(self, event: Event) -> Layout | None:
        match event:
            case ChargerAssigned():
                return self._with_charger(event.charger_id, self._assigned(event))
            case ChargerChanged():
                return self._charger_changed(event)
            case ChargerMoved():
                after = self._relocating([event.charger_id])
                return self._update(event.charger_id, after, circuit_id=event.circuit_id)
            case ChargerRemoved():
                return self._removed(event)
            case FailSafeSet():
                return self._fail_safe_set(event)
            case PrioritySet():
                return self._update(event.charger_id, priority=event.priority)
            case ChargingWishSet():
                return self._update(event.charger_id, wish=self._wish(event))
            case SerialLocked():
                lock = Lock(circuit_id=event.circuit_id)
                return self._update(event.charger_id, lock=lock)
            case SerialUnlocked():
                return self._update(event.charger_id, lock=None)
            case _:
                return None

    def _wish(self, event: ChargingWishSet) -> WishLayout | None:
        if event.departure_at is None or event.energy_wh is None:
            return None
        return WishLayout(
            departure_at=event.departure_at, energy_wh=event.energy_wh, made_at=self._at
        )

    def _assigned(self, event: ChargerAssigned) -> ChargerLayout:
        return ChargerLayout(
            serial=event.serial,
            circuit_id=event.circuit_id,
            wiring=event.wiring,
            max_a=event.max_a,
            min_a=event.min_a,
            breaker_a=event.breaker_a,
            phase_switching=event.phase_switching,
            fail_safe_a=event.fail_safe_a,
            fail_safes=(FailSafe(fail_safe_a=event.fail_safe_a, since=self._at),),
            assigned=self._position,
            assigned_at=self._at,
            since=self._position,
        )

    def _charger_changed(self, event: ChargerChanged) -> Layout:
        rewired = event.wiring != self._layout.chargers[event.charger_id].wiring
        before = self._relocating([event.charger_id]) if rewired else self._layout
        return self._update(
            event.charger_id,
            before,
            wiring=event.wiring,
            max_a=event.max_a,
            min_a=event.min_a,
            breaker_a=event.breaker_a,
            phase_switching=event.phase_switching,
        )

    def _fail_safe_set(self, event: FailSafeSet) -> Layout:
        charger = self._layout.chargers[event.charger_id]
        if charger.fail_safe_a == event.fail_safe_a:
            return self._layout
        known = charger.fail_safes or (FailSafe(fail_safe_a=charger.fail_safe_a),)
        latest = FailSafe(fail_safe_a=event.fail_safe_a, since=self._at)
        return self._update(
            event.charger_id,
            fail_safe_a=event.fail_safe_a,
            fail_safes=_bounded((*known, latest)),
        )

    def _removed(self, event: ChargerRemoved) -> Layout:
        charger = self._layout.chargers[event.charger_id]
        gone = Departed(
            charger_id=event.charger_id,
            serial=event.serial,
            assigned=charger.assigned,
            left=self._position,
            left_at=self._at,
            fail_safes=charger.fail_safes or (FailSafe(fail_safe_a=charger.fail_safe_a),),
            stays=self._stays(charger),
            moved_to=event.moved_to,
        )
        chargers = {k: v for k, v in self._layout.chargers.items() if k != event.charger_id}
        kept = (it for it in self._layout.departed if it.left_at > self._at - FORGOTTEN_AFTER)
        return _with(self._layout, chargers=chargers, departed=(*kept, gone))

    def _stays(self, charger: ChargerLayout) -> tuple[Stay, ...]:
        """Where a charger has stood, now that it stands there no more."""
        here = Stay(
            path=self._layout.path(charger.circuit_id),
            lines=self._layout.lines(charger),
            since=charger.since,
            left=self._position,
            left_at=self._at,
        )
        kept = (it for it in charger.stays if it.left_at > self._at - FORGOTTEN_AFTER)
        return (here, *kept)

    def _relocating(self, charger_ids: Iterable[ChargerId]) -> Layout:
        """Note of some chargers where they stood until now."""
        moved = {
            it: _with(charger, stays=self._stays(charger), since=self._position)
            for it in charger_ids
            for charger in (self._layout.chargers[it],)
        }
        return _with(self._layout, chargers={**self._layout.chargers, **moved})

    def _update(
        self,
        charger_id: ChargerId,
        layout: Layout | None = None,
        **update: Any,  # noqa: ANN401  # the fields' own types
    ) -> Layout:
        before = layout or self._layout
        charger = before.chargers[charger_id].model_copy(update=update)
        return _with(before, chargers={**before.chargers, charger_id: charger})

    def _with_charger(self, charger_id: ChargerId, charger: ChargerLayout) -> Layout:
        return _with(self._layout, chargers={**self._layout.chargers, charger_id: charger})


def _bounded(fail_safes: tuple[FailSafe, ...]) -> tuple[FailSafe, ...]:
    """Keep the latest ones; the oldest of them stands for all before it with their highest."""
    if len(fail_safes) <= FAIL_SAFES_MAX:
        return fail_safes
    oldest, next_one, *later = fail_safes
    highest_a = max(oldest.fail_safe_a, next_one.fail_safe_a)
    return (FailSafe(fail_safe_a=highest_a, since=oldest.since), *later)


def _with(model: M, **update: Any) -> M:  # noqa: ANN401  # the fields' own types
    return model.model_copy(update=update)
