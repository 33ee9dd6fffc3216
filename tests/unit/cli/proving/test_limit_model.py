"""Every state of the limit protocol keeps the promise; and every mistake in it is found."""

import random
from collections.abc import Iterator
from math import inf

import pytest

from cli.proving.limit_model import LimitProtocol, way_in_words
from cli.proving.one_charger import FORGOTTEN, Limit
from cli.proving.standpoints import (
    BREAKER_A,
    FAIL_SAFE_A,
    LEASES,
    LIMITS_A,
    Rule,
    View,
    unasked_of,
)
from cli.proving.states import walk
from services.balancer.commitments import Place, Standing
from services.balancer.facts import ChargerFacts, SiteFacts, Timing
from services.balancer.ledger import Ledger
from services.balancer.planning import Planner, Target
from services.balancer.site import Breaker, Site, SiteCharger
from shared.messages.balancer import MAIN, LimitedBy, Rule as Reason
from shared.phases import PHASES, GridType

STATES_MAX = 2_000_000
TICK_S = 5.0


def test_no_state_of_two_balancers_and_two_chargers_overloads_the_breaker(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = walk(LimitProtocol(announcements=3), STATES_MAX)

    with capsys.disabled():
        print(f"\n{found.states} states, {found.steps} steps, depth {found.depth}")
    assert found.broken is None, "\n".join(way_in_words(found.way))
    assert found.states > 200_000


MISTAKES = {
    "it raises before a decrease is confirmed": LimitProtocol(3, Rule(believes_decreases=True)),
    "it does not count what is not confirmed": LimitProtocol(3, Rule(counts_unconfirmed=False)),
    "it does not count the fail-safe after a lease": LimitProtocol(
        3, Rule(counts_fail_safe=False)
    ),
    "it does not wait for cars to follow": LimitProtocol(3, Rule(waits_for_cars=False)),
    "the gateway sends limits in whatever order they come": LimitProtocol(3, ordered=False),
    "a former balancer appends what it decided before": LimitProtocol(3, fenced=False),
    "a former balancer reads on, and goes on": LimitProtocol(3, stops=False),
    "clocks are further off than is counted": LimitProtocol(3, clock_off=2),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_has_a_counterexample(
    mistake: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = walk(MISTAKES[mistake], STATES_MAX)

    with capsys.disabled():
        print(f"\n{mistake}:", *way_in_words(found.way), found.broken, sep="\n    ")
    assert found.broken is not None
