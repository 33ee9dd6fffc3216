"""What may be in force where, when layouts change while limits are in force."""

from dataclasses import dataclass, field

import pytest

from cli.proving.buildings import Building
from cli.proving.moments import START_S, moment
from services.balancer.announced import (
    Announced,
    fold_announced,
)
from services.balancer.behaviour import Behaviour
from services.balancer.departures import Departures
from services.balancer.facts import ChargerFacts, SiteFacts
from services.balancer.hardware import DEPARTED_S, Heard
from services.balancer.layout_folds import fold_layout
from services.balancer.layouts import Layout
from services.balancer.ledger import Ledger
from services.balancer.recent import Recent
from services.balancer.reported import (
    Reported,
    fold_reported,
)
from services.balancer.site import Site
from services.balancer.standings import site_facts
from shared.messages import Event
from shared.messages.balancer import MAIN, CurrentLimitAllocated, LimitedBy, Rule
from shared.messages.installation import FailSafeSet
from shared.messages.telemetry import (
    ChargerConnected,
    ChargerDisconnected,
    CurrentLimitApplied,
    CurrentLimitRejected,
    FailSafeApplied,
    SessionEnded,
    SessionStarted,
)
from shared.phases import PHASES, Phase
from shared.units import CAR_FOLLOW_S

BAY = {"installation_id": "here", "charger_id": "bay"}
LEASE_S = 100.0
OVER_S = LEASE_S + 10


@dataclass
class Telling:
    """Two buildings of which events tell; `now_s` counts from the start."""

    now_s: float = 0.0
    position: int = 0
    layouts: dict[str, Layout] = field(default_factory=dict)
    reported: dict[str, Reported] = field(default_factory=dict)
    announced: dict[str, Announced] = field(default_factory=dict)
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    sites: dict[str, tuple[Layout, Site]] = field(default_factory=dict)
    recent: Recent = field(default_factory=Recent)
    """What is put together of what was there before has to be what is put together anew."""
    here: Building = field(default_factory=lambda: building("here"))
    there: Building = field(default_factory=lambda: building("there"))

    def __post_init__(self) -> None:
        for it in (self.here, self.there):
            self.hear(*it.created())

    def hear(self, *events: Event) -> None:
        """The installation service announces."""
        for event in events:
            self.position += 1
            name, at = event.aggregate_id, moment(START_S + self.now_s)
            layout = fold_layout(self.layouts.get(name), event, self.position, at)
            assert layout is not None
            self.layouts[name] = layout

    def limit(
        self,
        limit_a: float,
        sequence: int,
        *,
        of: str = "bay",
        lines: tuple[Phase, ...] = PHASES,
        confirmed: bool = True,
        known: int | None = None,
        at: str = "here",
        until_s: float | None = None,
    ) -> None:
        """A limit is announced, and confirmed at once, or not."""
        ends_s = self.now_s + LEASE_S if until_s is None else until_s
        about = {"installation_id": at, "charger_id": of}
        event = CurrentLimitAllocated(
            **about,
            limit_a=limit_a,
            phases=lines,
            valid_until=moment(START_S + ends_s),
            sequence=sequence,
            epoch=1,
            limited_by=LimitedBy(rule=Rule.BREAKER),
            layout_position=self.layouts[at].position if known is None else known,
        )
        when = moment(START_S + self.now_s)
        self.announced[of] = fold_announced(self.announced.get(of), of, event, when)
        if confirmed:
            self.confirm(limit_a, sequence, of=of, at=at)

    def confirm(
        self, limit_a: float, sequence: int, *, of: str = "bay", at: str = "here"
    ) -> None:
        applied = CurrentLimitApplied(
            installation_id=at,
            charger_id=of,
            limit_a=limit_a,
            valid_until=moment(START_S + self.now_s + LEASE_S),
            sequence=sequence,
            epoch=1,
            applied_at=moment(START_S + self.now_s),
        )
        self.report(applied)

    def report(self, event: object) -> None:
        charger_id = event.charger_id  # type: ignore[attr-defined]
        before, at = self.reported.get(charger_id), moment(START_S + self.now_s)
        self.reported[charger_id] = fold_reported(before, event, at)  # type: ignore[arg-type]

    def connect(
        self,
        serial: str = "ZAP1",
        fail_safe_a: float | None = None,
        at: str = "here",
        of: str = "bay",
    ) -> None:
        about = {"installation_id": at, "charger_id": of}
        if fail_safe_a is not None:
            self.report(FailSafeApplied(**about, fail_safe_a=fail_safe_a))
        connected = ChargerConnected(
            **about, serial=serial, vendor="", model="", gateway_id="g", remote=""
        )
        self.report(connected)

    def facts(self, name: str = "here") -> SiteFacts:
        heard = Heard(
            self.reported,
            self.announced,
            self.behaviours,
            Departures(self.layouts.values()).by_serial,
        )
        layout = self.layouts[name]
        if name not in self.sites or self.sites[name][0] is not layout:
            self.sites[name] = layout, layout.site()
        now = self.sites[name][1], heard, START_S + self.now_s, 1
        facts = site_facts(layout, *now)
        assert site_facts(layout, *now, of=self.recent.charger) == facts
        return facts

    def charger(self, name: str = "here", of: str = "bay") -> ChargerFacts:
        return self.facts(name).chargers[of]

    def counted_a(
        self, circuit_id: str, name: str = "here", *, in_s: float = 0.0
    ) -> list[float]:
        """What is counted at a breaker on L1, L2, L3, by what is known now, some time later."""
        facts = self.facts(name)
        later_s = START_S + self.now_s + in_s
        committed_a = Ledger(facts.site.capacity_a, facts.places(), {}, later_s).committed_a()
        index = facts.site.index[circuit_id] * 3
        return list(committed_a[index : index + 3])


def building(name: str) -> Building:
    return Building(name, 63.0, {"east": 40.0, "west": 40.0}, {"east": MAIN, "west": MAIN})


@pytest.fixture
def telling() -> Telling:
    """A charger on the east circuit, connected, that falls back to 6 A."""
    story = Telling()
    story.hear(*story.here.assign("bay", "ZAP1", "east", PHASES))
    story.connect(fail_safe_a=6.0)
    story.now_s = 20.0
    return story


def without_fail_safe(story: Telling) -> None:
    story.hear(*story.here.wish("bay", 0.0))
    story.report(FailSafeApplied(installation_id="here", charger_id="bay", fail_safe_a=0.0))
    story.now_s += CAR_FOLLOW_S


# --- Fail-safes ---


def test_until_a_lower_fail_safe_is_confirmed_the_higher_one_counts(telling: Telling) -> None:
    telling.hear(*telling.here.wish("bay", 0.0))
    assert telling.counted_a("east") == [6.0] * 3
    assert not telling.charger().standing.settled

    telling.report(FailSafeApplied(installation_id="here", charger_id="bay", fail_safe_a=0.0))

    assert telling.counted_a("east", in_s=CAR_FOLLOW_S - 0.1) == [6.0] * 3
    assert telling.counted_a("east", in_s=CAR_FOLLOW_S) == [0.0] * 3


def test_a_higher_fail_safe_counts_at_once(telling: Telling) -> None:
    telling.hear(*telling.here.wish("bay", 10.0))

    assert telling.counted_a("east") == [10.0] * 3


def test_a_fail_safe_that_may_have_been_taken_without_an_answer_counts(
    telling: Telling,
) -> None:
    telling.hear(*telling.here.wish("bay", 16.0))
    telling.hear(*telling.here.wish("bay", 0.0))
    assert telling.counted_a("east") == [16.0] * 3

    telling.report(FailSafeApplied(installation_id="here", charger_id="bay", fail_safe_a=0.0))

    assert telling.counted_a("east", in_s=CAR_FOLLOW_S) == [0.0] * 3


def test_of_a_charger_that_was_never_connected_the_layouts_fail_safe_counts() -> None:
    story = Telling()
    story.hear(*story.here.assign("bay", "ZAP1", "east", PHASES))
    assert story.counted_a("east") == [6.0] * 3

    story.hear(
        FailSafeSet(installation_id="here", charger_id="bay", fail_safe_a=0, wished=True)
    )

    assert story.counted_a("east") == [0.0] * 3


# --- Moves within a building ---


def test_a_limit_counts_where_the_charger_stood_and_where_it_stands(telling: Telling) -> None:
    without_fail_safe(telling)
    telling.limit(16.0, 1)

    telling.hear(*telling.here.move("bay", "west"))

    assert telling.counted_a("east") == telling.counted_a("west") == [16.0] * 3
    assert telling.counted_a(MAIN) == [16.0] * 3
    assert telling.counted_a("east", in_s=OVER_S) == [0.0] * 3


def test_once_a_limit_for_the_new_place_is_confirmed_the_old_place_is_free(
    telling: Telling,
) -> None:
    without_fail_safe(telling)
    telling.limit(16.0, 1)
    telling.hear(*telling.here.move("bay", "west"))

    telling.limit(16.0, 2)

    assert telling.counted_a("east", in_s=CAR_FOLLOW_S) == [0.0] * 3
    assert telling.counted_a("west", in_s=CAR_FOLLOW_S) == [16.0] * 3


def test_a_limit_decided_without_knowing_of_the_move_counts_at_both_places(
    telling: Telling,
) -> None:
    without_fail_safe(telling)
    known = telling.position
    telling.hear(*telling.here.move("bay", "west"))

    telling.limit(16.0, 1, known=known)

    assert telling.counted_a("east") == telling.counted_a("west") == [16.0] * 3


def test_a_fail_safe_counts_where_its_charger_stood_for_a_while(telling: Telling) -> None:
    telling.hear(*telling.here.move("bay", "west"))

    assert telling.counted_a("east") == telling.counted_a("west") == [6.0] * 3
    assert telling.counted_a("east", in_s=DEPARTED_S) == [0.0] * 3
    assert telling.counted_a("west", in_s=DEPARTED_S) == [6.0] * 3


def test_after_rewiring_a_limit_of_before_counts_on_all_lines_that_it_may_load(
    telling: Telling,
) -> None:
    without_fail_safe(telling)
    telling.limit(16.0, 1, lines=(Phase.L1,))

    telling.hear(*telling.here.change("bay", wiring=(Phase.L2,)))

    assert telling.counted_a("east") == [16.0, 16.0, 0.0]


# --- Chargers that leave ---


def test_a_removed_charger_counts_until_its_limits_are_over(telling: Telling) -> None:
    without_fail_safe(telling)
    telling.limit(16.0, 1)

    telling.hear(*telling.here.remove("bay"))

    assert "bay" not in telling.facts().chargers
    assert telling.counted_a("east", in_s=OVER_S - 0.1) == [16.0] * 3
    assert telling.counted_a("east", in_s=OVER_S) == [0.0] * 3


def test_a_removed_charger_counts_with_its_fail_safe_for_a_while(telling: Telling) -> None:
    telling.limit(0.0, 1)
    telling.hear(*telling.here.remove("bay"))

    assert telling.counted_a("east", in_s=LEASE_S - 5.1) == [0.0] * 3
    assert telling.counted_a("east", in_s=LEASE_S - 5) == [6.0] * 3
    assert telling.counted_a("east", in_s=LEASE_S + 5 + DEPARTED_S) == [0.0] * 3


def test_a_removed_charger_that_has_confirmed_to_fall_back_to_nothing_is_free(
    telling: Telling,
) -> None:
    telling.hear(*telling.here.remove("bay"))
    telling.now_s += 1
    telling.report(FailSafeApplied(installation_id="here", charger_id="bay", fail_safe_a=0.0))
    telling.now_s += CAR_FOLLOW_S

    assert telling.counted_a("east") == [0.0] * 3


def test_what_another_charger_has_confirmed_under_its_id_is_not_its_own_word(
    telling: Telling,
) -> None:
    replaced(telling)
    telling.connect("ZAP2", fail_safe_a=0.0)
    telling.hear(*telling.here.remove("bay"))
    telling.now_s += CAR_FOLLOW_S

    assert telling.counted_a("east") == [6.0] * 3


def test_after_a_day_nobody_remembers(telling: Telling) -> None:
    telling.limit(16.0, 1)
    telling.hear(*telling.here.remove("bay"))
    telling.now_s += 86_400

    assert telling.facts().departed == {}


def test_a_charger_that_was_moved_to_another_building_counts_in_both(telling: Telling) -> None:
    telling.limit(16.0, 1)

    telling.hear(*telling.here.remove("bay", moved_to="there"))
    telling.hear(*telling.there.assign("bay", "ZAP1", "west", PHASES, moved_from="here"))

    assert telling.counted_a("east", "here") == [16.0] * 3
    assert telling.counted_a("west", "there") == [16.0] * 3
    assert telling.charger("there").sequence == 1


def test_it_can_be_told_limits_there_once_it_has_connected_there(telling: Telling) -> None:
    telling.hear(*telling.here.remove("bay", moved_to="there"))
    telling.hear(*telling.there.assign("bay", "ZAP1", "west", PHASES, moved_from="here"))
    assert not telling.charger("there").connected

    telling.connect(at="there", fail_safe_a=6.0)
    late = ChargerDisconnected(
        installation_id="here", charger_id="bay", gateway_id="g", reason="moved"
    )
    telling.report(late)

    assert telling.charger("there").connected


def test_what_it_was_told_before_goes_with_it_from_building_to_building(
    telling: Telling,
) -> None:
    without_fail_safe(telling)
    telling.limit(16.0, 1)
    telling.hear(*telling.here.remove("bay", moved_to="there"))
    telling.hear(*telling.there.assign("bay", "ZAP1", "west", PHASES, moved_from="here"))

    telling.hear(*telling.there.remove("bay"))

    assert telling.counted_a("west", "there") == [16.0] * 3


def test_a_charger_that_comes_back_under_another_id_brings_its_limits(telling: Telling) -> None:
    without_fail_safe(telling)
    telling.limit(16.0, 1, lines=(Phase.L1,))
    telling.hear(*telling.here.remove("bay"))

    telling.hear(*telling.here.assign("other-bay", "ZAP1", "west", PHASES))

    assert max(telling.counted_a("east")) == 16.0
    assert telling.counted_a("west") == [16.0] * 3
    assert telling.counted_a(MAIN) == [16.0] * 3
    assert telling.counted_a("west", in_s=OVER_S) == [6.0] * 3


def test_the_fail_safe_it_brings_is_over_once_it_has_confirmed_another_one(
    telling: Telling,
) -> None:
    telling.hear(*telling.here.remove("bay"))
    telling.hear(*telling.there.assign("other-bay", "ZAP1", "west", PHASES, wished_a=0.0))
    assert telling.counted_a("west", "there") == [6.0] * 3

    telling.now_s += 1
    telling.connect(at="there", of="other-bay", fail_safe_a=0.0)

    assert telling.counted_a("west", "there", in_s=CAR_FOLLOW_S - 0.1) == [6.0] * 3
    assert telling.counted_a("west", "there", in_s=CAR_FOLLOW_S) == [0.0] * 3


def test_what_it_was_asked_for_there_it_may_have_taken_without_an_answer(
    telling: Telling,
) -> None:
    without_fail_safe(telling)
    telling.hear(*telling.here.remove("bay"))
    telling.hear(*telling.there.assign("other-bay", "ZAP1", "west", PHASES))
    telling.hear(*telling.there.wish("other-bay", 0.0))

    assert telling.counted_a("west", "there") == [6.0] * 3


def test_it_brings_them_wherever_it_is_put_after_that(telling: Telling) -> None:
    without_fail_safe(telling)
    telling.limit(16.0, 1)
    telling.hear(*telling.here.remove("bay"))
    telling.hear(*telling.there.assign("other-bay", "ZAP1", "west", PHASES))
    telling.hear(*telling.there.move("other-bay", "east"))
    assert (
        telling.counted_a("west", "there") == telling.counted_a("east", "there") == [16.0] * 3
    )

    telling.hear(*telling.there.remove("other-bay"))

    assert (
        telling.counted_a("west", "there") == telling.counted_a("east", "there") == [16.0] * 3
    )
    assert telling.counted_a(MAIN, "there") == [16.0] * 3


def test_a_charger_that_comes_back_under_its_id_is_what_it_was(telling: Telling) -> None:
    telling.limit(16.0, 1)
    telling.hear(*telling.here.remove("bay"))
    telling.hear(*telling.here.assign("bay", "ZAP1", "west", PHASES, wished_a=0.0))

    assert telling.counted_a("west") == [16.0] * 3
    assert telling.counted_a("west", in_s=OVER_S) == [6.0] * 3, "0 A is not confirmed"


# --- Other hardware under the same id ---


def replaced(story: Telling) -> None:
    story.hear(*story.here.remove("bay"))
    story.now_s += 1
    story.hear(*story.here.assign("bay", "ZAP2", "west", PHASES, wished_a=0.0))


def test_another_charger_under_the_same_id_has_not_heard_of_earlier_limits(
    telling: Telling,
) -> None:
    telling.limit(16.0, 1)
    replaced(telling)

    assert telling.counted_a("west") == [0.0] * 3
    assert telling.counted_a("east") == [16.0] * 3
    assert not telling.charger().connected


def test_what_it_confirms_ends_no_limit_of_the_one_before(telling: Telling) -> None:
    without_fail_safe(telling)
    telling.limit(16.0, 1)
    replaced(telling)
    telling.connect("ZAP2", fail_safe_a=0.0)

    telling.limit(6.0, 2)

    assert telling.counted_a("east", in_s=50) == [16.0] * 3
    assert telling.counted_a("west", in_s=50) == [6.0] * 3


def test_another_charger_has_confirmed_nothing_of_what_the_one_before_has(
    telling: Telling,
) -> None:
    telling.limit(16.0, 1)
    telling.connect("ZAP2", fail_safe_a=0.0)

    assert telling.reported["bay"].confirmed_at == {}
    assert telling.reported["bay"].confirmed_a is None


# --- What chargers report ---


def test_the_first_confirmation_of_a_limit_counts() -> None:
    story = Telling()
    story.confirm(16.0, 1)
    story.now_s = 5.0
    story.confirm(16.0, 1)

    assert story.reported["bay"].confirmed_at == {1: moment(START_S)}


def test_confirmations_that_cars_may_be_following_are_all_kept() -> None:
    story = Telling()
    for sequence in range(1, 31):
        story.now_s += 0.5
        story.confirm(6.0, sequence)

    kept_s = {at.timestamp() - START_S for at in story.reported["bay"].confirmed_at.values()}
    assert {story.now_s - 0.5 * it for it in range(10)} <= kept_s
    assert len(kept_s) < 30


def test_a_limit_that_was_rejected_does_not_count(telling: Telling) -> None:
    without_fail_safe(telling)
    telling.limit(16.0, 1, confirmed=False)
    telling.report(
        CurrentLimitRejected(
            installation_id="here",
            charger_id="bay",
            limit_a=16,
            sequence=1,
            epoch=1,
            status="Rejected",
        )
    )

    assert telling.counted_a("east") == [0.0] * 3


def test_an_ended_limit_is_kept_in_mind_while_an_earlier_longer_one_is_in_force(
    telling: Telling,
) -> None:
    """It may have taken the place of the longer one, which then holds no fail-safe off any more."""
    telling.limit(0.0, 1, until_s=200.0)
    telling.limit(20.0, 2, until_s=40.0, confirmed=False)
    telling.now_s = 70.0
    telling.limit(0.0, 3, confirmed=False)

    assert telling.counted_a("east") == [6.0] * 3


# --- Sessions ---


def begin(story: Telling, session_id: str, register_wh: int) -> None:
    story.report(
        SessionStarted(
            **BAY,
            session_id=session_id,
            transaction_id=1,
            started_at=moment(START_S + story.now_s),
            register_wh=register_wh,
        )
    )


def end(story: Telling, session_id: str, register_wh: int) -> None:
    story.report(
        SessionEnded(
            **BAY,
            session_id=session_id,
            transaction_id=1,
            ended_at=moment(START_S + story.now_s),
            register_wh=register_wh,
            energy_wh=0,
            reason="Local",
        )
    )


def test_what_a_session_has_taken_is_what_its_register_has_gained(telling: Telling) -> None:
    begin(telling, "first", 1000)
    assert telling.charger().delivered_wh == 0, "no reading has shown anything yet"

    telling.behaviours["bay"] = Behaviour(session_id="first", register_wh=4000)
    assert telling.charger().delivered_wh == 3000


def test_a_new_session_has_taken_nothing_and_knows_when_the_last_one_ended(
    telling: Telling,
) -> None:
    begin(telling, "first", 1000)
    telling.behaviours["bay"] = Behaviour(session_id="first", register_wh=4000)
    assert telling.charger().session_ended_s is None

    end(telling, "first", 4000)
    ended_s = START_S + telling.now_s
    telling.now_s += 60
    begin(telling, "second", 4000)

    assert telling.charger().delivered_wh == 0
    assert telling.charger().session_ended_s == pytest.approx(ended_s)


def test_another_charger_under_the_same_id_does_not_bring_an_ended_wish_back(
    telling: Telling,
) -> None:
    begin(telling, "first", 1000)
    end(telling, "first", 4000)
    telling.hear(*telling.here.remove("bay"))
    telling.hear(*telling.here.assign("bay", "ZAP2", "east", PHASES))
    telling.connect("ZAP2")

    assert telling.charger().session_ended_s is not None
