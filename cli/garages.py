"""Garages for the demo: a building of any number of bays, as a scene and as commands."""

import math
from collections.abc import Iterator
from typing import Final

from shared.messages.installation_commands import (
    AddCircuit,
    AddMeter,
    AssignChargers,
    CreateInstallation,
    InstallationCommand,
    NewCharger,
    SetSwitchCurrent,
)
from shared.messages.installation_terms import Category, InstallationType
from shared.phases import PHASES, GridType, Phase, PhaseSwitching
from simulator.scene import Scene, SceneCharger, SceneCircuit
from simulator.skills import SKILLS, TRANSACTION

INSTALLATION_ID: Final = "harbour-garage"
LEVELS: Final = 3
LEVEL_SHARE: Final = 0.55
"""What a level's breaker is of the main breaker: together they exceed it, as they do in buildings."""
WING_SHARE: Final = 0.6
"""What the breaker of a level's far wing is of the level's."""
LEVEL_A_MIN: Final = 16.0
HOUSE_METER: Final = "house"
HOUSE_SHARE: Final = 0.3
"""What of the main breaker the rest of the building draws at most."""
SWITCH_CURRENT_A: Final = 10.0
"""Below this a three-phase car goes on with one phase, where chargers can switch."""
LIMITED: Final = tuple(
    name for name, it in SKILLS.items() if it.profiles and it.purpose != TRANSACTION
)
"""The skills of chargers that can be limited, the fullest first."""
STANDARD_BREAKERS_A: Final = (
    16, 20, 25, 32, 40, 50, 63, 80, 100, 125, 160, 200, 250, 315, 400, 500, 630, 800, 1000,
)  # fmt: skip
"""Ratings of IEC 60898-1 and the frames above them."""


def garage(
    chargers: int,
    breaker_a: float,
    grid: GridType,
    seed: int = 1,
    *,
    switching: bool = False,
    house: bool = False,
    kinds: bool = False,
) -> Scene:
    """
    Draw a garage: three levels, the second with a far wing of its own.

    Args:
        chargers: how many bays.
        breaker_a: rating of the main breaker.
        grid: how the building is fed; chargers are wired to its phases in turn.
        seed: what chance the simulation has.
        switching: chargers can go from three phases to one, and back, where there are three.
        house: the rest of a building draws through the main breaker as well.
        kinds: chargers are of every kind that can be limited, in turn.
    """
    skills = LIMITED if kinds else LIMITED[:1]
    level_a = _standard_a(max(LEVEL_A_MIN, breaker_a * LEVEL_SHARE), breaker_a)
    wing_a = _standard_a(max(LEVEL_A_MIN, level_a * WING_SHARE), level_a)
    levels = min(LEVELS, chargers)
    phase_switching = (
        PhaseSwitching.FIRST_TERMINAL if switching and grid.three_phase else PhaseSwitching.NONE
    )
    circuits = [
        SceneCircuit(circuit_id=f"level-{i}", name=f"Level {i}", breaker_a=level_a)
        for i in range(1, levels + 1)
    ]
    if levels > 1:
        circuits.append(
            SceneCircuit(
                circuit_id="level-2-east",
                parent_id="level-2",
                name="Level 2 east",
                breaker_a=wing_a,
            )
        )
    return Scene(
        grid_type=grid,
        breaker_a=breaker_a,
        circuits=tuple(circuits),
        chargers=tuple(
            _charger(bay, chargers, levels, grid, phase_switching).model_copy(
                update={"skill": skills[bay % len(skills)]}
            )
            for bay in range(chargers)
        ),
        house_a=breaker_a * HOUSE_SHARE if house else None,
        seed=seed,
    )


def _standard_a(wished_a: float, most_a: float) -> float:
    """Choose the nearest rating that breakers come in, at or below what is above it."""
    fitting = [float(it) for it in STANDARD_BREAKERS_A if it <= most_a] or [most_a]
    return min(fitting, key=lambda it: abs(it - wished_a))


def _charger(
    bay: int, chargers: int, levels: int, grid: GridType, phase_switching: PhaseSwitching
) -> SceneCharger:
    level = 1 + bay * levels // chargers
    circuit_id = f"level-{level}"
    if level == 2 and bay % 3 == 0:
        circuit_id = "level-2-east"
    return SceneCharger(
        charger_id=f"bay-{bay + 1:02}",
        serial=f"AMP{bay + 1:06}",
        name=f"Bay {bay + 1}",
        circuit_id=circuit_id,
        wiring=_wiring(bay, grid),
        phase_switching=phase_switching,
    )


def _wiring(bay: int, grid: GridType) -> tuple[Phase, ...]:
    """Rotate the phases from bay to bay, as electricians do, so that one-phase cars spread."""
    if not grid.three_phase:
        return (Phase.L1,)
    turn = bay % len(PHASES)
    return (*PHASES[turn:], *PHASES[:turn])


def commands(
    scene: Scene, installation_id: str = INSTALLATION_ID
) -> Iterator[InstallationCommand]:
    """Set a scene up, command by command; sent twice, they change nothing the second time."""
    about = {"installation_id": installation_id}
    yield CreateInstallation(
        command_id=f"{installation_id}-create",
        name="Harbour garage",
        address="Strandgata 1, Bergen",
        category=Category.COMMUNITY,
        country="NO",
        type=InstallationType.GARAGE,
        grid_type=scene.grid_type,
        breaker_a=scene.breaker_a,
        time_zone="Europe/Oslo",
        **about,
    )
    if any(it.phase_switching is not PhaseSwitching.NONE for it in scene.chargers):
        yield SetSwitchCurrent(
            command_id=f"{installation_id}-switch-current",
            switch_current_a=SWITCH_CURRENT_A,
            **about,
        )
    if scene.house_a is not None:
        # In an IT grid a line carries what two pairs do, 60 degrees apart.
        between_lines = scene.grid_type is GridType.IT_3_PHASE
        yield AddMeter(
            command_id=f"{installation_id}-{HOUSE_METER}",
            meter_id=HOUSE_METER,
            highest_a=math.ceil(scene.house_a * (math.sqrt(3) if between_lines else 1.0)),
            error_a=0.2,
            interval_s=1.0,
            **about,
        )
    for circuit in scene.circuits_top_down():
        yield AddCircuit(
            command_id=f"{installation_id}-{circuit.circuit_id}",
            **about,
            **circuit.model_dump(),
        )
    for circuit in scene.circuits:
        chargers = [it for it in scene.chargers if it.circuit_id == circuit.circuit_id]
        if not chargers:
            continue
        yield AssignChargers(
            command_id=f"{installation_id}-{circuit.circuit_id}-chargers",
            circuit_id=circuit.circuit_id,
            chargers=tuple(
                NewCharger(**it.model_dump(include=set(NewCharger.model_fields)))
                for it in chargers
            ),
            **about,
        )
