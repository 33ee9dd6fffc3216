"""Processes of chargers, from the side of whoever tells them what to do."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import orjson

from cli.stack import PROJECT

ANSWER_BYTES_MAX: Final = 2**26
STOP_S_MAX: Final = 10.0


class CrowdFailed(Exception):
    """A process of chargers has ended: figures would mean nothing."""


class Crowds:
    """Some processes of chargers, which do the same at the same time."""

    def __init__(self, processes: Sequence[asyncio.subprocess.Process]) -> None:
        self._processes = processes

    @property
    def pids(self) -> list[int]:
        return [it.pid for it in self._processes]

    async def tell(self, do: str, **how: Any) -> list[dict[str, Any]]:
        """
        Have all do something; returns what each answers.

        Raises:
            CrowdFailed: one of them has ended instead.
        """
        return await self.tell_each(do, [how] * len(self._processes))

    async def tell_each(self, do: str, hows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """
        Have each do something of its own.

        Raises:
            CrowdFailed: one of them has ended instead.
        """
        asked = zip(self._processes, hows, strict=True)
        return list(await asyncio.gather(*(_told(it, {"do": do, **how}) for it, how in asked)))


async def _told(process: asyncio.subprocess.Process, wish: dict[str, Any]) -> dict[str, Any]:
    if process.stdin is None or process.stdout is None:
        raise CrowdFailed("a process of chargers cannot be told anything")
    process.stdin.write(orjson.dumps(wish) + b"\n")
    await process.stdin.drain()
    answer = await process.stdout.readline()
    if not answer:
        raise CrowdFailed(f"a process of chargers has ended instead of doing: {wish['do']}")
    return dict(orjson.loads(answer))


@contextlib.asynccontextmanager
async def crowds(count: int) -> AsyncIterator[Crowds]:
    """Start processes of chargers, and stop them at the end."""
    processes: list[asyncio.subprocess.Process] = []
    try:
        for _ in range(count):
            processes.append(  # noqa: PERF401  # those that were started are stopped, whatever happens
                await asyncio.create_subprocess_exec(
                    sys.executable,
                    *("-m", "cli.bench.gateway.crowd"),
                    cwd=PROJECT,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    limit=ANSWER_BYTES_MAX,
                )
            )
        yield Crowds(processes)
    finally:
        for process in processes:
            await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()  # it ends when nobody tells it anything any more
    try:
        await asyncio.wait_for(process.wait(), STOP_S_MAX)
    except TimeoutError:
        process.kill()
        await process.wait()


def shared_out(serials: Sequence[str], count: int, garage_of: int = 1) -> list[list[str]]:
    """
    Share chargers out among processes; those of one garage stay together.

    >>> shared_out(["a", "b", "c", "d", "e", "f"], 2, garage_of=2)
    [['a', 'b', 'e', 'f'], ['c', 'd']]
    """
    shares: list[list[str]] = [[] for _ in range(count)]
    for begin in range(0, len(serials), garage_of):
        shares[begin // garage_of % count] += serials[begin : begin + garage_of]
    return shares
