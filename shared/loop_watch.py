"""How late the event loop is: who is kept waiting by work that does not pause."""

import asyncio
from typing import Final

from shared.metrics import LOOP_DELAY

LOOK_S: Final = 0.5


async def watch_loop() -> None:
    """Look for ever at how much later than asked for this task is woken."""
    loop = asyncio.get_running_loop()
    while True:
        due_s = loop.time() + LOOK_S
        await asyncio.sleep(LOOK_S)
        LOOP_DELAY.observe(max(0.0, loop.time() - due_s))
