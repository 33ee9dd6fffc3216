"""
A read model folded anew beside the old one, compared with it, and put in its place in one transaction.

    document          what the service reads
    document_rebuild  what the log was folded to, until it is swapped in
    document_before   what was swapped out, until the next rebuild of the same read model

The service may go on meanwhile. In the swap its cursor is marked, so that it notices that what it holds in
memory is no longer what is in its database, before it writes anything of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from cli.support.comparing import Comparison, compare
from cli.support.folding import Fold, Key
from cli.support.reading import Logs, recorded_of
from cli.support.registry import Projection, as_kept

BEHIND_MAX: Final = 500
"""How many events may be missing when the cursor is locked; so few are folded in a moment."""
LOCK_MS_MAX: Final = 10_000
"""For how long the follower is waited for. It is held up for as long as the comparison takes."""


_CURSOR: Final = "select position from cursor where consumer = $1 and service = $2"
_LOCKED_CURSOR: Final = f"{_CURSOR} for update"


class NotNow(ValueError):
    """The service has not begun to follow that log, or begins anew by itself."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What became of a rebuild."""

    position: int
    """Of the log, up to which both read models were folded when they were compared."""
    comparison: Comparison
    parked: Mapping[int, str]
    """Events that could not be folded this time."""
    parked_before: frozenset[int]
    swapped: bool

    @property
    def newly_parked(self) -> dict[int, str]:
        return {it: why for it, why in self.parked.items() if it not in self.parked_before}


async def rebuild(logs: Logs, projection: Projection, *, dry_run: bool) -> Rebuilt:
    """
    Fold a read model anew, compare, and unless it is a dry run put it in place.

    It is not put in place when events cannot be folded that the service did fold.

    Raises:
        NotNow: there is no cursor, or it is in another epoch than the log.
        ServiceUnavailable: a database cannot be reached.
    """
    connection = await logs.connection(projection.service)
    projection = await as_kept(connection, projection)
    await _check_epoch(logs, connection, projection)
    fold = Fold(projection)
    while await _cursor(connection, projection) - fold.position > BEHIND_MAX:
        await _fold_to(logs, fold, await _cursor(connection, projection))
    async with connection.transaction():
        await connection.execute(f"set local lock_timeout = {LOCK_MS_MAX}")
        cursor = await _cursor(connection, projection, lock=True)
        await _fold_to(logs, fold, cursor)
        kept = await documents_of(connection, projection)
        found = compare(kept, fold.documents, projection.times_s)
        before = await passed_over(connection, projection)
        skipped = await _skipped(connection, projection)
        parked = {it: why for it, why in fold.parked.items() if it not in skipped}
        done = Rebuilt(cursor, found, parked, frozenset(before - skipped), swapped=False)
        if dry_run or done.newly_parked:
            return done
        await _write(connection, fold.documents)
        await _swap(connection, projection)
        await _park(connection, projection, fold, skipped)
        await _mark(connection, logs, projection, cursor)
    return Rebuilt(cursor, found, parked, done.parked_before, swapped=True)


async def _check_epoch(logs: Logs, connection: Any, projection: Projection) -> None:  # noqa: ANN401
    heard = await logs.connection(projection.heard)
    present = await heard.fetchval("select epoch from log_head")
    followed = await connection.fetchval(
        "select log_epoch from cursor where consumer = $1 and service = $2",
        projection.consumer,
        projection.heard,
    )
    if followed not in {None, present}:
        raise NotNow(
            f"the log of {projection.heard} is in epoch {present}, {projection.service} in "
            f"{followed}: it folds everything anew by itself as soon as it runs"
        )


async def _cursor(connection: Any, projection: Projection, *, lock: bool = False) -> int:  # noqa: ANN401
    position = await connection.fetchval(
        _LOCKED_CURSOR if lock else _CURSOR,
        projection.consumer,
        projection.heard,
    )
    if position is None:
        raise NotNow(f"{projection.service} has not folded the log of {projection.heard} yet")
    return int(position)


async def _fold_to(logs: Logs, fold: Fold, position: int) -> None:
    skipped = await _skipped(await logs.connection(fold.projection.service), fold.projection)
    async for page in logs.pages(fold.projection.heard, fold.position, position):
        await fold.take([recorded_of(it) for it in page], skipped)


async def documents_of(connection: Any, projection: Projection) -> dict[Key, str]:  # noqa: ANN401
    """Read the documents of a read model as the service keeps them."""
    rows = await connection.fetch(
        "select kind, key, body from document where kind = any($1)", list(projection.kinds)
    )
    found = {(row["kind"], row["key"]): row["body"] for row in rows}
    for of in projection.rows:
        found |= {(of.table, key): text for key, text in (await of.read(connection)).items()}
    return found


async def passed_over(connection: Any, projection: Projection) -> set[int]:  # noqa: ANN401
    """Name the positions whose effect is not in the documents: parked, or skipped by somebody."""
    rows = await connection.fetch(
        "select position from parked where consumer = $1 and service = $2",
        projection.consumer,
        projection.heard,
    )
    return {row["position"] for row in rows} | await _skipped(connection, projection)


async def _skipped(connection: Any, projection: Projection) -> set[int]:  # noqa: ANN401
    rows = await connection.fetch(
        "select s.position from skipped s join cursor c using (service, log_epoch)"
        " where c.consumer = $1 and service = $2"
        " and regexp_replace(s.consumer, '-[0-9]+$', '') = regexp_replace($1, '-[0-9]+$', '')",
        projection.consumer,
        projection.heard,
    )
    return {row["position"] for row in rows}


# --- Putting it in place ---


async def _write(connection: Any, documents: Mapping[Key, str]) -> None:  # noqa: ANN401
    await connection.execute("drop table if exists document_rebuild")
    await connection.execute("create table document_rebuild (like document including all)")
    await connection.executemany(
        "insert into document_rebuild (kind, key, body) values ($1, $2, $3)",
        [
            (kind, key, orjson.dumps(orjson.loads(it)).decode())
            for (kind, key), it in documents.items()
        ],
    )


async def _swap(connection: Any, projection: Projection) -> None:  # noqa: ANN401
    kinds = list(projection.kinds)
    follower = f"{projection.consumer}-{projection.heard}"
    await connection.execute(
        "create table if not exists document_before (like document including all)"
    )
    await connection.execute("delete from document_before where kind = any($1)", kinds)
    await connection.execute(
        "with gone as (delete from document where kind = any($1) returning *)"
        " insert into document_before (kind, key, body) select kind, key, body from gone",
        kinds,
    )
    await connection.execute(
        "insert into document (kind, key, body, follower) select kind, key, body, $1"
        " from document_rebuild where kind = any($2)",
        follower,
        kinds,
    )
    for of in projection.rows:
        await _swap_rows(connection, of.table)
    await connection.execute("drop table document_rebuild")


async def _swap_rows(connection: Any, table: str) -> None:  # noqa: ANN401
    await connection.execute("delete from document_before where kind = $1", table)
    await connection.execute(
        f"with gone as (delete from {table} returning *) insert into document_before"  # noqa: S608  # the table's name is ours
        f" (kind, key, body) select $1, key, to_jsonb(gone) - 'key' from gone",
        table,
    )
    await connection.execute(
        f"insert into {table} select row.* from document_rebuild it,"  # noqa: S608  # the table's name is ours
        f" jsonb_populate_record(null::{table}, it.body || jsonb_build_object('key', it.key)) row"
        f" where it.kind = $1",
        table,
    )


async def _park(
    connection: Any,  # noqa: ANN401
    projection: Projection,
    fold: Fold,
    skipped: set[int],
) -> None:
    """What could be folded this time is parked no more."""
    await connection.execute(
        "delete from parked where consumer = $1 and service = $2 and not position = any($3)",
        projection.consumer,
        projection.heard,
        [it for it in fold.parked if it not in skipped],
    )


async def _mark(connection: Any, logs: Logs, projection: Projection, cursor: int) -> None:  # noqa: ANN401
    """Change what the cursor says of the event it is at, and nothing else: whoever follows notices."""
    heard = await logs.connection(projection.heard)
    event_id = await heard.fetchval(
        "select event_id from event_log where position = $1", cursor
    )
    await connection.execute(
        "update cursor set event_id = case when event_id is null then $3::uuid end"
        " where consumer = $1 and service = $2",
        projection.consumer,
        projection.heard,
        event_id,
    )
