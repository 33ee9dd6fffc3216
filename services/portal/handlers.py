"""
Events are folded into documents, readings are kept in memory; hearing decides nothing.

An event of a kind that the portal does not show is passed over unread, so that a new kind in
somebody's log never stops the view.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final, get_args

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import ValidationError

from services.portal.documents import Refusal
from services.portal.heard import Heard
from services.portal.latest import Latest
from services.portal.layouts import LAYOUT_EVENTS, LayoutEvent, fold_layout
from services.portal.marks import Marks
from services.portal.projections import (
    ConditionEvent,
    ShareEvent,
    fold_condition,
    fold_ignored,
    fold_lease,
    fold_obeyed,
    fold_queued,
    fold_share,
    overload_of,
)
from services.portal.read_models import ReadModels, key_of
from services.portal.traces.tracing import Traces
from services.portal.warned import WarningEvent, fold_warning
from shared import subjects
from shared.documents import numbered
from shared.followers import Connection, Follower
from shared.messages.balancer import (
    ChargerQueued,
    CurrentLimitAllocated,
    LeasesRenewed,
    LimitIgnored,
    LimitObeyed,
    OverloadDetected,
    SiteBalance,
)
from shared.messages.telemetry import (
    ChargerConnected,
    ChargerRefused,
    MeterReading,
    SessionEnded,
    SessionStarted,
)
from shared.recorded import Recorded
from shared.rights.book import PERMISSIONS

CONSUMER: Final = "portal"
APART_S: Final = 0.25
"""How far apart batches of events are taken where they come all the time; pages show two pictures a
second."""

TELEMETRY_EVENTS: Final = frozenset(
    it.__name__ for it in (*get_args(ConditionEvent), ChargerRefused)
)
BALANCER_EVENTS: Final = frozenset(
    it.__name__ for it in (*get_args(ShareEvent), OverloadDetected)
)

WARNING_EVENTS: Final = frozenset(it.__name__ for it in get_args(WarningEvent))

log = structlog.get_logger()


def followers(
    models: ReadModels,
    pool: Any,  # noqa: ANN401  # asyncpg carries no types
    heard: Heard,
) -> tuple[Follower, ...]:
    """Describe who follows which log into which documents."""

    async def reload_layouts() -> None:
        await models.layouts.open(pool)

    async def reload_conditions() -> None:
        await models.conditions.open(pool)
        await models.refusals.open(pool)
        await models.sessions.open(pool)

    async def reload_shares() -> None:
        await models.shares.open(pool)
        await models.overloads.open(pool)

    def follower(
        service: str,
        apply: Callable[[Connection, Recorded], Awaitable[None]],
        reload: Callable[[], Awaitable[None]],
    ) -> Follower:
        name = numbered(CONSUMER, models.number)
        return Follower(name, service, apply, reload, heard.committed(service), apart_s=APART_S)

    async def reload_warnings() -> None:
        await models.warnings.open(pool)

    async def reload_grants() -> None:
        await models.book.open(pool)

    on = Folding(models)
    return (
        follower(PERMISSIONS, models.book.apply, reload_grants),
        follower("installation", on.installation_event, reload_layouts),
        replace(
            follower("telemetry", on.telemetry_event, reload_conditions),
            wipe=models.sessions.rows.wipe,
        ),
        follower("balancer", on.balancer_event, reload_shares),
        follower("notifications", on.notifications_event, reload_warnings),
    )


class Folding:
    """What every event of the logs does to the documents."""

    def __init__(self, models: ReadModels) -> None:
        self._models = models

    async def installation_event(self, connection: Connection, recorded: Recorded) -> None:
        # Whatever happens counts, also what is not shown, or cannot be read yet.
        _, _, installation_id = recorded.stream.partition("-")
        layout = self._models.layouts.get(installation_id)
        if recorded.type in LAYOUT_EVENTS:
            event = recorded.event
            assert isinstance(event, LayoutEvent)  # noqa: S101  # its name says so
            layout = fold_layout(layout, event, recorded.position, recorded.recorded_at)
        if layout is not None:
            counted = layout.model_copy(update={"version": recorded.version})
            await self._models.layouts.put(connection, installation_id, counted)

    async def telemetry_event(self, connection: Connection, recorded: Recorded) -> None:
        if recorded.type not in TELEMETRY_EVENTS:
            return
        event = recorded.event
        if isinstance(event, ChargerRefused):
            about = event.model_dump(include={"reason", "remote", "place"})
            refusal = Refusal(**about, refused_at=recorded.recorded_at)
            await self._models.refusals.put(connection, event.serial, refusal)
            return
        if isinstance(event, ChargerConnected):
            await self._on_let_in(connection, event)
        if isinstance(event, SessionStarted | SessionEnded):
            standing = self._models.conditions.get(
                key_of(event.installation_id, event.charger_id)
            )
            serial = None if standing is None else standing.serial
            await self._models.sessions.apply(connection, event, serial)
        assert isinstance(event, ConditionEvent)  # noqa: S101  # its name says so
        key = key_of(event.installation_id, event.charger_id)
        before = self._models.conditions.get(key)
        condition = fold_condition(before, event, recorded.recorded_at)
        await self._models.conditions.put(connection, key, condition)

    async def _on_let_in(self, connection: Connection, event: ChargerConnected) -> None:
        refusal = self._models.refusals.get(event.serial)
        if refusal is not None and not refusal.settled:
            settled = refusal.model_copy(update={"settled": True})
            await self._models.refusals.put(connection, event.serial, settled)

    async def balancer_event(self, connection: Connection, recorded: Recorded) -> None:
        if recorded.type not in BALANCER_EVENTS:
            return
        match recorded.event:
            case (
                CurrentLimitAllocated() | ChargerQueued() | LimitIgnored() | LimitObeyed()
            ) as event:
                await self._on_share(connection, event, recorded)
            case LeasesRenewed() as event:
                for lease in event.leases:
                    key = key_of(event.installation_id, lease.charger_id)
                    share = self._models.shares.get(key)
                    if share is not None:
                        await self._models.shares.put(connection, key, fold_lease(share, lease))
            case OverloadDetected() as event:
                key = key_of(event.installation_id, event.circuit_id)
                overload = overload_of(event, recorded.recorded_at)
                await self._models.overloads.put(connection, key, overload)

    async def notifications_event(self, connection: Connection, recorded: Recorded) -> None:
        if recorded.type not in WARNING_EVENTS:
            return
        event = recorded.event
        assert isinstance(event, WarningEvent)  # noqa: S101  # its name says so
        before = self._models.warnings.get(event.installation_id)
        after = fold_warning(before, event, recorded.recorded_at, recorded.meta.actor)
        await self._models.warnings.put(connection, event.installation_id, after)

    async def _on_share(
        self,
        connection: Connection,
        event: CurrentLimitAllocated | ChargerQueued | LimitIgnored | LimitObeyed,
        recorded: Recorded,
    ) -> None:
        key = key_of(event.installation_id, event.charger_id)
        before = self._models.shares.get(key)
        match event:
            case CurrentLimitAllocated():
                share = fold_share(before, event, recorded.position, recorded.recorded_at)
            case ChargerQueued():
                share = fold_queued(before, event)
            case LimitIgnored():
                share = fold_ignored(before, event)
            case LimitObeyed():
                share = fold_obeyed(before)
        await self._models.shares.put(connection, key, share)


async def listen(client: Client, latest: Latest, traces: Traces, marks: Marks) -> None:
    """Hear readings and balances from now on; what was said before is not repeated."""

    async def on_meter_reading(message: Msg) -> None:
        try:
            reading = MeterReading.model_validate_json(message.data)
        except ValidationError as error:
            log.warning("reading unreadable", subject=message.subject, error=str(error))
            return
        latest.hear_reading(reading)
        traces.hear_reading(reading)
        marks.hear(reading)

    async def on_site_balance(message: Msg) -> None:
        try:
            balance = SiteBalance.model_validate_json(message.data)
        except ValidationError as error:
            log.warning("balance unreadable", subject=message.subject, error=str(error))
            return
        latest.hear_balance(balance)
        traces.hear_balance(balance)

    await client.subscribe(subjects.telemetry_all(MeterReading), cb=on_meter_reading)
    await client.subscribe(subjects.telemetry_all(SiteBalance), cb=on_site_balance)
