"""
Writes readings into their tables: each once, however often it comes.

A reading lands in the partition of the day of which it is, and marks its quarter of an hour as due
(`summing.py`), in one statement. Of a day whose single readings are no longer kept it is added to its
quarter at once, which remembers that it has it.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import asyncpg
import structlog

from services.telemetry.readings import summaries
from services.telemetry.readings.quarters import merged, quarter_of
from services.telemetry.readings.rows import Kind, Row, Source, once_each

Pool = Any
"""asyncpg carries no types."""

RIPE_AFTER: Final = timedelta(minutes=16)
"""After its begin, when a quarter is put together: by then its last readings have come, mostly."""
RIPE_LATE: Final = timedelta(seconds=5)
"""How long more readings are waited for when one has come late."""
SOON: Final = timedelta(minutes=1)
"""A quarter that is put together so soon could be so before this has been written: its row is held."""
LATE_MAX: Final = 1000
"""How many readings may be added to a quarter that is no longer put together from single ones: more than
one a second are none."""

_INSERT: Final = """
with kept as (
    insert into {table} (
        source, measured_at, received_at, said_at, l1_a, l2_a, l3_a, register_wh, power_w{session}
    )
    select * from unnest(
        $4::integer[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[], $8::real[],
        $9::real[], $10::real[], $11::bigint[], $12::double precision[]{sessions}
    )
    on conflict do nothing returning source, date_bin('15 minutes', measured_at, 'epoch') as begins
)
insert into reading_due (source, begins, ripe_at)
    select source, begins, wanted.ripe_at from (
        select source, begins, greatest(begins + $1::interval, now() + $2::interval) as ripe_at
        from kept group by source, begins
    ) as wanted left join reading_due as due using (source, begins)
    where due.ripe_at is null
        or due.ripe_at < greatest(wanted.ripe_at, now() + $3::interval)
    order by source, begins
on conflict (source, begins) do update set ripe_at = excluded.ripe_at
"""
"""A quarter that is due already, in a good while, is left as it is: of most readings that is so."""
_INSERTS: Final = {
    Kind.CHARGER: _INSERT.format(
        table="reading", session=", session_id", sessions=", $13::text[]"
    ),
    Kind.METER: _INSERT.format(table="breaker_reading", session="", sessions=""),
}
_NAME: Final = (
    "insert into reading_source (kind, installation_id, name)"
    " select * from unnest($1::text[], $2::text[], $3::text[]) on conflict do nothing"
)
_NUMBERS: Final = (
    "select source, kind, installation_id, name from reading_source"
    " join unnest($1::text[], $2::text[], $3::text[]) as t(kind, installation_id, name)"
    " using (kind, installation_id, name)"
)
_ROOM: Final = "select make_reading_room($1, $2)"
_LOCKED: Final = f"{summaries.SELECT} and begins = $2 for update"
_LATE: Final = "select late from reading_quarter where source = $1 and begins = $2"
_HELD: Final = "select pg_advisory_xact_lock(hashtextextended($1, 0))"

log = structlog.get_logger()


class Keeping:
    """
    Keeps readings.

    Args:
        pool: connections to the database of telemetry.
        days: for how many single readings are kept.
    """

    def __init__(self, pool: Pool, days: int) -> None:
        self._pool = pool
        self._days = days
        self._numbers: dict[Source, int] = {}
        self._rooms: dict[date, bool] = {}

    def forget_rooms(self) -> None:
        """Ask again which days there are."""
        self._rooms.clear()

    async def keep(self, rows: Iterable[Row]) -> None:
        """
        Write readings, all of them or none; those that are there already are left as they are.

        Raises:
            asyncpg.PostgresError, asyncpg.InterfaceError, OSError: the database could not take them.
        """
        given = once_each(rows)
        async with self._pool.acquire() as connection:
            await self._know(connection, given)
            single = [it for it in given if await self._has_room(connection, it.look.at)]
            late = [it for it in given if not self._rooms[_day_of(it)]]
            try:
                async with connection.transaction():
                    for kind in Kind:
                        await self._insert(
                            connection, kind, [it for it in single if it.source.kind is kind]
                        )
                    for row in late:
                        await self._add(connection, row)
            except asyncpg.CheckViolationError:
                self.forget_rooms()  # a day was dropped just now: there is no partition for it
                raise

    async def _know(self, connection: Any, rows: Sequence[Row]) -> None:  # noqa: ANN401
        unknown = sorted({it.source for it in rows if it.source not in self._numbers})
        if unknown:
            columns = [list(it) for it in zip(*unknown, strict=True)]
            await connection.execute(_NAME, *columns)
            for number, kind, installation_id, name in await connection.fetch(
                _NUMBERS, *columns
            ):
                self._numbers[Source(Kind(kind), installation_id, name)] = number

    async def _has_room(self, connection: Any, at: datetime) -> bool:  # noqa: ANN401
        day = at.date()
        if day not in self._rooms:
            self._rooms[day] = await connection.fetchval(_ROOM, at, self._days)
        return self._rooms[day]

    async def _insert(self, connection: Any, kind: Kind, rows: Sequence[Row]) -> None:  # noqa: ANN401
        if not rows:
            return
        numbers = self._numbers
        values = [
            (
                numbers[it.source],
                it.look.at,
                it.received_at,
                it.said_at,
                *it.look.current_a,
                it.look.register_wh,
                it.look.power_w,
                *((it.session_id,) if kind is Kind.CHARGER else ()),
            )
            for it in rows
        ]
        columns = [list(it) for it in zip(*values, strict=True)]
        await connection.execute(_INSERTS[kind], RIPE_AFTER, RIPE_LATE, SOON, *columns)

    async def _add(self, connection: Any, row: Row) -> None:  # noqa: ANN401
        """Add a reading to its quarter, unless it is in it; nobody else does so meanwhile."""
        number, begins = self._numbers[row.source], quarter_of(row.look.at)
        await connection.execute(_HELD, f"quarter {number} {begins.isoformat()}")
        found = await connection.fetchrow(_LOCKED, number, begins)
        late = list(await connection.fetchval(_LATE, number, begins) or ())
        name = "/".join(it.astimezone(UTC).isoformat() for it in row.key)
        if name in late:
            return
        if len(late) >= LATE_MAX:
            log.warning("late reading left out", source=row.source, at=row.look.at)
            return
        summary = merged(None if found is None else summaries.summary_in(found), row.look)
        await summaries.put(connection, [(number, summary, [*late, name])])


def _day_of(row: Row) -> date:
    return row.look.at.date()
