"""Quarters as they lie in their table, and the single readings of which they are put together."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from services.telemetry.readings.quarters import QUARTER, Look, Run, Summary
from services.telemetry.readings.rows import Kind

Connection = Any
"""asyncpg carries no types."""

RAW_TABLES: Final = {Kind.CHARGER: "reading", Kind.METER: "breaker_reading"}

_LOOKS: Final = (
    "select source, measured_at, l1_a, l2_a, l3_a, register_wh, power_w from {table}"
    " where source = any($1) and measured_at >= $2 and measured_at < $3"
    " order by source, measured_at, received_at"
)
SELECT: Final = (
    "select begins, readings, first_at, last_at, gap_s, sums_a, counts, highs_a, power_sum_w, powers,"
    " register_from, first_wh, register_to, last_wh, gained_wh, fell_wh"
    " from reading_quarter where source = $1"
)
_PUT: Final = """
insert into reading_quarter (
    source, begins, readings, first_at, last_at, gap_s, sums_a, counts, highs_a, power_sum_w, powers,
    register_from, first_wh, register_to, last_wh, gained_wh, fell_wh, late
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
on conflict (source, begins) do update set (
    readings, first_at, last_at, gap_s, sums_a, counts, highs_a, power_sum_w, powers,
    register_from, first_wh, register_to, last_wh, gained_wh, fell_wh, late
) = (
    excluded.readings, excluded.first_at, excluded.last_at, excluded.gap_s, excluded.sums_a,
    excluded.counts, excluded.highs_a, excluded.power_sum_w, excluded.powers,
    excluded.register_from, excluded.first_wh, excluded.register_to, excluded.last_wh,
    excluded.gained_wh, excluded.fell_wh, excluded.late
)
"""


async def looks_in(
    connection: Connection, kind: Kind, sources: Sequence[int], begins: datetime
) -> dict[int, list[Look]]:
    """Read the single readings of a quarter, by source, in the order of their time."""
    query = _LOOKS.format(table=RAW_TABLES[kind])
    found: dict[int, list[Look]] = {}
    for source, at, one, two, three, register_wh, power_w in await connection.fetch(
        query, sources, begins, begins + QUARTER
    ):
        look = Look(at, (one, two, three), register_wh, power_w)
        found.setdefault(source, []).append(look)
    return found


async def put(
    connection: Connection, summaries: Sequence[tuple[int, Summary, Sequence[str]]]
) -> None:
    """Write quarters: of a source, and which late readings are in it that are kept nowhere else."""
    await connection.executemany(
        _PUT, [(source, *_values(it), list(late)) for source, it, late in summaries]
    )


def _values(summary: Summary) -> Sequence[object]:
    run = summary.run
    shown = (
        (None,) * 4 if run is None else (run.first_at, run.first_wh, run.last_at, run.last_wh)
    )
    moved = (0, 0) if run is None else (run.gained_wh, run.fell_wh)
    return (
        summary.begins,
        summary.readings,
        summary.first_at,
        summary.last_at,
        summary.gap_s,
        summary.sums_a,
        summary.counts,
        summary.highs_a,
        summary.power_sum_w,
        summary.powers,
        *shown,
        *moved,
    )


def summary_in(row: Any) -> Summary:  # noqa: ANN401  # asyncpg carries no types
    """Read a quarter."""
    run = None
    if row["first_wh"] is not None:
        run = Run(
            row["register_from"],
            row["first_wh"],
            row["register_to"],
            row["last_wh"],
            row["gained_wh"],
            row["fell_wh"],
        )
    return Summary(
        row["begins"],
        row["readings"],
        row["first_at"],
        row["last_at"],
        row["gap_s"],
        tuple(row["sums_a"]),
        tuple(row["counts"]),
        tuple(row["highs_a"]),
        row["power_sum_w"],
        row["powers"],
        run,
    )
