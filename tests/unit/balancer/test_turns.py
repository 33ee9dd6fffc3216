"""Whose turn it is: a queue rotates, and nobody waits for ever."""

from dataclasses import dataclass, field

import pytest

from services.balancer.angles import Capacity
from services.balancer.behaviour import Behaviour
from services.balancer.commitments import Standing
from services.balancer.facts import ChargerFacts, SiteFacts, Timing
from services.balancer.forms import ADDING_LINES
from services.balancer.site import Breaker, Site, SiteCharger
from services.balancer.turns import take_turns, wanting
from shared.messages.balancer import MAIN
from shared.phases import PHASES, GridType, Phase

TIMING = Timing(rotation_s=900, rotation_gap_s=60)
TICK_S = 30.0
L1, L2, L3 = PHASES


@dataclass
class Queue:
    """Cars at one breaker of 6 A: one on each line, or one on all three."""

    wirings: dict[str, tuple[Phase, ...]]
    priorities: dict[str, int] = field(default_factory=dict)
    now_s: float = 10_000.0
    rotated_at_s: float = 0.0
    present: dict[str, float] = field(default_factory=dict)
    """Who is there, and since when it has charged or waited."""
    charging: set[str] = field(default_factory=set)
    charged_s: dict[str, float] = field(default_factory=dict)
    stays_s: list[float] = field(default_factory=list)
    """How long each stay of a car at its current was."""

    def arrive(self, *names: str) -> None:
        self.present.update(dict.fromkeys(names, self.now_s))

    def leave(self, name: str) -> None:
        del self.present[name]
        self.charging.discard(name)

    def _facts(self) -> SiteFacts:
        site = Site(
            GridType.TN_3_PHASE,
            (Breaker(MAIN, None, "Main", 6.0),),
            {
                it: SiteCharger(
                    it, MAIN, self.wirings[it], 32.0, 0.0, priority=self.priorities.get(it, 0)
                )
                for it in self.present
            },
        )
        chargers = {
            it: ChargerFacts(
                Standing(0.0, self.wirings[it]),
                connected=True,
                session_since_s=since_s,
                charging_since_s=since_s if it in self.charging else None,
                waiting_since_s=None if it in self.charging else since_s,
                behaviour=Behaviour(one_phase=len(self.wirings[it]) == 1),
            )
            for it, since_s in self.present.items()
        }
        return SiteFacts("garage", site, chargers, 1, rotated_at_s=self.rotated_at_s)

    def tick(self) -> None:
        capacity = Capacity(ADDING_LINES, (6.0, 6.0, 6.0), (0j, 0j, 0j))
        turns, rotated = take_turns(self._facts(), capacity, TIMING, self.now_s)
        assert {turn.car.charger_id for turn in turns} == set(self.present)
        if rotated:
            self.rotated_at_s = self.now_s
        for turn in turns:
            name = turn.car.charger_id
            if turn.share.admitted != (name in self.charging):
                if name in self.charging:
                    self.stays_s.append(self.now_s - self.present[name])
                self.present[name] = self.now_s
                self.charging ^= {name}
            if turn.share.admitted:
                self.charged_s[name] = self.charged_s.get(name, 0.0) + TICK_S
        self.now_s += TICK_S

    def run(self, for_s: float) -> None:
        for _ in range(int(for_s / TICK_S)):
            self.tick()


def test_a_car_on_three_lines_gets_its_turn_among_many_on_one() -> None:
    one = {f"{line}-{i}": (line,) for line in PHASES for i in range(2)}
    queue = Queue({**one, "three": PHASES})
    queue.arrive(*one)
    queue.run(600)
    queue.arrive("three")

    queue.run(12 * 3600)

    assert queue.charged_s["three"] >= 2 * 3600, (
        "a fair part of twelve hours is a third of them"
    )
    assert min(queue.charged_s.values()) >= 2 * 3600
    assert min(queue.stays_s) >= TIMING.rotation_s


def test_a_car_on_three_lines_gets_its_turn_though_others_come_all_the_time() -> None:
    """Each line is taken by a newcomer as soon as somebody leaves it, and never all at once."""
    queue = Queue({"three": PHASES})
    for line in PHASES:
        queue.wirings[f"{line}-0"] = (line,)
        queue.arrive(f"{line}-0")
        queue.run(200)
    queue.arrive("three")

    for round_ in range(1, 40):
        for line in PHASES:
            queue.wirings[f"{line}-{round_}"] = (line,)
            queue.arrive(f"{line}-{round_}")
            queue.leave(f"{line}-{round_ - 1}")
            queue.run(200)

    assert queue.charged_s.get("three", 0.0) >= TIMING.rotation_s


def test_nobody_behind_a_car_on_three_lines_gets_a_turn_on_one_of_them() -> None:
    queue = Queue({"three": PHASES})
    for generation in ("charges", "waits"):
        for line in PHASES:
            queue.wirings[f"{line}-{generation}"] = (line,)
    for line in PHASES:
        queue.arrive(f"{line}-charges")
        queue.run(300)
    queue.arrive("three")
    queue.run(30)
    queue.arrive(*(f"{line}-waits" for line in PHASES))

    queue.run(TIMING.rotation_s)

    assert queue.charging == {"three"}


def test_a_car_that_waits_on_another_line_is_not_kept_waiting_for_it() -> None:
    queue = Queue({"a": (L1,), "b": (L1,), "c": (L2,), "d": (L2,)})
    queue.arrive("c")
    queue.run(900)
    queue.arrive("a")
    queue.run(30)
    queue.arrive("b")
    queue.run(30)
    queue.arrive("d")

    queue.run(120)

    assert queue.charging == {"a", "d"}, "c has charged long enough, a has not"


@pytest.mark.parametrize("waits_for_s", [30, 7200])
def test_nobody_makes_room_for_a_car_of_a_lower_priority(waits_for_s: float) -> None:
    queue = Queue({"high": (L1,), "low": PHASES}, {"high": 1})
    queue.arrive("high")
    queue.run(30)
    queue.arrive("low")

    queue.run(waits_for_s)

    assert queue.charging == {"high"}


def test_a_car_that_has_just_begun_makes_room_for_a_higher_priority() -> None:
    queue = Queue({"high": (L2,), "low": PHASES}, {"high": 1})
    queue.arrive("low")
    queue.run(30)
    queue.arrive("high")

    queue.run(30)

    assert queue.charging == {"high"}


def test_without_wishes_all_weigh_the_same() -> None:
    queue = Queue({"a": (L1,), "b": PHASES})
    queue.arrive("a", "b")

    cars = [wanting(queue._facts(), it, TIMING, queue.now_s) for it in "ab"]

    assert [it.demand.weight for it in cars if it] == [1.0, 1.0]
