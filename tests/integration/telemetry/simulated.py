"""A simulated charger with a car, living on the gateway of a test."""

# ruff: noqa: S311  # simulated hardware needs no cryptography

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

from shared.clock import utc_now
from shared.phases import GridType
from simulator.cars import LAG_S_MIN, THREE_PHASE_16, new_car
from simulator.charger import Charger
from simulator.link import Link
from simulator.outlet import Outlet
from simulator.profiles import Profiles
from simulator.skills import SKILLS
from simulator.tongues import OCPP_16

SPEED = 10.0
STEP_S = 0.05


def now_s() -> float:
    return utc_now().timestamp()


def plug_a_car(charger: Charger, card: str = "CARD0001") -> None:
    """Connect a car that wants 16 A for longer than any test lasts; its driver shows a card."""
    car = new_car(THREE_PHASE_16, 3, 500.0, Random(3))
    car.lag_s = LAG_S_MIN
    charger.plug(car, card, now_s())


@contextlib.asynccontextmanager
async def living(
    gateway: str,
    serial: str,
    *,
    switching: bool = False,
    any_terminal: bool = False,
    password: str | None = None,
    trusted: Path | None = None,
    protocol: str = OCPP_16,
    skill: str = "full",
) -> AsyncIterator[Charger]:
    """Let a charger live for as long as the context is open."""
    profiles = Profiles(skill=SKILLS[skill])
    outlet = Outlet(32.0, GridType.TN_3_PHASE, 3, switching=switching, profiles=profiles)
    outlet.any_terminal = any_terminal
    charger = Charger(serial, outlet, Random(3))
    charger.configuration.authorization_key = password
    server = gateway.removesuffix("/ocpp")
    link = Link(
        charger, server, now_s, first_connect_s_max=0.0, trusted=trusted, protocol=protocol
    )
    tasks = [asyncio.create_task(link.run()), asyncio.create_task(_live(charger))]
    try:
        yield charger
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _live(charger: Charger) -> None:
    last_s = now_s()
    while True:
        await asyncio.sleep(STEP_S)
        present_s = now_s()
        charger.step(last_s, present_s - last_s, SPEED)
        charger.tick(present_s)
        last_s = present_s
