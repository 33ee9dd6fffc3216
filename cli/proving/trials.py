"""
Runs that are to keep the promise, second by second.

At every step the most that cars may draw is added up and held against what the logs say of it and, where
the layout stays as it is, against every breaker. At the end the logs are audited: no limit was ever
announced that could have put more on a breaker than it may carry.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cli.proving.happenings import Takeover, live
from cli.proving.installers import STEPS as LAYOUT_STEPS
from cli.proving.moments import START_S, Chances
from cli.proving.sites import world_of
from cli.proving.world import World
from shared.messages.balancer import MAIN
from shared.phases import PHASES
from shared.units import TOLERANCE_A

STEPS: Final = 120
"""How many seconds a trial takes: four leases."""
BLACKOUT_S: Final = 50
"""How long there may be no balancer at all: more than a lease."""


class PromiseBroken(Exception):
    """More may flow than is counted, or than a breaker carries."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One run; the same seed, the same run."""

    seed: int
    changing: bool
    """Whether people change the layout meanwhile."""
    steps: int = STEPS

    def run(self) -> None:
        """
        Live through it.

        Raises:
            PromiseBroken: at a step, or by the logs.
        """
        chances = Chances(self.seed)
        world = world_of(chances)
        blackout = chances.pick([self.steps, *range(20, self.steps, 5)])
        takeover = None if self.changing else _takeover(chances, self.steps)
        for step in range(self.steps):
            now_s = START_S + step
            if self.changing and chances.one_in(6):
                change_layout(world, chances, now_s)
            balanced = not blackout <= step < blackout + BLACKOUT_S
            live(world, chances, now_s, balanced=balanced, takeover=takeover)
            check_counted(world, now_s)
            if not self.changing:
                check_breakers(world, now_s)
        check_logs(world)


def trials(seed: int, *, changing: bool | None = None) -> Iterator[Trial]:
    """Name trials without an end, with and without changes of the layout in turns."""
    while True:
        if changing is None:
            yield Trial(seed, changing=seed % 2 == 1)
        else:
            yield Trial(seed, changing=changing)
        seed += 1


def _takeover(chances: Chances, steps: int) -> Takeover:
    at_s = START_S + chances.pick(range(10, steps))
    return Takeover(at_s, goes_on_s=at_s + chances.pick(range(20)))


def change_layout(world: World, chances: Chances, now_s: float) -> None:
    """Somebody changes his mind about a building; others hear of it late."""
    here, other = chances.shuffled(list(world.buildings.values()))
    events = list(chances.pick(LAYOUT_STEPS)(here, other, chances, now_s))
    late_s, carried_s = chances.pick([0.0, 0.0, 1.0, 3.0]), chances.pick([0.0, 5.0, 30.0])
    world.change(events, now_s, late_s, carried_s)


# --- Judging ---


def check_counted(world: World, now_s: float) -> None:
    """Whatever cars may draw is counted where they draw it."""
    for name in world.buildings:
        loads_a = world.loads_a(name)
        if not any(map(any, loads_a.values())):
            continue
        counted_a = world.counted_a(name, now_s)
        for circuit_id, load_a in loads_a.items():
            for line, counted, load in zip(PHASES, counted_a[circuit_id], load_a, strict=True):
                if load > counted + TOLERANCE_A:
                    raise PromiseBroken(
                        f"{_when(now_s)} {load:.1f} A may flow at {name}/{circuit_id} on {line}, "
                        f"and {counted:.1f} A are counted"
                    )


def check_breakers(world: World, now_s: float) -> None:
    """Whatever cars may draw is no more than breakers carry."""
    for name, building in world.buildings.items():
        may_a = {MAIN: building.main_a, **building.set_a}
        for circuit_id, load_a in world.loads_a(name).items():
            if max(load_a) > may_a[circuit_id] + TOLERANCE_A:
                raise PromiseBroken(
                    f"{_when(now_s)} {max(load_a):.1f} A may flow at {name}/{circuit_id}, "
                    f"which carries {may_a[circuit_id]:.1f} A"
                )


def check_logs(world: World) -> None:
    """By the logs no limit was announced that did not fit."""
    overload_as, where = world.planned_overload()
    if overload_as > 0:
        raise PromiseBroken(f"the logs show {overload_as:.1f} A*s planned, most at {where}")


def _when(now_s: float) -> str:
    return f"after {now_s - START_S:.0f} s"
