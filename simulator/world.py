"""
The shell around a garage: the clock, the chargers' sockets, the files it reports to.

Physics runs in real time at ten steps a second: how cars follow, when breakers trip, what is
said in OCPP and when a limit expires. Only the drivers' day is `speed` times as fast: how
batteries fill, what the registers count, when cars come and go.
"""

import asyncio
import json
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import structlog

from shared.clock import utc_now
from simulator.charger import Charger
from simulator.garage import Garage
from simulator.link import Link
from simulator.meter import push_for_ever
from simulator.report import Figures
from simulator.scene import Scene
from simulator.sessions import load_sessions, visits
from simulator.tongues import OCPP_16, PROTOCOLS

STEP_S: Final = 0.1
STATUS_EVERY_S: Final = 1.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Run:
    """How a simulation is run."""

    gateway: str
    """Where the chargers connect, such as `ws://127.0.0.1:9000`."""
    speed: float = 10.0
    seconds: float | None = None
    """For how long; None means until stopped."""
    report: Path | None = None
    status: Path | None = None
    with_rogue: bool = True
    meter: str | None = None
    """Where the meter at the main breaker pushes its readings; none: nowhere."""
    passwords: Mapping[str, str] = field(default_factory=dict)
    """What chargers sign in with, by their serial numbers; others show none."""
    protocol: str = OCPP_16
    """Which version of OCPP the chargers speak, as WebSockets call it."""
    share: float = 1.0
    """What share of them speaks it; the others speak OCPP 1.6."""
    trusted: Path | None = None
    """Certificates of those whom chargers trust (PEM); none: whom this machine does."""

    def __post_init__(self) -> None:
        if not self.gateway.startswith(("ws://", "wss://")):
            raise ValueError(f"the gateway is a ws:// or wss:// address, not {self.gateway!r}")
        if self.protocol not in PROTOCOLS:
            raise ValueError(f"chargers speak {', '.join(PROTOCOLS)}, not {self.protocol!r}")
        if not 0.0 <= self.share <= 1.0:
            raise ValueError(f"a share is between 0 and 1, not {self.share:g}")
        if not self.speed > 0.0:
            raise ValueError(f"the speed is above 0, not {self.speed:g}")


async def run_world(
    scene: Scene,
    run: Run,
    stop: asyncio.Event | None = None,
    jolt: asyncio.Event | None = None,
) -> Figures:
    """
    Simulate a building, its chargers connected to a gateway.

    Args:
        scene: the building.
        run: how to run it.
        stop: set it to end the run; a run that is cancelled writes its report, too.
        jolt: set it to have the clocks of all chargers jump; it is unset when they have.

    Returns:
        The report's figures.
    """
    bays = len(scene.chargers)
    garage = Garage(scene, visits(load_sessions(), bays), run.speed, with_rogue=run.with_rogue)
    return await run_garage(garage, run, stop or asyncio.Event(), jolt)


async def run_garage(
    garage: Garage, run: Run, stop: asyncio.Event, jolt: asyncio.Event | None = None
) -> Figures:
    """Simulate a garage whose visits are known; see `run_world`."""
    try:
        async with asyncio.TaskGroup() as tasks:
            for charger in garage.chargers:
                charger.configuration.authorization_key = run.passwords.get(charger.serial)
            links = [
                tasks.create_task(_link(run, charger, index).run())
                for index, charger in enumerate(garage.chargers)
            ]
            if run.meter is not None:
                pushing = push_for_ever(run.meter, garage.main_a, utc_now)
                links.append(tasks.create_task(pushing))
            await _live(garage, run, stop, jolt or asyncio.Event())
            for link in links:
                link.cancel()
    finally:
        figures = garage.figures()
        if run.report is not None:
            write_json(run.report, figures)
        if run.status is not None:
            write_json(run.status, {"at": utc_now().isoformat(), **garage.status()})
    return figures


def _link(run: Run, charger: Charger, index: int) -> Link:
    """Connect a charger; those that speak the protocol of the run are spread evenly over all of them."""
    chosen = math.floor((index + 1) * run.share) > math.floor(index * run.share)
    protocol = run.protocol if chosen else OCPP_16
    return Link(charger, run.gateway, _now_s, trusted=run.trusted, protocol=protocol)


async def _live(garage: Garage, run: Run, stop: asyncio.Event, jolt: asyncio.Event) -> None:
    """Step through time until told to stop, or the time is up."""
    loop = asyncio.get_running_loop()
    began_s = last_s = loop.time()
    next_status_s = began_s
    while not stop.is_set() and (run.seconds is None or last_s - began_s < run.seconds):
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, last_s + STEP_S - loop.time())):
                await stop.wait()
        if jolt.is_set():
            jolt.clear()
            garage.jolt_clocks()
        present_s = loop.time()
        dt_s, last_s = present_s - last_s, present_s
        for circuit_id in garage.step(_now_s() - dt_s, dt_s):
            log.error("breaker tripped", circuit_id=circuit_id)
        if run.status is not None and present_s >= next_status_s:
            next_status_s = present_s + STATUS_EVERY_S
            write_json(run.status, {"at": utc_now().isoformat(), **garage.status()})


def _now_s() -> float:
    return utc_now().timestamp()


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replace a file in one go: whoever reads it sees the old content or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    beside.replace(path)
