"""Lines between the parts of a yard, and the faults that they can have."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import orjson

from cli.chaos.frames import BROKEN, REPEATED, SWAPPED
from cli.chaos.plan import Kind

READY_S_MAX: Final = 20.0
BUFFER_BYTES: Final = 1 << 20


class LinesGone(Exception):
    """The process that has the lines does not answer any more."""


class Lines:
    """The process with the lines, as one talks to it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._turn = asyncio.Lock()
        self.names: list[str] = []

    async def lay(
        self, name: str, port: int, to: Sequence[int], *, frames: bool = False
    ) -> int:
        """
        Lay a line; gives the port at which it begins.

        Args:
            name: how it is called.
            port: where it begins; 0 for any free port, which nobody else can take meanwhile.
            to: where it may lead.
            frames: it carries WebSockets, and can disturb them message by message.
        """
        answer = await self._tell(do="lay", name=name, port=port, to=list(to), frames=frames)
        self.names.append(name)
        return int(answer["port"])

    async def set(self, name: str, state: str) -> None:
        """Have a line fail in some way, see `line_server`, or be open again."""
        await self._tell(do="set", name=name, state=state)

    async def cut(self, name: str) -> None:
        """Reset all connections of a line."""
        await self._tell(do="cut", name=name)

    async def _tell(self, **order: str | int | list[int]) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise LinesGone("it was not started to be talked to")
        async with self._turn:
            stdin.write(orjson.dumps(order) + b"\n")
            await stdin.drain()
            answer = await asyncio.wait_for(stdout.readline(), READY_S_MAX)
        if not answer:
            raise LinesGone("it has ended")
        told: dict[str, Any] = orjson.loads(answer)
        if fault := told.get("fault"):
            raise LinesGone(fault)
        return told


@contextlib.asynccontextmanager
async def lines(project: str) -> AsyncIterator[Lines]:
    """Run the process with the lines."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.chaos.line_server"),
        cwd=project,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=BUFFER_BYTES,
    )
    try:
        yield Lines(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


class HasLines(Protocol):
    """Whatever has lines."""

    @property
    def lines(self) -> Lines: ...


@dataclass(frozen=True, slots=True)
class LineFault:
    """
    A line is in some state for a while.

    Args:
        kind: how the plan sees it.
        state: which, see `line_server`; none: it is cut once.
        cut_after: its connections are reset when it is open again, as when a router has forgotten them.
    """

    kind: Kind
    state: str | None
    cut_after: bool = False

    async def inject(self, yard: HasLines, target: str) -> None:
        """See `Fault`."""
        if self.state is None:
            await yard.lines.cut(target)
        else:
            await yard.lines.set(target, self.state)

    async def heal(self, yard: HasLines, target: str) -> None:
        """See `Fault`."""
        if self.state is not None:
            await yard.lines.set(target, "open")
        if self.cut_after:
            await yard.lines.cut(target)


def line_faults(
    targets: Sequence[str], meters: Sequence[str], sockets: Sequence[str]
) -> list[LineFault]:
    """Name all that may happen to lines: to any, to those of meters, and to those that carry WebSockets."""
    return [
        LineFault(Kind("line-cut", targets), None),
        LineFault(Kind("line-refused", targets, (1.0, 8.0)), "refused", cut_after=True),
        LineFault(Kind("line-silent", targets, (2.0, 15.0)), "silent"),
        LineFault(Kind("line-half-open", targets, (2.0, 15.0)), "silent", cut_after=True),
        LineFault(Kind("line-one-way-up", targets, (2.0, 12.0)), "mute"),
        LineFault(Kind("line-one-way-down", targets, (2.0, 12.0)), "deaf"),
        LineFault(Kind("line-slow", targets, (3.0, 15.0)), "slow"),
        LineFault(Kind("line-narrow", targets, (3.0, 15.0)), "narrow"),
        LineFault(Kind("line-torn", targets, (2.0, 10.0)), "torn"),
        LineFault(Kind("frames-repeated", sockets, (3.0, 15.0)), REPEATED),
        LineFault(Kind("frames-swapped", sockets, (3.0, 15.0)), SWAPPED),
        LineFault(Kind("frames-broken", sockets, (1.0, 5.0)), BROKEN),
        LineFault(Kind("meter-silent", meters, (15.0, 45.0)), "silent", cut_after=True),
    ]
