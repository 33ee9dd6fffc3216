"""The figures of a bounded demo: what the world measured, and what the logs say."""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from cli.audit import Audit, audit
from cli.composition import service_database_url
from cli.services import BALANCER, INSTALLATION, TELEMETRY
from shared import subjects
from shared.event_store import EventStore
from shared.messages.telemetry import MeterReading
from shared.messaging import connect
from shared.recorded import Recorded
from shared.runtime import pool_of

Figures = dict[str, dict[str, Any]]


def figure(value: float | None, unit: str, reference: str) -> dict[str, Any]:
    """Shape one figure as every report of the project has it."""
    rounded = None if value is None else round(value, 4)
    return {"value": rounded, "unit": unit, "reference": reference}


async def read_log(database_url: str) -> list[Recorded]:
    """Read a service's whole log."""
    async with pool_of(database_url) as pool:
        return [event async for page in EventStore(pool).pages() for event in page]


async def count_readings(nats_url: str) -> int:
    """Count the readings that the telemetry jetstream holds."""
    client = await connect(nats_url, "ampledger-report")
    try:
        info = await client.jetstream().stream_info(
            subjects.TELEMETRY_JETSTREAM,
            subjects_filter=subjects.telemetry_all(MeterReading),
        )
        return sum((info.state.subjects or {}).values())
    finally:
        await client.close()


async def figures_from_logs(
    nats_url: str, database_url: str, decisions: int, *, balanced: bool
) -> Figures:
    """Count readings, decisions and commands, and audit the promise."""
    owners = (INSTALLATION, TELEMETRY, BALANCER) if balanced else (INSTALLATION, TELEMETRY)
    found = audit(
        [await read_log(service_database_url(database_url, owner)) for owner in owners]
    )
    return {
        "readings": figure(await count_readings(nats_url), "1", "stored in the jetstream"),
        "decisions": figure(decisions, "1", "taken by the balancer"),
        "commands": figure(found.commands, "1", "limits announced, renewals included"),
        "planned_overload_as": figure(
            found.planned_overload_as if balanced else None,
            "A*s",
            "commitments above set values, replayed from the logs; aim: 0",
        ),
        "contract_excess_as": figure(
            found.contract_excess_as if balanced else None,
            "A*s",
            "commitments above what others allow at breakers, replayed from the logs",
        ),
        **_latencies(found),
    }


def _latencies(found: Audit) -> Figures:
    reference = f"reading received to limit confirmed, {len(found.latencies_ms)} limits"
    return {
        "reading_to_limit_p50_ms": figure(_quantile(found.latencies_ms, 50), "ms", reference),
        "reading_to_limit_p99_ms": figure(_quantile(found.latencies_ms, 99), "ms", reference),
    }


def _quantile(values: Sequence[float], percent: int) -> float | None:
    """
    Name the value that so many per cent do not exceed.

    >>> _quantile([1.0, 2.0, 3.0, 4.0, 5.0], 50)
    3.0
    """
    if len(values) <= 1:  # there is nothing to rank
        return values[0] if values else None
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def write_report(file: Path, figures: Figures) -> None:
    """Write the one shape of report that the project has."""
    file.write_bytes(orjson.dumps({"figures": figures}, option=orjson.OPT_INDENT_2) + b"\n")
