"""
Following another service's log: in order, without gaps, each effect exactly once.

A durable pull consumer fetches a batch; the batch's effects and the cursor are written in one
transaction of the follower's own database; only then is the batch acknowledged. What the cursor has
seen is dropped. An event that cannot be applied parks its aggregate (`shared/parking.py`). A follower
of an epoch that is over, or of a past that was changed, begins anew (`shared/followers.py`).
"""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from shared import epochs, followers, parking, subjects
from shared.announced import EVENT_ID_HEADER, Unreadable, epoch_in, read
from shared.documents import Gathering
from shared.event_store import DATABASE_FAULTS
from shared.followers import Connection as Connection
from shared.followers import Cursor, Moved
from shared.followers import Follower as Follower
from shared.followers import cursor_of as cursor_of
from shared.pace import Pace
from shared.progress import Progress
from shared.pull import BATCH_MAX, Pull, consumer_of, pulling
from shared.recorded import Recorded
from shared.tasks import in_child, keep_running

ERROR_PAUSE_S: Final = 0.5
TAKE_S_MAX: Final = 15.0
"""A batch that takes longer hangs on a connection that died unnoticed; it is begun again."""
LOOK_S: Final = 1.0
"""How soon a follower sees that parked events are to be tried again."""
UNKNOWN_S: Final = 60.0
"""How often a follower tries again what was parked because nobody knew it; the first time as it starts."""
BEAT_S: Final = 5.0
"""How often a follower says that it is alive, and looks whether a new epoch has begun."""
CATCH_UP_PAUSE_S: Final = 0.05

log = structlog.get_logger()


class Gap(Exception):
    """The jetstream delivered a position beyond the next one: something was not delivered."""


class OtherEpoch(Exception):
    """The jetstream that was followed is no longer the one that takes the log's events."""


class PastReplaced(Exception):
    """What this process has followed is no longer what happened: it has to begin anew as a whole."""


FOLLOW_FAULTS: Final = (Gap, OtherEpoch, Moved, *DATABASE_FAULTS, NatsError)


async def follow(
    client: Client,
    pool: "asyncpg.Pool[Any]",
    follower: Follower,
    progress: Progress | None = None,
) -> None:
    """
    Follow for ever; on any fault start over from the cursor.

    Args:
        client: where the log is announced.
        pool: the follower's own database.
        follower: what each event does.
        progress: told how far it is; by default only its figures are kept.

    Raises:
        PastReplaced: a new epoch of the log has begun. Everything is folded anew, and nothing may be
            decided or shown meanwhile on what is folded by half: the process ends, and whoever
            supervises it starts it again. As it starts, it waits for `caught_up` as always.
    """
    progress = progress or Progress(follower.consumer, follower.service)
    following = _Following(client, pool, follower, progress)

    def on_fault(fault: Exception) -> None:
        progress.failed()
        log.warning("follower starts over", follower=follower.name, error=repr(fault))

    await keep_running(following.run, FOLLOW_FAULTS, on_fault, ERROR_PAUSE_S)


async def caught_up(client: Client, pool: "asyncpg.Pool[Any]", follower: Follower) -> None:
    """Wait until everything that is announced at this moment, or about to be announced anew, has been
    taken; a log that nobody has announced yet holds nothing."""
    copy = await epochs.present_copy(client.jetstream(), follower.service)
    if copy is None:
        return
    while True:
        cursor = await followers.read_cursor(pool, follower) or Cursor(epoch=copy.epoch)
        if (cursor.epoch, cursor.position) >= (copy.epoch, copy.whole):
            return
        await asyncio.sleep(CATCH_UP_PAUSE_S)


class _Following:
    """Where the follower is, and one event after the other from there on."""

    def __init__(
        self,
        client: Client,
        pool: "asyncpg.Pool[Any]",
        follower: Follower,
        progress: Progress,
    ) -> None:
        self._client = client
        self._js: JetStreamContext = client.jetstream()
        self._pool = pool
        self._follower = follower
        self._progress = progress
        self._cursor = Cursor()
        self._left_out: frozenset[UUID] = frozenset()
        self._looked_s = self._beat_s = 0.0
        self._asked_s = -UNKNOWN_S
        self._unknown: list[str] = []
        """Aggregates that wait for a newer program, which may be this one."""
        self._remembers = False
        self._has_parked = True
        """Some events are parked, or it is not known yet that none is."""
        self._first_parked: parking.FirstParked = {}
        """What was parked when what is held in memory was read."""
        self._pace = Pace(follower.apart_s)

    async def run(self) -> None:
        """
        Follow until something goes wrong.

        Raises:
            OtherEpoch, Gap, Moved, NotFoundError: start over.
            PastReplaced: the process has to.
        """
        self._progress.beat()
        before = await in_child(followers.read_cursor(self._pool, self._follower), TAKE_S_MAX)
        await in_child(self._reload(), TAKE_S_MAX)
        copy = await in_child(self._jetstream(), TAKE_S_MAX)
        self._progress.begun(copy.epoch, copy.whole)
        self._cursor = await in_child(self._begin(copy), TAKE_S_MAX)
        if self._cursor != before:
            # It was wiped, or one that follows under the same name has taken events meanwhile: what is held
            # in memory may lack them. If it takes any from here on, the cursor will say so.
            await in_child(self._reload(), TAKE_S_MAX)
        self._progress.at(self._cursor.epoch, self._cursor.position)
        self._remembers = True
        self._beat_s = asyncio.get_running_loop().time()
        left_out = followers.skipped_by(self._pool, self._follower)
        self._left_out = await in_child(left_out, TAKE_S_MAX)
        consumer, first = consumer_of(self._follower.name), self._cursor.position + 1
        async with pulling(self._client, copy.name, consumer, first) as pull:
            await self._from(pull, copy.name)

    async def _from(self, pull: Pull, jetstream: str) -> None:
        while True:
            self._progress.beat()
            messages = await pull.batch()
            if messages:
                messages += await pull.gathered(self._pace, BATCH_MAX - len(messages))
                await in_child(self._take(messages), TAKE_S_MAX)
                await messages[-1].ack()
                self._progress.at(self._cursor.epoch, self._cursor.position)
            elif self._client.is_connected:
                self._progress.idle()
            await in_child(self._look(jetstream), TAKE_S_MAX)

    # --- Where to begin ---

    async def _reload(self) -> None:
        # In this order: what is tried again in between is noticed, although it was read.
        self._first_parked = await parking.first_parked(self._pool, self._follower)
        await self._follower.reload()

    async def _jetstream(self) -> epochs.Copy:
        copy = await epochs.present_copy(self._js, self._follower.service)
        if copy is None:
            self._progress.nothing_announced()
            raise NotFoundError  # nobody has announced anything yet, or it was lost
        return copy

    async def _begin(self, copy: epochs.Copy) -> Cursor:
        """
        Find the cursor, and make sure that what it is at is what was announced there.

        Raises:
            OtherEpoch: a jetstream is followed whose log has moved on to a later epoch.
            Gap: the jetstream ends before the cursor: it is being filled again, or was cut short.
            PastReplaced: what this process remembers is not what was announced.
        """
        follower, pool = self._follower, self._pool
        cursor = await followers.read_cursor(pool, follower)
        if cursor is None:
            return await followers.begin(pool, follower, copy.epoch)
        if cursor.epoch > copy.epoch:
            raise OtherEpoch(f"{copy.name} is of an epoch before {cursor.epoch}")
        if cursor.epoch < copy.epoch:
            why = f"epoch {copy.epoch} of the log of {follower.service} has begun"
        elif cursor.position > copy.last:
            raise Gap(
                f"{copy.name} ends at {copy.last}, before {cursor.position}: it is being filled "
                "again, or its log was restored from an older copy"
            )
        elif await self._is_there(copy, cursor):
            return cursor
        else:
            why = f"{copy.name} has another event at {cursor.position} than was followed"
        if self._remembers:
            raise PastReplaced(why)
        return await followers.begin_anew(pool, follower, cursor, copy.epoch, why)

    async def _is_there(self, copy: epochs.Copy, cursor: Cursor) -> bool:
        if cursor.position == 0 or cursor.event_id is None:
            return True
        message = await self._js.get_msg(copy.name, seq=cursor.position)
        return (message.headers or {}).get(EVENT_ID_HEADER) == str(cursor.event_id)

    # --- One batch after the other ---

    async def _take(self, messages: Sequence[Msg]) -> None:
        if any(epoch_in(it.headers) not in {None, self._cursor.epoch} for it in messages):
            raise OtherEpoch(f"an event of another epoch than {self._cursor.epoch}")
        fresh, missed = in_order([read(it) for it in messages], self._cursor.position)
        if fresh:
            await self._apply(fresh)
            self._progress.took(messages, _recorded_at(fresh[-1]))
        if missed is not None:
            raise Gap(f"{missed} came after {self._cursor.position}")

    async def _apply(self, fresh: Sequence[Recorded | Unreadable]) -> None:
        """Take events into account, in the quick way, or if one of them cannot be applied with care."""
        follower = self._follower
        applied: list[Recorded] | None = None
        with contextlib.suppress(parking.CannotApply):
            applied = await self._write(fresh, with_care=False)
        if applied is None:
            await self._reload()  # what is held in memory is as the lost transaction had it
            applied = await self._write(fresh, with_care=True)
        self._cursor = _at(self._cursor, fresh[-1])
        if len(applied) < len(fresh):
            self._has_parked = True
            await self._reload()
        follower.committed(applied)

    async def _write(
        self, fresh: Sequence[Recorded | Unreadable], *, with_care: bool
    ) -> list[Recorded]:
        """Write the effects of events, and that they are taken, in one transaction; name those that
        were not parked."""
        follower = self._follower
        applied: list[Recorded] = []
        async with self._pool.acquire() as connection, connection.transaction():
            parked = await parking.lock_unmoved(
                connection, follower, self._cursor, self._first_parked
            )
            gathering = Gathering(connection)
            within = connection if with_care else gathering
            for event in fresh:
                if _id_of(event) in self._left_out:
                    continue
                if await parking.apply_or_park(
                    within, follower, event, parked, with_care=with_care
                ):
                    assert isinstance(event, Recorded)  # noqa: S101  # others cannot be applied
                    applied.append(event)
            await parking.write_gathered(gathering)
            await followers.move_cursor(connection, follower, _at(self._cursor, fresh[-1]))
        return applied

    async def _look(self, jetstream: str) -> None:
        """Now and then: try parked events again, say that all is well, see whether it still is."""
        now_s = asyncio.get_running_loop().time()
        if self._has_parked and now_s - self._looked_s >= LOOK_S:
            self._looked_s = now_s
            if now_s - self._asked_s >= UNKNOWN_S:
                self._asked_s = now_s
                self._unknown = await parking.what_was_unknown(self._pool, self._follower)
            if self._unknown:
                aggregate_id: str | None = self._unknown.pop()
            else:
                aggregate_id = await parking.wanted_again(self._pool, self._follower)
            if aggregate_id is not None:
                self._first_parked = await parking.retry(
                    self._pool,
                    self._js,
                    jetstream,
                    self._follower,
                    aggregate_id,
                    self._cursor,
                    self._first_parked,
                )
                self._looked_s = 0.0  # there may be more of it
        if now_s - self._beat_s >= BEAT_S:
            self._beat_s = now_s
            parked = await followers.beat(self._pool, self._follower)
            self._progress.parked(parked)
            self._has_parked = parked > 0
            found = await followers.read_cursor(self._pool, self._follower)
            if found and found != self._cursor:
                # The documents were replaced, or another process that follows under the same name, for
                # as long as one replaces the other, has taken what this one will be given no more.
                raise Moved(f"the cursor is at {found.position}, not {self._cursor.position}")
            if self._first_parked:
                left = await parking.first_parked(self._pool, self._follower)
                parking.check_none_was_tried(self._first_parked, left)
            subject = subjects.events_of(self._follower.service)
            if await self._js.find_stream_name_by_subject(subject) != jetstream:
                raise OtherEpoch(f"{jetstream} takes no more events")


def in_order(
    batch: Sequence[Recorded | Unreadable], position: int
) -> tuple[list[Recorded | Unreadable], int | None]:
    """
    Pick the events that follow a position without a gap, and name the one before which there is one.

    Another process that follows under the same name may have been given those in between.
    """
    fresh: list[Recorded | Unreadable] = []
    for event in batch:
        if event.position > position + 1:
            return fresh, event.position
        if event.position == position + 1:
            fresh.append(event)
            position = event.position
    return fresh, None


def _at(cursor: Cursor, event: Recorded | Unreadable) -> Cursor:
    return Cursor(event.position, cursor.epoch, _id_of(event))


def _recorded_at(event: Recorded | Unreadable) -> datetime | None:
    return event.recorded_at if isinstance(event, Recorded) else None


def _id_of(event: Recorded | Unreadable) -> UUID | None:
    return event.event_id if isinstance(event, Recorded) else None
