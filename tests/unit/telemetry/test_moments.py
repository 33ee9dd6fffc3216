"""A moment behaves as an event does."""

import asyncio

from services.telemetry.moments import Moment


async def test_all_who_wait_go_on_when_it_comes() -> None:
    moment = Moment()
    waiting = [asyncio.create_task(moment.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    assert not any(it.done() for it in waiting)

    moment.set()
    await asyncio.gather(*waiting)

    assert moment.is_set()
    await moment.wait()


async def test_it_can_come_again() -> None:
    moment = Moment()
    moment.set()
    moment.clear()
    waiting = asyncio.create_task(moment.wait())
    await asyncio.sleep(0)

    assert not moment.is_set()
    assert not waiting.done()
    moment.set()
    await waiting
