"""Viewers get everything once, then what differs, and are sent home at the end."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from services.portal.facts import Facts
from services.portal.view import InstallationView, view_of
from services.portal.viewers import Sight, Viewers, changes
from tests.unit.portal.facts import AT, GARAGE, OSLO, balance, known, reading

HERE, THERE = Sight(GARAGE), Sight("garage-2")


def seen(facts: Facts) -> InstallationView:
    return view_of(facts, AT, OSLO)


class Scenery:
    """An installation that a test may change."""

    def __init__(self) -> None:
        self.view = seen(known())
        self.drawn: Counter[Sight] = Counter()

    def draw(self, sight: Sight) -> InstallationView:
        self.drawn[sight] += 1
        return self.view


@asynccontextmanager
async def viewed(scenery: Scenery) -> AsyncIterator[Viewers]:
    viewers = Viewers(scenery.draw)
    drawing = asyncio.create_task(viewers.run())
    try:
        yield viewers
    finally:
        drawing.cancel()


def test_the_first_picture_is_whole() -> None:
    view = seen(known())
    told = changes(None, view)

    assert set(told) == {"head", "scene", "breakers", "chargers"}
    assert set(told["breakers"]) == {"main", "level-1", "guests"}
    assert set(told["chargers"]) == {"bay-1", "bay-2"}


def test_only_what_differs_is_told() -> None:
    drawing_more = known(readings={"bay-1": reading(current_a=(11.9, 0.0, 0.0))})

    told = changes(seen(known()), seen(drawing_more))
    assert set(told) == {"chargers"}
    assert set(told["chargers"]) == {"bay-1"}
    assert told["chargers"]["bay-1"]["draw_a"] == 11.9
    assert "name" not in told["chargers"]["bay-1"]
    assert changes(seen(known()), seen(known())) == {}


async def test_a_viewer_is_told_all_and_then_what_changes() -> None:
    scenery = Scenery()
    async with viewed(scenery) as viewers, aclosing(viewers.watch(HERE)) as telling:
        first = await anext(telling)
        assert first is not None
        assert "head" in first.changes

        scenery.view = seen(known(balance=balance((30.0, 0.0, 0.0))))
        second = await asyncio.wait_for(anext(telling), 5)
        assert second is not None
        assert set(second.changes) == {"scene", "breakers"}


async def test_what_is_told_is_written_once_for_all_who_have_seen_the_picture_before() -> None:
    scenery = Scenery()
    async with (
        viewed(scenery) as viewers,
        aclosing(viewers.watch(HERE)) as one,
        aclosing(viewers.watch(HERE)) as other,
    ):
        assert await anext(one) is await anext(other)
        scenery.view = seen(known(balance=balance((30.0, 0.0, 0.0))))

        assert await asyncio.wait_for(anext(one), 5) is await asyncio.wait_for(anext(other), 5)


async def test_a_slow_viewer_is_told_all_that_has_changed_meanwhile() -> None:
    scenery = Scenery()
    async with viewed(scenery) as viewers, aclosing(viewers.watch(HERE)) as slow:
        await anext(slow)
        async with aclosing(viewers.watch(HERE)) as quick:
            await anext(quick)
            scenery.view = seen(known(balance=balance((30.0, 0.0, 0.0))))
            await asyncio.wait_for(anext(quick), 5)
            drawing_more = {"bay-1": reading(current_a=(11.9, 0.0, 0.0))}
            scenery.view = seen(known(readings=drawing_more, balance=balance((30.0, 0.0, 0.0))))
            await asyncio.wait_for(anext(quick), 5)

        told = await asyncio.wait_for(anext(slow), 5)
        assert told is not None
        assert {"breakers", "chargers"} <= set(told.changes)


async def test_a_viewer_hears_a_beat_while_nothing_changes() -> None:
    viewers = Viewers(Scenery().draw, beat_s=0.01)
    async with aclosing(viewers.watch(HERE)) as telling:
        await anext(telling)

        assert await asyncio.wait_for(anext(telling), 5) is None


async def test_nothing_is_drawn_of_what_nobody_looks_at() -> None:
    scenery = Scenery()
    async with viewed(scenery) as viewers:
        async with aclosing(viewers.watch(HERE)) as telling:
            await anext(telling)
        drawn = scenery.drawn[HERE]
        async with aclosing(viewers.watch(THERE)) as telling:
            await anext(telling)
            for measured_a in (30.0, 31.0):  # two more rounds of drawing
                scenery.view = seen(known(balance=balance((measured_a, 0.0, 0.0))))
                await asyncio.wait_for(anext(telling), 5)

    assert scenery.drawn[THERE] >= 3
    assert scenery.drawn[HERE] == drawn


async def test_viewers_are_sent_home_at_once() -> None:
    async with viewed(Scenery()) as viewers, aclosing(viewers.watch(HERE)) as telling:
        await anext(telling)
        waiting = asyncio.ensure_future(anext(telling, "the end"))
        await asyncio.sleep(0)
        viewers.close()

        assert await asyncio.wait_for(waiting, 1) == "the end"


async def test_who_looks_at_what_is_deactivated_gets_a_picture_of_their_own() -> None:
    scenery = Scenery()
    async with viewed(scenery) as viewers:
        for sight in (HERE, Sight(GARAGE, deactivated=True)):
            async with aclosing(viewers.watch(sight)) as telling:
                await anext(telling)

            assert scenery.drawn[sight] >= 1
