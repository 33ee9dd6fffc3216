"""Chargers that are none of ours: npm's ocpp-ws-cli with all suites, and ocpp-rpc's strict client."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from shared.messages.telemetry import (
    ChargerConnected,
    CurrentLimitApplied,
    SessionEnded,
    SessionStarted,
)
from tests.integration.telemetry.world import Service, World
from tests.support import npm

SUITES = "ocpp-ws-cli@1.1.12"
CHECKS = 21
"""So many checks are in all suites for OCPP 1.6."""
STRICT = "ocpp-rpc@2.2.1"
SCRIPT = Path(__file__).parents[2] / "support" / "ocpp_rpc_charger.cjs"
SUITES_S_MAX = 240.0
NUDGE_AFTER_S = 5.0
"""As by default."""
STORY_S_MAX = 90.0


async def test_every_check_of_all_suites_passes(world: World, tmp_path: Path) -> None:
    folder = await npm.installed(SUITES)
    place = await world.assigned()
    # Whoever says nothing is asked how it is, in these tests after a second: the suites take that for an
    # answer to what they have sent.
    await world.service.stop()
    patient = Service(world.settings.model_copy(update={"nudge_after_s": NUDGE_AFTER_S}))
    await patient.start()
    try:
        report = await _run_suites(folder, world.gateway, place.serial, tmp_path)
    finally:
        await patient.stop()
        await world.service.start()

    failed = [it for it in report["testResults"] if not it["passed"]]
    assert failed == []
    assert (report["metrics"]["testsPassed"], len(report["testResults"])) == (CHECKS, CHECKS)


async def _run_suites(folder: Path, gateway: str, serial: str, reports: Path) -> Any:
    program = folder / "node_modules" / "ocpp-ws-cli" / "dist" / "index.js"
    process = await asyncio.create_subprocess_exec(
        npm.NODE,
        *(str(program), "test", "-e", gateway, "-i", serial),
        *("-p", "ocpp1.6", "--suite", "all", "--report", "json", "--report-dir", str(reports)),
        cwd=reports,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(SUITES_S_MAX):
        output, _ = await process.communicate()

    # Its exit code is 0 whatever has failed: what counts is the report.
    report = await asyncio.to_thread(_newest, reports)
    assert report is not None, output.decode()[-2000:]
    return json.loads(report)


def _newest(folder: Path) -> str | None:
    return next((it.read_text() for it in folder.rglob("*.json")), None)


@pytest.mark.parametrize("protocol", ["ocpp1.6", "ocpp2.0.1"])
async def test_a_strict_charger_boots_charges_is_limited_and_stops(
    world: World, protocol: str
) -> None:
    folder = await npm.installed(STRICT)
    script = folder / SCRIPT.name
    script.write_bytes(SCRIPT.read_bytes())
    place = await world.assigned()
    process = await asyncio.create_subprocess_exec(
        npm.NODE,
        *(str(script), world.gateway, place.serial, protocol),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    said = []
    try:
        async with asyncio.timeout(STORY_S_MAX):
            while line := (await process.stdout.readline()).decode().strip():
                said.append(line)
                if line == "charging":
                    answer = await world.limit(place, 1, 16.0)
                    assert answer.accepted, answer
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()

    assert said == ["charging", "limited", "done"], said
    await world.event(place, ChargerConnected)
    started = await world.event(place, SessionStarted)
    applied = await world.event(place, CurrentLimitApplied)
    ended = await world.event(place, SessionEnded)
    assert applied.limit_a == 16.0
    assert ended.session_id == started.session_id
    assert (started.register_wh, ended.register_wh, ended.energy_wh) == (1000, 2500, 1500)
