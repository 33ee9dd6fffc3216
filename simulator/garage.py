"""
All of it together: cars at chargers behind breakers, stepped through time.

A garage knows neither sockets nor files; world.py gives it the time, and link.py brings its
chargers what their server asks.
"""

import hashlib
import math
from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any, Final

from shared.phases import GridType, PhaseSwitching
from shared.units import PILOT_MIN_A
from simulator.breakers import HOLDS_RATIO
from simulator.cars import THREE_PHASE_16, Car, model_of, new_car
from simulator.charger import Charger
from simulator.grid import ROOT
from simulator.house import House
from simulator.outlet import Outlet
from simulator.profiles import Profiles
from simulator.report import Figures, Tally
from simulator.scene import Scene, SceneCharger
from simulator.sessions import SCENE_START, Visit
from simulator.skills import SKILLS

STEP_S_MAX: Final = 0.25
"""Longest step of the physics; a pause of the machine is made up for in several."""

JOLT_S_MAX: Final = 4.5
"""How far clocks of chargers may jump; balancers count 5 s for those that are off (docs/safety.md)."""

EARLY_S: Final = 600.0
"""The rogue is among those who come within this time of the first, in the drivers' day."""

ROGUE_EXCESS_A: Final = THREE_PHASE_16.max_a - PILOT_MIN_A
"""How far the rogue may be above its limit."""
ROGUE_BREAKER_A_MIN: Final = ROGUE_EXCESS_A / (HOLDS_RATIO - 1)
"""A breaker in full use that is rated lower than this may trip within seconds of the rogue's arrival,
before a reading of it comes. Nobody could prevent that, whoever balances."""


class Garage:
    """A building, its chargers, and the drivers who come and go."""

    def __init__(
        self, scene: Scene, visits: Sequence[Visit], speed: float, *, with_rogue: bool = True
    ) -> None:
        """
        Build it; nobody is there yet, and no charger is connected.

        Args:
            scene: what stands in the building.
            visits: who comes when.
            speed: how many seconds of the drivers' day pass in one second.
            with_rogue: one car ignores its limit.
        """
        self.speed = speed
        self.tally = Tally()
        self.day_s = 0.0
        """Seconds of the drivers' day since the scene began."""
        self.grid, self.breakers = scene.grid(), scene.breakers()
        self.chargers = [_charger(it, scene.grid_type, scene.seed) for it in scene.chargers]
        self._seed = scene.seed
        self._house = _house(scene)
        self._beside_a: Sequence[float] = ()
        self._set_a = [it.set_a for it in self.breakers]
        self._carried_a = self.grid.carried([])
        self._coming = deque(sorted(visits, key=lambda it: (it.arrives_s, it.bay)))
        self._here: dict[int, Visit] = {}
        self._dark: set[int] = set()
        """Breakers that have tripped."""
        self._left_full = 0
        terminals = [it.outlet.terminals for it in self.chargers]
        bays = bays_for_rogue(scene)
        visits = [it for it in self._coming if it.bay in bays] or self._coming
        self.rogue = _choose_rogue(visits, terminals, scene.seed) if with_rogue else None

    # --- Time ---

    def step(self, now_s: float, dt_s: float) -> list[str]:
        """
        Let a while pass.

        Args:
            now_s: when it begins, in seconds since 1970.
            dt_s: how long it is.

        Returns:
            The breakers that tripped meanwhile.
        """
        steps = max(1, math.ceil(dt_s / STEP_S_MAX))
        tripped: list[str] = []
        for i in range(steps):
            tripped += self._step(now_s + i * dt_s / steps, dt_s / steps)
        for charger in self.chargers:
            charger.tick(now_s + dt_s)
        return tripped

    def _step(self, now_s: float, dt_s: float) -> list[str]:
        self._drivers_leave(now_s)
        self._drivers_come(now_s)
        energy_kwh = 0.0
        for charger in self.chargers:
            charger.step(now_s, dt_s, self.speed)
            energy_kwh += charger.outlet.delivered_kwh
        self.tally.energy_kwh = energy_kwh
        self.tally.elapsed_s += dt_s
        self.day_s += dt_s * self.speed
        self._beside_a = () if self._house is None else self._house.step(dt_s)
        draws = [it.outlet.draw for it in self.chargers]
        self._carried_a = self.grid.carried(draws, self._beside_a)
        over_as = [
            breaker.step(lines_a, dt_s)
            for breaker, lines_a in zip(self.breakers, self._carried_a, strict=True)
        ]
        self._count(over_as, dt_s)
        return self._switch_off()

    def _count(self, over_as: Sequence[Sequence[float]], dt_s: float) -> None:
        tally = self.tally
        tally.count_overload(over_as)
        if self.rogue is not None:
            bay = self.rogue.bay
            outlet = self.chargers[bay].outlet
            here = self._here.get(bay) is self.rogue
            excess_a = outlet.draw.a - outlet.offered_a if here else 0.0
            lines = self.grid.reach(bay, outlet.draw.phases, outlet.draw.terminal)
            tally.excuse_rogue(over_as, self.grid.above(bay), lines, excess_a, dt_s)
        if tally.first_limits_s is None and any(
            it.outlet.limited and it.outlet.draw.a > 0.0 for it in self.chargers
        ):
            tally.first_limits_s = tally.elapsed_s
        bounds_a = self.grid.upper_bounds([it.wish for it in self.chargers], self._set_a)
        set_a = self._set_a[ROOT]
        house_a = self.grid.carried([], self._beside_a)[ROOT]
        bound_a = [min(set_a, a + b) for a, b in zip(bounds_a[ROOT], house_a, strict=True)]
        tally.count_capacity(self._carried_a[ROOT], bound_a, set_a, dt_s)
        tally.count_breakers(self.breakers)

    def _switch_off(self) -> list[str]:
        """Take everything below a tripped breaker off the supply, for good."""
        newly = [i for i, it in enumerate(self.breakers) if it.tripped and i not in self._dark]
        self._dark.update(newly)
        for node in newly:
            for i, charger in enumerate(self.chargers):
                if node in self.grid.above(i) and charger.supplied:
                    charger.power_off()
        return [self.breakers[node].circuit_id for node in newly]

    # --- Drivers ---

    def _drivers_leave(self, now_s: float) -> None:
        leaving = [bay for bay, it in self._here.items() if it.leaves_s <= self.day_s]
        for bay in leaving:
            car = self.chargers[bay].outlet.car
            self._left_full += car is not None and car.full
            self.chargers[bay].unplug(now_s)
            del self._here[bay]
            self.tally.sessions_finished += 1

    def _drivers_come(self, now_s: float) -> None:
        while self._coming and self._coming[0].arrives_s <= self.day_s:
            visit = self._coming.popleft()
            # In a pause of the machine a short visit may pass; and a bay holds one car.
            if visit.leaves_s <= self.day_s or visit.bay in self._here:
                continue
            self._here[visit.bay] = visit
            self.tally.cars_seen += 1
            self.chargers[visit.bay].plug(self._car(visit), _id_tag(visit), now_s)

    def _car(self, visit: Visit) -> Car:
        rogue = visit is self.rogue
        model = THREE_PHASE_16 if rogue else model_of(visit.visit_id)
        phases = self.chargers[visit.bay].outlet.terminals
        rng = Random(f"{self._seed} {visit.visit_id}")
        return new_car(model, phases, visit.need_kwh, rng, rogue=rogue)

    def jolt_clocks(self) -> None:
        """Have the clock of every charger jump by chance, as far as may be off at most."""
        for charger in self.chargers:
            charger.jolt_clock(charger.rng.uniform(-JOLT_S_MAX, JOLT_S_MAX))

    # --- What there is to see ---

    def main_a(self) -> Sequence[float]:
        """Name what a meter at the main breaker shows, on each line."""
        return self._carried_a[ROOT]

    def _cars(self) -> list[Car]:
        return [it.outlet.car for it in self.chargers if it.outlet.car is not None]

    def status(self) -> dict[str, Any]:
        """Write what is going on at this moment."""
        cars = self._cars()
        tally = self.tally
        return {
            "scene_time": (SCENE_START + timedelta(seconds=self.day_s)).isoformat(),
            "elapsed_s": round(tally.elapsed_s, 1),
            "speed": self.speed,
            "online": sum(it.connected for it in self.chargers),
            "chargers": len(self.chargers),
            "cars_seen": tally.cars_seen,
            "cars_plugged": len(cars),
            "cars_wanting": sum(not car.full for car in cars),
            "cars_charging": sum(car.draw_a > 0.0 for car in cars),
            "cars_filled": self._left_full + sum(car.full for car in cars),
            "sessions_finished": tally.sessions_finished,
            "energy_kwh": round(tally.energy_kwh, 3),
            "breakers": [
                {
                    "circuit_id": breaker.circuit_id,
                    "measured_a": [round(a, 2) for a in lines_a],
                    "rating_a": breaker.rating_a,
                    "set_a": breaker.set_a,
                    "tripped": breaker.tripped,
                }
                for breaker, lines_a in zip(self.breakers, self._carried_a, strict=True)
            ],
            "breaker_trips": tally.breaker_trips,
            "overload_as": round(tally.overload_as, 3),
            "rogue_overload_as": round(tally.rogue_overload_as, 3),
            "used_share_now": tally.share_now,
            "capacity_used_share": tally.used_share,
            "first_limits_s": tally.first_limits_s,
            "rogue_serial": self.chargers[self.rogue.bay].serial if self.rogue else None,
        }

    def figures(self) -> Figures:
        """Write the report of the run so far."""
        cars_filled = self._left_full + sum(car.full for car in self._cars())
        switches = sum(it.outlet.switches for it in self.chargers)
        return self.tally.figures(self.breakers, cars_filled, switches)


def _house(scene: Scene) -> House | None:
    if scene.house_a is None:
        return None
    return House(scene.house_a, len(scene.grid_type.lines), Random(f"{scene.seed} house"))


def _charger(it: SceneCharger, grid_type: GridType, seed: int) -> Charger:
    terminals = len(it.wiring) if grid_type.three_phase else 1
    rng = Random(f"{seed} {it.serial}")
    switching = it.phase_switching is not PhaseSwitching.NONE
    profiles = Profiles(skill=SKILLS[it.skill])
    outlet = Outlet(it.max_a, grid_type, terminals, switching=switching, profiles=profiles)
    outlet.any_terminal = it.phase_switching is PhaseSwitching.ANY_TERMINAL
    return Charger(it.serial, outlet, rng)


def bays_for_rogue(scene: Scene) -> frozenset[int]:
    """Name the bays behind whose breakers a car that ignores its limit trips none at once."""
    grid, breakers = scene.grid(), scene.breakers()
    return frozenset(
        bay
        for bay in range(len(scene.chargers))
        if all(breakers[it].rating_a >= ROGUE_BREAKER_A_MIN for it in grid.above(bay))
    )


def _choose_rogue(visits: Sequence[Visit], terminals: Sequence[int], seed: int) -> Visit | None:
    """
    Choose the car that will ignore its limit: one of the first to come, at a three-phase
    charger if there is one, and needing much, so that it will be there for a while.
    """
    if not visits:
        return None
    early = [it for it in visits if it.arrives_s <= visits[0].arrives_s + EARLY_S]
    fitting = (
        [
            it
            for it in early
            if terminals[it.bay] == 3 and model_of(it.visit_id) is THREE_PHASE_16
        ]
        or [it for it in early if terminals[it.bay] == 3]
        or early
    )
    fitting.sort(key=lambda it: (-it.need_kwh, it.visit_id))
    return Random(seed).choice(fitting[: math.ceil(len(fitting) / 2)])


def _id_tag(visit: Visit) -> str:
    """Give every driver a card; OCPP 1.6 has room for 20 characters."""
    return hashlib.sha256(visit.visit_id.encode()).hexdigest()[:16].upper()
