"""Random trees of breakers with cars on one phase or three: what allocations are measured on."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.balancer.allocation import Demand, Mode
from shared.phases import PHASES, Phase

LINES: Final = len(PHASES)
THREE_PHASE_SHARE: Final = 0.4
CAR_A: Final = (10.0, 16.0, 20.0, 32.0)


@dataclass(frozen=True, slots=True)
class Tree:
    """Breakers with their lines one after the other, as `services.balancer.site` numbers them."""

    capacity_a: tuple[float, ...]
    demands: tuple[Demand, ...]


def random_tree(seed: int, cars_max: int) -> Tree:
    """
    Grow a tree of up to three levels with anything from plenty of room to far too little.

    Args:
        seed: the same one grows the same tree.
        cars_max: so many cars or fewer.
    """
    chance = random.Random(seed)  # noqa: S311  # a tree is no secret
    cars = chance.randint(2, cars_max)
    ways: list[tuple[int, ...]] = [(0,)]
    sets_a = [chance.choice((20.0, 32.0, 63.0, 100.0, 160.0, 250.0))]
    for _ in range(chance.randint(1, max(1, cars // 5))):
        above = chance.choice([way for way in ways if len(way) < 3])
        ways.append((len(sets_a), *above))
        sets_a.append(chance.choice((10.0, 16.0, 20.0, 25.0, 32.0, 40.0, 63.0)))
    demands = [_car(chance, chance.choice(ways)) for _ in range(cars)]
    return Tree(tuple(it for it in sets_a for _ in PHASES), tuple(demands))


def building(cars: int, seed: int, share: float = 0.4) -> Tree:
    """
    Grow a building: floors of 200 bays, circuits of 20 bays.

    Args:
        cars: how many; each stands at a charger of its own.
        seed: the same one grows the same building.
        share: what each breaker carries, of what all cars below it could take.
    """
    chance = random.Random(seed)  # noqa: S311  # a building is no secret
    floors, circuits = -(-cars // 200), -(-cars // 20)
    ways = [
        (1 + floors + bay // 20, 1 + bay // 200, 0) if floors > 1 else (1 + bay // 20, 0)
        for bay in range(cars)
    ]
    demands = tuple(_car(chance, way) for way in ways)
    count = 1 + circuits + (floors if floors > 1 else 0)
    wanted = [0.0] * (count * LINES)
    for demand in demands:
        for row, _ in demand.modes[0].loads:
            wanted[row] += demand.modes[0].max_a
    sets_a = [max(wanted[it * LINES : it * LINES + LINES]) for it in range(count)]
    return Tree(tuple(max(32.0, share * it) for it in sets_a for _ in PHASES), demands)


def _car(chance: random.Random, way: Sequence[int]) -> Demand:
    three = chance.random() < THREE_PHASE_SHARE
    lines: tuple[Phase, ...] = PHASES if three else (chance.choice(PHASES),)
    loads = tuple(
        (breaker * LINES + PHASES.index(line), 1 + 0j) for breaker in way for line in lines
    )
    return Demand(modes=(Mode(lines, loads, max_a=chance.choice(CAR_A)),))
