"""
The electrical side of a charger: its limit, its car and its meter.

Which limit is in force follows from the charging profiles and the charger's own clock. With no
valid profile an outlet offers all it has, as an unmanaged charger does.
"""

from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from shared.phases import GridType
from shared.units import PILOT_MIN_A
from simulator.cars import Car
from simulator.grid import NOTHING, Draw, power_w
from simulator.profiles import Profiles
from simulator.skills import WATTS

LIMITS_MAX: Final = 10_000
SWITCH_PAUSE_S: Final = 2.0
"""How long the contactor is open while it goes from three phases to one, or back."""
ANEW: Final = float("-inf")


@dataclass(slots=True, eq=False)
class Outlet:
    """A charger's contactor and plug. Moments are seconds since 1970."""

    max_a: float
    grid_type: GridType
    terminals: int
    """On how many of its terminals there is a line: 1 or 3."""
    switching: bool = False
    """It obeys when it is told to use one phase; otherwise it closes all its terminals."""
    any_terminal: bool = False
    """On one phase it can use whichever terminal it is told (OCPP 2.x, phaseToUse)."""
    register_wh: float = 0.0
    profiles: Profiles = field(default_factory=Profiles)

    closed: bool = False
    """The contactor may be closed: a driver is authorised, and there is a supply."""
    limit_a: float = field(init=False)
    limited: bool = False
    """The limit comes from a charging profile; otherwise it is all that the charger has."""
    limits: deque[tuple[float, float]] = field(
        default_factory=partial(deque, maxlen=LIMITS_MAX)
    )
    """Every change of the limit in force: when, and to how many amperes."""

    phases: int = 3
    """On how many phases the contactor closes; one is that of `terminal`."""
    terminal: int = 1
    switches: int = 0
    """How often it has gone from three phases to one, or back."""
    car: Car | None = None
    draw: Draw = NOTHING
    power_w: float = 0.0
    delivered_kwh: float = 0.0
    _limit_until_s: float = field(init=False, default=ANEW)
    _open_until_s: float = field(init=False, default=ANEW)

    def __post_init__(self) -> None:
        self.limit_a = self.max_a

    @property
    def offered_a(self) -> float:
        """What the car is offered now: 0, or 6 A and up."""
        return self.limit_a if self.closed and self.limit_a >= PILOT_MIN_A else 0.0

    @property
    def wish(self) -> Draw:
        """What the car here would take if there were no limits."""
        if self.car is None:
            return NOTHING
        return Draw(self.car.wish_a(self.max_a), self.car.phases)

    @property
    def terminals_a(self) -> tuple[float, ...]:
        """Amperes at the terminals; a one-phase car stands on the one that is closed."""
        a, only = self.draw.a, self.draw.terminal
        used = [a if self.draw.phases == 3 or it == only else 0.0 for it in (1, 2, 3)]
        return tuple(used[: self.terminals])

    def plug(self, car: Car) -> None:
        self.car = car
        self.limits_changed()

    def unplug(self) -> None:
        self.cut()
        self.car = None

    def cut(self) -> None:
        """Lose the supply, this instant."""
        self.closed = False
        self.draw, self.power_w = NOTHING, 0.0
        if self.car is not None:
            self.car.cut()

    def limits_changed(self) -> None:
        """Look at the charging profiles anew: they, or the clock, have changed."""
        self._limit_until_s = ANEW

    def step(self, now_s: float, own_s: float, dt_s: float, speed: float) -> None:
        """
        Let a while pass.

        Args:
            now_s: when the while begins.
            own_s: the same moment by the charger's own clock.
            dt_s: how long the while is.
            speed: how many seconds of the drivers' day pass in one second: so much faster does
                the battery fill, and the register count.
        """
        if own_s >= self._limit_until_s:
            self._look_up_limit(now_s, own_s)
        if self.car is None:
            return
        if now_s < self._open_until_s:
            self.car.cut()
            self.draw, self.power_w = NOTHING, 0.0
            return
        a = self.car.step(self.offered_a, self.max_a, dt_s)
        self.draw = Draw(a, min(self.car.phases, self.phases), self.terminal)
        self.power_w = power_w(self.grid_type, self.draw)
        kwh = self.car.fill(self.power_w, dt_s * speed)
        self.delivered_kwh += kwh
        self.register_wh += 1000.0 * kwh

    def _look_up_limit(self, now_s: float, own_s: float) -> None:
        in_force_a, self._limit_until_s, phases, terminal = self.profiles.in_force(own_s)
        one = self.switching and phases == 1
        self._switch(1 if one else 3, terminal if one and self.any_terminal else 1, now_s)
        self.limited = in_force_a is not None
        limit_a = (
            self.max_a if in_force_a is None else min(in_force_a / self._per_a, self.max_a)
        )
        if limit_a != self.limit_a or not self.limits:
            self.limit_a = limit_a
            self.limits.append((now_s, limit_a))

    @property
    def highest(self) -> float:
        """All that it has, in the unit in which it counts."""
        return self.max_a * self._per_a

    @property
    def _per_a(self) -> float:
        """What an ampere is in the unit in which it counts: watts go to the phases that its car uses."""
        if self.profiles.skill.unit != WATTS:
            return 1.0
        phases = self.terminals if self.car is None else min(self.car.phases, self.terminals)
        return power_w(self.grid_type, Draw(1.0, phases))

    def _switch(self, phases: int, terminal: int, now_s: float) -> None:
        """Open, and close again on another number of phases, or another one, a while later."""
        if (phases, terminal) != (self.phases, self.terminal):
            self.phases, self.terminal = phases, terminal
            self.switches += 1
            self._open_until_s = now_s + SWITCH_PAUSE_S
