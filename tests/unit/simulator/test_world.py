"""The whole simulation against a server that grants everything and limits nothing, or little."""

import asyncio
import json
import signal
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from simulator.scene import Scene
from simulator.world import Run, run_world
from tests.unit.simulator.central_system import (
    DEADLINE_S,
    CentralSystem,
    limit_profile,
    running,
)

ROOT = Path(__file__).parents[3]
BAYS = 6
BUILDING: dict[str, Any] = {
    "grid_type": "TN_3_PHASE",
    "breaker_a": 40,
    "circuits": [
        {
            "circuit_id": "level-1",
            "parent_id": None,
            "name": "Level 1",
            "breaker_a": 40,
            "set_a": 40,
        }
    ],
    "chargers": [
        {
            "charger_id": f"bay-{i}",
            "serial": f"ZAP{i:06}",
            "name": f"Bay {i}",
            "circuit_id": "level-1",
            "wiring": ["L1", "L2", "L3"],
            "max_a": 32,
        }
        for i in range(BAYS)
    ],
    "seed": 1,
}


@pytest_asyncio.fixture(loop_scope="session")
async def system() -> AsyncIterator[CentralSystem]:
    async with running() as it:
        yield it


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


async def test_with_a_server_that_limits_nothing_the_breaker_trips(
    system: CentralSystem, tmp_path: Path
) -> None:
    status, report = tmp_path / "status.json", tmp_path / "demo.report.json"
    stop = asyncio.Event()
    run = Run(system.url, report=report, status=status)
    world = asyncio.create_task(run_world(Scene.model_validate(BUILDING), run, stop))

    await system.until(lambda: status.exists() and read(status)["breaker_trips"])
    # Both breakers carry the same, so either may go first; then everything is dark.
    await system.until(lambda: read(status)["online"] == 0)
    stop.set()
    figures = (await world)["figures"]

    assert figures["breaker_trips"]["value"] >= 1
    assert figures["overload_as"]["value"] > 0.0
    assert figures["peak_load_ratio"]["value"] > 1.13
    assert figures["first_limits_s"]["value"] is None, "nobody was ever given a limit"
    assert figures["cars_seen"]["value"] == BAYS
    assert read(report) == {"figures": figures}
    assert set(system.close_codes) == {1006}, "without supply nobody says goodbye"


async def test_with_limits_that_fit_it_runs_until_it_is_stopped(
    system: CentralSystem, tmp_path: Path
) -> None:
    system.welcome.append(("SetChargingProfile", limit_profile(6.0)))
    status = tmp_path / "status.json"
    stop = asyncio.Event()
    run = Run(system.url, status=status, with_rogue=False)
    world = asyncio.create_task(run_world(Scene.model_validate(BUILDING), run, stop))

    await system.until(lambda: status.exists() and read(status)["cars_charging"] == BAYS)
    seen = read(status)
    stop.set()
    figures = (await world)["figures"]

    assert seen["online"] == seen["cars_plugged"] == seen["cars_wanting"] == BAYS
    assert [it["circuit_id"] for it in seen["breakers"]] == ["main", "level-1"]
    assert all(a <= BAYS * 6.0 for a in seen["breakers"][0]["measured_a"])
    assert seen["first_limits_s"] == pytest.approx(figures["first_limits_s"]["value"], abs=1e-3)
    assert figures["breaker_trips"]["value"] == 0
    assert figures["overload_as"]["value"] == 0.0
    assert figures["energy_kwh"]["value"] > 0.0
    assert system.close_codes == [1000] * BAYS


async def test_a_signal_ends_the_program_with_its_report_written(
    system: CentralSystem, tmp_path: Path
) -> None:
    scene, report = tmp_path / "scene.json", tmp_path / "out.report.json"
    scene.write_text(json.dumps(BUILDING), encoding="utf-8")
    passwords = tmp_path / "passwords.json"
    issued = {
        "credentials": [{"serial": "ZAP000001", "user": "ZAP000001", "password": "secret"}]
    }
    passwords.write_text(json.dumps(issued), encoding="utf-8")
    arguments = ["-m", "simulator", "--scene", str(scene), "--gateway", system.url]
    arguments += ["--passwords", str(passwords)]
    program = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, "--report", str(report), "--rogue", "none", cwd=ROOT
    )

    try:
        await system.until(lambda: len(system.sockets) == BAYS)
        program.send_signal(signal.SIGTERM)
        async with asyncio.timeout(DEADLINE_S):
            code = await program.wait()
    finally:
        if program.returncode is None:
            program.kill()

    assert code == 0
    shown = {path: it for path, it in system.shown.items() if it is not None}
    assert shown == {"/ocpp/ZAP000001": f"Basic {b64encode(b'ZAP000001:secret').decode()}"}
    assert read(report)["figures"]["cars_seen"]["value"] == BAYS
    await system.until(lambda: system.close_codes == [1000] * BAYS)


async def test_passwords_that_cannot_be_read_are_told_in_one_line(tmp_path: Path) -> None:
    scene, passwords = tmp_path / "scene.json", tmp_path / "passwords.json"
    scene.write_text(json.dumps(BUILDING), encoding="utf-8")
    passwords.write_text("{}", encoding="utf-8")
    arguments = ["-m", "simulator", "--scene", str(scene), "--gateway", "ws://x"]
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, *arguments, "--passwords", str(passwords)),
        cwd=ROOT,
        stderr=asyncio.subprocess.PIPE,
    )

    async with asyncio.timeout(DEADLINE_S):
        _, said = await program.communicate()

    assert program.returncode == 2
    assert b"ampledger charger assign --json" in said


async def test_an_impossible_scene_is_told_in_one_line(tmp_path: Path) -> None:
    arguments = ["-m", "simulator", "--scene", str(tmp_path / "no.json"), "--gateway", "ws://x"]
    program = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )

    async with asyncio.timeout(DEADLINE_S):
        _, told = await program.communicate()

    assert program.returncode == 2
    assert "No such file" in told.decode().splitlines()[-1]


@pytest.mark.parametrize(("gateway", "speed"), [("http://x", 10.0), ("ws://x", 0.0)])
def test_an_impossible_run_is_refused(gateway: str, speed: float) -> None:
    with pytest.raises(ValueError, match="not"):
        Run(gateway, speed=speed)
