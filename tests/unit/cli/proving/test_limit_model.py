"""Every state of the limit protocol keeps the promise; and every mistake in it is found."""

import sys

import pytest

from cli.proving.limit_model import LimitProtocol, way_in_words
from cli.proving.moments import Chances
from cli.proving.one_charger import FORGOTTEN, Limit
from cli.proving.standpoints import BREAKER_A, FAIL_SAFE_A, LEASES, LIMITS_A, Rule, View
from cli.proving.states import walk
from services.balancer.commitments import Granted, Place
from services.balancer.facts import ChargerFacts, SiteFacts, Timing
from services.balancer.ledger import Ledger
from services.balancer.planning import Announcement, Planner, Target, in_force_a, leases_end_s
from services.balancer.site import Breaker, Site, SiteCharger
from shared.messages.balancer import MAIN, LimitedBy
from shared.messages.balancer import Rule as Why
from shared.phases import PHASES, GridType

STATES_MAX = 2_000_000
TICK_S = 5.0
TIMING = Timing(lease_s=10.0, renew_before_s=10.0)


def test_no_state_of_two_balancers_and_two_chargers_overloads_the_breaker(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = walk(LimitProtocol(announcements=3), STATES_MAX)

    with capsys.disabled():
        sys.stdout.write(f" {found.states} states, {found.steps} steps ")
    assert found.broken is None, "\n".join(way_in_words(found.way))
    assert found.states > 100_000


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
def test_a_mistake_has_a_counterexample(mistake: str) -> None:
    found = walk(MISTAKES[mistake], STATES_MAX)

    assert found.broken is not None
    assert any("is to get" in it for it in way_in_words(found.way))


# --- The model and the code say the same ---


def any_view(chance: Chances) -> View:
    """Limits that may stand at a charger, none of which need have been allowed; what was announced
    later is confirmed later."""
    limits: list[Limit] = []
    for _ in range(chance.pick(range(4))):
        ago = chance.pick([None, 0, 1, 1])
        if ago == 1 and any(it.confirmed == 0 for it in limits):
            ago = 0
        ends = chance.pick(range(-FORGOTTEN, max(LEASES) + 1))
        limits.append(Limit(chance.pick(LIMITS_A), ends, epoch=0, confirmed=ago))
    return tuple(limits)


def site() -> Site:
    chargers = {it: SiteCharger(it, MAIN, PHASES, 32.0, FAIL_SAFE_A) for it in ("own", "other")}
    return Site(GridType.TN_3_PHASE, (Breaker(MAIN, None, "main", BREAKER_A),), chargers)


def planned(facts: SiteFacts, books: Ledger, limit_a: float) -> Announcement | None:
    """What the planner makes of a target, by the way on which the decider asks it."""
    planner = Planner(facts, books, TIMING, 0.0)
    target = Target("own", limit_a, PHASES, LimitedBy(rule=Why.BREAKER))
    present_a = in_force_a(facts.chargers["own"], 0.0)
    if limit_a < present_a:
        return planner.lower(target)
    return planner.keep(target) if limit_a == present_a else planner.higher(target)


def goes_without_asking(grant: Granted, newest: Granted | None) -> bool:
    """What the model lets be announced without asking the books."""
    if newest is None:
        return grant.limit_a <= FAIL_SAFE_A
    same_end = grant.valid_until_s == newest.valid_until_s > 0
    return same_end and grant.limit_a <= newest.limit_a


def test_the_planner_announces_nothing_that_the_model_does_not() -> None:
    chance = Chances(7)
    announced = 0
    for _ in range(3000):
        standings = {it: Rule().standing(any_view(chance)) for it in ("own", "other")}
        newest = standings["own"].newest
        chargers = {
            it: ChargerFacts(
                standing,
                connected=True,
                session_since_s=-100.0,
                changed_at_s=chance.pick([-20.0, -3.0]),
                sequence=len(standing.granted),
            )
            for it, standing in standings.items()
        }
        facts = SiteFacts("site", site(), chargers, epoch=1)
        places = {it: (Place((0,), standing),) for it, standing in standings.items()}
        books = Ledger([BREAKER_A] * 3, places, {}, 0.0, leases_end_s(TIMING, 0.0, "site"))
        it = planned(facts, books, chance.pick(LIMITS_A))
        if it is not None:
            announced += 1
            assert books.fits("own", it.grant) or goes_without_asking(it.grant, newest)
    assert announced > 1000


def test_how_long_ago_a_confirmation_was_makes_no_difference_after_a_tick() -> None:
    """The model counts no further, so that it has fewer states."""
    chance = Chances(8)
    moments_s = [it * TICK_S / 2 for it in range(20)]
    for _ in range(3000):
        view = any_view(chance)
        ago = sorted((chance.pick(range(1, 5)) for _ in view), reverse=True)
        older = tuple(
            it._replace(confirmed=longer) if it.confirmed == 1 else it
            for it, longer in zip(view, ago, strict=True)
        )
        assert Rule().standing(older).course(moments_s) == Rule().standing(view).course(
            moments_s
        )
