"""Worlds to begin with: two garages, created by commands as people create them."""

from collections.abc import Iterator, Sequence
from typing import Final

from cli.proving import sites
from cli.proving.moments import START_S, Chances
from cli.simulating.built import Built
from cli.simulating.garage import LEASES_S, Garage, Stall
from cli.simulating.wishes import CHARGERS_MAX, assigning
from services.balancer.facts import Timing
from shared.messages.installation_commands import AddCircuit, CreateInstallation, SetPriority
from shared.messages.installation_terms import Category, InstallationType
from shared.phases import GridType

HUNG_UP: Final = range(2, 7)
CIRCUITS: Final = range(2, 5)


def found(chances: Chances, seed: int) -> Garage:
    """Have two garages with trees of breakers and some chargers; everybody has heard of them."""
    lease_s = chances.pick(LEASES_S)
    timing = Timing(lease_s=lease_s, renew_before_s=lease_s * 2 / 3)
    here, other = Built("site", 0.0, {}, {}), Built("other", 0.0, {}, {})
    garage = Garage(chances, (here, other), tuple(_stalls(chances)), timing, seed)
    garage.now_s = START_S
    grid = chances.pick(sites.GRIDS)
    # Nobody carries a charger from one line to three while a car charges: its cable would be cut.
    like_it = [it for it in sites.GRIDS if it.three_phase is grid.three_phase]
    _create(garage, here, chances.pick(CIRCUITS), [grid])
    _create(garage, other, 2, like_it)
    for index in range(chances.pick(HUNG_UP)):
        _hang_up(garage, other if index == 1 else here, index)
    garage.hear(START_S)
    garage.gateway.hear(START_S)
    return garage


def _stalls(chances: Chances) -> Iterator[Stall]:
    for index in range(CHARGERS_MAX):
        yield Stall(
            f"ZAP{index:04}",
            clock_off_s=chances.pick(sites.CLOCKS_OFF_S),
            one_phase_car=chances.one_in(2),
            holds=chances.pick(sites.KINDS),
            spread=chances.pick(sites.SPREADS),
        )


def _create(garage: Garage, building: Built, circuits: int, grids: Sequence[GridType]) -> None:
    chances, name = garage.chances, building.installation_id
    garage.wish(
        CreateInstallation(
            installation_id=name,
            command_id=garage.next_id(),
            name="Garage",
            address="Street 1",
            category=Category.COMMUNITY,
            country="NO",
            type=InstallationType.GARAGE,
            grid_type=chances.pick(grids),
            breaker_a=chances.pick(sites.MAIN_A),
        )
    )
    for number in range(circuits):
        parent_id = chances.pick([None, *building.set_a])
        most_a = building.main_a if parent_id is None else building.set_a[parent_id]
        garage.wish(
            AddCircuit(
                installation_id=name,
                command_id=garage.next_id(),
                circuit_id=f"circuit-{number}",
                parent_id=parent_id,
                name="Circuit",
                breaker_a=min(chances.pick(sites.SET_A), most_a),
            )
        )


def _hang_up(garage: Garage, building: Built, index: int) -> None:
    charger_id = f"bay-{index}"
    garage.wish(assigning(garage, building, charger_id, f"ZAP{index:04}"))
    if garage.chances.one_in(3) and charger_id in building.bays:
        garage.wish(
            SetPriority(
                installation_id=building.installation_id,
                command_id=garage.next_id(),
                charger_id=charger_id,
                priority=garage.chances.pick([1, 5, 9]),
            )
        )
