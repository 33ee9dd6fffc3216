"""
Tells of readings, a page at a time: `queries.telemetry.Readings`, `queries.telemetry.Quarters`.

A quarter that is due to be put together is put together for the answer, so that an answer never lags behind
the readings. Whose readings somebody may see, is decided by who asks here.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

from nats.aio.client import Client

from services.telemetry.charger import AssignedCharger
from services.telemetry.questions import answer
from services.telemetry.readings import summaries
from services.telemetry.readings.quarters import (
    Lines,
    Quarter,
    Summary,
    quarter_of,
    summary_of,
    told,
)
from services.telemetry.readings.rows import Kind
from shared.ids import Serial
from shared.messages.readings import (
    After,
    NamedSource,
    OfSource,
    QuarterLine,
    Quarters,
    QuartersAnswer,
    ReadingLine,
    Readings,
    ReadingsAnswer,
    SourcesNamed,
    SourcesNamedAnswer,
)

DECIMALS: Final = 3
"""Of amperes and watts: meters have no more, and single precision shows the rest as noise."""

DUE_LOOK: Final = timedelta(hours=1)
"""How far beside a span it is looked for quarters that are due: in regular times the last two are."""

_BEFORE_ALL: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SOURCE: Final = (
    "select source from reading_source where installation_id = $1 and kind = $2 and name = $3"
)
_NAMED: Final = (
    "select installation_id, kind, name from reading_source where name = any($1)"
    " order by installation_id, kind, name limit 100"
)
_READINGS: Final = (
    "select * from {table} where source = $1 and measured_at >= $2 and measured_at < $3"
    " and (measured_at, received_at) > ($4, $5) order by measured_at, received_at limit $6"
)
_WITHIN: Final = f"{summaries.SELECT} and begins >= $2 and begins < $3 order by begins limit $4"
_BEFORE: Final = f"{summaries.SELECT} and begins < $2 order by begins desc limit 1"
_AFTER: Final = f"{summaries.SELECT} and begins >= $2 order by begins limit 1"
_WITH_REGISTER: Final = " and first_wh is not null order by"
_DUE: Final = (
    "select begins from reading_due where source = $1 and begins >= $2 and begins < $3"
    " order by begins"
)

Assigned = Callable[[Serial], AssignedCharger | None]


class Asking:
    """
    Answers from the tables.

    Args:
        pool: connections to the database of telemetry.
        assigned: says which charger a serial number is.
    """

    def __init__(self, pool: Any, assigned: Assigned) -> None:  # noqa: ANN401  # asyncpg carries no types
        self._pool = pool
        self._assigned = assigned

    async def sources_named(self, query: SourcesNamed) -> SourcesNamedAnswer:
        """Tell who goes by a name."""
        serial = query.name.strip().upper()
        here = self._assigned(serial)
        names = {query.name, serial} if here is None else {here.charger_id}
        rows = await self._pool.fetch(_NAMED, sorted(names))
        if here is not None:
            rows = [it for it in rows if it["installation_id"] == here.installation_id]
        return SourcesNamedAnswer(sources=tuple(map(_source_in, rows)))

    async def readings(self, query: Readings) -> ReadingsAnswer:
        """Tell of single readings."""
        kind, number = await self._source(query)
        if number is None:
            return ReadingsAnswer()
        after = query.after or After(measured_at=query.begins, received_at=_BEFORE_ALL)
        rows = await self._pool.fetch(
            _READINGS.format(table=summaries.RAW_TABLES[kind]),
            number,
            query.begins,
            query.ends,
            after.measured_at,
            after.received_at,
            query.limit + 1,
        )
        lines = tuple(map(_line_of_reading, rows[: query.limit]))
        if len(rows) <= query.limit:
            return ReadingsAnswer(readings=lines)
        last = lines[-1]
        page_end = After(measured_at=last.measured_at, received_at=last.received_at)
        return ReadingsAnswer(readings=lines, next=page_end)

    async def quarters(self, query: Quarters) -> QuartersAnswer:
        """Tell of quarters of an hour."""
        kind, number = await self._source(query)
        if number is None:
            return QuartersAnswer()
        async with self._pool.acquire() as connection:
            known = _Known(connection, kind, number)
            within = await known.within(query.begins, query.ends, query.limit + 1)
            ends = query.ends
            if len(within) > query.limit:
                ends = within.pop().begins
            around = [
                *await known.before(query.begins),
                *within,
                *await known.after(ends),
            ]
        found = (it for it in told(around, query.begins) if it.begins < ends)
        lines = [_line_of_quarter(it) for it in islice(found, query.limit + 1)]
        following = None if ends == query.ends else ends
        if len(lines) > query.limit:
            following = lines[query.limit].begins
        return QuartersAnswer(quarters=tuple(lines[: query.limit]), next=following)

    async def _source(self, query: OfSource) -> tuple[Kind, int | None]:
        kind = Kind.METER if query.charger_id is None else Kind.CHARGER
        name = query.charger_id or query.meter_id
        return kind, await self._pool.fetchval(_SOURCE, query.installation_id, kind, name)


class _Known:
    """The quarters of one source: as they were put together, or if they are due, as they are."""

    def __init__(self, connection: Any, kind: Kind, number: int) -> None:  # noqa: ANN401
        self._connection = connection
        self._kind = kind
        self._number = number

    async def within(self, begins: datetime, ends: datetime, limit: int) -> list[Summary]:
        rows = await self._connection.fetch(_WITHIN, self._number, begins, ends, limit)
        found = {it["begins"]: it for it in rows}
        due = await self._connection.fetch(_DUE, self._number, begins, ends)
        known = {it: summaries.summary_in(row) for it, row in found.items()}
        for row in due:
            if len(rows) < limit or row["begins"] < rows[-1]["begins"]:
                known |= await self._fresh(row["begins"])
        return [known[it] for it in sorted(known)][:limit]

    async def before(self, moment: datetime) -> list[Summary]:
        """Name the last quarter before a moment, after the last one with a register if that is another."""
        return await self._beside(_BEFORE, moment, quarter_of(moment) - DUE_LOOK, moment)

    async def after(self, moment: datetime) -> list[Summary]:
        """Name the first quarter from a moment on, and the first one with a register if that is another."""
        return await self._beside(_AFTER, moment, moment, moment + DUE_LOOK)

    async def _beside(
        self, query: str, moment: datetime, since: datetime, until: datetime
    ) -> list[Summary]:
        known: dict[datetime, Summary] = {}
        for text in (query, query.replace(" order by", _WITH_REGISTER)):
            for row in await self._connection.fetch(text, self._number, moment):
                known[row["begins"]] = summaries.summary_in(row)
        for row in await self._connection.fetch(_DUE, self._number, since, until):
            known |= await self._fresh(row["begins"])
        return [known[it] for it in sorted(known)]

    async def _fresh(self, begins: datetime) -> dict[datetime, Summary]:
        looks = await summaries.looks_in(self._connection, self._kind, [self._number], begins)
        mine = looks.get(self._number)
        return {} if mine is None else {begins: summary_of(begins, mine)}


def _source_in(row: Any) -> NamedSource:  # noqa: ANN401  # asyncpg carries no types
    field = "meter_id" if row["kind"] == Kind.METER else "charger_id"
    return NamedSource(installation_id=row["installation_id"], **{field: row["name"]})


def _line_of_reading(row: Any) -> ReadingLine:  # noqa: ANN401  # asyncpg carries no types
    return ReadingLine(
        measured_at=row["measured_at"],
        received_at=row["received_at"],
        said_at=row["said_at"],
        session_id=row.get("session_id"),
        current_a=_rounded((row["l1_a"], row["l2_a"], row["l3_a"])),
        register_wh=row["register_wh"],
        power_w=row["power_w"],
    )


def _line_of_quarter(quarter: Quarter) -> QuarterLine:
    return QuarterLine(
        begins=quarter.begins,
        readings=quarter.readings,
        energy_wh=quarter.energy_wh,
        fell_wh=quarter.fell_wh,
        mean_a=_rounded(quarter.mean_a),
        high_a=_rounded(quarter.high_a),
        mean_w=None if quarter.mean_w is None else round(quarter.mean_w, DECIMALS),
        complete=quarter.complete,
    )


def _rounded(current_a: Lines) -> Lines:
    one, two, three = (None if it is None else round(it, DECIMALS) for it in current_a)
    return one, two, three


# --- At the door ---


async def answer_readings(client: Client, asking: Asking) -> None:
    """Answer questions about readings, for as long as the connection is open."""
    await answer(client, SourcesNamed, asking.sources_named, SourcesNamedAnswer)
    await answer(client, Readings, asking.readings, ReadingsAnswer)
    await answer(client, Quarters, asking.quarters, QuartersAnswer)
