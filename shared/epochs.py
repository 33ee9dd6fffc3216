"""
Epochs of a log, and the jetstreams that copy it in each.

A log that has lost events which were announced (an older backup was restored) contradicts its jetstream,
and is halted: nothing is announced, nothing appended, until somebody begins a new epoch of it. The old
jetstream is then retired: it keeps its messages, but hears nothing any more. A new one, with the epoch in
its name, takes over the log's subjects, and the whole log is announced to it from position 1.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import StreamInfo
from nats.js.errors import NotFoundError

from shared import subjects
from shared.announced import EVENT_ID_HEADER
from shared.messaging import log_jetstream

PROMISED: Final = "ampledger-promised"
WAY_ON: Final = 'ampledger log new-epoch {service} --reason "..." --dry-run'
"""The command that shows what was lost and, without its last option, begins a new epoch."""


class JetstreamTorn(NatsError):
    """
    A jetstream counts a message as its newest that it does not have: its server has met a full disk. It is
    to be killed, and finds what it has when it starts (`cli/nats_watch.py`).
    """


class LogShorterThanJetstream(Exception):
    """
    The jetstream holds events that the log does not: a backup was restored. Nothing may be
    published until an operator begins a new epoch.
    """


@dataclass(frozen=True, slots=True)
class LogState:
    """What the head of a log says."""

    epoch: int
    position: int
    halted_why: str | None = None
    halted_by: Literal["relay", "restore"] | None = None
    halted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """The jetstream that takes a log's events at present, and the id of the newest in it."""

    name: str
    epoch: int
    last: int = 0
    newest_event_id: str | None = None
    promised: int = 0
    """How many events the log had when this jetstream was made: so many are to come at least."""

    @property
    def whole(self) -> int:
        """Up to where one has to follow it to know all that was announced before this moment."""
        return max(self.last, self.promised)


def contradiction(
    service: str, copy: Copy | None, log: LogState, ours_at_last: str | None
) -> str | None:
    """
    Say how a log and its jetstream contradict each other; nothing if they do not.

    Args:
        service: the log's owner.
        copy: the jetstream, as it was before the log was looked at.
        log: the log's head.
        ours_at_last: the id of the log's event at the jetstream's last sequence, if it has one.

    >>> contradiction("balancer", Copy("EVENTS_BALANCER", 1, 7, "b"), LogState(1, 5), None)
    'jetstream EVENTS_BALANCER ends with event b at 7, the log of balancer ends at 5'
    """
    if copy is None or copy.epoch < log.epoch:
        return None
    if copy.epoch > log.epoch:
        return f"jetstream {copy.name} is of epoch {copy.epoch}, the log of {service} of epoch {log.epoch}"
    if copy.last == 0 or copy.newest_event_id == ours_at_last:
        return None
    theirs = f"jetstream {copy.name} ends with event {copy.newest_event_id} at {copy.last}"
    if ours_at_last is None:
        return f"{theirs}, the log of {service} ends at {log.position}"
    return f"{theirs}, the log of {service} has event {ours_at_last} there"


def complaint(service: str, why: str) -> str:
    """Say what is wrong with a log, and what to do about it."""
    return (
        f"{why}: nothing is announced or appended until a new epoch of the log begins; see what "
        f"is lost with: {WAY_ON.format(service=service)}"
    )


# --- In the database of the log ---


async def log_state(pool: Any) -> LogState:  # noqa: ANN401  # asyncpg carries no types
    """Read the head of a log, from a pool or a connection."""
    row = await pool.fetchrow(
        "select epoch, position, halted_why, halted_by, halted_at from log_head"
    )
    return LogState(**row)


async def halt(pool: Any, by: Literal["relay", "restore"], why: str) -> None:  # noqa: ANN401
    """Refuse everything that would be appended; what halted a log first stays the reason."""
    await pool.execute(
        "update log_head set halted_why = $1, halted_by = $2, halted_at = clock_timestamp()"
        " where halted_why is null",
        why,
        by,
    )


async def lift(pool: Any, by: Literal["relay", "restore"]) -> None:  # noqa: ANN401
    """Take back a halt of one's own, because its reason is gone."""
    await pool.execute(
        "update log_head set halted_why = null, halted_by = null, halted_at = null"
        " where halted_by = $1",
        by,
    )


async def begin_epoch(
    connection: Any,  # noqa: ANN401  # asyncpg carries no types
    js: JetStreamContext,
    service: str,
    actor: str,
    reason: str,
) -> int:
    """
    Begin a new epoch of a log: what it holds by now is what happened.

    The epoch is in the log's database before JetStream hears of it; whatever ends this in between, the
    relay does the rest.

    Returns:
        The new epoch.
    """
    copy, newest = await present_copy(js, service), await newest_epoch(js, service)
    async with connection.transaction():
        log = await connection.fetchrow("select epoch, position from log_head for update")
        epoch = int(max(log["epoch"], newest)) + 1
        await connection.execute(
            "insert into log_epoch (epoch, actor, reason, head, retired_jetstream, retired_last)"
            " values ($1, $2, $3, $4, $5, $6)",
            epoch,
            actor,
            reason,
            log["position"],
            copy.name if copy is not None else None,
            copy.last if copy is not None else None,
        )
        await connection.execute(
            "update log_head set epoch = $1, halted_why = null, halted_by = null, halted_at = null",
            epoch,
        )
    await take_over(js, service, epoch, log["position"])
    return epoch


# --- In JetStream ---


async def present_copy(js: JetStreamContext, service: str) -> Copy | None:
    """
    Find the jetstream that takes a log's events at present; none if there is none.

    Raises:
        JetstreamTorn: its newest message is not there.
    """
    try:
        name = await js.find_stream_name_by_subject(subjects.events_of(service))
        info = await js.stream_info(name)
        promised = int((info.config.metadata or {}).get(PROMISED, 0))
        copy = Copy(
            name, subjects.epoch_of(service, name), int(info.state.last_seq), promised=promised
        )
    except NotFoundError:
        return None
    if copy.last == 0:
        return copy
    try:
        newest = await js.get_msg(name, seq=copy.last)
    except NotFoundError as fault:  # or lost just now: whoever asks will ask again
        raise JetstreamTorn(
            f"jetstream {name} does not have its newest message, {copy.last}"
        ) from fault
    return replace(copy, newest_event_id=(newest.headers or {}).get(EVENT_ID_HEADER))


async def newest_epoch(js: JetStreamContext, service: str) -> int:
    """Name the newest epoch of which there is a jetstream, retired or not; 0 for none."""
    return max((epoch for _, epoch in await _copies(js, service)), default=0)


async def take_over(js: JetStreamContext, service: str, epoch: int, head: int) -> str:
    """
    Have the jetstream of an epoch take the log's events, and retire those before it.

    It may be called again, and by several at once.

    Args:
        js: where it is made.
        service: the log's owner.
        epoch: of the log.
        head: where the log ends by now: so much is announced before followers know all of it.

    Returns:
        Its name.

    Raises:
        LogShorterThanJetstream: the epoch is over: its jetstream, or a later one, is retired.
    """
    name = subjects.jetstream_of(service, epoch)
    for info, theirs in await _copies(js, service):
        retired = [subjects.retired_of(service, theirs)]
        if theirs >= epoch and info.config.subjects == retired:
            raise LogShorterThanJetstream(
                f"jetstream {info.config.name} is retired already, the log of {service} is of "
                f"epoch {epoch}"
            )
        if theirs < epoch and info.config.subjects != retired:
            await js.update_stream(replace(info.config, subjects=retired))
    try:
        await js.stream_info(name)
    except NotFoundError:
        await js.add_stream(
            replace(log_jetstream(service, epoch), metadata={PROMISED: str(head)})
        )
    return name


async def _copies(js: JetStreamContext, service: str) -> list[tuple[StreamInfo, int]]:
    infos: list[StreamInfo] = []
    while page := await js.streams_info(offset=len(infos)):
        infos += page
    found = []
    for info in infos:
        try:
            found.append((info, subjects.epoch_of(service, str(info.config.name))))
        except ValueError:
            continue  # another log's, or the readings
    return found
