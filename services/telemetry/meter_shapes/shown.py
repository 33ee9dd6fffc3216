"""What a payload says of a breaker, whatever it looks like."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final


class Unreadable(Exception):
    """A payload cannot be read; `refusal` is how that is called, the text says what to do."""

    def __init__(self, detail: str, refusal: str = "ReadingMalformed") -> None:
        super().__init__(detail)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class LineShown:
    """
    One line of the grid.

    Args:
        current_a: as it is given; below 0 only where the shape says so.
        power_w: active power, below 0 where the line feeds the grid.
        voltage_v: to neutral, or to the next line in an IT grid.
        feeds: the line feeds the grid, though nothing says with how much power.
    """

    current_a: float | None = None
    power_w: float | None = None
    voltage_v: float | None = None
    feeds: bool = False

    @property
    def says_a_current(self) -> bool:
        """Tell whether there is anything to make a current of."""
        return self.current_a is not None or self.power_w is not None


NOTHING: Final = LineShown()


@dataclass(frozen=True, slots=True)
class Shown:
    """
    What a payload says.

    Args:
        shape: how its shape is called.
        lines: L1, L2 and L3.
        power_w: active power of all lines together, below 0 where they feed the grid.
        reactive_var: reactive power of all lines together.
        measured_at: when it was measured; without a zone where none is given, none where nothing is said.
        import_wh: the register of what was taken from the grid.
        export_wh: the register of what was fed into it.
        exact_lines: a line is given where it is measured, and nowhere else. Otherwise a shape has
            fields for all lines, and what was not entered is passed over.
    """

    shape: str
    lines: tuple[LineShown, LineShown, LineShown]
    power_w: float | None = None
    reactive_var: float | None = None
    measured_at: datetime | None = None
    import_wh: float | None = None
    export_wh: float | None = None
    exact_lines: bool = False

    @property
    def says_currents(self) -> bool:
        """Tell whether there is a current of any line."""
        return any(it.says_a_current for it in self.lines)
