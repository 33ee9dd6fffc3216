"""An event loop whose time passes at once: where all wait, it is the next moment at which one need not."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _NothingComes(selectors.SelectSelector):
    """Nobody speaks from outside: instead of waiting so long, that much time has passed."""

    passed_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everybody waits for somebody else, and for ever")
        self.passed_s += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """The usual loop, with a clock that begins at zero and runs as fast as there is nothing to do."""

    def __init__(self) -> None:
        self._nothing = _NothingComes()
        super().__init__(self._nothing)

    def time(self) -> float:
        """Name the seconds that have passed."""
        return self._nothing.passed_s


def run_virtually(work: Coroutine[Any, Any, T]) -> T:
    """
    Run something, and whatever it starts, in no time.

    Raises:
        RuntimeError: nothing can ever happen any more.
    """
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


def finished(work: Coroutine[Any, Any, T]) -> T:
    """
    Run what waits for nothing.

    Raises:
        asyncio.InvalidStateError: it waits for something.
    """
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    work.close()
    raise asyncio.InvalidStateError("it keeps somebody waiting")
