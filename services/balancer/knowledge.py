"""Everything the balancer knows, brought up to date by events and readings; it decides nothing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import structlog

from services.balancer.behaviour import Behaviour, observe
from services.balancer.facts import SiteFacts
from services.balancer.hardware import Heard, departed_by_serial, phases_told
from services.balancer.layout_folds import fold_layout
from services.balancer.layouts import Departed, Layout
from services.balancer.loads import Loads
from services.balancer.projections import (
    Announced,
    LoadsCounted,
    Reported,
    fold_announced,
    fold_load,
    fold_reported,
    offer_of,
)
from services.balancer.site import BrokenLayout, Site
from services.balancer.standings import site_facts
from shared.documents import Documents
from shared.event_store import EventStore
from shared.ids import ChargerId, InstallationId
from shared.messages import Event, InstallationEvent
from shared.messages.balancer import (
    ChargerQueued,
    CurrentLimitAllocated,
    LeasesRenewed,
    UnmanagedLoadCounted,
)
from shared.messages.telemetry import BreakerReading, ChargerEvent, MeterReading
from shared.recorded import Recorded

CONSUMER: Final = "balancer"
PAGE: Final = 1000

log = structlog.get_logger()


class Knowledge:
    """Documents of three logs, and what readings have taught."""

    def __init__(self, pool: Any, store: EventStore) -> None:  # noqa: ANN401  # asyncpg
        self._pool = pool
        self._store = store
        self._layouts = Documents("layout", Layout)
        self._reported = Documents("reported", Reported)
        self._announced = Documents("announced", Announced)
        self._counted = Documents("counted-loads", LoadsCounted)
        self._loads: dict[InstallationId, Loads] = {}
        self._behaviours: dict[ChargerId, Behaviour] = {}
        self._sites: dict[InstallationId, Site] = {}
        self._rotated_at_s: dict[InstallationId, float] = {}
        self._departed: dict[str, list[Departed]] = {}

    @property
    def installations(self) -> list[InstallationId]:
        """Every installation that has a layout."""
        return list(self._layouts.all())

    # --- The logs of others ---

    async def reload_layouts(self) -> None:
        """Read the layouts as they are in the database."""
        await self._layouts.open(self._pool)
        self._sites.clear()
        self._departed = departed_by_serial(self._layouts.all().values())

    async def reload_reported(self) -> None:
        """Read what chargers reported as it is in the database."""
        await self._reported.open(self._pool)

    async def apply_installation(self, connection: Any, recorded: Recorded) -> None:  # noqa: ANN401
        """Fold one event of the installation service."""
        event = recorded.event
        if not isinstance(event, InstallationEvent):
            return
        before = self._layouts.get(event.installation_id)
        after = fold_layout(before, event, recorded.position, recorded.recorded_at)
        if after is None or after is before:
            return
        await self._layouts.put(connection, event.installation_id, after)
        self._sites.pop(event.installation_id, None)
        if before is not None and after.departed != before.departed:
            self._departed = departed_by_serial(self._layouts.all().values())

    async def apply_telemetry(self, connection: Any, recorded: Recorded) -> None:  # noqa: ANN401
        """Fold one event of the telemetry service."""
        event = recorded.event
        if isinstance(event, ChargerEvent):
            before = self._reported.get(event.charger_id)
            after = fold_reported(before, event, recorded.recorded_at)
            if after != before:
                await self._reported.put(connection, event.charger_id, after)

    # --- Our own log ---

    async def catch_up(self) -> None:
        """Read what was announced since these documents were written, by whomever."""
        await self._announced.open(self._pool)
        await self._counted.open(self._pool)
        position = await self._pool.fetchval(
            "select position from cursor where consumer = $1 and service = $1", CONSUMER
        )
        while batch := await self._store.read(after=position or 0, limit=PAGE):
            facts = [(recorded.event, recorded.recorded_at) for recorded in batch]
            position = batch[-1].position
            await self.remember(facts, position)

    async def remember(self, facts: Sequence[tuple[Event, datetime]], position: int) -> None:
        """Fold our own events, which end at a position of our log."""
        async with self._pool.acquire() as connection, connection.transaction():
            for charger_id in {it for event, _ in facts for it in _chargers_in(event)}:
                announced = self._announced.get(charger_id)
                for event, recorded_at in facts:
                    if charger_id in _chargers_in(event):
                        announced = fold_announced(announced, charger_id, event, recorded_at)
                if announced is not None:
                    await self._announced.put(connection, charger_id, announced)
            for event, _ in facts:
                if isinstance(event, UnmanagedLoadCounted):
                    key = event.installation_id
                    counted = fold_load(self._counted.get(key), event)
                    await self._counted.put(connection, key, counted)
            await connection.execute(
                "insert into cursor values ($1, $1, $2) on conflict (consumer, service)"
                " do update set position = greatest(cursor.position, excluded.position)",
                CONSUMER,
                position,
            )

    # --- Readings ---

    def observe(self, reading: MeterReading) -> bool:
        """Take a reading into account; a reading of an unknown charger teaches nothing."""
        site = self._site(reading.installation_id)
        if site is None or reading.charger_id not in site.chargers:
            return False
        reported = self._reported.get(reading.charger_id)
        received_at_s = reading.received_at.timestamp()
        self._behaviours[reading.charger_id] = observe(
            self._behaviours.get(reading.charger_id, Behaviour()),
            site,
            reading.charger_id,
            reported.session_id if reported is not None else None,
            reading.current_a,
            offer_of(reported),
            received_at_s,
            phases_told(
                self._announced.get(reading.charger_id) or Announced(), reported, received_at_s
            ),
        )
        return True

    def observe_breaker(self, reading: BreakerReading, now_s: float) -> bool:
        """Take a reading of a breaker's meter into account; one that tells nothing changes nothing."""
        facts = self._facts(reading.installation_id, epoch=0, now_s=now_s)
        if facts is None:
            return False
        loads = self._loads.setdefault(reading.installation_id, Loads())
        why = loads.hear(facts, reading, now_s)
        if why is not None:
            log.warning(
                "breaker reading passed over",
                installation_id=reading.installation_id,
                meter_id=reading.meter_id,
                why=why,
            )
        return why is None

    # --- What decisions are taken on ---

    def facts(
        self, installation_id: InstallationId, epoch: int, now_s: float
    ) -> SiteFacts | None:
        """Put together what is known of an installation; nothing for a layout that is no tree."""
        facts = self._facts(installation_id, epoch, now_s)
        if facts is None:
            return None
        counted = self._counted.get(installation_id) or LoadsCounted()
        loads = self._loads.setdefault(installation_id, Loads())
        return loads.counting(facts, counted.loads(), now_s)

    def _facts(
        self, installation_id: InstallationId, epoch: int, now_s: float
    ) -> SiteFacts | None:
        site, layout = self._site(installation_id), self._layouts.get(installation_id)
        if site is None or layout is None:
            return None
        rotated_at_s = self._rotated_at_s.get(installation_id, 0.0)
        heard = Heard(self._reported, self._announced, self._behaviours, self._departed)
        return site_facts(layout, site, heard, now_s, epoch, rotated_at_s)

    def rotated(self, installation_id: InstallationId, now_s: float) -> None:
        """Note that a car was just asked to make room."""
        self._rotated_at_s[installation_id] = now_s

    def _site(self, installation_id: InstallationId) -> Site | None:
        if installation_id not in self._sites:
            layout = self._layouts.get(installation_id)
            if layout is None:
                return None
            site = layout.site()
            try:
                _ = site.paths
            except BrokenLayout as fault:
                log.error("layout refused", installation_id=installation_id, fault=str(fault))  # noqa: TRY400
                return None
            self._sites[installation_id] = site
        return self._sites[installation_id]


def _chargers_in(event: Event) -> set[ChargerId]:
    match event:
        case CurrentLimitAllocated() | ChargerQueued():
            return {event.charger_id}
        case LeasesRenewed():
            return {lease.charger_id for lease in event.leases}
        case _:
            return set()
