"""
Work that starts over on every fault, and yet ends when it is asked to.

Python tells a task to end by raising `CancelledError` in it, and three things spoil that. A connection
that is cut may raise one although nobody asked, and a task group drops a child that ends so without a
word. A clean-up that fails because its connection has died replaces the one that caused it. And
`asyncio.wait_for` of Python 3.11 may lose one. So work that touches connections runs in a child task of
its own here, and is watched from outside: what the child makes of its cancellation does not matter.

    await keep_running(work, faults, on_fault, pause_s)    start over, for ever
    await in_child(work(), within_s)                       once, and not for longer than that
    await loud(work())                                     once, in this task, and never end in silence
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

import structlog

ASK_AGAIN_S: Final = 0.5
"""How long a child that was asked to end may take before it is asked again."""
END_S_MAX: Final = 4.0
"""How long it is waited for; a child that goes on after that is left behind, and said to be."""

T = TypeVar("T")

log = structlog.get_logger()


class CutOff(Exception):
    """The work gave up as if it had been cancelled, but nobody had asked it to end."""


async def keep_running(
    work: Callable[[], Coroutine[Any, Any, None]],
    faults: tuple[type[Exception], ...],
    on_fault: Callable[[Exception], None],
    pause_s: float,
) -> None:
    """
    Do some work for ever: begin it again after every fault, and whenever it returns.

    Args:
        work: one attempt.
        faults: what is answered with another attempt, alone or as a group of nothing else, as several
            tasks of an attempt leave it; a spurious cancellation is so always.
        on_fault: told of each of them.
        pause_s: seconds between two attempts.

    Raises:
        CancelledError: this task was asked to end; the attempt has ended before.
        Exception: whatever an attempt raises that is none of the faults.
    """
    expected: tuple[type[Exception], ...] = (CutOff, *faults)
    while True:
        try:
            await in_child(work())
        except* expected as met:
            on_fault(_first_of(met))
        await asyncio.sleep(pause_s)


def _first_of(fault: Exception) -> Exception:
    while isinstance(fault, ExceptionGroup):
        fault = fault.exceptions[0]
    return fault


async def in_child(work: Coroutine[Any, Any, T], within_s: float | None = None) -> T:
    """
    Do some work in a child task of its own, and wait for it.

    Args:
        work: what is done.
        within_s: after so many seconds the child is asked to end.

    Raises:
        CutOff: it ended as if cancelled, although nobody had asked.
        TimeoutError: it took too long.
        CancelledError: this task was asked to end; so was the child, until it did.
        Exception: whatever the work raises.
    """
    child = asyncio.create_task(work)
    try:
        await asyncio.wait({child}, timeout=within_s)
    except asyncio.CancelledError:
        await _end(child)
        raise
    if not child.done():
        await _end(child)
        raise TimeoutError(f"{_name(child)} has not ended within {within_s} s")
    if child.cancelled():
        raise CutOff(f"{_name(child)} gave up without being asked to")
    return child.result()


async def loud(work: Awaitable[T]) -> T:
    """
    Do some work, in this task, such that it does not end in silence.

    Raises:
        CutOff: it gave up as if it had been cancelled, although nobody had asked.
        CancelledError: this task was asked to end.
        Exception: whatever the work raises.
    """
    try:
        return await work
    except asyncio.CancelledError as fault:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise CutOff("the work gave up without being asked to") from fault


async def _end(child: "asyncio.Task[Any]") -> None:
    """
    Ask a child to end until it has, whatever it makes of being asked.

    Raises:
        CancelledError: this task was asked to end meanwhile; the child still came first.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + END_S_MAX
    asked_too = False
    while not child.done() and loop.time() < deadline:
        child.cancel()
        try:
            await asyncio.wait({child}, timeout=ASK_AGAIN_S)
        except asyncio.CancelledError:
            asked_too = True
    if child.done():
        _hear(child)
    else:
        log.error("a task does not end, it is left behind", task=_name(child))
        child.add_done_callback(_hear)
    if asked_too:
        raise asyncio.CancelledError


def _hear(child: "asyncio.Task[Any]") -> None:
    """Take notice of how a child ended that nobody waits for."""
    fault = None if child.cancelled() else child.exception()
    if fault is not None:
        log.warning("a task failed as it ended", task=_name(child), error=repr(fault))


def _name(child: "asyncio.Task[Any]") -> str:
    coroutine = child.get_coro()
    return getattr(coroutine, "__qualname__", repr(coroutine))


def end_if_cancelled() -> None:
    """
    End a loop whose cancellation was swallowed; for loops that are not watched from outside.

    Raises:
        CancelledError: somebody has asked this task to end.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
