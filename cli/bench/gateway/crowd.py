"""
A process of chargers, told what to do line by line.

    python -m cli.bench.gateway.crowd

takes one JSON object a line, {"do": ..., ...}, and answers each with one.
"""

import asyncio
import contextlib
import resource
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import orjson
import uvloop

from cli.bench.gateway.charger import Charger, Faults, Lost
from cli.bench.gateway.swings import Swings

TRIES_S_MAX: Final = 120.0
EACH_S_MAX: Final = 0.2
"""So much longer it may take with every charger of a process: of 10,000 not all come in two minutes."""


class Crowd:
    """The chargers of one process."""

    def __init__(self) -> None:
        self._chargers: list[Charger] = []
        self._faults = Faults()
        self._telling: list[asyncio.Task[None]] = []
        self._swings = Swings()
        self._cut_at_s = 0.0

    @property
    def doings(self) -> dict[str, Callable[..., Awaitable[dict[str, Any]]]]:
        """Name what it can be told to do."""
        return {
            "come": self._come,
            "begin": self._begin,
            "read": self._read,
            "read_on": self._read_on,
            "stay": self._stay,
            "cut": self._cut,
            "back": self._back,
            "acknowledged": self._acknowledged,
            "swing": self._swing,
        }

    async def _come(
        self, gateway: str, serials: list[str], at_once: int, host: str, commissioned: bool
    ) -> dict[str, Any]:
        """Connect further chargers, and have them accepted; their first time, or coming back."""
        fresh = [
            Charger(gateway, it, host, commissioned, self._swings.on_limit, self._faults)
            for it in serials
        ]
        self._chargers += fresh
        began_s = time.monotonic()
        waiting = deque(fresh)

        async def one_after_another() -> None:
            while waiting:
                await waiting.popleft().come()

        async with asyncio.timeout(TRIES_S_MAX + EACH_S_MAX * len(fresh)):
            await asyncio.gather(*(one_after_another() for _ in range(at_once)))
        return {"took_s": time.monotonic() - began_s, "faults": dict(self._faults.counted)}

    async def _begin(self, at_once: int = 1) -> dict[str, Any]:
        """Begin a session at every charger that has none."""
        waiting = deque(it for it in self._chargers if it.transaction_id is None)

        async def one_after_another() -> None:
            while waiting:
                await waiting.popleft().begin()

        await asyncio.gather(*(one_after_another() for _ in range(at_once)))
        return {"sessions": {it.serial: it.transaction_id for it in self._chargers}}

    async def _read(self, seconds: float) -> dict[str, Any]:
        """Have every charger tell one reading after another, each once the one before is answered."""
        began_s = time.monotonic()
        await asyncio.gather(*(it.stream(16.0, began_s + seconds) for it in self._chargers))
        return {"took_s": time.monotonic() - began_s}

    async def _read_on(self, every_s: float) -> dict[str, Any]:
        """Have every charger tell readings from now on, spread evenly."""

        async def tell(charger: Charger, offset_s: float) -> None:
            await asyncio.sleep(offset_s)
            while True:
                with contextlib.suppress(
                    Lost, TimeoutError
                ):  # what is not answered is not counted
                    await charger.read(16.0)
                await asyncio.sleep(every_s)

        for number, charger in enumerate(self._chargers):
            offset_s = every_s * number / len(self._chargers)
            self._telling.append(asyncio.create_task(tell(charger, offset_s)))
        return {}

    async def _stay(self) -> dict[str, Any]:
        """Have every charger come back from now on whenever it is cut off."""
        self._faults.forget()
        for charger in self._chargers:
            charger.comes_back = True
        return {}

    async def _cut(self) -> dict[str, Any]:
        """Cut all connections at once."""
        for charger in self._chargers:
            if charger.line is not None:
                charger.line.cut()
        return {"at_s": time.monotonic()}

    async def _back(self, since_s: float) -> dict[str, Any]:
        """Wait until all have been accepted again since a moment."""
        deadline_s = time.monotonic() + TRIES_S_MAX + EACH_S_MAX * len(self._chargers)
        while time.monotonic() < deadline_s:
            if all(it.accepted and it.accepted_at_s > since_s for it in self._chargers):
                break
            await asyncio.sleep(0.05)
        late = [it.accepted_at_s - since_s for it in self._chargers if it.accepted]
        away = sum(not it.accepted for it in self._chargers)
        return {
            "took_s": max(late, default=0.0),
            "away": away,
            "faults": dict(self._faults.counted),
        }

    async def _acknowledged(self) -> dict[str, Any]:
        """Name the registers of all readings that were answered, by serial number."""
        for task in self._telling:
            task.cancel()
        self._telling.clear()
        return {"readings": {it.serial: it.acknowledged_wh for it in self._chargers}}

    async def _swing(self, **how: Any) -> dict[str, Any]:
        """Have one charger of every garage draw more, again and again; when do others hear of it?"""
        before = sum(it.register_wh for it in self._chargers)
        took_ms, missed = await self._swings.measure(self._chargers, **how)
        readings = sum(it.register_wh for it in self._chargers) - before
        return {"took_ms": took_ms, "missed": missed, "readings": readings}


async def _lines() -> AsyncIterator[bytes]:
    reader = asyncio.StreamReader(limit=2**24)
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    async for line in reader:
        yield line


async def _main() -> None:
    crowd = Crowd()
    async for line in _lines():
        wish = orjson.loads(line)
        answer = await crowd.doings[wish.pop("do")](**wish)
        sys.stdout.buffer.write(orjson.dumps(answer) + b"\n")
        sys.stdout.buffer.flush()


def raise_file_limit() -> int:
    """Let this process open as many files as the system allows; returns how many."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


if __name__ == "__main__":
    raise_file_limit()
    uvloop.run(_main())
