"""What meter values of every version of OCPP have in common: measurands, and the names of phases."""

from datetime import datetime
from typing import Final

from services.telemetry.payloads import WHOLE_MAX
from services.telemetry.said import NOWHERE, Measured, Sample, Signed

CURRENT: Final = "Current.Import"
ENERGY: Final = "Energy.Active.Import.Register"
POWER: Final = "Power.Active.Import"

TAKEN: Final = frozenset({CURRENT, ENERGY, POWER})
"""Of all others nothing is made here."""

ELSEWHERE: Final = frozenset({"EV", "Body"})
"""Locations whose values are not what the charger takes from the grid."""

_TERMINALS: Final = {
    "L1": 0, "L1-N": 0, "L1-L2": 0,
    "L2": 1, "L2-N": 1, "L2-L3": 1,
    "L3": 2, "L3-N": 2, "L3-L1": 2,
}  # fmt: skip
"""Which terminal a value's phase is. In an IT grid a one-phase car stands between two lines."""


class Gathering:
    """Gathers the values of one moment."""

    __slots__ = ("_overall", "_signed", "_terminals")

    def __init__(self) -> None:
        self._terminals: dict[str, list[float | None]] = {}
        self._overall: dict[str, float] = {}
        self._signed: list[Signed] = []

    def add(self, measurand: str, phase: str | None, number: float) -> None:
        """
        Take in a value; one that is no number, or of a phase that no meter here has, is left out.

        Args:
            measurand: such as `CURRENT`.
            phase: of which; none: of all of the charger.
            number: in the measurand's base unit.
        """
        if not -WHOLE_MAX <= number <= WHOLE_MAX:  # nor is what is no number (NaN)
            return
        if phase is None:
            self._overall[measurand] = number
            return
        terminal = _TERMINALS.get(phase)
        if terminal is None:
            return
        at = self._terminals.get(measurand)
        if at is None:
            self._terminals[measurand] = at = [None, None, None]
        at[terminal] = number

    def add_signed(self, signed: Signed) -> None:
        """Take in a value that the meter has signed."""
        self._signed.append(signed)

    def sample(self, measured_at: datetime) -> Sample:
        """Make a sample of what was taken in."""
        return Sample(
            measured_at,
            current=self._of(CURRENT),
            power=self._of(POWER),
            energy=self._of(ENERGY),
            signed=tuple(self._signed),
        )

    def _of(self, measurand: str) -> Measured:
        at = self._terminals.get(measurand)
        terminals = NOWHERE if at is None else (at[0], at[1], at[2])
        return Measured(terminals, self._overall.get(measurand))
