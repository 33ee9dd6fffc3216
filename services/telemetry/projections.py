"""
Which serial number is which charger: documents folded from the installation service's events.

That an installation or a circuit is out of use is not folded: with chargers that goes only together
with locking their serials, and a locked charger gets nothing.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any, Final

import asyncpg
from pydantic import BaseModel

from services.telemetry import notices
from services.telemetry.breaker_meters import BreakerMeter
from services.telemetry.charger import AssignedCharger
from services.telemetry.knocks import stream_of
from services.telemetry.signed.keeping import stream_of as signed_stream
from services.telemetry.whereabouts import Whereabouts
from shared.documents import Documents, numbered
from shared.followers import Connection, Follower
from shared.ids import ChargerId, CircuitId, InstallationId, MeterId, Serial
from shared.messages import Event
from shared.messages.installation import (
    AuthenticationRequiredSet,
    ChargerAssigned,
    ChargerChanged,
    ChargerRemoved,
    FailSafeSet,
    InstallationChanged,
    InstallationCreated,
    MeterAdded,
    MeterChanged,
    MeterRemoved,
    SerialLocked,
    SerialUnlocked,
)
from shared.phases import GridType, Phase, Wiring
from shared.recorded import Recorded
from shared.units import CHARGER_A_MAX, Amperes

_OF_INSTALLATIONS: Final = (InstallationCreated, InstallationChanged, AuthenticationRequiredSet)
_OF_CHARGERS: Final = (
    ChargerAssigned,
    ChargerChanged,
    ChargerRemoved,
    FailSafeSet,
    SerialLocked,
    SerialUnlocked,
)
_OF_METERS: Final = (MeterAdded, MeterChanged, MeterRemoved)
_HEARD: Final = frozenset(
    it.__name__ for it in (*_OF_INSTALLATIONS, *_OF_CHARGERS, *_OF_METERS)
)


class Grid(BaseModel):
    """How an installation is fed, and what holds for all of its chargers."""

    grid_type: GridType
    authentication_required: bool = False


class Lock(BaseModel):
    """What a serial went down with: a circuit, or the whole installation."""

    circuit_id: CircuitId | None = None


class Assigned(BaseModel):
    """One charger's place; the grid's part of it is in the installation's own document."""

    installation_id: InstallationId
    charger_id: ChargerId
    wiring: Wiring
    fail_safe_a: Amperes
    most_a: Amperes = CHARGER_A_MAX
    assignment: str = ""
    moved_since: str | None = None
    """The tenure that a move between installations has kept; none: the assignment is its beginning."""
    authentication_required: bool | None = None
    """Of its drivers; none: as the installation has it."""
    lock: Lock | None = None


class Metered(BaseModel):
    """One meter at a breaker."""

    phases: tuple[Phase, ...]
    entered: str = ""
    """The id of the event that entered it."""


class Assignments:
    """All assigned chargers, by serial number, and the meters beside them."""

    def __init__(self, whereabouts: Whereabouts, number: int = 1) -> None:
        """
        Make it; `open` reads what is there.

        Args:
            whereabouts: hears of hardware that is taken away.
            number: of this process among the gateways. Each folds for itself, so that none has to wait
                for another, or to trust that it is alive.
        """
        self._consumer = numbered("telemetry", number)
        self._whereabouts = whereabouts
        self._grids = Documents(numbered("grid", number), Grid)
        self._chargers = Documents(numbered("assigned", number), Assigned)
        self._meters = Documents(numbered("meter", number), Metered)
        self._serials: dict[ChargerId, Serial] = {}
        self._news = asyncio.Event()

    async def open(self, pool: "asyncpg.Pool[Any]") -> None:
        """Read what is there."""
        await self._grids.open(pool)
        await self._chargers.open(pool)
        await self._meters.open(pool)
        await self._whereabouts.open(pool)
        self._serials = {it.charger_id: serial for serial, it in self._chargers.all().items()}

    def get(self, serial: Serial) -> AssignedCharger | None:
        """Say what a charger is at this moment; none if it is assigned nowhere."""
        charger = self._chargers.get(serial)
        grid = None if charger is None else self._grids.get(charger.installation_id)
        if charger is None or grid is None:
            return None
        assigned = AssignedCharger(
            installation_id=charger.installation_id,
            charger_id=charger.charger_id,
            serial=serial,
            wiring=charger.wiring,
            grid_type=grid.grid_type,
            fail_safe_a=charger.fail_safe_a,
            most_a=charger.most_a,
            assignment=charger.assignment,
            tenure=charger.moved_since or charger.assignment,
            authentication_required=grid.authentication_required
            if charger.authentication_required is None
            else charger.authentication_required,
        )
        if charger.lock is None:
            return assigned
        return assigned.barred_because(_why(charger.installation_id, charger.lock))

    def all(self) -> Sequence[AssignedCharger]:
        found = (self.get(serial) for serial in self._chargers.all())
        return [it for it in found if it is not None]

    def streams_at(self, installation_id: InstallationId) -> Sequence[str]:
        """Name the streams of this service's log that are about the chargers of an installation."""
        here = [it for it in self.all() if it.installation_id == installation_id]
        return [
            *(it.stream for it in here),
            *(stream_of(it.serial) for it in here),
            *(signed_stream(it.charger_id) for it in here),
            *(notices.stream_of(it.charger_id) for it in here),
        ]

    def meter(self, installation_id: InstallationId, meter_id: MeterId) -> BreakerMeter | None:
        """Say what a meter at a breaker is at this moment; none if there is no such meter."""
        metered = self._meters.get(_key(installation_id, meter_id))
        grid = self._grids.get(installation_id)
        if metered is None or grid is None:
            return None
        return BreakerMeter(
            installation_id, meter_id, metered.phases, grid.grid_type, metered.entered
        )

    async def until(self, holds: Callable[[], bool], within_s: float) -> bool:
        """Wait until something holds of what is known here, for so long at most; tell whether it does."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while not holds():
                    await self._news.wait()
        return holds()

    # --- Folding ---

    async def apply(self, connection: Connection, recorded: Recorded) -> None:
        """
        Take in one event of the installation service.

        Raises:
            KeyError: it is about an installation that was never created.
        """
        if recorded.type not in _HEARD:
            return
        event = recorded.event
        if isinstance(event, AuthenticationRequiredSet) and event.charger_id is not None:
            await self._on_change(connection, event)
        elif isinstance(event, _OF_INSTALLATIONS):
            await self._on_installation(connection, event)
        elif isinstance(event, ChargerAssigned):
            await self._on_assigned(connection, event, str(recorded.event_id))
        elif isinstance(event, ChargerRemoved):
            await self._on_removed(connection, event)
        elif isinstance(event, ChargerChanged | FailSafeSet | SerialLocked | SerialUnlocked):
            await self._on_change(connection, event)
        elif isinstance(event, MeterAdded | MeterChanged):
            await self._on_meter(connection, event, str(recorded.event_id))
        elif isinstance(event, MeterRemoved):
            await self._meters.remove(connection, _key(event.installation_id, event.meter_id))

    async def _on_meter(
        self, connection: Connection, event: MeterAdded | MeterChanged, event_id: str
    ) -> None:
        key = _key(event.installation_id, event.meter_id)
        known = self._meters.get(key)
        stays = known is not None and isinstance(event, MeterChanged)
        entered = known.entered if known is not None and stays else event_id
        await self._meters.put(connection, key, Metered(phases=event.phases, entered=entered))

    async def _on_installation(
        self,
        connection: Connection,
        event: InstallationCreated | InstallationChanged | AuthenticationRequiredSet,
    ) -> None:
        installation_id = event.installation_id
        if isinstance(event, InstallationCreated):
            grid = Grid(grid_type=event.grid_type)
        elif isinstance(event, InstallationChanged):
            grid = self._grid(installation_id)
            grid = grid.model_copy(update={"grid_type": event.grid_type})
        else:
            grid = self._grid(installation_id)
            grid = grid.model_copy(update={"authentication_required": event.required})
        await self._grids.put(connection, installation_id, grid)

    def _grid(self, installation_id: InstallationId) -> Grid:
        grid = self._grids.get(installation_id)
        if grid is None:
            raise KeyError(f"installation {installation_id} was never created")
        return grid

    async def _on_assigned(
        self, connection: Connection, event: ChargerAssigned, event_id: str
    ) -> None:
        self._grid(event.installation_id)
        assigned = Assigned(
            installation_id=event.installation_id,
            charger_id=event.charger_id,
            wiring=event.wiring,
            fail_safe_a=event.fail_safe_a,
            most_a=event.max_a,
            assignment=event_id,
            moved_since=self._kept(event),
        )
        await self._chargers.put(connection, event.serial, assigned)
        self._serials[event.charger_id] = event.serial

    def _kept(self, event: ChargerAssigned) -> str | None:
        """Name the tenure that a charger brings along; none if it was taken away in between."""
        left = self._whereabouts.left(event.serial)
        if left is None or event.moved_from is None or left.installation_id != event.moved_from:
            return None
        return left.tenure or None

    async def _on_removed(self, connection: Connection, event: ChargerRemoved) -> None:
        found = self._find(event.installation_id, event.charger_id)
        if found is None or found[0] != event.serial:
            return  # gone already, or at another place since
        left = self.get(event.serial)
        if left is not None:
            await self._whereabouts.removed(connection, left)
        await self._chargers.remove(connection, event.serial)
        self._serials.pop(event.charger_id, None)

    async def _on_change(
        self,
        connection: Connection,
        event: ChargerChanged
        | FailSafeSet
        | SerialLocked
        | SerialUnlocked
        | AuthenticationRequiredSet,
    ) -> None:
        found = self._find(event.installation_id, event.charger_id or "")
        if found is None:
            return  # it is gone since; what it was last is of no more use
        serial, charger = found
        match event:
            case ChargerChanged():
                changes: dict[str, object] = {"wiring": event.wiring, "most_a": event.max_a}
            case FailSafeSet():
                changes = {"fail_safe_a": event.fail_safe_a}
            case SerialLocked():
                changes = {"lock": Lock(circuit_id=event.circuit_id)}
            case SerialUnlocked():
                changes = {"lock": None}
            case AuthenticationRequiredSet():
                changes = {"authentication_required": event.required}
        await self._chargers.put(connection, serial, charger.model_copy(update=changes))

    def _find(
        self, installation_id: InstallationId, charger_id: ChargerId
    ) -> tuple[Serial, Assigned] | None:
        serial = self._serials.get(charger_id)
        charger = None if serial is None else self._chargers.get(serial)
        if serial is None or charger is None:
            return None
        if (charger.installation_id, charger.charger_id) != (installation_id, charger_id):
            return None
        return serial, charger

    def follower(
        self,
        pool: "asyncpg.Pool[Any]",
        changed: Callable[[], None],
        gone: Callable[[AssignedCharger], None],
    ) -> Follower:
        """Say how the installation service's log is followed, and who hears of changes, and of chargers
        that were taken away for good.
        """

        async def reload() -> None:
            await self.open(pool)

        def committed(applied: Sequence[Recorded]) -> None:
            if any(it.type in _HEARD for it in applied):
                self._news.set()
                self._news = asyncio.Event()
                changed()
            for it in applied:
                if it.type == ChargerRemoved.__name__:
                    self._tell_gone(it.event, gone)

        return Follower(self._consumer, "installation", self.apply, reload, committed)

    def _tell_gone(self, event: Event, gone: Callable[[AssignedCharger], None]) -> None:
        if isinstance(event, ChargerRemoved) and event.moved_to is None:
            left = self._whereabouts.left(event.serial)
            if left is not None:
                gone(left)


def _key(installation_id: InstallationId, meter_id: MeterId) -> str:
    return f"{installation_id}/{meter_id}"


def _why(installation_id: InstallationId, lock: Lock) -> str:
    what = f"installation {installation_id}"
    if lock.circuit_id is not None:
        what = f"circuit {lock.circuit_id} of {what}"
    return f"its serial is locked, because {what} was deactivated"
