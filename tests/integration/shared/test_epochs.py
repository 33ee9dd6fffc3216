"""A log that was restored from an older copy: nothing is announced until a new epoch of it begins, and
then nobody remembers what was lost."""

import asyncio
from typing import Any

import asyncpg
import pytest
from nats.js.errors import APIError
from pydantic import BaseModel

from shared import subjects
from shared.announcing import announce
from shared.commits import LogHalted
from shared.documents import Documents
from shared.epochs import begin_epoch, halt, lift, log_state, take_over
from shared.follow import PastReplaced, caught_up, follow
from shared.followers import Follower, read_cursor
from shared.recorded import Recorded
from tests.support.log_place import (
    JETSTREAM,
    SERVICE,
    WITHIN_S,
    Effects,
    Place,
    complaint_of,
    opened,
    published_by,
    relay_of,
    running,
)
from tests.support.waiting import until

pytestmark = pytest.mark.integration


async def new_epoch(place: Place) -> int:
    async with place.pool.acquire() as connection:
        return await begin_epoch(
            connection, place.client.jetstream(), SERVICE, "operator", "a disk was lost"
        )


async def until_epoch(place: Place, epoch: int) -> None:
    await until(place.copy, lambda it: it is not None and it.epoch == epoch, WITHIN_S)


# --- Announcing ---


async def test_a_new_epoch_announces_the_restored_log_from_its_first_event(
    place: Place,
) -> None:
    async with running(relay_of(place).run()):
        await place.append("garage-1", 10)
        await place.until_announced()
    async with opened(place.servers) as restored:
        await restored.append("garage-1", 4)
        relay = relay_of(restored)
        async with running(relay.run()):
            await until(complaint_of(relay), bool, WITHIN_S)

            assert await new_epoch(restored) == 2

            await restored.check_announced()
            await restored.append("garage-1", 3)
            await restored.check_announced()
            await until(published_by(relay), lambda it: it == 7, WITHIN_S)
            assert relay.complaint is None
            assert relay.standing() is True
        told = await restored.pool.fetchrow("select * from log_epoch")
    assert (told["epoch"], told["actor"], told["reason"]) == (2, "operator", "a disk was lost")
    assert (told["head"], told["retired_jetstream"], told["retired_last"]) == (4, JETSTREAM, 10)


async def test_the_jetstream_of_the_epoch_before_keeps_what_was_lost(place: Place) -> None:
    async with running(relay_of(place).run()):
        await place.append("garage-1", 10)
        await place.until_announced()
    lost = await place.store.read(after=0)
    async with opened(place.servers) as restored:
        await new_epoch(restored)

    js = place.client.jetstream()
    info = await js.stream_info(JETSTREAM)
    assert info.config.subjects == [subjects.retired_of(SERVICE, 1)]
    for recorded in lost:
        assert (await js.get_msg(JETSTREAM, seq=recorded.position)).data == recorded.data


async def test_a_log_that_is_halted_takes_nothing_until_the_new_epoch(place: Place) -> None:
    await place.append("garage-1", 2)
    await halt(place.pool, "restore", "restored from a backup")

    with pytest.raises(asyncpg.CannotConnectNowError, match="halted: restored from a backup"):
        await place.pool.execute("update log_head set position = position + 1")
    with pytest.raises(LogHalted, match="restored from a backup"):
        await place.append("garage-1")
    assert await place.store.head() == 2

    await new_epoch(place)
    await place.append("garage-1")
    assert await place.store.head() == 3


async def test_a_restored_log_waits_for_a_new_epoch_although_its_jetstream_is_gone(
    place: Place,
) -> None:
    """Nothing contradicts it, but followers and chargers may remember what it does not."""
    await place.append("garage-1", 2)
    await halt(place.pool, "restore", "restored from a backup")
    relay = relay_of(place)
    async with running(relay.run()):
        why = await until(complaint_of(relay), bool, WITHIN_S)
        assert why is not None
        assert why.startswith("restored from a backup: nothing is announced")
        assert await place.copy() is None

        await new_epoch(place)

        await place.check_announced()


async def test_a_relay_takes_back_its_complaint_when_its_reason_is_gone(place: Place) -> None:
    await place.append("garage-1", 3)
    relay = relay_of(place)
    async with running(relay.run()):
        await place.until_announced()
        await halt(place.pool, "relay", "it was connected to somebody else's NATS")

        async def halted_why() -> str | None:
            return (await log_state(place.pool)).halted_why

        await until(halted_why, lambda it: it is None, WITHIN_S)
        await place.append("garage-1")
        await place.check_announced()


async def test_only_who_halted_a_log_lifts_that(place: Place) -> None:
    await halt(place.pool, "restore", "first")
    await halt(place.pool, "relay", "second")
    await lift(place.pool, "relay")

    state = await log_state(place.pool)
    assert (state.halted_why, state.halted_by) == ("first", "restore")


async def test_what_a_crash_left_half_done_the_relay_does(place: Place) -> None:
    """The database knew of the new epoch, JetStream did not yet."""
    async with running(relay_of(place).run()):
        await place.append("garage-1", 5)
        await place.until_announced()
    await place.pool.execute("update log_head set epoch = 2")
    async with running(relay_of(place).run()):
        await until_epoch(place, 2)
        await place.check_announced()


async def test_a_log_older_than_the_epoch_of_its_jetstream_is_not_announced(
    place: Place,
) -> None:
    await place.append("garage-1", 2)
    await new_epoch(place)
    await place.pool.execute("update log_head set epoch = 1")
    relay = relay_of(place)
    async with running(relay.run()):
        why = await until(complaint_of(relay), bool, WITHIN_S)
        assert "is of epoch 2, the log of installation of epoch 1" in (why or "")

        assert await new_epoch(place) == 3
        await place.check_announced()


async def test_a_relay_of_the_epoch_before_cannot_publish(place: Place) -> None:
    """One that was paused, or still reads from the old database, knows nothing of the new epoch."""
    await place.append("garage-1", 4)
    async with running(relay_of(place).run()):
        await place.until_announced()
    batch = await place.store.read(after=0)
    await new_epoch(place)

    for events in (batch[:1], batch[:3]):
        with pytest.raises(APIError):
            await announce(place.client, SERVICE, 1, events)
    assert await place.last() == 0


async def test_taking_over_may_be_repeated_and_done_by_several(place: Place) -> None:
    js = place.client.jetstream()
    await take_over(js, SERVICE, 1, 0)

    names = await asyncio.gather(*(take_over(js, SERVICE, 2, 0) for _ in range(3)))

    assert set(names) == {f"{JETSTREAM}_2"}
    await until_epoch(place, 2)


# --- Following ---


async def test_followers_forget_what_was_lost(place: Place) -> None:
    async with running(relay_of(place).run()):
        await place.append("garage-1", 10)
        effects = Effects(place)
        async with running(effects.run()):
            await effects.until_at(10)
    async with opened(place.servers) as restored:
        await restored.append("garage-2", 4)
        effects = Effects(place)
        async with running(relay_of(restored).run()), running(effects.run()):
            await new_epoch(restored)
            await restored.until_announced()
            await caught_up(place.client, place.pool, effects.follower)

        rows = await place.pool.fetch("select position, stream from effect order by position")
        assert [tuple(it) for it in rows] == [(it, "garage-2") for it in (1, 2, 3, 4)]
        cursor = await read_cursor(place.pool, effects.follower)
        assert cursor is not None
        newest = (await restored.store.read(after=3))[0]
        assert (cursor.position, cursor.epoch) == (4, 2)
        assert cursor.event_id == newest.event_id


async def test_a_process_that_remembers_another_past_ends(place: Place) -> None:
    """While everything is folded anew, nobody decides on half of it: the process begins anew, too."""
    await place.append("garage-1", 3)
    effects = Effects(place)
    async with running(relay_of(place).run()):
        following = asyncio.create_task(follow(place.client, place.pool, effects.follower))
        await effects.until_at(3)
        await new_epoch(place)

        with pytest.raises(PastReplaced, match="epoch 2 of the log of installation has begun"):
            await asyncio.wait_for(following, WITHIN_S)

        assert await effects.positions() == [1, 2, 3], "the next process wipes it, as it begins"


async def test_nobody_is_caught_up_before_the_log_is_announced_anew(place: Place) -> None:
    """The new jetstream is empty at first: that is not all there is to know."""
    await place.append("garage-1", 4)
    effects = Effects(place)
    await new_epoch(place)
    async with running(effects.run()):
        waiting = asyncio.create_task(caught_up(place.client, place.pool, effects.follower))
        done, _ = await asyncio.wait({waiting}, timeout=0.5)
        assert not done
        async with running(relay_of(place).run()):
            await asyncio.wait_for(waiting, WITHIN_S)

    assert await effects.positions() == [1, 2, 3, 4]


async def test_a_running_follower_notices_a_new_epoch_although_nothing_happens(
    place: Place,
) -> None:
    await place.append("garage-1", 3)
    effects = Effects(place)
    async with running(relay_of(place).run()), running(effects.run()):
        await effects.until_at(3)
        await new_epoch(place)

        async def epoch() -> tuple[int, int]:
            cursor = await read_cursor(place.pool, effects.follower)
            assert cursor is not None
            return cursor.epoch, cursor.position

        await until(epoch, lambda it: it == (2, 3), WITHIN_S)
    assert await effects.positions() == [1, 2, 3]
    assert effects.heard == [1, 2, 3, 1, 2, 3]


class Note(BaseModel):
    position: int


async def test_a_follower_wipes_its_own_documents_and_no_others(place: Place) -> None:
    mine, others = Documents("mine", Note), Documents("others", Note)

    def follower(consumer: str, documents: Documents[Note]) -> Follower:
        async def apply(connection: Any, recorded: Recorded) -> None:
            note = Note(position=recorded.position)
            await documents.put(connection, f"{recorded.stream}-{recorded.position}", note)

        async def reload() -> None:
            await documents.open(place.pool)

        return Follower(consumer, SERVICE, apply, reload, lambda _: None)

    one, two = follower("one", mine), follower("two", others)
    own = Documents("own", Note)
    await own.put(place.pool, "kept", Note(position=0))
    await place.append("garage-1", 5)
    async with running(relay_of(place).run()):
        await place.until_announced()
        for it in (one, two):
            async with running(follow(place.client, place.pool, it)):
                await caught_up(place.client, place.pool, it)
    async with opened(place.servers) as restored:
        await restored.append("garage-2", 2)
        await new_epoch(restored)
        async with (
            running(relay_of(restored).run()),
            running(follow(place.client, place.pool, one)),
        ):
            await restored.until_announced()
            await caught_up(place.client, place.pool, one)

    kinds = await place.pool.fetch("select kind, key from document order by kind, key")
    found: dict[str, list[str]] = {}
    for row in kinds:
        found.setdefault(row["kind"], []).append(row["key"])
    assert found["mine"] == ["garage-2-1", "garage-2-2"]
    assert found["others"] == [f"garage-1-{it}" for it in range(1, 6)]
    assert found["own"] == ["kept"]
    assert sorted(mine.all()) == found["mine"], "memory is not what is in the database"


async def test_a_cursor_beyond_the_end_waits_and_then_notices_another_past(
    place: Place,
) -> None:
    """The log was restored and the jetstream lost too: no epoch tells of it."""
    effects = Effects(place)
    async with running(relay_of(place).run()):
        await place.append("garage-1", 6)
        async with running(effects.run()):
            await effects.until_at(6)
    await place.client.jetstream().delete_stream(JETSTREAM)
    async with opened(place.servers) as restored:
        await restored.append("garage-2", 4)
        effects = Effects(place)
        async with running(relay_of(restored).run()), running(effects.run()):
            await restored.until_announced()
            assert len(await effects.positions()) == 6
            await restored.append("garage-2", 4)
            await restored.until_announced()

            async def streams() -> list[str]:
                rows = await place.pool.fetch("select stream from effect order by position")
                return [row["stream"] for row in rows]

            await until(streams, lambda it: it == ["garage-2"] * 8, WITHIN_S)
