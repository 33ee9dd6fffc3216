"""Events that cannot be applied wait, in order, until their cause is mended or somebody leaves them out."""

from dataclasses import dataclass
from typing import Any

import pytest

from cli.chaos.later import later_faults, of_this_version
from shared import subjects
from shared.announced import STREAM_HEADER
from shared.follow import follow
from shared.messages.installation import CircuitAdded
from shared.parking import WAITS
from shared.recorded import Recorded
from tests.support.log_place import (
    JETSTREAM,
    SERVICE,
    WITHIN_S,
    Effects,
    Place,
    added,
    relay_of,
    running,
)
from tests.support.waiting import until

pytestmark = pytest.mark.integration


async def parked(place: Place) -> list[int]:
    rows = await place.pool.fetch("select position from parked order by position")
    return [row["position"] for row in rows]


async def wish_retry(place: Place, aggregate_id: str) -> None:
    """Mark what is parked, as `ampledger dlq retry` does."""
    await place.pool.execute(
        "update parked set retry_from_at = clock_timestamp() where aggregate_id = $1",
        aggregate_id,
    )


async def until_tried(place: Place) -> None:
    async def wished() -> int:
        return int(
            await place.pool.fetchval(
                "select count(*) from parked where retry_from_at is not null"
            )
        )

    await until(wished, lambda it: it == 0, WITHIN_S)


async def test_what_is_tried_again_takes_effect_in_order(place: Place) -> None:
    for stream in ("garage-1", "garage-2", "garage-1", "garage-2", "garage-1"):
        await place.append(stream)
    async with running(relay_of(place).run()):
        ill = Effects(place, poison=frozenset({1}))
        async with running(ill.run()):
            await ill.until_at(5)
        assert await parked(place) == [1, 3, 5]
        mended = Effects(place)
        async with running(mended.run()):
            await wish_retry(place, "garage-1")
            await until_tried(place)
            await place.append("garage-1")
            await mended.until_at(6)

    assert await mended.positions() == [2, 4, 1, 3, 5, 6]
    assert mended.heard == [1, 3, 5, 6]
    assert await parked(place) == []


async def test_what_fails_again_stays_in_front_of_what_waits(place: Place) -> None:
    await place.append("garage-1", 4)
    effects = Effects(place, poison=frozenset({1, 3}))
    async with running(relay_of(place).run()), running(effects.run()):
        await effects.until_at(4)
        effects.poison = frozenset({3})
        await wish_retry(place, "garage-1")
        await until_tried(place)

    assert await effects.positions() == [1, 2]
    rows = await place.pool.fetch("select * from parked order by position")
    assert [(it["position"], it["attempts"]) for it in rows] == [(3, 1), (4, 0)]
    assert rows[0]["error"] == "ValueError: nobody understands 3"
    assert rows[0]["type"] == "CircuitAdded"


async def test_each_try_counts(place: Place) -> None:
    await place.append("garage-1")
    effects = Effects(place, poison=frozenset({1}))
    async with running(relay_of(place).run()), running(effects.run()):
        await effects.until_at(1)
        for _ in range(2):
            await wish_retry(place, "garage-1")
            await until_tried(place)

    assert await place.pool.fetchval("select attempts from parked") == 3


async def test_more_than_fit_one_transaction_are_tried_all(place: Place) -> None:
    await place.append("garage-1", 450)
    effects = Effects(place, poison=frozenset({1}))
    async with running(relay_of(place).run()), running(effects.run()):
        await effects.until_at(450)
        assert len(await parked(place)) == 450
        effects.poison = frozenset()
        await wish_retry(place, "garage-1")
        await until_tried(place)

    assert await effects.positions() == list(range(1, 451))


async def test_a_skipped_event_lets_those_behind_it_through(place: Place) -> None:
    """As `ampledger dlq skip` leaves it: the row is gone, those behind are to be tried."""
    await place.append("garage-1", 3)
    effects = Effects(place, poison=frozenset({1}))
    async with running(relay_of(place).run()), running(effects.run()):
        await effects.until_at(3)
        await place.pool.execute("delete from parked where position = 1")
        await wish_retry(place, "garage-1")
        await until_tried(place)

    assert await effects.positions() == [2, 3]


async def test_what_was_left_out_stays_so_in_the_next_epoch(place: Place) -> None:
    await place.append("garage-1", 3)
    effects = Effects(place)
    second = (await place.store.read(after=1))[0]
    await place.pool.execute(
        "insert into skipped (consumer, service, log_epoch, position, aggregate_id, event_id,"
        " error, actor, reason) values ('test', $1, 1, 2, 'garage-1', $2, 'x', 'me', 'it is void')",
        SERVICE,
        second.event_id,
    )
    async with running(relay_of(place).run()), running(effects.run()):
        await effects.until_at(3)

    assert await effects.positions() == [1, 3]
    assert await parked(place) == []


# --- What parks ---


class Fault(Exception):
    """Something nobody foresaw."""


@pytest.mark.parametrize(
    "fault", [AttributeError("a bug"), AssertionError("a bug"), Fault("a bug"), IndexError()]
)
async def test_a_bug_parks_the_event_that_meets_it(place: Place, fault: Exception) -> None:
    await place.append("garage-1", 1)
    await place.append("garage-2", 1)
    effects = Effects(place)

    async def apply(connection: Any, recorded: Recorded) -> None:
        if recorded.stream == "garage-1":
            raise fault
        await effects.apply(connection, recorded)

    follower = type(effects.follower)("test", SERVICE, apply, effects.reload, effects.committed)
    async with (
        running(relay_of(place).run()),
        running(follow(place.client, place.pool, follower)),
    ):
        await effects.until_at(2)

    assert await effects.positions() == [2]
    assert await parked(place) == [1]


@pytest.mark.parametrize(
    ("statement", "argument"),
    [
        ("insert into document values ('a', 'b', $1::jsonb)", '{"name": "\\u0000"}'),
        ("insert into effect values ($1, 'x')", "no number"),
        ("insert into cursor (consumer, service, position) values ('test', $1, 0)", SERVICE),
    ],
)
async def test_what_the_database_can_never_store_parks(
    place: Place, statement: str, argument: str
) -> None:
    """A fault of the database itself is tried again for ever; this one would be, too."""
    await place.append("garage-1", 1)
    effects = Effects(place)

    async def apply(connection: Any, _: Recorded) -> None:
        await connection.execute(statement, argument)

    follower = type(effects.follower)("test", SERVICE, apply, effects.reload, effects.committed)
    async with (
        running(relay_of(place).run()),
        running(follow(place.client, place.pool, follower)),
    ):
        await effects.until_at(1)

    assert await parked(place) == [1]


async def change_schema(place: Place, position: int, column: str, value: object) -> None:
    """Have the log hold what only a newer version of the program writes."""
    await place.pool.execute("alter table event_log disable trigger user")
    await place.pool.execute(
        f"update event_log set {column} = $2 where position = $1",  # noqa: S608
        position,
        value,
    )


@pytest.mark.parametrize(("column", "value"), [("type", "CircuitSold"), ("schema", 99)])
async def test_an_event_of_a_newer_version_is_announced_and_parks(
    place: Place, column: str, value: object
) -> None:
    for stream in ("garage-1", "garage-2", "garage-1"):
        await place.append(stream)
    await change_schema(place, 1, column, value)
    effects = Effects(place)  # which does not look at what an event says
    async with running(relay_of(place).run()), running(effects.run()):
        await effects.until_at(3)

    assert await effects.positions() == [2]
    rows = await place.pool.fetch("select * from parked order by position")
    assert [it["position"] for it in rows] == [1, 3]
    assert rows[0]["error"].startswith("UnknownEvent: ")


async def test_what_a_former_program_did_not_know_the_next_one_takes_up_by_itself(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for stream in ("garage-1", "garage-2", "garage-1"):
        await place.append(stream)
    await change_schema(place, 1, "schema", 99)

    async with running(relay_of(place).run()):
        former = Effects(place)
        async with running(former.run()):
            await former.until_at(3)
        assert await parked(place) == [1, 3]
        monkeypatch.setattr(CircuitAdded, "schema_version", 99)
        newer = Effects(place)
        async with running(newer.run()):
            await until(lambda: parked(place), lambda it: it == [], WITHIN_S)

    assert await newer.positions() == [2, 1, 3]


async def test_a_message_that_does_not_say_what_it_is_parks(place: Place) -> None:
    """Only the relay may publish; should somebody else have, nobody is stopped by it."""
    js = place.client.jetstream()
    await place.append("garage-1", 1)
    async with running(relay_of(place).run()):
        await place.until_announced()
    subject = subjects.event(added("garage-1", 1))
    await js.publish(subject, b"{}", headers={STREAM_HEADER: "garage-1"})
    await js.publish(subject, b"\xff")
    effects = Effects(place)
    async with running(effects.run()):
        await effects.until_at(3)

    assert await effects.positions() == [1]
    rows = await place.pool.fetch("select * from parked order by position")
    assert [(it["position"], it["aggregate_id"]) for it in rows] == [
        (2, "garage-1"),
        (3, subject),
    ]
    assert (await js.stream_info(JETSTREAM)).state.last_seq == 3


@dataclass(frozen=True, slots=True)
class OneLog:
    """As much of a yard as faults of logs need."""

    url: str

    def database_url(self, _: str) -> str:
        return self.url


async def test_events_of_a_later_version_are_announced_and_parked_and_others_go_on(
    place: Place,
) -> None:
    (later,) = later_faults()

    await later.inject(OneLog(place.database_url), SERVICE)
    await place.append("garage-1")
    effects = Effects(place)
    async with running(relay_of(place).run()), running(effects.run()):
        await effects.until_at(3)

    assert await effects.positions() == [3]
    rows = await place.pool.fetch("select * from parked order by position")
    assert [(it["type"], it["error"].partition(":")[0]) for it in rows] == [
        ("OfLater", "UnknownEvent"),
        ("CircuitAdded", WAITS),
    ]
    log = await place.store.read(after=0, limit=10)
    assert [it.schema_version for it in log] == [1, 99, 1]
    assert [it.position for it in of_this_version(log)] == [3]
