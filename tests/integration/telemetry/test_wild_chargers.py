"""
Chargers that send anything at all: the gateway goes on, and another charger's limits come as ever.

By default some hundred frames of each; an hour's worth takes WILD_SECONDS=3600.
"""

import asyncio
import os
import resource
import time
from random import Random

import pytest
from structlog.testing import capture_logs
from websockets.exceptions import ConnectionClosed, InvalidStatus

from services.telemetry.dialects import DIALECTS
from shared.messages.telemetry import CurrentLimitApplied
from tests.integration.telemetry.raw_charger import RawCharger, plugged_in
from tests.integration.telemetry.world import Place, World
from tests.support import wild_frames

pytestmark = pytest.mark.integration

SECONDS = float(os.environ.get("WILD_SECONDS", "8"))
EACH = 2
"""So many wild chargers of each version."""
BURST = 20
PAUSE_S = 0.01
ANSWER_S_MAX = 10.0
GROWTH_MIB_MAX = 200
SEED = 7


async def _go_wild(
    world: World, place: Place, version: str, rng: Random, until_s: float
) -> int:
    """Send frames until the time is over, and connect again whenever the gateway hangs up."""
    actions = wild_frames.requests(version)
    sent = 0
    while time.monotonic() < until_s:
        try:
            async with plugged_in(world.gateway, place.serial, subprotocol=version) as charger:
                while time.monotonic() < until_s:
                    for _ in range(BURST):
                        data = wild_frames.frame(version, actions, rng)
                        await charger.socket.send(
                            data if rng.random() < 0.1 else data.decode(errors="replace")
                        )
                        sent += 1
                    await asyncio.sleep(PAUSE_S)
        except (ConnectionClosed, InvalidStatus, OSError):
            await asyncio.sleep(PAUSE_S)
    return sent


async def _is_served(world: World, place: Place, charger: RawCharger, until_s: float) -> int:
    """Limit a well-behaved charger and hear it, again and again."""
    rounds = 0
    while time.monotonic() < until_s:
        rounds += 1
        async with asyncio.timeout(ANSWER_S_MAX):
            answer = await world.limit(place, rounds, 16.0)
            assert answer.accepted, answer
            await charger.call("Heartbeat", {})
        await asyncio.sleep(0.1)
    return rounds


async def test_wild_chargers_harm_nobody(world: World) -> None:
    good = await world.assigned()
    wild = [(await world.assigned(), it.subprotocol) for it in DIALECTS for _ in range(EACH)]
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with capture_logs() as told:
        async with plugged_in(world.gateway, good.serial) as charger:
            await charger.boot_until_accepted()
            until_s = time.monotonic() + SECONDS
            rounds, *sent = await asyncio.gather(
                _is_served(world, good, charger, until_s),
                *(
                    _go_wild(world, place, version, Random(SEED + number), until_s)  # noqa: S311  # chance that can be repeated
                    for number, (place, version) in enumerate(wild)
                ),
            )

    assert min(sent) > 0
    crashes = [it for it in told if it["log_level"] in {"critical", "exception"}]
    assert crashes == []
    applied = [it for it in await world.events(good) if isinstance(it, CurrentLimitApplied)]
    assert len(applied) == rounds > 0
    grown_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib) / 1024
    assert grown_mib < GROWTH_MIB_MAX, f"{sum(sent)} frames made it grow by {grown_mib:.0f} MiB"
