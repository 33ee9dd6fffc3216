"""`ampledger capacity`: how much of everything so many chargers need, worked out from a measured run."""

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer
from rich.console import Console

import cli
from shared.subjects import PARTITIONS

MEASURED: Final = Path(cli.__file__).parent.parent / "docs" / "figures" / "scale.json"
READINGS_S: Final = 0.1
"""Of every charger: one in ten seconds."""
FULL: Final = 0.6
"""To what part a core is planned to be used: the rest is for storms and for the loss of a neighbour."""
HOURS_A_DAY: Final = 24
SERVICES: Final = ("telemetry", "balancer", "portal", "notifications", "nats", "postgres")


def measured(file: Path) -> dict[str, float]:
    """
    Read what a run of `ampledger bench scale` has measured; what it left out is not there.

    Raises:
        OSError, ValueError: there is no such report.
    """
    figures = json.loads(file.read_bytes())["figures"]
    return {name: it["value"] for name, it in figures.items() if it["value"] is not None}


def cores(figures: Mapping[str, float], service: str, chargers: int) -> float:
    """
    Say how many cores a service needs for chargers that all charge.

    >>> cores({"telemetry_us_per_reading": 600.0}, "telemetry", 100_000)
    10.0
    """
    used = chargers * READINGS_S * figures[f"{service}_us_per_reading"] / 1e6
    return used / FULL


def chargers_per_core(figures: Mapping[str, float], service: str) -> int:
    """
    Say for how many chargers one core of a service is enough.

    >>> chargers_per_core({"portal_us_per_reading": 600.0}, "portal")
    10000
    """
    return int(FULL * 1e6 / READINGS_S / figures[f"{service}_us_per_reading"])


def steps(figures: Mapping[str, float]) -> list[str]:
    """
    Show how the measured machine has carried more and more chargers: lines of a table in Markdown.

    >>> found = {"reading_to_limit_510_p50_ms": 113.4, "reading_to_limit_510_p99_ms": 237.0}
    >>> steps(found | {"cpu_us_per_reading_510": 6381.2})[2]
    '| 510 | 113 ms | 237 ms | 6,381 µs | 0.33 |'
    """
    rows = [
        "| chargers | reading to limit, p50 | p99 | processor time per reading | cores taken |",
        "|---|---|---|---|---|",
    ]
    took = re.compile(r"cpu_us_per_reading_(\d+)")
    sizes = sorted(int(it[1]) for name in figures if (it := took.fullmatch(name)))
    for chargers in sizes:
        p50_ms, p99_ms = (
            figures[f"reading_to_limit_{chargers}_{it}_ms"] for it in ("p50", "p99")
        )
        us = figures[f"cpu_us_per_reading_{chargers}"]
        taken = chargers * READINGS_S * us / 1e6
        rows.append(
            f"| {chargers:,} | {p50_ms:,.0f} ms | {p99_ms:,.0f} ms | {us:,.0f} µs | {taken:.2f} |"
        )
    return rows


def plan(figures: Mapping[str, float], chargers: int) -> list[str]:
    """
    Work out what so many chargers need: lines of a table in Markdown.

    Args:
        figures: what was measured, by name.
        chargers: how many, all of them charging: the worst hour.

    Raises:
        KeyError: the run has not measured what is needed.
    """
    rows = [
        "| part | cores | one core carries | memory | what to run |",
        "|---|---|---|---|---|",
    ]
    for service in SERVICES:
        wanted = cores(figures, service, chargers)
        rows.append(
            f"| {service} | {wanted:,.1f} | {chargers_per_core(figures, service):,} chargers "
            f"| {figures[f'{service}_kib_per_charger'] * chargers / 2**20:,.1f} GiB "
            f"| {_advice(service, math.ceil(wanted))} |"
        )
    log_gb = (
        figures["log_events_per_charger_hour"]
        * figures["log_bytes_per_event"]
        * chargers
        * HOURS_A_DAY
        / 1e9
    )
    stream_gb = figures["jetstream_bytes_per_charger_hour"] * chargers * HOURS_A_DAY / 1e9
    held = (
        f"Measured with {figures['chargers']:,.0f} chargers whose limits came in time."
        if "chargers" in figures
        else "In the measured run limits were late: the machine was too small, or not quiet."
    )
    growth = f"adds {log_gb:,.1f} GB to the logs and {stream_gb:,.1f} GB to jetstreams."
    return [*rows, "", f"A day of nothing but charging {growth} {held}"]


def _advice(service: str, count: int) -> str:
    match service:
        case "telemetry":
            return f"{count:,} gateways"
        case "balancer" if count <= PARTITIONS:
            return f"{count:,} balancers, of {PARTITIONS} at most"
        case "balancer":
            cells = math.ceil(count / PARTITIONS)
            return f"{cells:,} cells: a balancer holds one of {PARTITIONS} partitions at least"
        case "portal" | "notifications":
            return f"{count:,} cells: each process hears everything" if count > 1 else "one"
        case _:
            return "a cluster of its own" if count > 1 else "one, and its replicas"


def capacity_command(
    chargers: Annotated[
        int, typer.Option(min=1, help="How many are to be carried.")
    ] = 1_000_000,
    figures: Annotated[
        Path, typer.Option(help="What `ampledger bench scale --json` has written.")
    ] = MEASURED,
) -> None:
    """Work out what so many chargers need, all of them charging, from a measured run."""
    try:
        found = measured(figures)
        lines = ["What was measured:", "", *steps(found), ""]
        lines += [f"{chargers:,} chargers, all of them charging:", "", *plan(found, chargers)]
    except (OSError, ValueError) as fault:
        _refused(f"{figures} is no report of a run: {fault}", fault)
    except KeyError as fault:
        _refused(
            f"{figures} does not have {fault}: measure with `ampledger bench scale`", fault
        )
    typer.echo("\n".join(lines))


def _refused(words: str, fault: Exception) -> NoReturn:
    Console(stderr=True).print(words, highlight=False)
    raise typer.Exit(2) from fault
