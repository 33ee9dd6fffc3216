"""
What is to be told: rows of a table, so that a restart loses nothing and repeats nothing.

A row is claimed before it is tried, by moving on when it is due: whoever dies in the middle is followed by
another attempt under the same id, which mail servers and programs take for what it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import asyncpg

from services.notifications.metrics import DELIVERIES
from services.notifications.pacing import FLOOD_WITHIN, GIVEN_UP_AFTER
from services.notifications.standing import Undelivered
from shared.followers import Connection
from shared.ids import DeliveryId, InstallationId, WebhookId, new_id
from shared.messages.notifications import Way

CLAIMED_FOR: Final = timedelta(seconds=120)
"""Longer than any attempt takes."""
BATCH_MAX: Final = 200
KEPT_FOR: Final = timedelta(days=90)
"""So long it is remembered what was delivered; what was given up is kept until somebody looks after it."""


class Content(StrEnum):
    """What is delivered."""

    WARNING = "WARNING"
    PING = "PING"
    REPORT = "REPORT"


@dataclass(frozen=True, slots=True)
class Due:
    """
    Something to be told.

    Args:
        cause: what it follows from; of one cause each target is told once.
        body: of a webhook, as it is signed.
    """

    installation_id: InstallationId
    way: Way
    kind: Content
    target: str
    cause: str
    due_at: datetime
    warning_id: str | None = None
    order_id: str | None = None
    body: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A delivery as it is kept."""

    delivery_id: DeliveryId
    installation_id: InstallationId
    way: Way
    kind: Content
    target: str
    cause: str
    warning_id: str | None
    order_id: str | None
    body: str
    tried_from: datetime
    batch: str
    attempts: int
    fault: str
    done_at: datetime | None
    dead_at: datetime | None


_SELECT: Final = (
    "select delivery_id, installation_id, way, kind, target, cause, warning_id, order_id, body, tried_from,"
    " coalesce(batch, delivery_id) as batch, attempts, fault, done_at, dead_at from delivery"
)


def _row(found: Any) -> Row:  # noqa: ANN401  # asyncpg carries no types
    values = dict(found)
    return Row(**values | {"way": Way(values["way"]), "kind": Content(values["kind"])})


class Outbox:
    """What is to be told."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool

    # --- Putting in ---

    async def put(self, due: Sequence[Due], now: datetime) -> None:
        """Note what is to be told; what was noted for the same cause stays as it is."""
        async with self._pool.acquire() as connection, connection.transaction():
            await self.put_within(connection, due, now)

    async def put_within(
        self, connection: Connection, due: Sequence[Due], now: datetime
    ) -> None:
        """Likewise, within a transaction. What goes by e-mail waits for what waits already."""
        for it in due:
            await connection.execute(
                "insert into delivery (delivery_id, installation_id, way, kind, target, cause,"
                " warning_id, order_id, body, made_at, tried_from, due_at)"
                " select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, d.due, d.due from (select"
                " coalesce((select min(due_at) from delivery where way = 'EMAIL' and $3 = 'EMAIL'"
                " and kind = 'WARNING' and $4 = 'WARNING' and installation_id = $2 and target = $5"
                " and batch is null and done_at is null and dead_at is null and due_at > $10"
                " and due_at < $11), $11) as due) d on conflict do nothing",
                new_id(),
                it.installation_id,
                it.way,
                it.kind,
                it.target,
                it.cause,
                it.warning_id,
                it.order_id,
                it.body,
                now,
                it.due_at,
            )

    async def sent_lately(
        self,
        connection: Connection,
        installation_id: InstallationId,
        target: str,
        now: datetime,
    ) -> list[datetime]:
        """Say when somebody was sent messages lately."""
        rows = await connection.fetch(
            "select max(done_at) as at from delivery where installation_id = $1 and target = $2"
            " and done_at > $3 group by batch",
            installation_id,
            target,
            now - FLOOD_WITHIN,
        )
        return [it["at"] for it in rows]

    # --- Taking out ---

    async def claim(self, way: Way, now: datetime) -> list[list[Row]]:
        """
        Take what is due, such that nobody else tries it meanwhile.

        Returns:
            What goes together: e-mails about an installation to the same person in one message.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(
                "select delivery_id, installation_id, kind, target, batch from delivery"
                " where way = $1 and due_at <= $2 and done_at is null and dead_at is null"
                " order by due_at limit $3 for update skip locked",
                way,
                now,
                BATCH_MAX,
            )
            together: dict[tuple[str, ...], str] = {}
            for row in rows:
                key: tuple[str, ...] = (row["installation_id"], row["target"])
                if row["batch"] is not None:
                    key = (row["batch"],)
                elif way is not Way.EMAIL or row["kind"] != Content.WARNING:
                    key = (row["delivery_id"],)
                batch = together.setdefault(key, row["batch"] or row["delivery_id"])
                await connection.execute(
                    "update delivery set batch = $2, due_at = $3, attempts = attempts + 1"
                    " where delivery_id = $1",
                    row["delivery_id"],
                    batch,
                    now + CLAIMED_FOR,
                )
            taken = await connection.fetch(
                f"{_SELECT} where delivery_id = any($1) order by made_at",
                [it["delivery_id"] for it in rows],
            )
        found: dict[str, list[Row]] = {}
        for it in map(_row, taken):
            found.setdefault(it.batch, []).append(it)
        return list(found.values())

    async def done(self, rows: Sequence[Row], now: datetime) -> None:
        """Note that something was delivered."""
        DELIVERIES.labels(rows[0].way.lower(), "delivered").inc()
        await self._pool.execute(
            "update delivery set done_at = $2, fault = '' where delivery_id = any($1)",
            [it.delivery_id for it in rows],
            now,
        )

    async def failed(
        self, rows: Sequence[Row], fault: str, now: datetime, wait_s: float, *, hopeless: bool
    ) -> bool:
        """
        Note that an attempt has failed; tell whether it is given up with that.

        Args:
            rows: what was tried together.
            fault: why it failed.
            now: the present moment.
            wait_s: how long it waits for the next attempt.
            hopeless: no further attempt can end otherwise.
        """
        oldest = min(it.tried_from for it in rows)
        dead = hopeless or now + timedelta(seconds=wait_s) - oldest > GIVEN_UP_AFTER
        await self._pool.execute(
            "update delivery set fault = $2, due_at = $3, dead_at = $4"
            " where delivery_id = any($1)",
            [it.delivery_id for it in rows],
            fault[:500],
            now + timedelta(seconds=wait_s),
            now if dead else None,
        )
        DELIVERIES.labels(rows[0].way.lower(), "given_up" if dead else "failed").inc()
        return dead

    async def drop(self, rows: Sequence[Row]) -> None:
        """Forget what nobody is to be told any more."""
        await self._pool.execute(
            "delete from delivery where delivery_id = any($1)", [it.delivery_id for it in rows]
        )

    # --- What was given up ---

    async def dead(self, installation_id: InstallationId | None = None) -> list[Row]:
        """List what was given up, the newest first; by default everywhere."""
        rows = await self._pool.fetch(
            f"{_SELECT} where dead_at is not null"
            " and ($1::text is null or installation_id = $1) order by dead_at desc limit 500",
            installation_id,
        )
        return [_row(it) for it in rows]

    async def undelivered(self) -> dict[InstallationId, list[Undelivered]]:
        """Count what was given up, by installation and target."""
        rows = await self._pool.fetch(
            "select installation_id, way, target, count(*) as number, min(dead_at) as since,"
            " (array_agg(fault order by dead_at desc))[1] as fault from delivery"
            " where dead_at is not null group by installation_id, way, target"
        )
        found: dict[InstallationId, list[Undelivered]] = {}
        for it in rows:
            target = f"{Way(it['way']).lower()}:{it['target']}"
            told = Undelivered(target, target, it["fault"], it["since"], it["number"])
            found.setdefault(it["installation_id"], []).append(told)
        return found

    async def replay(
        self,
        installation_id: InstallationId,
        webhook_id: WebhookId,
        delivery_id: DeliveryId | None,
        now: datetime,
    ) -> int:
        """Try again what was given up, one or all to a webhook; say how many there are."""
        rows = await self._pool.fetch(
            "update delivery set dead_at = null, due_at = $4, tried_from = $4, attempts = 0,"
            " recorded = false where dead_at is not null and installation_id = $1 and way = $5"
            " and target = $2 and ($3::text is null or delivery_id = $3) returning 1",
            installation_id,
            webhook_id,
            delivery_id,
            now,
            Way.WEBHOOK,
        )
        return len(rows)

    async def drop_target(self, installation_id: InstallationId, target: str) -> None:
        """Forget all that was to be told to a webhook that is gone."""
        await self._pool.execute(
            "delete from delivery where installation_id = $1 and target = $2 and done_at is null",
            installation_id,
            target,
        )

    # --- On record ---

    async def unrecorded(self) -> list[list[Row]]:
        """List what has ended and is not on record yet, by what went together."""
        rows = await self._pool.fetch(
            f"{_SELECT} where not recorded"
            " and (done_at is not null or dead_at is not null) order by batch limit 500"
        )
        found: dict[str, list[Row]] = {}
        for it in map(_row, rows):
            found.setdefault(it.batch, []).append(it)
        return list(found.values())

    async def recorded(self, rows: Sequence[Row]) -> None:
        await self._pool.execute(
            "update delivery set recorded = true where delivery_id = any($1)",
            [it.delivery_id for it in rows],
        )

    async def tidy(self, now: datetime) -> None:
        """Forget what was delivered long ago."""
        await self._pool.execute(
            "delete from delivery where recorded and done_at < $1", now - KEPT_FOR
        )
