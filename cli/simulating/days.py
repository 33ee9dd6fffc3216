"""
Hours of garages, from one thing that happens to the next.

Seconds in which nothing is due are passed over: cars draw on, and leases run. Whoever would have to act
meanwhile is asked at the moment at which it would.
"""

import math
from collections import Counter
from collections.abc import Iterator
from typing import Final

from cli.proving.happenings import ANSWERS, send
from cli.proving.minds import Decided
from cli.proving.moments import START_S, Chances
from cli.proving.trials import PromiseBroken
from cli.simulating.agenda import Agenda
from cli.simulating.drivers import Drivers
from cli.simulating.founding import found
from cli.simulating.misfortunes import AGAIN_S, LATE_S, MISFORTUNES, Weather
from cli.simulating.verdicts import check_now, check_served, check_whole
from cli.simulating.wishes import wish_something

CYCLE_S: Final = 7200.0
"""After so long all is well for a while, and it is looked whether everybody is served."""
CALM_S: Final = 300.0
DOUBT_S: Final = 120.0
"""Who is not served as they should be is looked at again after so long."""
WISH_S: Final = 1200
"""So often somebody wants to have something changed, on average."""
LOOK_S: Final = (1.0, 3.0, 6.0)
"""When a balancer looks again after something has happened; then ever so often as its leases need."""
ANSWERED_S: Final = 3.0
"""It looks again as well, however calm it is, once chargers have answered to what it has announced, and
while somebody should have more than may be announced yet."""
TAKEN_AWAY_S: Final = (0, 30, 300, 800)
"""When a charger that was removed is taken down, with a car at it or not: sooner than nobody counts it."""


class Life:
    """
    What happens in a world of two garages.

    Args:
        seed: of all chance.
        hours: how long it lasts.
    """

    def __init__(self, seed: int, hours: float) -> None:
        self.seed, self.hours = seed, hours
        self.chances = Chances(seed)
        self.settled = seed % 2 == 0
        """Nobody changes the layout."""
        self.garage = found(self.chances, seed)
        self.look_max_s = self.garage.timing.lease_s / 3
        self.weather = Weather()
        self.faults: Counter[str] = Counter()
        self.steps = self.decisions = 0
        self.agenda = Agenda(self.garage)
        self._drivers = Drivers(self.garage, self.agenda)
        self._looks: dict[str, int] = {}
        """How often a balancer has looked since something happened, by installation."""
        self._look_s = dict.fromkeys(self.garage.buildings, START_S)
        self._calm_s = math.inf
        self._doubted = False
        """When it is judged how all are served; until then nothing goes wrong."""
        self._begin()

    @property
    def garage_hours(self) -> float:
        """For how many hours garages were simulated, each of them counted."""
        return self.hours * len(self.garage.buildings)

    # --- The agenda ---

    def _begin(self) -> None:
        for name, every_s, _ in MISFORTUNES:
            self.agenda.plan_after(every_s, name)
        if not self.settled:
            self.agenda.plan_after(WISH_S, "wish")
        for stall in self.garage.stalls:
            stall.back_s = START_S
            self._drivers.come_later(stall)
        self.agenda.plan(START_S + CYCLE_S, "calm")

    def _happen(self, what: str, now_s: float) -> None:
        word, _, serial = what.partition(" ")
        match word:
            case "swaps":
                if now_s < self.weather.crowd_until_s:
                    self._drivers.swap(self.garage.stall(serial))
            case "comes" | "leaves" | "taken":
                self._drivers.drive(word, self.garage.stall(serial))
            case "calm" | "judge":
                self._calm_down(word, now_s)
            case "wish":
                if self._calm_s == math.inf:
                    self._wish(now_s)
                self.agenda.plan_after(WISH_S, word)
            case _:
                self._go_wrong(word)

    def _calm_down(self, word: str, now_s: float) -> None:
        """Nothing goes wrong for a while; then it is judged how everybody is served."""
        garage = self.garage
        if word == "judge":
            try:
                check_served(garage, now_s)
            except PromiseBroken:
                # A car has left or finished a moment ago: what is free is on its way to others.
                if self._doubted:
                    raise
                self._doubted, self._calm_s = True, now_s + DOUBT_S
                self.agenda.plan(self._calm_s, "judge")
                return
            self._doubted, self._calm_s = False, math.inf
            self.agenda.plan(now_s + CYCLE_S, "calm")
            return
        self.agenda.say("all is well again")
        self.weather.clear()
        garage.late_s = garage.away_until_s = 0.0
        for stall in garage.stalls:
            stall.back_s = now_s + 1
        self._calm_s = now_s + CALM_S + garage.timing.lease_s
        self.agenda.plan(self._calm_s, "judge")

    def _wish(self, now_s: float) -> None:
        command = wish_something(self.garage)
        if command is not None:
            self.agenda.say(f"somebody wishes {command!r}")
        for stall in self.garage.stalls:
            if stall.plugged and not self.garage.hangs(stall):
                in_s = self.chances.pick(TAKEN_AWAY_S)
                self.agenda.plan(now_s + in_s, f"taken {stall.serial}")

    def _go_wrong(self, what: str) -> None:
        for name, every_s, befall in MISFORTUNES:
            if name == what:
                if self._calm_s == math.inf:
                    self.agenda.say(what)
                    self.faults[what] += 1
                    crowded_s = self.weather.crowd_until_s
                    befall(self.weather, self.garage)
                    if self.weather.crowd_until_s > self.garage.now_s > crowded_s:
                        self._drivers.gather()
                    self.garage.stirred.update(self.garage.buildings)
                self.agenda.plan_after(every_s, what)

    # --- Living ---

    def run(self) -> None:
        """
        Live through it.

        Raises:
            PromiseBroken: at a step, or by the logs.
        """
        garage, end_s = self.garage, START_S + self.hours * 3600
        while garage.now_s < end_s:
            self._step(garage.now_s)
            self.steps += 1
            check_now(garage, garage.now_s, settled=self.settled, counted=self.steps % 3 == 0)
            garage.now_s = min(self._next_s(), end_s)
        check_whole(garage)

    def _step(self, now_s: float) -> None:
        garage, weather = self.garage, self.weather
        garage.let_cars_draw(now_s)
        for what in self.agenda.due():
            self._happen(what, now_s)
        garage.carry(now_s)
        garage.gateway.hear(now_s)
        garage.hear(now_s)
        self._connect(now_s)
        garage.read_cars(now_s)
        if now_s >= weather.unbalanced_until_s:
            self._look(now_s)
        if weather.takeover is not None:
            weather.takeover.play(garage, self.chances, now_s)
            if garage.former is None and now_s > weather.takeover.goes_on_s:
                weather.takeover = None
        garage.gateway.deliver(now_s)
        garage.gateway.confirm(lambda: self._fate(now_s), now_s)
        garage.let_cars_draw(now_s)

    def _fate(self, now_s: float) -> str:
        return self.chances.pick(ANSWERS) if self.weather.rough(now_s) else "now"

    def _connect(self, now_s: float) -> None:
        """What has lost its connection comes back; what is to fall back to something else is told."""
        garage = self.garage
        for stall in garage.stalls:
            if stall.assigned is None:
                continue
            if not stall.online:
                if (
                    stall.back_s is None
                ):  # it was put out, because something about it has changed
                    stall.back_s = now_s + 1
                elif stall.back_s <= now_s:
                    stall.back_s = None
                    garage.gateway.connect(stall, now_s)
                    stall.since_s = now_s
            elif stall.confirmed != (stall.assigned, garage.gateway.wants[stall.assigned]):
                garage.gateway.push_fail_safe(stall, now_s, lost=self._fate(now_s) == "lost")

    def _look(self, now_s: float) -> None:
        """Have the balancer decide where it is time to."""
        garage, mind = self.garage, self.garage.mind
        for name in [it for it, at_s in self._look_s.items() if at_s <= now_s]:
            garage.stirred.discard(name)
            again = False
            if name in mind.known.layouts and mind.known.layouts[name].chargers:
                self.decisions += 1
                wished = mind.decide(name, now_s)
                decided = garage.announce(mind, wished, now_s)
                self._send(decided, now_s)
                again = wished.short or (decided is not None and bool(decided.events))
            looks = self._looks.get(name, 0)
            pause_s = (*LOOK_S, self.look_max_s)[min(looks, len(LOOK_S))]
            self._look_s[name] = now_s + (min(pause_s, ANSWERED_S) if again else pause_s)
            self._looks[name] = looks + 1

    def _send(self, decided: Decided | None, now_s: float) -> None:
        if self.weather.rough(now_s):
            send(self.garage, decided, self.chances, now_s, LATE_S, AGAIN_S)
        elif decided is not None:
            self.garage.gateway.on_the_way.extend((now_s, it) for it in decided.commands)

    # --- What is next ---

    def _next_s(self) -> float:
        """Name the next second in which anything is due."""
        garage = self.garage
        for name in garage.stirred:
            self._looks[name], self._look_s[name] = 0, garage.now_s + LOOK_S[0]
        garage.stirred.clear()
        if self.weather.takeover is not None or garage.gateway.answers:
            return garage.now_s + 1
        soonest_s = min(self._times(), default=math.inf)
        return max(math.ceil(soonest_s), garage.now_s + 1)

    def _times(self) -> Iterator[float]:
        garage, now_s = self.garage, self.garage.now_s
        yield self.agenda.next_s
        yield max(min(self._look_s.values()), self.weather.unbalanced_until_s)
        yield from (at_s for at_s, _ in garage.gateway.on_the_way)
        yield from (at_s for at_s, _, _ in garage.gateway.unheard[:1])
        for mind in garage.minds():
            yield from (it[0] for it in mind.unheard)
        for stall in garage.stalls:
            if stall.limit_a is not None and garage.real.ends_s(stall) > now_s:
                yield garage.real.ends_s(stall)
            if stall.assigned is not None and not stall.online:
                yield now_s + 1 if stall.back_s is None else stall.back_s
            yield from (at_s for _, at_s, _ in stall.route[stall.stop + 1 :])
