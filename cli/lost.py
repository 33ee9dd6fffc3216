"""What a restored log has lost: events that its jetstream announced, and the log does not hold."""

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from nats.js import JetStreamContext

from cli.services import BALANCER
from shared import epochs
from shared.announced import EVENT_ID_HEADER, event_at
from shared.epochs import Copy, LogState
from shared.recorded import Recorded

LISTED_MAX: Final = 1000
"""How many lost events are read at most: the newest ones."""
LEASE_S_MAX: Final = 3600.0
"""The longest lease that a balancer may be told to give (`BALANCER_LEASE_S`)."""
LEASE_S: Final = 90.0
"""How long leases are unless it is told otherwise."""
LEASES_LOOKED_AT: Final = 1000
_LEASING: Final = ("CurrentLimitAllocated", "LeasesRenewed")


@dataclass(frozen=True, slots=True)
class Loss:
    """How a log and the jetstream of it compare."""

    service: str
    log: LogState
    copy: Copy | None
    why: str | None
    """How they contradict each other, or why the log is halted."""
    common: int
    """The last position at which they have the same event."""
    events: tuple[Recorded, ...]
    """The lost events, in order; of very many, the newest."""
    leases_end_at: datetime | None
    """Until when limits may be in force that the log does not know of; the balancer's only."""

    @property
    def lost(self) -> int:
        """How many events are lost, as far as the jetstream knows."""
        return 0 if self.copy is None else self.copy.last - self.common


async def loss_of(js: JetStreamContext, connection: Any, service: str) -> Loss:  # noqa: ANN401
    """Compare a log with its jetstream, and read what is lost."""
    copy = await epochs.present_copy(js, service)
    log = await epochs.log_state(connection)
    ours = await _event_id(connection, copy.last) if copy is not None and copy.last else None
    why = epochs.contradiction(service, copy, log, ours) or log.halted_why
    common = await _common(js, connection, copy, log.position) if copy is not None else 0
    events = await _events(js, copy, common) if copy is not None else ()
    leases_end_at = None
    if service == BALANCER and why is not None:
        unknown_s = LEASE_S_MAX if copy is None else _lease_s()
        leases_end_at = await _leases_end_at(connection, log, events, unknown_s)
    return Loss(service, log, copy, why, common, events, leases_end_at)


async def _event_id(connection: Any, position: int) -> str | None:  # noqa: ANN401
    found = await connection.fetchval(
        "select event_id from event_log where position = $1", position
    )
    return None if found is None else str(found)


async def _common(
    js: JetStreamContext,
    connection: Any,  # noqa: ANN401  # asyncpg carries no types
    copy: Copy,
    head: int,
) -> int:
    """Find where two logs part that have the same beginning."""
    low, high = 0, min(copy.last, head)
    while low < high:
        middle = (low + high + 1) // 2
        theirs = (await js.get_msg(copy.name, seq=middle)).headers or {}
        if theirs.get(EVENT_ID_HEADER) == await _event_id(connection, middle):
            low = middle
        else:
            high = middle - 1
    return low


async def _events(js: JetStreamContext, copy: Copy, common: int) -> tuple[Recorded, ...]:
    found = []
    for position in range(max(common, copy.last - LISTED_MAX) + 1, copy.last + 1):
        message = await js.get_msg(copy.name, seq=position)
        found.append(event_at(position, message.subject, message.headers, message.data))
    return tuple(found)


# --- Limits that nobody remembers ---


async def _leases_end_at(
    connection: Any,  # noqa: ANN401  # asyncpg carries no types
    log: LogState,
    lost: tuple[Recorded, ...],
    unknown_s: float,
) -> datetime | None:
    """
    Say until when a limit may be in force of which the log does not know.

    Lost events tell. One that was not even announced was granted before the log was halted, for as long as
    other leases that are known, or `unknown_s` seconds where none is.
    """
    ends = [end for it in lost for end in _ends(it.type, it.data)]
    if log.halted_at is not None:
        rows = await connection.fetch(
            "select type, data, recorded_at from event_log where type = any($1)"
            " order by position desc limit $2",
            list(_LEASING),
            LEASES_LOOKED_AT,
        )
        known = [(row["type"], bytes(row["data"]), row["recorded_at"]) for row in rows]
        known += [(it.type, it.data, it.recorded_at) for it in lost]
        lengths = [end - at for kind, data, at in known for end in _ends(kind, data)]
        ends.append(log.halted_at + max(lengths, default=timedelta(seconds=unknown_s)))
    return max(ends, default=None)


def _lease_s() -> float:
    return float(os.environ.get("BALANCER_LEASE_S") or LEASE_S)


def _ends(type_name: str, data: bytes) -> list[datetime]:
    """Read the ends of the leases in an event, whatever its version."""
    if type_name not in _LEASING:
        return []
    content = orjson.loads(data)
    leases = content.get("leases", [content])
    return [datetime.fromisoformat(it["valid_until"]) for it in leases]
