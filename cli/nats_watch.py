"""
A NATS server that has met a full disk is killed once there is room again, and so begins anew.

Once a write has failed, a jetstream refuses every further one for as long as the server runs, also when
there is room again; whoever publishes gets no answer, and all else of the server goes on. Only its health
tells, where it is asked about every jetstream (`/healthz` without limits; seen with NATS 2.15).

It is killed and not asked to end: where the write that failed would have begun another file, the server
counts a message that it does not have, and in an orderly end it writes that down. After a kill it finds
what there is. Nothing is lost: what was acknowledged is on disk, and relays announce again what was not.
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from cli.web import fetch

LOOK_S: Final = 1.0
ROOM_BYTES_MIN: Final = 16 * 1024**2
"""With less than that free it would fail again at once."""
PAUSE_S: Final = 10.0
"""After one that did not help the next one waits."""
SIGNS: Final = (b"write error", b"JetStream not enabled")
"""What the health of such a server says; the second one when it has given all its jetstreams up."""

log = structlog.get_logger()


async def keep_writing(monitor_url: str, store: Path, kill: Callable[[], None]) -> None:
    """
    Look for ever, and kill.

    Args:
        monitor_url: where the server tells how it is.
        store: where it keeps its jetstreams.
        kill: ends it at once; somebody starts it again.
    """
    while True:
        await asyncio.sleep(LOOK_S)
        why = await write_fault(monitor_url)
        if why is None or _room_bytes(store) < ROOM_BYTES_MIN:
            continue
        log.error("nats has met a full disk, and is started anew", why=why)
        kill()
        await asyncio.sleep(PAUSE_S)


async def write_fault(monitor_url: str) -> str | None:
    """Say why a server writes no more; none while it does, and while it does not answer at all."""
    health = await fetch(f"{monitor_url}/healthz")
    if not any(it in health.body for it in SIGNS):
        return None
    return health.body.decode(errors="replace")


def _room_bytes(store: Path) -> int:
    disk = os.statvfs(store)
    return disk.f_bavail * disk.f_frsize
