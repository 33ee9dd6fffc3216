"""
The building of a simulation: its grid, breakers and chargers, as a JSON file describes them.

    {"grid_type": "TN_3_PHASE", "breaker_a": 160, "seed": 1,
     "circuits": [{"circuit_id": "level-1", "parent_id": null, "name": "Level 1",
                   "breaker_a": 100, "set_a": 100}],
     "chargers": [{"charger_id": "bay-01", "serial": "ZAP000001", "name": "Bay 1",
                   "circuit_id": "level-1", "wiring": ["L1", "L2", "L3"], "max_a": 32}]}
"""

from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from shared.ids import ChargerId, CircuitId, Serial
from shared.phases import PHASES, GridType, Phase, PhaseSwitching, Wiring
from shared.units import Amperes, BreakerAmperes, ChargerAmperes
from simulator.breakers import Breaker
from simulator.grid import Grid
from simulator.skills import SKILLS

MAIN: Final = "main"
"""The name under which the main breaker stands among the circuits."""


class SceneRefused(Exception):
    """The file describes no building that could stand; the text says where it is wrong."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SceneCircuit(_Part):
    """A breaker beneath the main breaker, or beneath another circuit."""

    circuit_id: CircuitId
    parent_id: CircuitId | None = None
    name: str = ""
    breaker_a: BreakerAmperes
    set_a: BreakerAmperes | None = None
    """What may be used of the breaker; its rating if left out."""

    @model_validator(mode="after")
    def _set_within_rating(self) -> Self:
        if self.set_a is not None and self.set_a > self.breaker_a:
            raise ValueError(
                f"circuit {self.circuit_id}: set_a {self.set_a:g} A is above its "
                f"breaker of {self.breaker_a:g} A"
            )
        return self


class SceneCharger(_Part):
    """A charger on a circuit, or right behind the main breaker."""

    charger_id: ChargerId
    serial: Serial
    name: str = ""
    circuit_id: CircuitId | None = None
    wiring: Wiring = PHASES
    max_a: ChargerAmperes = 32.0
    phase_switching: PhaseSwitching = PhaseSwitching.NONE
    skill: str = "full"
    """What it can do with charging profiles, by its name in `skills.py`."""

    @field_validator("skill")
    @classmethod
    def _known(cls, skill: str) -> str:
        if skill not in SKILLS:
            raise ValueError(f"there is no skill {skill!r}; take one of {', '.join(SKILLS)}")
        return skill


class Scene(_Part):
    """Everything that is fixed to the building."""

    grid_type: GridType
    breaker_a: BreakerAmperes
    set_a: BreakerAmperes | None = None
    circuits: tuple[SceneCircuit, ...] = ()
    chargers: Annotated[tuple[SceneCharger, ...], Field(min_length=1)]
    house_a: Amperes | None = None
    """What the rest of the building draws through the main breaker at most, on each line (in a three-phase
    IT grid: between each pair of lines); none: the breaker is the cars' alone."""
    seed: int = 1

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _refuse_doubles("circuit_id", [c.circuit_id for c in self.circuits])
        _refuse_doubles("charger_id", [c.charger_id for c in self.chargers])
        _refuse_doubles("serial", [c.serial for c in self.chargers])
        known = {c.circuit_id for c in self.circuits} | {None, MAIN}
        for circuit in self.circuits:
            if circuit.circuit_id == MAIN:
                raise ValueError(f"circuit_id {MAIN!r} is the main breaker's own name")
            if circuit.parent_id not in known:
                raise ValueError(
                    f"circuit {circuit.circuit_id}: no parent {circuit.parent_id!r}"
                )
        for charger in self.chargers:
            if charger.circuit_id not in known:
                raise ValueError(
                    f"charger {charger.charger_id}: no circuit {charger.circuit_id!r}"
                )
            if not self.grid_type.three_phase and charger.wiring[0] is not Phase.L1:
                raise ValueError(
                    f"charger {charger.charger_id}: a {self.grid_type} grid has no line "
                    f"{charger.wiring[0]}"
                )
        if self.set_a is not None and self.set_a > self.breaker_a:
            raise ValueError(f"set_a {self.set_a:g} A is above the main breaker")
        self.circuits_top_down()
        return self

    def circuits_top_down(self) -> tuple[SceneCircuit, ...]:
        """
        Order the circuits so that each comes after the one it hangs beneath.

        Raises:
            ValueError: if circuits hang beneath each other in a ring.
        """
        placed: list[SceneCircuit] = []
        left = list(self.circuits)
        above: set[str | None] = {None, MAIN}
        while left:
            ready = [c for c in left if c.parent_id in above]
            if not ready:
                ring = ", ".join(c.circuit_id for c in left)
                raise ValueError(f"circuits hang beneath each other in a ring: {ring}")
            placed += ready
            above |= {c.circuit_id for c in ready}
            left = [c for c in left if c.circuit_id not in above]
        return tuple(placed)

    def breakers(self) -> list[Breaker]:
        """Build every breaker, cold, in the order of the grid's nodes."""
        lines = len(self.grid_type.lines)
        main = Breaker(MAIN, self.breaker_a, self.set_a or self.breaker_a, lines)
        return [main] + [
            Breaker(c.circuit_id, c.breaker_a, c.set_a or c.breaker_a, lines)
            for c in self.circuits_top_down()
        ]

    def grid(self) -> Grid:
        """Build the tree of breakers and chargers."""
        circuits = self.circuits_top_down()
        node_of: dict[str | None, int] = {None: 0, MAIN: 0}
        node_of |= {c.circuit_id: i for i, c in enumerate(circuits, start=1)}
        return Grid(
            type=self.grid_type,
            parents=(0, *(node_of[c.parent_id] for c in circuits)),
            nodes=tuple(node_of[c.circuit_id] for c in self.chargers),
            wirings=tuple(c.wiring for c in self.chargers),
        )


def _refuse_doubles(what: str, values: list[str]) -> None:
    doubles = sorted({value for value in values if values.count(value) > 1})
    if doubles:
        raise ValueError(f"{what} is used more than once: {', '.join(doubles)}")


def load_scene(path: Path) -> Scene:
    """
    Read a scene file.

    Raises:
        SceneRefused: if the file is missing, is not JSON, or describes no possible building.
    """
    try:
        return Scene.model_validate_json(path.read_bytes())
    except OSError as reason:
        raise SceneRefused(f"{path}: {reason.strerror}") from reason
    except ValidationError as reason:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in error['loc']) or 'scene'}: {error['msg']}"
            for error in reason.errors(include_url=False)
        )
        raise SceneRefused(f"{path}: {wrong}") from reason
