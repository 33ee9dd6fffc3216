"""`ampledger chaos` for a short while, as people run it: faults come, and every promise is kept."""

import asyncio
import os
import sys
from pathlib import Path

import orjson
import pytest

from cli.stack import PROJECT
from tests.support.servers import scratch_folder

pytestmark = pytest.mark.system

SECONDS = 45.0
SEED = 5
KINDS = (
    "kill-balancer",
    "kill-service",
    "kill-nats",
    "kill-backend",
    "line-cut",
    "line-refused",
)
WITHIN_S = 400.0


async def test_a_short_run_keeps_every_promise() -> None:
    with scratch_folder() as folder:
        report = folder / "report.json"
        said = await chaos(folder / "run", report)
        told = orjson.loads(report.read_bytes())

        assert report.with_suffix(".svg").read_bytes().startswith(b"<?xml")
    figures = {name: it["value"] for name, it in told["figures"].items()}
    for name in ("breaker_trips", "overload_as", "planned_overload_as", "checker_violations"):
        assert figures[name] == 0, said
    assert figures["faults"] >= 2
    assert figures["faults"] == sum(it["why_not"] is None for it in told["carried_out"])
    assert all(it["why"] for it in told["not_ready"]), told
    assert figures["acknowledged"] > 0
    assert figures["energy_kwh"] > 0


async def chaos(folder: Path, report: Path) -> str:
    """Run it to its end, which is to be a good one; gives what it said."""
    folder.mkdir(mode=0o711)  # noqa: ASYNC240  # at once
    kinds = [part for it in KINDS for part in ("--only", it)]
    process = await asyncio.create_subprocess_exec(
        *(str(Path(sys.executable).with_name("ampledger")), "chaos"),
        *("--seconds", str(SECONDS), "--seed", str(SEED), "--garages", "1"),
        *("--folder", str(folder), "--report", str(report)),
        *kinds,
        cwd=PROJECT,
        env={k: v for k, v in os.environ.items() if k not in {"NATS_URL", "DATABASE_URL"}},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(WITHIN_S):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    said = output.decode(errors="replace")
    assert process.returncode == 0, said
    return said
