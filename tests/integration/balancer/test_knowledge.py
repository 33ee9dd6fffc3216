"""What the balancer knows is in its database: another process goes on with the same knowledge."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from cli.proving.buildings import Building
from cli.proving.moments import START_S, moment
from services.balancer.knowledge import Knowledge
from services.balancer.news import News
from shared.event_store import Commit, Conflict, EventStore, StreamEvents
from shared.followers import Moved
from shared.ids import new_id
from shared.messages import Event
from shared.messages.balancer import (
    BalancerEvent,
    ChargerQueued,
    CurrentLimitAllocated,
    LayoutRequired,
    Lease,
    LeasesRenewed,
    LimitedBy,
    Rule,
)
from shared.messages.installation import AvailableCurrentSet, ChargingWishSet, SerialLocked
from shared.messages.telemetry import (
    ChargerConnected,
    CurrentLimitApplied,
    FailSafeApplied,
    MeterReading,
    SessionStarted,
)
from shared.phases import PHASES
from shared.recorded import Meta, Recorded
from shared.runtime import pool_of
from shared.transact import ACCEPTED
from tests.support.databases import ROOT, service_database
from tests.support.servers import EmbeddedServers

pytestmark = pytest.mark.integration

ABOUT = {"installation_id": "here", "charger_id": "bay"}


class Balancer:
    """The knowledge of one process, told of events as its followers are."""

    def __init__(self, pool: Any, store: EventStore, slot: int = 1) -> None:
        self.pool = pool
        self.store = store
        self.knowledge = Knowledge(pool, store, slot)
        self.position = 0

    async def hear(self, *events: Event) -> None:
        for event in events:
            self.position += 1
            apply = self.knowledge.apply_telemetry
            if event.service == "installation":
                apply = self.knowledge.apply_installation
            async with self.pool.acquire() as connection, connection.transaction():
                await apply(connection, _recorded(event, self.position))

    async def read(self) -> None:
        await self.knowledge.reload_layouts()
        await self.knowledge.reload_reported()
        await self.knowledge.open_announced()

    async def announce(self, *events: BalancerEvent) -> None:
        """Decide something for an installation, knowing what is known."""
        [name] = {it.installation_id for it in events}
        meta = Meta(actor="test", command_id=new_id(), correlation_id="c")
        part = StreamEvents(f"balance-{name}", self.knowledge.version(name), events)
        last = await self.store.append(Commit(meta.command_id, b"", ACCEPTED, meta, [part]))
        facts = [(it, moment(START_S + 20)) for it in events]
        await self.knowledge.remember(name, facts, last)


def _recorded(event: Event, position: int) -> Recorded:
    return Recorded(
        position=position,
        stream="s",
        version=position,
        event_id=UUID(int=position),
        recorded_at=moment(START_S + position),
        type=type(event).__name__,
        schema_version=event.schema_version,
        data=event.model_dump_json().encode(),
        meta=Meta(actor="test", command_id="c", correlation_id="c"),
    )


@pytest_asyncio.fixture
async def pool(servers: EmbeddedServers) -> AsyncIterator[Any]:
    url = await service_database(servers, ROOT / "services" / "balancer" / "schema")
    async with pool_of(url) as opened:
        yield opened


async def test_another_process_knows_the_same_of_a_layout_that_has_changed(pool: Any) -> None:
    async with EventStore.open(pool) as store:
        first, second = Balancer(pool, store), Balancer(pool, store)
        await first.read()
        here = Building(
            "here", 63.0, {"east": 40.0, "west": 40.0}, dict.fromkeys(("east", "west"), "main")
        )
        there = Building("there", 63.0, {"hall": 40.0}, {"hall": "main"})
        await first.hear(*here.created(), *there.created())
        await first.hear(*here.assign("bay", "ZAP1", "east", PHASES))
        await first.hear(*here.assign("gone", "ZAP2", "east", PHASES))
        connected = ChargerConnected(
            **ABOUT, serial="ZAP1", vendor="", model="", gateway_id="g", remote=""
        )
        await first.hear(FailSafeApplied(**ABOUT, fail_safe_a=6.0), connected)
        limit = {**ABOUT, "limit_a": 16.0, "valid_until": moment(START_S + 90)}
        limit |= {"sequence": 1, "epoch": 1}
        allocated = CurrentLimitAllocated(
            **limit,
            phases=PHASES,
            limited_by=LimitedBy(rule=Rule.BREAKER),
            layout_position=first.position,
        )
        await first.announce(allocated)
        await first.hear(
            CurrentLimitApplied(**limit, applied_at=moment(START_S + 21)),
            *here.move("bay", "west"),
            *here.remove("gone", moved_to="there"),
            *there.assign("gone", "ZAP2", "hall", PHASES, moved_from="here"),
            SerialLocked(**ABOUT, serial="ZAP1", circuit_id=None),
            AvailableCurrentSet(
                installation_id="here", available_a=(16, 16, 16), until=moment(START_S + 99)
            ),
        )

        await second.read()

        now_s = START_S + 25
        for name in ("here", "there"):
            known = first.knowledge.facts(name, 1, now_s)
            assert known is not None
            assert second.knowledge.facts(name, 1, now_s) == known
        facts = second.knowledge.facts("here", 1, now_s)
        assert facts is not None
        assert len(facts.departed) == 1
        assert facts.chargers["bay"].elsewhere, "where it stood it still counts"
        assert facts.site.usable_a(now_s)[:3] == (16, 16, 16)


def limit(sequence: int, limit_a: float = 16.0, **more: Any) -> CurrentLimitAllocated:
    return CurrentLimitAllocated(
        **{**ABOUT, **more},
        limit_a=limit_a,
        phases=PHASES,
        valid_until=moment(START_S + 90),
        sequence=sequence,
        epoch=1,
        limited_by=LimitedBy(rule=Rule.BREAKER),
    )


def waits(**more: Any) -> ChargerQueued:
    return ChargerQueued(
        **{**ABOUT, **more},
        waiting_since=moment(START_S),
        limited_by=LimitedBy(rule=Rule.QUEUE),
    )


async def test_what_several_announce_each_of_them_folds_in_the_order_of_the_log(
    pool: Any,
) -> None:
    async with EventStore.open(pool) as store:
        first, second = Balancer(pool, store, 1), Balancer(pool, store, 2)
        await first.read()
        await second.read()

        await first.announce(waits(), limit(1))
        await second.announce(limit(1, installation_id="there", charger_id="gate"))
        await first.announce(limit(2, 10.0))
        await second.knowledge.catch_up()

        kept = await pool.fetch("select kind, key, body::text from document")
        kept = {(it["kind"], it["key"]): it["body"] for it in kept}
        assert {kind for kind, _ in kept} == {"announced", "announced-2"}
        assert first.knowledge.version("here") == second.knowledge.version("here") == 3
        assert '"sequence": 2' in kept["announced-2", "bay"]
        cursors = await pool.fetch("select consumer, position from cursor order by 1")
        assert [tuple(it) for it in cursors] == [("balancer", 4), ("balancer-2", 4)]


async def replace_reason(pool: Any, rule: Rule) -> None:
    """Put another document in place as a rebuild does, with the cursor locked and marked."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("select position from cursor for update")
        await connection.execute(
            "update document set body = jsonb_set(body, '{limited_by,rule}', to_jsonb($1::text))",
            str(rule),
        )
        await connection.execute("update cursor set event_id = gen_random_uuid()")


async def kept_reason(pool: Any) -> Rule:
    reason = "select body #>> '{limited_by,rule}' from document where key = 'bay'"
    return Rule(await pool.fetchval(reason))


async def test_documents_that_were_replaced_are_read_before_anything_is_written(
    pool: Any,
) -> None:
    async with EventStore.open(pool) as store:
        balancer = Balancer(pool, store)
        await balancer.read()
        await balancer.announce(limit(1))

        await replace_reason(pool, Rule.DISOBEYS)
        lease = Lease(
            charger_id="bay",
            limit_a=16.0,
            phases=PHASES,
            valid_until=moment(START_S + 99),
            sequence=2,
        )
        await balancer.announce(LeasesRenewed(installation_id="here", epoch=1, leases=(lease,)))

        assert await kept_reason(pool) is Rule.DISOBEYS


async def test_documents_that_were_replaced_are_noticed_although_nothing_is_decided(
    pool: Any,
) -> None:
    async with EventStore.open(pool) as store:
        balancer = Balancer(pool, store)
        await balancer.read()
        here = Building("here", 63.0, {"east": 40.0}, {"east": "main"})
        await balancer.hear(*here.created(), *here.assign("bay", "ZAP1", "east", PHASES))
        await balancer.announce(limit(1))

        await replace_reason(pool, Rule.DISOBEYS)
        await balancer.knowledge.catch_up()

        facts = balancer.knowledge.facts("here", 1, START_S + 25)
        assert facts is not None
        told = facts.chargers["bay"].limited_by
        assert told is not None
        assert told.rule is Rule.DISOBEYS


async def test_who_does_not_know_the_latest_decision_cannot_decide(pool: Any) -> None:
    async with EventStore.open(pool) as store:
        late, present = Balancer(pool, store, 1), Balancer(pool, store, 2)
        await late.read()
        await present.read()
        await present.announce(limit(1))

        with pytest.raises(Conflict):
            await late.announce(limit(1, 32.0))

        await late.knowledge.catch_up()
        await late.announce(limit(2, 10.0))


async def test_who_was_replaced_decides_nothing_although_it_knows_everything(pool: Any) -> None:
    async with EventStore.open(pool) as store:
        replaced, present = Balancer(pool, store, 1), Balancer(pool, store, 2)
        here = Building("here", 63.0, {"east": 40.0}, {"east": "main"})
        for it in (replaced, present):
            await it.read()
            await it.hear(*here.created(), *here.assign("bay", "ZAP1", "east", PHASES))
        assert replaced.knowledge.facts("here", 1, START_S + 25) is not None

        await present.announce(limit(1).model_copy(update={"epoch": 2}))
        await replaced.knowledge.catch_up()

        assert replaced.knowledge.facts("here", 1, START_S + 25) is None
        assert present.knowledge.facts("here", 2, START_S + 25) is not None


async def test_who_comes_back_after_another_has_his_number_folds_nothing(pool: Any) -> None:
    async with EventStore.open(pool) as store:
        before, after = Balancer(pool, store, 1), Balancer(pool, store, 1)
        await before.read()
        await after.read()
        await after.announce(limit(1))

        with pytest.raises(Moved):
            await before.knowledge.catch_up()


async def test_who_gets_a_charger_first_knows_what_it_was_told_elsewhere(pool: Any) -> None:
    """Whoever decides for the place that it has left, and has not heard of that, can tell it nothing
    more."""
    async with EventStore.open(pool) as store:
        late, present = Balancer(pool, store, 1), Balancer(pool, store, 2)
        here = Building("here", 63.0, {"east": 40.0}, {"east": "main"})
        there = Building("there", 63.0, {"hall": 40.0}, {"hall": "main"})
        before = [
            *here.created(),
            *there.created(),
            *here.assign("bay", "ZAP1", "east", PHASES),
        ]
        left = [
            *here.remove("bay", moved_to="there"),
            *there.assign("bay", "ZAP1", "hall", PHASES, moved_from="here"),
        ]
        for it in (late, present):
            await it.read()
            await it.hear(*before)
        await late.announce(limit(1))
        await present.hear(*left)
        now_s = START_S + 60

        [(name, position)] = present.knowledge.left_for("there", moment(now_s))
        required = LayoutRequired(installation_id=name, layout_position=position)
        await present.knowledge.catch_up()
        await present.announce(required)

        assert (name, position) == ("here", len(before) + 1)
        assert present.knowledge.left_for("there", moment(now_s)) == []
        facts = present.knowledge.facts("there", 1, now_s)
        assert facts is not None
        assert facts.chargers["bay"].standing.worst_a(now_s) == (16.0, 16.0, 16.0)
        with pytest.raises(Conflict):
            await late.announce(limit(2, 32.0))
        await late.knowledge.catch_up()
        assert late.knowledge.facts("here", 1, now_s) is None
        await late.hear(*left)
        facts = late.knowledge.facts("here", 1, now_s)
        assert facts is not None
        assert facts.chargers == {}


async def test_a_layout_that_is_no_tree_is_not_decided_on_and_others_are(pool: Any) -> None:
    """Nobody is raised there: leases end, and chargers fall back by themselves."""
    async with EventStore.open(pool) as store:
        balancer = Balancer(pool, store)
        await balancer.read()
        here = Building("here", 63.0, {"east": 40.0}, {"east": "main"})
        there = Building("there", 63.0, {"hall": 40.0}, {"hall": "main"})
        await balancer.hear(*here.created(), *there.created())
        await balancer.hear(*here.assign("bay", "ZAP1", "east", PHASES))
        assigned = next(iter(there.assign("lost", "ZAP2", "hall", PHASES)))
        await balancer.hear(assigned.model_copy(update={"circuit_id": "nowhere"}))
        at = moment(START_S)
        reading = MeterReading(
            installation_id="there",
            charger_id="lost",
            measured_at=at,
            received_at=at,
            current_a=(0, 0, 0),
        )

        assert balancer.knowledge.facts("there", 1, START_S) is None
        assert balancer.knowledge.facts("here", 1, START_S) is not None
        assert balancer.knowledge.observe(reading) is News.NONE


async def test_what_is_wished_for_a_car_and_what_it_has_taken_is_known(pool: Any) -> None:
    """A process that has just begun knows the wish, and what was taken from the next reading on."""
    async with EventStore.open(pool) as store:
        first, second = Balancer(pool, store), Balancer(pool, store)
        await first.read()
        here = Building("here", 63.0, {"east": 40.0}, {"east": "main"})
        await first.hear(*here.created(), *here.assign("bay", "ZAP1", "east", PHASES))
        begun = SessionStarted(
            **ABOUT,
            session_id="s",
            transaction_id=1,
            started_at=moment(START_S),
            register_wh=1000,
        )
        wished = ChargingWishSet(**ABOUT, departure_at=moment(START_S + 999), energy_wh=20_000)
        await first.hear(begun, wished)
        await second.read()
        reading = MeterReading(
            **ABOUT,
            session_id="s",
            measured_at=moment(START_S + 20),
            received_at=moment(START_S + 20),
            current_a=(9, 9, 9),
            register_wh=4000,
        )

        for balancer in (first, second):
            before = balancer.knowledge.facts("here", 1, START_S + 20)
            assert balancer.knowledge.observe(reading) is News.GREAT
            after = balancer.knowledge.facts("here", 1, START_S + 20)
            assert before is not None
            assert after is not None
            wish = after.site.chargers["bay"].wish
            assert wish is not None
            assert (wish.departure_s, wish.energy_wh) == (START_S + 999, 20_000)
            taken_wh = [it.chargers["bay"].delivered_wh for it in (before, after)]
            assert taken_wh == [0, 3000]
