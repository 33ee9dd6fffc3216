"""Waiting for what must come true, with a deadline and never for a fixed time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

PAUSE_S = 0.05


async def until(
    what: Callable[[], Awaitable[T]], holds: Callable[[T], object], within_s: float = 15.0
) -> T:
    """Ask again until the answer holds; fails with the last answer when the time is up."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while True:
        answer = await what()
        if holds(answer):
            return answer
        assert loop.time() < deadline, f"still {answer!r} after {within_s} s"
        await asyncio.sleep(PAUSE_S)
