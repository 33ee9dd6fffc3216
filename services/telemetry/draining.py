"""How a gateway that stops lets its chargers go: one by one, so that the others are not overrun."""

# ruff: noqa: S311  # chance spreads chargers here, and keeps no secret

import asyncio
import contextlib
import random
from collections.abc import Callable, Collection
from typing import Final, Protocol

import structlog

SERVICE_RESTART: Final = 1012
"""RFC 6455, registry of close codes: come again, preferably after a random delay."""
STOPS: Final = "the gateway stops"
HURRY_S: Final = 0.5
"""Over how long chargers are let go when somebody is in a hurry."""
LAST_S_MAX: Final = 1.0
"""How long the last ones may take to close, and to be put on record."""

log = structlog.get_logger()


class Leaves(Protocol):
    """One charger's connection."""

    async def close(self, reason: str, code: int) -> None:
        """End it, and wait until that is on record."""


async def let_go(
    present: Callable[[], Collection[Leaves]], over_s: float, hurry: asyncio.Event
) -> None:
    """
    Close all connections.

    Args:
        present: names those that there are.
        over_s: over how long they are spread, evenly and at random.
        hurry: once it is set, they are spread over `HURRY_S` at most.
    """
    loop = asyncio.get_running_loop()
    ends_s = loop.time() + over_s
    told: dict[Leaves, asyncio.Task[None]] = {}
    while left := [it for it in present() if it not in told]:
        if hurry.is_set():
            ends_s = min(ends_s, loop.time() + HURRY_S)
        leaving = random.choice(left)
        told[leaving] = asyncio.create_task(leaving.close(STOPS, SERVICE_RESTART), name="drain")
        if len(left) > 1:
            share_s = max(0.0, ends_s - loop.time()) / len(left)
            await _pause(share_s * random.uniform(0.5, 1.5), hurry)
    if told:
        _, late = await asyncio.wait(told.values(), timeout=LAST_S_MAX)
        if late:
            log.warning("some connections did not close in time", connections=len(late))


async def _pause(for_s: float, hurry: asyncio.Event) -> None:
    if hurry.is_set():
        await asyncio.sleep(min(for_s, HURRY_S))
        return
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(hurry.wait(), for_s)
