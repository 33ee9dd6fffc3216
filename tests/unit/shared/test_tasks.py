"""Work starts over on every fault and ends when it is asked to, whatever its connections do."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

import pytest

from shared import tasks
from shared.tasks import CutOff, in_child, keep_running, loud
from tests.support.waiting import until


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask again soon, and give up soon."""
    monkeypatch.setattr(tasks, "ASK_AGAIN_S", 0.02)
    monkeypatch.setattr(tasks, "END_S_MAX", 1.0)


class Trouble(Exception):
    """A fault that is expected."""


class Keeper:
    """Keeps one attempt after the other running, and notes what becomes of them."""

    def __init__(self, *attempts: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._attempts = list(attempts)
        self.begun = 0
        self.faults: list[Exception] = []

    async def _work(self) -> None:
        number = self.begun
        self.begun += 1
        await self._attempts[min(number, len(self._attempts) - 1)]()

    def run(self) -> Coroutine[Any, Any, None]:
        return keep_running(self._work, (Trouble,), self.faults.append, 0.0)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["asyncio.Task[None]"]:
        task = asyncio.create_task(self.run())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.wait({task}, timeout=5)
            assert task.done(), "it goes on for ever"

    async def until_begun(self, attempts: int) -> None:
        async def begun() -> int:
            return self.begun

        await until(begun, lambda it: it >= attempts)


async def for_ever() -> None:
    await asyncio.Event().wait()


async def trouble() -> None:
    raise Trouble


async def spurious() -> None:
    raise asyncio.CancelledError


async def at_once() -> None:
    """Return without having been asked to."""


# --- Starting over ---


async def test_a_fault_is_told_and_the_work_begins_again() -> None:
    keeper = Keeper(trouble, trouble, for_ever)
    async with keeper.running():
        await keeper.until_begun(3)

    assert [type(it) for it in keeper.faults] == [Trouble, Trouble]


async def test_a_cancellation_nobody_asked_for_is_a_fault_like_any_other() -> None:
    keeper = Keeper(spurious, for_ever)
    async with keeper.running() as task:
        await keeper.until_begun(2)

        assert not task.done()
    (fault,) = keeper.faults
    assert isinstance(fault, CutOff)
    assert "without being asked" in str(fault)


async def test_a_child_cancelled_by_a_stranger_is_begun_again() -> None:
    async def suicide() -> None:
        me = asyncio.current_task()
        assert me is not None
        me.cancel()
        await asyncio.sleep(0)

    keeper = Keeper(suicide, for_ever)
    async with keeper.running():
        await keeper.until_begun(2)

    assert [type(it) for it in keeper.faults] == [CutOff]


async def test_work_that_returns_is_begun_again_without_a_fault() -> None:
    keeper = Keeper(at_once, at_once, for_ever)
    async with keeper.running():
        await keeper.until_begun(3)

    assert keeper.faults == []


async def test_a_fault_nobody_expects_is_raised() -> None:
    async def bug() -> None:
        raise AttributeError("a bug")

    keeper = Keeper(trouble, bug, for_ever)

    with pytest.raises(AttributeError, match="a bug"):
        await keeper.run()
    assert keeper.begun == 2


async def test_in_a_task_group_a_spurious_cancellation_ends_nobody() -> None:
    """A group drops a child that ends cancelled: the others would go on without it for ever."""
    keeper = Keeper(spurious, spurious, for_ever)
    with contextlib.suppress(asyncio.CancelledError):
        async with asyncio.TaskGroup() as group:
            kept = group.create_task(keeper.run())
            await keeper.until_begun(3)
            assert not kept.done()
            kept.cancel()


async def together(*attempts: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async with asyncio.TaskGroup() as group:
        for it in attempts:
            group.create_task(it())


async def test_what_several_tasks_of_an_attempt_have_met_is_a_fault_like_any_other() -> None:
    keeper = Keeper(lambda: together(trouble, trouble), for_ever)
    async with keeper.running():
        await keeper.until_begun(2)

    assert [type(it) for it in keeper.faults] == [Trouble]


async def test_what_nobody_expects_is_raised_out_of_a_group_as_well() -> None:
    async def bug() -> None:
        raise AttributeError("a bug")

    keeper = Keeper(lambda: together(trouble, bug), for_ever)

    with pytest.raises(ExceptionGroup) as raised:
        await keeper.run()
    assert [type(it) for it in raised.value.exceptions] == [AttributeError]


# --- Ending ---


async def test_being_asked_to_end_ends_the_work_first() -> None:
    ended = asyncio.Event()

    async def tidy() -> None:
        try:
            await for_ever()
        finally:
            await asyncio.sleep(0.01)
            ended.set()

    keeper = Keeper(tidy)
    async with keeper.running() as task:
        await keeper.until_begun(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert ended.is_set()
    assert keeper.faults == []
    assert keeper.begun == 1


async def swallows_one() -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await for_ever()
    await for_ever()


async def swallows_nine() -> None:
    for _ in range(9):
        with contextlib.suppress(asyncio.CancelledError):
            await for_ever()
    await for_ever()


async def replaces_it() -> None:
    try:
        await for_ever()
    finally:
        raise Trouble("the clean-up failed, its connection was dead")


async def replaces_it_with_a_bug() -> None:
    try:
        await for_ever()
    finally:
        raise AttributeError("the clean-up has a bug")


async def returns_instead() -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await for_ever()


async def waits_in_vain() -> None:
    while True:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 0.001)


@pytest.mark.parametrize(
    "work",
    [
        swallows_one,
        swallows_nine,
        replaces_it,
        replaces_it_with_a_bug,
        returns_instead,
        waits_in_vain,
    ],
)
async def test_it_ends_whatever_the_work_makes_of_being_asked(
    work: Callable[[], Coroutine[Any, Any, None]],
) -> None:
    keeper = Keeper(work)
    async with keeper.running() as task:
        await keeper.until_begun(1)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 5)

    assert keeper.begun == 1, "it began again although it was asked to end"


async def test_it_ends_although_the_work_does_not() -> None:
    let_go = asyncio.Event()

    async def stubborn() -> None:
        while not let_go.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await let_go.wait()

    keeper = Keeper(stubborn)
    async with keeper.running() as task:
        await keeper.until_begun(1)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 5)
    let_go.set()


async def test_it_ends_while_it_pauses() -> None:
    paused = asyncio.Event()
    task = asyncio.create_task(
        keep_running(trouble, (Trouble,), lambda _: paused.set(), pause_s=60.0)
    )
    await paused.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5)


async def test_being_asked_twice_does_not_leave_the_work_behind() -> None:
    ended = asyncio.Event()

    async def slow_to_end() -> None:
        try:
            await for_ever()
        finally:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.05)
            ended.set()

    keeper = Keeper(slow_to_end)
    async with keeper.running() as task:
        await keeper.until_begun(1)
        await asyncio.sleep(0)
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0.005)
        with pytest.raises(asyncio.CancelledError):
            await task

        assert ended.is_set()


# --- Once, and not for longer than that ---


async def test_what_the_work_returns_is_returned() -> None:
    async def answer() -> int:
        return 7

    assert await in_child(answer(), within_s=5) == 7


async def test_what_the_work_raises_is_raised() -> None:
    with pytest.raises(Trouble):
        await in_child(trouble(), within_s=5)


async def test_work_that_gives_up_by_itself_is_told_from_being_asked_to_end() -> None:
    with pytest.raises(CutOff):
        await in_child(spurious())


@pytest.mark.parametrize("work", [for_ever, swallows_nine, replaces_it, returns_instead])
async def test_work_that_takes_too_long_is_ended(
    work: Callable[[], Coroutine[Any, Any, None]],
) -> None:
    with pytest.raises(TimeoutError, match=r"has not ended within 0\.01 s"):
        await asyncio.wait_for(in_child(work(), within_s=0.01), 5)


async def test_being_asked_to_end_while_a_late_child_ends_counts() -> None:
    """The time-out must not hide that the waiting task itself was asked to end."""
    ending = asyncio.Event()

    async def late() -> None:
        try:
            await for_ever()
        finally:
            ending.set()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.05)

    task = asyncio.create_task(in_child(late(), within_s=0.01))
    await ending.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5)


async def test_an_outer_time_limit_is_obeyed() -> None:
    async def limited(what: Awaitable[None]) -> None:
        async with asyncio.timeout(0.01):
            await what

    with pytest.raises(TimeoutError):
        await limited(in_child(swallows_one()))


# --- In this task, but not in silence ---


async def test_loud_work_that_gives_up_by_itself_fails_its_group() -> None:
    async def together() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(loud(for_ever()))
            group.create_task(loud(spurious()))

    with pytest.raises(ExceptionGroup) as raised:
        await together()

    assert raised.value.subgroup(CutOff) is not None


async def test_loud_work_that_is_asked_to_end_ends_in_silence() -> None:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(loud(for_ever()))
        await asyncio.sleep(0)
        task.cancel()

    assert task.cancelled()


async def test_loud_work_returns_and_raises_what_it_does() -> None:
    async def answer() -> int:
        return 7

    assert await loud(answer()) == 7
    with pytest.raises(Trouble):
        await loud(trouble())
