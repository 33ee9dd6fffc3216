"""
What one of thousands of connections does without while nothing happens.

`asyncio.Event` keeps a queue for those who wait, of most of a kilobyte, and a gateway has thousands of
connections with several events each, for which mostly nobody waits. Here it is made when somebody does.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

Beside = Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None] | None]
"""Makes a task of a name that ends with a connection; none, while that does not serve."""


class Moment:
    """Like an `asyncio.Event`, and small while nobody waits."""

    __slots__ = ("_event", "_is_set")

    def __init__(self) -> None:
        self._is_set = False
        self._event: asyncio.Event | None = None

    def is_set(self) -> bool:
        """Tell whether it has come."""
        return self._is_set

    def set(self) -> None:
        """It has come: whoever waits goes on."""
        self._is_set = True
        if self._event is not None:
            self._event.set()
            self._event = None

    def clear(self) -> None:
        """It is to come again."""
        self._is_set = False

    async def wait(self) -> None:
        """Wait until it comes."""
        if self._is_set:
            return
        if self._event is None:
            self._event = asyncio.Event()
        await self._event.wait()
