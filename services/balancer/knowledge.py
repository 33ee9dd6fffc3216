"""Everything the balancer knows, brought up to date by events and readings; it decides nothing."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from services.balancer.announced import (
    Announced,
    LoadsCounted,
    fold_announced,
    fold_load,
    remembered,
    told_in,
)
from services.balancer.behaviour import Behaviour, observe
from services.balancer.departures import Departures
from services.balancer.facts import SiteFacts
from services.balancer.hardware import Heard, phases_told
from services.balancer.layout_folds import fold_layout
from services.balancer.layouts import Layout
from services.balancer.loads import Loads
from services.balancer.news import News, news_in, news_of
from services.balancer.own_log import OwnLog
from services.balancer.recent import Recent
from services.balancer.reported import (
    Reported,
    fold_reported,
    offer_of,
)
from services.balancer.site import BrokenLayout, Site
from services.balancer.standings import site_facts
from shared.documents import Documents, numbered
from shared.event_store import EventStore
from shared.ids import ChargerId, InstallationId
from shared.messages import Event, InstallationEvent
from shared.messages.balancer import UnmanagedLoadCounted
from shared.messages.telemetry import BreakerReading, ChargerEvent, MeterReading
from shared.recorded import Recorded
from shared.subjects import partition_of

CONSUMER: Final = "balancer"
LATE_MAX: Final = timedelta(hours=1)
"""A charger that came from elsewhere so long ago is connected here, and its gateway takes limits for the
former place no more: whoever would still send one can do no harm."""

log = structlog.get_logger()


class Knowledge:
    """
    Documents of three logs, and what readings have taught.

    Args:
        pool: our database.
        store: our log, in it.
        slot: the number of this process among the balancers. Each keeps documents of its own, so that
            none has to wait for another, or to trust that it is alive.
    """

    def __init__(self, pool: Any, store: EventStore, slot: int = 1) -> None:  # noqa: ANN401  # asyncpg
        self.consumer = numbered(CONSUMER, slot)
        """The name under which it follows logs."""
        self._pool = pool
        self._layouts = Documents(numbered("layout", slot), Layout)
        self._reported = Documents(numbered("reported", slot), Reported)
        self._announced = Documents(numbered("announced", slot), Announced)
        self._counted = Documents(numbered("counted-loads", slot), LoadsCounted)
        self._own_log = OwnLog(
            pool, store, self.consumer, self._apply_own, self.reload_announced
        )
        self._loads: dict[InstallationId, Loads] = {}
        self._behaviours: dict[ChargerId, Behaviour] = {}
        self._sites: dict[InstallationId, Site] = {}
        self._rotated_at_s: dict[InstallationId, float] = {}
        self._departures = Departures()
        self._recent = Recent()
        self._news: dict[InstallationId, News] = {}

    @property
    def installations(self) -> list[InstallationId]:
        """Every installation that has a layout."""
        return list(self._layouts.all())

    # --- The logs of others ---

    def news(self) -> dict[InstallationId, News]:
        """Name the installations of which others have told something since this was asked last, and how
        much it matters; what matters little is left out."""
        news, self._news = self._news, {}
        return news

    async def reload_layouts(self) -> None:
        """Read the layouts as they are in the database."""
        await self._layouts.open(self._pool)
        self._sites.clear()
        self._recent.forget()
        self._departures = Departures(self._layouts.all().values())

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
        self._news[event.installation_id] = News.GREAT
        self._sites.pop(event.installation_id, None)
        if before is not None and after.departed != before.departed:
            self._departures.note(event.installation_id, before.departed, after.departed)

    async def apply_telemetry(self, connection: Any, recorded: Recorded) -> None:  # noqa: ANN401
        """Fold one event of the telemetry service."""
        event = recorded.event
        if isinstance(event, ChargerEvent):
            before = self._reported.get(event.charger_id)
            after = fold_reported(before, event, recorded.recorded_at)
            if after == before:
                return
            await self._reported.put(connection, event.charger_id, after)
            news = news_in(before, event)
            if news is News.GREAT or (
                news is News.FAIR and event.installation_id not in self._news
            ):
                self._news[event.installation_id] = news

    # --- Our own log ---

    async def open_announced(self) -> None:
        """Read what is known of our own log, and what was announced since, by whomever."""
        await self._own_log.open()

    async def reload_announced(self) -> None:
        """Read what was announced as it is in the database."""
        await self._announced.open(self._pool)
        await self._counted.open(self._pool)

    async def catch_up(self) -> None:
        """Read what others have announced."""
        await self._own_log.catch_up()

    async def apply_announced(self, connection: Any, recorded: Recorded) -> None:  # noqa: ANN401
        """Fold one event of our own."""
        await self._apply_own(connection, recorded.event, recorded.recorded_at)

    async def _apply_own(self, connection: Any, event: Event, recorded_at: datetime) -> None:  # noqa: ANN401
        for charger_id in told_in(event):
            before = self._announced.get(charger_id)
            after = fold_announced(before, charger_id, event, recorded_at)
            await self._announced.put(connection, charger_id, after)
        if isinstance(event, UnmanagedLoadCounted):
            counted = fold_load(self._counted.get(event.installation_id), event)
            await self._counted.put(connection, event.installation_id, counted)

    async def remember(
        self,
        installation_id: InstallationId,
        facts: Sequence[tuple[Event, datetime]],
        last: int,
    ) -> None:
        """Fold what was just announced for an installation, which ends at a position of our log."""
        await self._own_log.remember(installation_id, facts, last)

    def version(self, installation_id: InstallationId) -> int:
        """Name the version of an installation's stream up to which it is known here."""
        return self._own_log.version(installation_id)

    def left_for(
        self, installation_id: InstallationId, now: datetime
    ) -> list[tuple[InstallationId, int]]:
        """
        Name the installations that hardware has left for this one, and the positions of their logs at
        which it did, unless whoever decides for them is known to know.
        """
        layout = self._layouts.get(installation_id)
        if layout is None:
            return []
        return [
            (name, gone.left)
            for serial in {it.serial for it in layout.chargers.values()}
            for name, gone in self._departures.of(serial)
            if name != installation_id
            and now - gone.left_at < LATE_MAX
            and gone.left > self._own_log.required(name)
        ]

    # --- Readings ---

    def observe(self, reading: MeterReading) -> News:
        """Take a reading into account; a reading of an unknown charger teaches nothing."""
        site = self._site(reading.installation_id)
        if site is None or reading.charger_id not in site.chargers:
            return News.NONE
        reported = self._reported.get(reading.charger_id)
        announced = self._announced.get(reading.charger_id) or Announced()
        received_at_s = reading.received_at.timestamp()
        before = self._behaviours.get(reading.charger_id) or remembered(announced)
        allowed_a = self._recent.allowed_a(
            reading.charger_id, announced, reported, received_at_s
        )
        after = self._behaviours[reading.charger_id] = observe(
            before,
            site,
            reading.charger_id,
            reported.session_id if reported is not None else None,
            reading.current_a,
            offer_of(reported, received_at_s),
            received_at_s,
            phases_told(announced, reported, received_at_s),
            reading.measured_at.timestamp(),
            reading.register_wh,
            allowed_a,
        )
        return news_of(before, after, allowed_a)

    def forget(self, partitions: Collection[int]) -> None:
        """Drop what readings have taught of partitions that others decide for from now on."""
        for installation_id, layout in self._layouts.all().items():
            if partition_of(installation_id) in partitions:
                self._rotated_at_s.pop(installation_id, None)
                self._loads.pop(installation_id, None)
                for charger_id in layout.chargers:
                    self._behaviours.pop(charger_id, None)

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
        """Put together what is known of an installation; nothing for a layout that is no tree, or older
        than others need it to be, or for an installation for which somebody decides under a later epoch."""
        if self._own_log.epoch(installation_id) > epoch:
            return None
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
        if layout.position < self._own_log.required(installation_id):
            return None
        rotated_at_s = self._rotated_at_s.get(installation_id, 0.0)
        heard = Heard(
            self._reported, self._announced, self._behaviours, self._departures.by_serial
        )
        return site_facts(layout, site, heard, now_s, epoch, rotated_at_s, self._recent.charger)

    def rotated(self, installation_id: InstallationId, now_s: float) -> None:
        """Note that a car was just asked to make room."""
        self._rotated_at_s[installation_id] = now_s

    def _site(self, installation_id: InstallationId) -> Site | None:
        if installation_id not in self._sites:
            layout = self._layouts.get(installation_id)
            if layout is None:
                return None
            try:
                site = layout.site()
                _ = site.paths
            except BrokenLayout as fault:
                log.error("layout refused", installation_id=installation_id, fault=str(fault))  # noqa: TRY400
                return None
            self._sites[installation_id] = site
        return self._sites[installation_id]
