"""
A disk of its own for a data folder, which can be filled at once: a tmpfs that is made as small as what is
on it, and large again.

It takes the right to mount. Whatever is on it is gone at the end, but the logs of the processes, which are
copied out of it first.
"""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

SIZE_BYTES: Final = 8 * 1024**3
"""A bound only; NATS wants to see room for all that its jetstreams may ever hold."""
LOGS: Final = "logs"


class NoDisk(Exception):
    """The machine does not let us have a disk of our own."""


class SmallDisk:
    """The disk, for as long as it is mounted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def fill(self) -> None:
        """
        Leave no room on it.

        Raises:
            NoDisk: it cannot be done; perhaps because somebody has written just now.
        """
        there = os.statvfs(self._folder)
        taken_bytes = (there.f_blocks - there.f_bfree) * there.f_frsize
        await self._resize(taken_bytes)

    async def empty(self) -> None:
        """
        Leave room on it again.

        Raises:
            NoDisk: it cannot be done.
        """
        await self._resize(SIZE_BYTES)

    async def _resize(self, size_bytes: int) -> None:
        await _run("mount", "-o", f"remount,size={size_bytes}", str(self._folder))


@contextlib.asynccontextmanager
async def small_disk(folder: Path) -> AsyncIterator[SmallDisk | None]:
    """Have a folder be on a disk of its own, where we may; none where we may not."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    try:
        await _run(
            *("mount", "-t", "tmpfs", "-o", f"size={SIZE_BYTES},mode=0755"),
            *("ampledger-chaos", str(folder)),
        )
    except NoDisk:
        yield None  # whoever wants to fill it is told then
        return
    try:
        yield SmallDisk(folder)
    finally:
        if (folder / LOGS).is_dir():
            await asyncio.to_thread(
                shutil.copytree, folder / LOGS, folder.parent / LOGS, dirs_exist_ok=True
            )
        await _run("umount", "--lazy", str(folder))


async def _run(*argv: str) -> None:
    try:
        process = await asyncio.create_subprocess_exec(
            *argv, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
    except OSError as fault:
        raise NoDisk(f"{argv[0]} cannot be run: {fault}") from fault
    said, _ = await process.communicate()
    if process.returncode != 0:
        raise NoDisk(said.decode(errors="replace").strip())
