"""`ampledger demo` as people run it: what it reports, and that it leaves nothing behind."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import orjson
import psutil
import pytest

from cli.stack import PROJECT
from tests.support.servers import scratch_folder
from tests.support.stack_child import gone

pytestmark = pytest.mark.system

AMPLEDGER = Path(sys.executable).with_name("ampledger")
START_S_MAX = 120.0
STOP_S_MAX = 15.0
SMALL = ("--chargers", "8", "--breaker-a", "32", "--no-open")
FIGURES = {
    "readings",
    "decisions",
    "commands",
    "energy_kwh",
    "capacity_used_share",
    "breaker_trips",
    "overload_as",
    "rogue_overload_as",
    "planned_overload_as",
    "reading_to_limit_p50_ms",
    "reading_to_limit_p99_ms",
}


@pytest.fixture
def scratch() -> Iterator[Path]:
    with scratch_folder() as folder:
        yield folder


@contextlib.asynccontextmanager
async def demo(*options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the demo; what is left of it at the end is killed."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"NATS_URL", "DATABASE_URL"}
    }
    process = await asyncio.create_subprocess_exec(
        AMPLEDGER,
        "demo",
        *options,
        cwd=PROJECT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def figures_of(report: Path, seconds: int, *options: str) -> dict[str, Any]:
    """Run a bounded demo to its end, and read its report."""
    bounded = ("--seconds", str(seconds), "--report", str(report))
    async with demo(*SMALL, *bounded, *options) as process:
        async with asyncio.timeout(START_S_MAX + seconds):
            output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return figures_in(report)


def figures_in(report: Path) -> dict[str, Any]:
    content = orjson.loads(report.read_bytes())
    assert list(content) == ["figures"]
    figures: dict[str, Any] = content["figures"]
    return figures


def check_shape(figures: dict[str, Any]) -> None:
    assert set(figures) >= FIGURES
    for name, figure in figures.items():
        assert set(figure) == {"value", "unit", "reference"}, name
        assert figure["value"] is None or isinstance(figure["value"], int | float), name
        assert isinstance(figure["unit"], str), name
        assert isinstance(figure["reference"], str), name


async def test_a_balanced_garage_charges_and_no_breaker_trips(scratch: Path) -> None:
    figures = await figures_of(scratch / "report.json", 25)

    check_shape(figures)
    assert figures["breaker_trips"]["value"] == 0
    assert figures["planned_overload_as"]["value"] == 0
    for name in ("readings", "decisions", "commands", "energy_kwh"):
        assert figures[name]["value"] > 0, name


async def test_cars_share_what_the_rest_of_the_building_leaves(scratch: Path) -> None:
    """Half of them stand at chargers that speak OCPP 2.0.1, the others at chargers of every kind."""
    both = ("--kinds", "--protocol", "ocpp2.0.1", "--protocol-share", "0.5")
    figures = await figures_of(scratch / "report.json", 25, "--house", *both)

    assert figures["breaker_trips"]["value"] == 0
    assert figures["planned_overload_as"]["value"] == 0
    assert figures["energy_kwh"]["value"] > 0


async def test_without_the_balancer_a_breaker_trips(scratch: Path) -> None:
    figures = await figures_of(scratch / "report.json", 40, "--without-balancer")

    check_shape(figures)
    assert figures["breaker_trips"]["value"] >= 1
    assert figures["overload_as"]["value"] > 0
    assert figures["decisions"]["value"] == 0
    assert figures["planned_overload_as"]["value"] is None, "nobody has promised anything"


async def test_ctrl_c_ends_it_and_nothing_is_left_behind(scratch: Path) -> None:
    data = scratch / "data"
    async with demo(*SMALL, "--data-folder", str(data)) as process:
        children = await started(process, data)
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(STOP_S_MAX):
            output, _ = await process.communicate()

    assert process.returncode == 0, output.decode()
    assert [it for it in children if not gone(it.pid)] == []


async def started(process: asyncio.subprocess.Process, data: Path) -> list[psutil.Process]:
    """Wait until the cars are connected; returns every process of the demo but itself."""
    status = data / "run" / "simulator.json"
    async with asyncio.timeout(START_S_MAX):
        while not status.exists() or not orjson.loads(status.read_bytes()).get("online"):
            assert process.returncode is None, "the demo ended by itself"
            await asyncio.sleep(0.1)
    children = psutil.Process(process.pid).children(recursive=True)
    commands = [" ".join(it.cmdline()) for it in children]
    for part in ("postgres", "nats-server", "services.telemetry", "simulator"):
        assert any(part in it for it in commands), commands
    return children
