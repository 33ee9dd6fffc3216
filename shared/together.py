"""
One question for what many ask at the same moment.

Thousands of chargers that come back at once each have the same few things looked up. A question costs the
database more than the answer, so while one is on its way, what is asked meanwhile is gathered for the next.
Nobody is given an answer to a question that was put before he asked.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

QUESTIONS_MAX: Final = 2
"""So many questions are on their way at a time."""
GATHERED_MAX: Final = 500

K = TypeVar("K")
V = TypeVar("V")


class Together(Generic[K, V]):
    """Gathers what is asked, for one kind of question."""

    def __init__(self, ask: Callable[[Sequence[K]], Awaitable[Sequence[V]]]) -> None:
        """
        Make it.

        Args:
            ask: answers a number of things at once, in their order.
        """
        self._ask = ask
        self._waiting: list[tuple[K, asyncio.Future[V]]] = []
        self._asking: set[asyncio.Task[None]] = set()
        self._looking = 0
        """So many of them will still look whether somebody waits."""

    async def of(self, it: K) -> V:
        """
        Ask, and wait for the answer.

        Raises:
            Exception: what the question has raised.
        """
        answer: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        self._waiting.append((it, answer))
        if self._looking < QUESTIONS_MAX:
            self._looking += 1
            task = asyncio.create_task(self._ask_on(), name="together")
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
        return await answer

    async def _ask_on(self) -> None:
        try:
            await self._ask_while_some_wait()
        finally:
            # At once, and not when the loop tells that the task is done: whoever has just been answered
            # may ask again before that, and would wait for somebody who looks no more.
            self._looking -= 1

    async def _ask_while_some_wait(self) -> None:
        while self._waiting:
            gathered = self._waiting[:GATHERED_MAX]
            del self._waiting[:GATHERED_MAX]
            try:
                answers = await self._ask([it for it, _ in gathered])
            except asyncio.CancelledError:
                for _, waiting in gathered:
                    waiting.cancel()
                raise
            except Exception as fault:  # it is for those who have asked
                for _, waiting in gathered:
                    if not waiting.done():
                        waiting.set_exception(fault)
            else:
                for (_, waiting), answer in zip(gathered, answers, strict=True):
                    if not waiting.done():
                        waiting.set_result(answer)
