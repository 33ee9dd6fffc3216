"""What is announced takes effect once, in order, at every follower."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from nats.errors import Error as NatsError
from pydantic import BaseModel

from shared import parking
from shared.documents import Documents
from shared.follow import follow
from shared.followers import Cursor, Follower, cursor_of, move_cursor, read_cursor
from shared.recorded import Recorded
from tests.support.log_place import (
    JETSTREAM,
    SERVICE,
    WITHIN_S,
    Effects,
    Place,
    relay_of,
    running,
)
from tests.support.waiting import until

pytestmark = pytest.mark.integration


async def test_a_follower_takes_every_event_once_and_in_order(place: Place) -> None:
    effects = Effects(place)
    await place.append("garage-1", 30)
    async with running(relay_of(place).run()), running(effects.run()):
        await effects.until_at(30)
        for number in range(50):
            await place.append(f"garage-{number % 3}")
        await effects.check_once_each()

    assert effects.heard == await effects.positions()


async def test_a_follower_that_is_stopped_anywhere_goes_on_where_it_was(place: Place) -> None:
    effects = Effects(place)
    async with running(relay_of(place).run()):
        for stop_at in (7, 40, 41, 90):
            await place.append("garage-1", stop_at)
            async with running(effects.run()):
                await effects.until_at(stop_at)
        async with running(effects.run()):
            await effects.check_once_each()


class _Killed(Exception):
    """The process ended right there."""


async def test_a_follower_killed_between_its_commit_and_its_acknowledgement_repeats_nothing(
    place: Place,
) -> None:
    effects = Effects(place)
    await place.append("garage-1", 20)
    async with running(relay_of(place).run()):

        def die(_: Sequence[Recorded]) -> None:
            raise _Killed

        effects.on_committed = die
        with pytest.raises(_Killed):
            async with asyncio.timeout(WITHIN_S):
                await effects.run()
        assert await effects.cursor() > 0
        effects.on_committed = lambda _: None
        async with running(effects.run()):
            await place.append("garage-1", 3)
            await effects.check_once_each()


async def test_effects_and_cursor_are_written_together_or_not_at_all(place: Place) -> None:
    effects = Effects(place, faulty={3, 11, 12})
    await place.append("garage-1", 15)
    async with running(relay_of(place).run()), running(effects.run()):
        await effects.check_once_each()

    assert effects.faulty == set(), "the database never failed"
    assert len(effects.reloads) >= 4
    assert [cursor for cursor, _ in effects.reloads] == [done for _, done in effects.reloads]


async def test_an_event_nobody_understands_holds_up_its_aggregate_and_no_other(
    place: Place,
) -> None:
    for stream in ("garage-1", "garage-2", "garage-1", "garage-2", "garage-1"):
        await place.append(stream)
    effects = Effects(place, poison=frozenset({3}))
    async with running(relay_of(place).run()), running(effects.run()):
        await effects.until_at(5)
        await place.append("garage-1")
        await place.append("garage-2")
        await effects.until_at(7)

    assert await effects.positions() == [1, 2, 4, 7]
    assert effects.heard == [1, 2, 4, 7]
    rows = await place.pool.fetch("select * from parked order by position")
    assert [(it["position"], it["aggregate_id"]) for it in rows] == [
        (3, "garage-1"),
        (5, "garage-1"),
        (6, "garage-1"),
    ]
    assert rows[0]["error"] == "ValueError: nobody understands 3"
    assert {it["error"] for it in rows[1:]} == {"waits behind a parked event"}


async def test_what_is_parked_stays_parked_after_a_restart(place: Place) -> None:
    effects = Effects(place, poison=frozenset({1}))
    await place.append("garage-1")
    async with running(relay_of(place).run()):
        async with running(effects.run()):
            await effects.until_at(1)
        again = Effects(place)
        await place.append("garage-1")
        async with running(again.run()):
            await again.until_at(2)

    assert await again.positions() == []
    assert await place.pool.fetchval("select count(*) from parked") == 2


async def test_a_cursor_belongs_to_one_consumer(place: Place) -> None:
    """Two followers of one log take it each at their own pace."""
    await place.append("garage-1", 4)
    one = Effects(place)
    two = Follower("other", SERVICE, one.apply, one.reload, one.committed)
    async with running(relay_of(place).run()):
        async with running(one.run()):
            await one.until_at(4)
        async with running(follow(place.client, place.pool, two)):
            await until(lambda: cursor_of(place.pool, two), lambda it: it == 4, WITHIN_S)

    assert await one.positions() == [1, 2, 3, 4, 1, 2, 3, 4]


async def test_a_gap_in_the_middle_of_a_batch_is_no_less_a_gap(place: Place) -> None:
    """Somebody else pulls from the same consumer, and takes every few events away."""
    effects = Effects(place)
    durable = effects.follower.name
    await place.append("garage-1", 200)
    async with running(relay_of(place).run()):
        await place.until_announced()

        async def steal() -> None:
            js = place.client.jetstream()
            while True:
                with contextlib.suppress(NatsError, TimeoutError):
                    thief = await js.pull_subscribe_bind(durable, JETSTREAM)
                    while True:
                        await thief.fetch(3, timeout=0.2)

        async with running(effects.run()):
            async with running(steal()):
                for _ in range(20):
                    await place.append("garage-1", 7)
            await effects.check_once_each()


async def test_two_of_the_same_follower_take_every_event_once_together(place: Place) -> None:
    """Two processes of one service, for as long as a deployment changes from one to the other."""
    first, second = Effects(place), Effects(place)
    async with (
        running(relay_of(place).run()),
        running(first.run()),
        running(second.run()),
    ):
        for number in range(60):
            await place.append(f"garage-{number % 3}")
        head = await place.store.head()
        await first.until_at(head)

    assert sorted(await first.positions()) == list(range(1, head + 1))
    assert await place.pool.fetchval("select count(*) from parked") == 0


async def test_what_another_process_took_is_known_within_a_beat_although_nothing_happens(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one process replaces another: what that one took, this one is given no more."""
    monkeypatch.setattr("shared.follow.BEAT_S", 0.2)
    effects = Effects(place)
    await place.append("garage-1", 3)
    async with running(effects.run()):
        async with running(relay_of(place).run()):
            await effects.until_at(3)
        await place.append("garage-1")
        [event] = await place.store.load("garage-1", after_version=3)
        async with place.pool.acquire() as other, other.transaction():
            await effects.apply(other, event)
            await move_cursor(other, effects.follower, Cursor(4, 1, event.event_id))

        async def loaded() -> tuple[int, int]:
            return effects.reloads[-1]

        await until(loaded, lambda it: it == (4, 4), WITHIN_S)


class _Circuits(BaseModel):
    """How many circuits of an installation were heard of, and the name of the last one."""

    count: int
    last: str


class _Counting(Effects):
    """A follower that folds documents besides, and takes its time."""

    def __init__(self, place: Place, unwritable: int = 0) -> None:
        super().__init__(place)
        self.circuits = Documents("circuits", _Circuits)
        self._unwritable = unwritable

    @property
    def follower(self) -> Follower:
        return replace(super().follower, apart_s=0.05)

    async def reload(self) -> None:
        await super().reload()
        await self.circuits.open(self.place.pool)

    async def apply(self, connection: Any, recorded: Recorded) -> None:
        await super().apply(connection, recorded)
        before = self.circuits.get(recorded.stream)
        count = 1 if before is None else before.count + 1
        last = "\x00" if recorded.position == self._unwritable else str(recorded.position)
        await self.circuits.put(connection, recorded.stream, _Circuits(count=count, last=last))

    async def written(self) -> dict[str, _Circuits]:
        """Read what is in the database, by somebody else."""
        others = Documents("circuits", _Circuits)
        await others.open(self.place.pool)
        return others.all()


class _Slow(_Counting):
    """One that has read what is in the database, and gets to know where that is only a while later."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.read, self.goes_on = asyncio.Event(), asyncio.Event()

    async def reload(self) -> None:
        await super().reload()
        self.read.set()
        await self.goes_on.wait()


async def test_what_the_former_process_takes_while_the_next_one_begins_is_not_lost(
    place: Place,
) -> None:
    former, following = _Counting(place), _Slow(place)
    await place.append("garage-1")
    async with running(relay_of(place).run()), contextlib.AsyncExitStack() as present:
        await present.enter_async_context(running(former.run()))
        await former.until_at(1)
        async with running(following.run()):
            await asyncio.wait_for(following.read.wait(), WITHIN_S)
            await place.append("garage-1")
            await former.until_at(2)
            await present.aclose()
            following.goes_on.set()
            await place.append("garage-1")
            await following.until_at(3)
    assert await following.written() == {"garage-1": _Circuits(count=3, last="3")}


@contextlib.asynccontextmanager
async def tried_again_elsewhere(place: Place) -> AsyncIterator[_Counting]:
    """A follower that has parked two events, which another one under the same name has applied."""
    effects = _Counting(place)
    effects.poison = frozenset({1})
    await place.append("garage-1", 2)
    async with running(relay_of(place).run()), running(effects.run()):
        await effects.until_at(2)
        await try_again_elsewhere(place)
        yield effects


async def try_again_elsewhere(place: Place) -> None:
    other = _Counting(place)
    await other.reload()
    await parking.retry(
        place.pool,
        place.client.jetstream(),
        JETSTREAM,
        other.follower,
        "garage-1",
        await read_cursor(place.pool, other.follower) or Cursor(),
        await parking.first_parked(place.pool, other.follower),
    )


async def test_what_another_process_tried_again_is_not_lost(place: Place) -> None:
    """No cursor moves as it does, and what the one that goes on holds in memory lacks it."""
    async with tried_again_elsewhere(place) as effects:
        await place.append("garage-1")
        await effects.until_at(3)
    assert await effects.written() == {"garage-1": _Circuits(count=3, last="3")}


async def test_what_another_process_tried_again_is_known_within_a_beat(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.follow.BEAT_S", 0.2)
    async with tried_again_elsewhere(place) as effects:

        async def known() -> _Circuits | None:
            return effects.circuits.get("garage-1")

        await until(known, lambda it: it == _Circuits(count=2, last="2"), WITHIN_S)


async def test_documents_are_as_the_last_event_left_them(place: Place) -> None:
    counting = _Counting(place)
    for number in range(40):
        await place.append(f"garage-{number % 3}")
    async with running(relay_of(place).run()), running(counting.run()):
        for number in range(40, 60):
            await place.append(f"garage-{number % 3}")
        await counting.check_once_each()
        written = await counting.written()

    assert {key: it.count for key, it in written.items()} == dict.fromkeys(
        ("garage-0", "garage-1", "garage-2"), 20
    )
    assert sorted(it.last for it in written.values()) == ["58", "59", "60"]


async def test_a_document_that_cannot_be_written_parks_its_event_and_no_other(
    place: Place,
) -> None:
    counting = _Counting(place, unwritable=11)
    for number in range(12):
        await place.append(f"garage-{number % 3}")
    async with running(relay_of(place).run()), running(counting.run()):
        await counting.until_at(12)
        written = await counting.written()

    assert {key: it.count for key, it in written.items()} == {
        "garage-0": 4,
        "garage-1": 3,
        "garage-2": 4,
    }
