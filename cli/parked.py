"""Events that a follower could not apply, as they lie in its database."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cli.support.places import services_with_logs
from cli.support.reading import Logs
from shared.clock import utc_now
from shared.parking import WAITS


@dataclass(frozen=True, slots=True)
class Parked:
    """One event that waits."""

    service: str
    """Who could not apply it."""
    log: str
    position: int
    aggregate: str
    type: str | None
    event_id: str | None
    error: str
    attempts: int
    parked_at: datetime
    age_s: float
    retrying: bool

    @property
    def first(self) -> bool:
        """Whether it is itself what could not be applied, and not only waits behind that."""
        return self.error != WAITS


def known(service: str) -> str:
    """
    Check the name of a service.

    Raises:
        ValueError: there is no such service.
    """
    known = services_with_logs()
    if service not in known:
        raise ValueError(f"there is no service {service!r}; there are: {', '.join(known)}")
    return service


async def parked_at(logs: Logs, holder: str) -> list[Parked]:
    now = utc_now()
    rows = await logs.rows(holder, "select * from parked order by service, position")
    return [
        Parked(
            service=row["consumer"],
            log=row["service"],
            position=row["position"],
            aggregate=row["aggregate_id"],
            type=row["type"],
            event_id=None if row["event_id"] is None else str(row["event_id"]),
            error=row["error"],
            attempts=row["attempts"],
            parked_at=row["parked_at"],
            age_s=(now - row["parked_at"]).total_seconds(),
            retrying=row["retry_from_at"] is not None,
        )
        for row in rows
    ]


async def mark(connection: Any, consumer: str, log: str, aggregate: str) -> None:  # noqa: ANN401
    """Ask the follower to try the parked events of an aggregate again."""
    await connection.execute(
        "update parked set retry_from_at = clock_timestamp()"
        " where consumer = $1 and service = $2 and aggregate_id = $3",
        consumer,
        log,
        aggregate,
    )


async def leave_out(connection: Any, parked: Parked, actor: str, reason: str) -> None:  # noqa: ANN401
    async with connection.transaction():
        # Whoever holds the cursor applies parked events: he is done, or has not begun.
        await connection.execute(
            "select 1 from cursor where consumer = $1 and service = $2 for update",
            parked.service,
            parked.log,
        )
        gone = await connection.fetchval(
            "with gone as (delete from parked where consumer = $1 and service = $2"
            "   and position = $3 returning *)"
            " insert into skipped (consumer, service, log_epoch, position, aggregate_id, event_id,"
            "   type, error, actor, reason)"
            " select consumer, service, (select log_epoch from cursor c where c.consumer = $1"
            "   and c.service = $2), position, aggregate_id, event_id, type, error, $4, $5"
            " from gone returning position",
            parked.service,
            parked.log,
            parked.position,
            actor,
            reason,
        )
        if gone is None:
            raise ValueError(f"event {parked.position} is not parked any more")
        await mark(connection, parked.service, parked.log, parked.aggregate)
