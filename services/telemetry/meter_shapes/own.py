"""
Our own shape.

    {"measured_at": "2026-11-27T16:05:00.5+01:00", "current_a": [31.2, null, -4.0],
     "import_wh": 48211300, "export_wh": 0}

`current_a` has an entry for each line of the grid; null where the meter gives no current of a line. It is
below 0 where the building feeds the grid. The registers may be left out.
"""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.telemetry.meter_shapes.shown import LineShown, Shown, Unreadable
from shared.messages import Moment
from shared.phases import PHASES, Phase
from shared.units import RegisterWattHours, SignedAmperes

NAME: Final = "own"


class _Content(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    measured_at: Moment
    current_a: Annotated[list[SignedAmperes | None], Field(max_length=len(PHASES))]
    import_wh: RegisterWattHours | None = None
    export_wh: RegisterWattHours | None = None


def recognises(content: object) -> bool:
    """Tell whether it is our own shape."""
    if not isinstance(content, Mapping):
        return False
    return "measured_at" in content or isinstance(content.get("current_a"), list)


def read(content: Mapping[str, object], lines: tuple[Phase, ...]) -> Shown:
    """
    Read it.

    Args:
        content: what came.
        lines: of the grid.

    Raises:
        Unreadable: a field is missing, unknown, or not what it should be.
    """
    try:
        said = _Content.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(it) for it in first["loc"]) or "body"
        raise Unreadable(f"{place}: {first['msg']}; {way(lines)}") from error
    if len(said.current_a) != len(lines):
        raise Unreadable(
            f"current_a has {len(said.current_a)} entries; send one for each of {', '.join(lines)}, "
            "null where the meter gives none",
            "WrongNumberOfPhases",
        )
    given = [*said.current_a, None, None]
    return Shown(
        NAME,
        (LineShown(given[0]), LineShown(given[1]), LineShown(given[2])),
        measured_at=said.measured_at,
        import_wh=said.import_wh,
        export_wh=said.export_wh,
        exact_lines=True,
    )


def way(lines: tuple[Phase, ...]) -> str:
    """Say what to send."""
    return (
        "send measured_at with its offset from UTC, and current_a with a finite number or null for "
        f"each of {', '.join(lines)}, in amperes"
    )
