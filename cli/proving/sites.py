"""Worlds to begin with: two buildings with a tree of breakers, and some chargers on it."""

from collections.abc import Sequence
from typing import Final

from cli.proving.buildings import Building
from cli.proving.chargers import Charger
from cli.proving.moments import START_S, Chances
from cli.proving.world import World
from shared.messages.balancer import MAIN
from shared.messages.holding import Holds
from shared.phases import GridType, PhaseSwitching
from shared.units import PILOT_MIN_A

CHARGERS: Final = 9
"""How many there are in a world, hung up or not."""
HUNG_UP_MAX: Final = 7
DEPTH_MAX: Final = 4
"""How many breakers lie above a charger at most, the main one included."""
CIRCUITS_MAX: Final = 6
MAIN_A: Final = (20.0, 32.0, 40.0, 63.0)
SET_A: Final = (10.0, 16.0, 20.0, 25.0, 32.0)
GRIDS: Final = (
    GridType.TN_3_PHASE,
    GridType.TN_3_PHASE,
    GridType.IT_3_PHASE,
    GridType.IT_3_PHASE,
    GridType.TN_1_PHASE,
    GridType.IT_1_PHASE,
)
KINDS: Final = (
    Holds.STACKED,
    Holds.STACKED,
    Holds.STACKED,
    Holds.SCHEDULED,
    Holds.SCHEDULED,
    Holds.FAIL_SAFE_ONLY,
)
SPREADS: Final = (1.0, 1.0, 1.0, 1.0, 3.34)
CLOCKS_OFF_S: Final = (-4.9, -4.9, 0.0, 4.9)
"""By how much chargers' clocks are ahead; one that is behind lets limits end late."""


def world_of(chances: Chances) -> World:
    """Two buildings with some chargers; what they fall back to is computed as it ought to be."""
    here = building_of(chances, "site", chances.pick(range(2, CIRCUITS_MAX + 1)), GRIDS)
    # Nobody carries a charger from one line to three while a car charges: its cable would be cut.
    like_it = [it for it in GRIDS if it.three_phase is here.grid.three_phase]
    other = building_of(chances, "other", 2, like_it)
    world = World((here, other), chargers_of(chances))
    for building in (here, other):
        world.change(building.created(), START_S)
        world.change(building.switch_current(chances.pick([None, 10.0, 32.0])), START_S)
    hung_up = chances.pick(range(2, HUNG_UP_MAX + 1))
    for index in range(hung_up):
        building = other if index == HUNG_UP_MAX - 2 else here
        hang_up(world, building, chances, index)
    world.hear(START_S)
    world.gateway.hear(START_S)
    for charger in world.chargers.values():
        world.gateway.connect(charger, START_S)
    return world


def building_of(
    chances: Chances, name: str, circuits: int, grids: Sequence[GridType]
) -> Building:
    """Build any tree of breakers, no deeper than `DEPTH_MAX`."""
    depths = {MAIN: 1}
    building = Building(name, chances.pick(MAIN_A), {}, {}, chances.pick(grids))
    for number in range(circuits):
        circuit_id = f"circuit-{number}"
        above = chances.pick([it for it, depth in depths.items() if depth < DEPTH_MAX])
        depths[circuit_id] = depths[above] + 1
        building.set_a[circuit_id] = chances.pick(SET_A)
        building.parents[circuit_id] = above
    return building


def chargers_of(chances: Chances) -> list[Charger]:
    """Make chargers, each with the clock and the car it will have."""
    return [
        Charger(
            f"ZAP{index:04}",
            clock_off_s=chances.pick(CLOCKS_OFF_S),
            one_phase_car=chances.one_in(2),
            holds=chances.pick(KINDS),
            spread=chances.pick(SPREADS),
        )
        for index in range(CHARGERS)
    ]


def hang_up(world: World, building: Building, chances: Chances, index: int) -> None:
    """Hang a charger on any circuit, some of them with limits of their own."""
    charger_id, serial = f"bay-{index}", f"ZAP{index:04}"
    assigned = building.assign(
        charger_id,
        serial,
        chances.pick(sorted(building.set_a)),
        chances.pick(building.wirings_of(serial)),
        min_a=chances.pick([PILOT_MIN_A, PILOT_MIN_A, 10.0]),
        breaker_a=chances.pick([None, None, 16.0]),
        phase_switching=chances.pick(tuple(PhaseSwitching)),
    )
    world.change(assigned, START_S)
    if chances.one_in(3):
        world.change(building.prefer(charger_id, chances.pick([1, 5, 9])), START_S)
