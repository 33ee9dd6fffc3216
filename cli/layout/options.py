"""What every set-up command may be told besides the wish itself."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from shared.messages.balancer import MAIN
from shared.phases import PHASES, Phase, PhaseSwitching

InstallationArg = Annotated[str, typer.Argument(metavar="INSTALLATION", help="Its id.")]
CircuitArg = Annotated[str, typer.Argument(metavar="CIRCUIT", help="Its id.")]
ChargerArg = Annotated[
    str, typer.Argument(metavar="CHARGER", help="Its id: the serial, unless another was given.")
]
NewId = Annotated[str, typer.Argument(help="An id of your choice: letters, digits, dashes.")]

DataFolder = Annotated[
    Path | None,
    typer.Option(
        help="Data folder of the running stack; NATS_URL and DATABASE_URL come first."
    ),
]
Actor = Annotated[
    str | None, typer.Option(help="Who does this, for the log; default: $USER.", metavar="NAME")
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Only show what would be appended to the log, or refused."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
Reason = Annotated[
    str | None, typer.Option(help="Why, in your own words; it is kept in the log.")
]
LockSerials = Annotated[
    bool,
    typer.Option(
        "--lock-serials",
        help="Do it in spite of chargers beneath, and lock their serials with it.",
    ),
]
WiringOption = Annotated[
    list[Phase] | None,
    typer.Option(
        "--wiring", help="Phase behind each terminal, in their order; once or thrice."
    ),
]
MaxA = Annotated[float, typer.Option(help="The most it can offer, in amperes per phase.")]
MinA = Annotated[
    float, typer.Option(help="The lowest current its cars charge with; below it they pause.")
]
OwnBreakerA = Annotated[
    float | None, typer.Option(help="Rating of a breaker of its own, in amperes.")
]
SwitchingOption = Annotated[
    PhaseSwitching | None,
    typer.Option(
        "--phase-switching",
        help="Whether it can charge on one phase or three as it is told: on one always from its "
        "first terminal, or from any.",
    ),
]

WIRED: Final = PHASES


@dataclass(frozen=True, slots=True)
class Manner:
    """How a wish is carried out: where, by whom, in earnest or dry, told in words or in JSON."""

    data_folder: Path | None = None
    actor: str | None = None
    dry_run: bool = False
    as_json: bool = False

    @property
    def who(self) -> str:
        return self.actor or os.environ.get("USER") or "cli"


def parent_of(given: str | None) -> str | None:
    """Name the circuit above one; the main breaker is none."""
    return None if given == MAIN else given
