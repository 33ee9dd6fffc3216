"""
The shell around decisions: what is heard changes what is known; a tick decides.

A decision is appended to the log before anything of it is sent (`sending.py`).
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import ValidationError

from services.balancer import metrics
from services.balancer.announcing import (
    balance_of,
    events_of,
    obedience_of,
    overloads_of,
)
from services.balancer.decider import Decision, decide
from services.balancer.delivering import Deliveries
from services.balancer.facts import SiteFacts, Timing
from services.balancer.knowledge import Knowledge
from services.balancer.news import News
from services.balancer.partitions import Partitions
from services.balancer.pictures import Pictures
from services.balancer.rounds import CALM_ROUND_S, ROUND_S, pause_s, waits_for_room
from services.balancer.sending import Sender
from shared import subjects, tracing
from shared.context import Context, acting
from shared.event_store import Conflict, EventStore
from shared.followers import Follower
from shared.ids import InstallationId
from shared.messages import Event
from shared.messages.balancer import CurrentLimitAllocated, LayoutRequired
from shared.messages.telemetry import BreakerReading, MeterReading
from shared.recorded import Recorded

ACTOR: Final = "balancer"
PICTURE_PAUSE_S: Final = 0.9
"""At most so often the picture of an installation is drawn."""
OVERLOAD_PAUSE_S: Final = 10.0
"""An overload that goes on is announced again after this time."""

log = structlog.get_logger()


class Balancer:
    """Decides for every installation it knows, at its own pace."""

    def __init__(
        self,
        client: Client,
        store: EventStore,
        knowledge: Knowledge,
        partitions: Partitions,
        timing: Timing,
        clock: Callable[[], datetime],
    ) -> None:
        self._pictures = Pictures(client)
        self.deliveries = Deliveries(client)
        self._sender = Sender(self.deliveries, store)
        self._knowledge = knowledge
        self._partitions = partitions
        self._timing = timing
        self._clock = clock
        self._changed: set[InstallationId] = set()
        """Decided on with the next tick; the others when their next round is due."""
        self._read_at: dict[InstallationId, datetime] = {}
        """When the first reading came that asks for a decision, and has none yet."""
        self._due_s: dict[InstallationId, float] = {}
        """When the next round is due."""
        self._drawn_at_s: dict[InstallationId, float] = {}
        self._decisions: dict[InstallationId, int] = {}
        self._overloads_at_s: dict[tuple[InstallationId, int], float] = {}
        self._decided_on: dict[InstallationId, tuple[SiteFacts, Decision, float]] = {}
        self._traced: dict[InstallationId, str] = {}
        """What is traced of the reading that waits for a decision."""

    # --- Hearing ---

    def followers(self) -> Sequence[Follower]:
        """Follow the logs that tell of layouts and of chargers."""
        known = self._knowledge
        return (
            Follower(
                known.consumer,
                "installation",
                known.apply_installation,
                known.reload_layouts,
                self._heard,
            ),
            Follower(
                known.consumer,
                "telemetry",
                known.apply_telemetry,
                known.reload_reported,
                self._heard,
            ),
        )

    def _heard(self, _: Sequence[Recorded]) -> None:
        for installation_id, news in self._knowledge.news().items():
            if news is News.GREAT or self._waits_for_room(installation_id):
                self._changed.add(installation_id)

    def _waits_for_room(self, installation_id: InstallationId) -> bool:
        latest = self._decided_on.get(installation_id)
        return latest is None or waits_for_room(*latest)

    def _soon(self, installation_id: InstallationId) -> None:
        """Have the next round not wait for longer than where all is on its way."""
        due_s = self._due_s.get(installation_id, 0.0)
        self._due_s[installation_id] = min(due_s, self._clock().timestamp() + ROUND_S)

    async def on_meter_reading(self, message: Msg) -> None:
        """Take a reading into account, if it is for this process to decide on it. A reading that cannot
        be read tells nothing."""
        if not self._partitions.holds(subjects.partition_in(message.subject)):
            return
        try:
            reading = MeterReading.model_validate_json(message.data)
        except ValidationError as error:
            log.warning("reading refused", subject=message.subject, error=str(error))
            return
        news = self._knowledge.observe(reading)
        if news is News.GREAT:
            self._trace(reading.installation_id, message)
            self._read_at.setdefault(reading.installation_id, reading.received_at)
            self._changed.add(reading.installation_id)
        elif news is News.FAIR:
            self._soon(reading.installation_id)

    async def on_breaker_reading(self, message: Msg) -> None:
        """Take a reading of other load into account, if it is for this process to decide on it."""
        if not self._partitions.holds(subjects.partition_in(message.subject)):
            return
        try:
            reading = BreakerReading.model_validate_json(message.data)
        except ValidationError as error:
            log.warning("reading refused", subject=message.subject, error=str(error))
            return
        if self._knowledge.observe_breaker(reading, self._clock().timestamp()):
            self._trace(reading.installation_id, message)
            self._read_at.setdefault(reading.installation_id, reading.received_at)
            self._changed.add(reading.installation_id)

    def _trace(self, installation_id: InstallationId, message: Msg) -> None:
        traceparent = tracing.handed_on(message.headers)
        if traceparent is not None:
            self._traced.setdefault(installation_id, traceparent)

    def latest(self, installation_id: InstallationId) -> tuple[SiteFacts, float] | None:
        """Name the facts of the latest decision for an installation, and when it was taken; none for what
        is not for this process to decide on."""
        if not self._partitions.holds(subjects.partition_of(installation_id)):
            return None
        found = self._decided_on.get(installation_id)
        return None if found is None else (found[0], found[2])

    def decided(self) -> Iterator[tuple[SiteFacts, Decision]]:
        """Name the latest decision for every installation that is this process's to decide on, and the
        facts that it was taken on."""
        for installation_id, (facts, decision, _) in self._decided_on.items():
            if self._partitions.holds(subjects.partition_of(installation_id)):
                yield facts, decision

    # --- Deciding ---

    async def run(self, tick_s: float, beat: Callable[[], None]) -> None:
        """Decide for ever, wherever something that matters has changed or a round is due; `beat` is called
        each time it comes round."""
        while True:
            beat()
            await self.tick()
            await asyncio.sleep(tick_s)

    async def tick(self) -> None:
        """Decide for every installation that is due, and this process's to decide for."""
        now_s = self._clock().timestamp()
        for installation_id in self._knowledge.installations:
            if installation_id not in self._changed and not self._due(installation_id, now_s):
                continue
            with self._partitions.deciding(installation_id) as epoch:
                if epoch is not None:
                    self._changed.discard(installation_id)
                    reading_at = self._read_at.pop(installation_id, None)
                    self._due_s[installation_id] = now_s + ROUND_S
                    traced = self._traced.pop(installation_id, None)
                    with tracing.following(traced, "decide"):
                        await self._decide(installation_id, epoch, reading_at)
        await self._pictures.send(now_s)

    def _due(self, installation_id: InstallationId, now_s: float) -> bool:
        """Tell whether the next round is due; no clock that was set back keeps it waiting."""
        waits_s = self._due_s.get(installation_id, 0.0) - now_s
        return not 0 < waits_s <= CALM_ROUND_S

    async def _decide(
        self,
        installation_id: InstallationId,
        epoch: int,
        reading_received_at: datetime | None,
    ) -> None:
        for left, position in self._knowledge.left_for(installation_id, self._clock()):
            await self._require(left, position)
        now_s = self._clock().timestamp()
        if not self._partitions.agree(now_s):
            return  # it was set a moment ago
        facts = self._knowledge.facts(installation_id, epoch, now_s)
        if facts is None or not facts.chargers:
            return
        begun_s = time.perf_counter()
        decision = decide(facts, self._timing, now_s)
        metrics.DECIDING.observe(time.perf_counter() - begun_s)
        self._decided_on[installation_id] = (facts, decision, now_s)
        self._due_s[installation_id] = now_s + pause_s(facts, decision, now_s)
        self._decisions[installation_id] = self._decisions.get(installation_id, 0) + 1
        if decision.rotated:
            self._knowledge.rotated(installation_id, now_s)
        events = [
            *events_of(facts, decision, now_s, reading_received_at),
            *obedience_of(facts),
            *self._overloads(facts, decision, now_s),
        ]
        if events:
            with acting(ACTOR) as context:
                await self._announce(facts, events, context)
        self._draw(facts, decision, now_s)

    def _overloads(self, facts: SiteFacts, decision: Decision, now_s: float) -> list[Event]:
        warnings: list[Event] = []
        for overload, event in zip(
            decision.overloads, overloads_of(facts, decision), strict=True
        ):
            key = (facts.installation_id, overload.constraint)
            if now_s - self._overloads_at_s.get(key, 0.0) >= OVERLOAD_PAUSE_S:
                self._overloads_at_s[key] = now_s
                warnings.append(event)
                metrics.OVERLOADS.inc()
        return warnings

    # --- Announcing ---

    async def _announce(
        self, facts: SiteFacts, events: Sequence[Event], context: Context
    ) -> None:
        """Append a decision, then send it; if it was taken without knowing the latest one, take it
        anew with the next tick."""
        installation_id = facts.installation_id
        version = self._knowledge.version(installation_id)
        try:
            last = await self._sender.append(installation_id, version, events, context)
        except Conflict as conflict:
            metrics.DECIDED_ANEW.inc()
            log.info("decided anew", installation_id=installation_id, why=str(conflict))
            await self._knowledge.catch_up()
            self._changed.add(installation_id)
            return
        now = self._clock()
        await self._knowledge.remember(installation_id, [(it, now) for it in events], last)
        await self._sender.send(facts, events, context)
        _measure_reaction(events, now)

    async def _require(self, installation_id: InstallationId, position: int) -> None:
        """Say that an installation, whoever decides for it, has lost a charger, and read what was
        announced to that before."""
        required = LayoutRequired(installation_id=installation_id, layout_position=position)
        with acting(ACTOR) as context:
            last = await self._sender.append(installation_id, None, [required], context)
        await self._knowledge.remember(installation_id, [(required, self._clock())], last)

    def _draw(self, facts: SiteFacts, decision: Decision, now_s: float) -> None:
        if 0 <= now_s - self._drawn_at_s.get(facts.installation_id, 0.0) < PICTURE_PAUSE_S:
            return
        self._drawn_at_s[facts.installation_id] = now_s
        count = self._decisions[facts.installation_id]
        picture = balance_of(facts, decision, now_s, count)
        subject = subjects.telemetry(type(picture), facts.installation_id, "site")
        self._pictures.put(subject, picture.model_dump_json().encode())


def _measure_reaction(events: Sequence[Event], now: datetime) -> None:
    """Keep how long it took from the reading that was waited for longest to its limits."""
    for event in events:
        if isinstance(event, CurrentLimitAllocated) and event.reading_received_at is not None:
            took = now - event.reading_received_at
            metrics.REACTION.observe(max(0.0, took.total_seconds()))
            return


async def listen(client: Client, balancer: Balancer) -> None:
    """Hear every reading as it comes, and answers to limits; readings of the past decide nothing."""
    await balancer.deliveries.listen()
    for kind, heard in (
        (MeterReading, balancer.on_meter_reading),
        (BreakerReading, balancer.on_breaker_reading),
    ):
        await client.subscribe(subjects.telemetry_all(kind), cb=heard)
