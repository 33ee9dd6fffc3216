"""What is set aside for load that is not ours outlives the process that has set it aside."""

from typing import Any

import pytest

from cli.proving.buildings import Building
from cli.proving.moments import START_S, moment
from services.balancer.announcing import events_of
from services.balancer.decider import decide
from services.balancer.facts import SiteFacts, Timing
from shared.event_store import EventStore
from shared.messages.balancer import MAIN, LoadBasis, UnmanagedLoadCounted
from shared.messages.installation import MeterAdded, MeterRemoved
from shared.messages.installation_terms import Measures, MeterKind
from shared.messages.telemetry import BreakerReading
from shared.phases import PHASES
from tests.integration.balancer.test_knowledge import Balancer
from tests.integration.balancer.test_knowledge import pool as pool

pytestmark = pytest.mark.integration

METER = {"installation_id": "here", "meter_id": "house", "circuit_id": None}


def read(a: float, at_s: float) -> BreakerReading:
    return BreakerReading(
        installation_id="here",
        meter_id="house",
        measured_at=moment(at_s),
        received_at=moment(at_s),
        current_a=(a, a, a),
    )


def announced(facts: SiteFacts, now_s: float) -> list[UnmanagedLoadCounted]:
    events = events_of(facts, decide(facts, Timing(), now_s), now_s, None)
    return [it for it in events if isinstance(it, UnmanagedLoadCounted)]


def facts_of(balancer: Balancer, now_s: float) -> SiteFacts:
    facts = balancer.knowledge.facts("here", 1, now_s)
    assert facts is not None
    return facts


async def test_another_process_knows_what_was_set_aside_and_counts_the_most(pool: Any) -> None:
    async with EventStore.open(pool) as store:
        first, second = Balancer(pool, store), Balancer(pool, store)
        await first.read()
        here = Building("here", 63.0, {"east": 40.0}, {"east": MAIN})
        await first.hear(*here.created(), *here.assign("bay", "ZAP1", "east", PHASES))
        await first.hear(
            MeterAdded(
                **METER,
                kind=MeterKind.BUILDING,
                measures=Measures.TOTAL,
                phases=PHASES,
                highest_a=50,
                error_a=0,
                interval_s=1,
            )
        )
        now_s = START_S + 30
        assert first.knowledge.observe_breaker(read(20.0, now_s), now_s)
        assert not first.knowledge.observe_breaker(read(1.0, now_s), now_s), "it came twice"

        (counted,) = announced(facts_of(first, now_s), now_s)
        assert (counted.load_a, counted.basis) == ((20, 20, 20), LoadBasis.MEASURED)
        await first.announce(counted)
        assert announced(facts_of(first, now_s), now_s) == [], "it was said"

        await second.read()
        (after,) = announced(facts_of(second, now_s), now_s)
        assert (after.load_a, after.basis) == ((50, 50, 50), LoadBasis.SILENT)

        second.position = first.position
        await second.hear(MeterRemoved(**METER))
        (gone,) = announced(facts_of(second, now_s), now_s)
        assert gone.load_a == (0, 0, 0)
