"""What the balancer knows is in its database: another process goes on with the same knowledge."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from cli.proving.buildings import Building
from cli.proving.moments import START_S, moment
from services.balancer.knowledge import Knowledge
from shared.event_store import EventStore
from shared.messages import Event
from shared.messages.balancer import CurrentLimitAllocated, LimitedBy, Rule
from shared.messages.installation import AvailableCurrentSet, SerialLocked
from shared.messages.telemetry import (
    ChargerConnected,
    CurrentLimitApplied,
    FailSafeApplied,
    MeterReading,
)
from shared.phases import PHASES
from shared.recorded import Meta, Recorded
from shared.runtime import pool_of
from tests.support.databases import ROOT, service_database
from tests.support.servers import EmbeddedServers

pytestmark = pytest.mark.integration

ABOUT = {"installation_id": "here", "charger_id": "bay"}


class Balancer:
    """The knowledge of one process, told of events as its followers are."""

    def __init__(self, pool: Any, store: EventStore) -> None:
        self.pool = pool
        self.knowledge = Knowledge(pool, store)
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
        await self.knowledge.catch_up()


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
        await first.knowledge.remember([(allocated, moment(START_S + 20))], 1)
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
        assert not balancer.knowledge.observe(reading)
