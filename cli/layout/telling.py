"""How a set-up command tells what has become of it: in words, or in JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console, RenderableType

from cli.support.output import print_json
from shared.messages import Answer, Event, Note
from shared.messages.installation_commands import InstallationCommand
from shared.messages.telemetry import SessionCommand

WIDTH: Final = 1000
"""Columns of what is drawn; more than anything needs."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A command and its answer; in a rehearsal also the events that it would lead to."""

    command: InstallationCommand | SessionCommand
    answer: Answer
    events: Sequence[Event] | None = None


def say(*lines: str, style: str | None = None) -> None:
    """Write lines as they are, however long."""
    console = Console(highlight=False)
    for line in lines:
        console.print(line, markup=False, soft_wrap=True, style=style)


def complain(*lines: str) -> None:
    """Write lines to standard error as they are, however long."""
    console = Console(stderr=True, highlight=False)
    for line in lines:
        console.print(line, markup=False, soft_wrap=True, style="bold red")


def draw(picture: RenderableType) -> None:
    """Draw something with nothing of it cut off: a terminal that is narrower breaks its lines."""
    Console(highlight=False, width=WIDTH).print(picture, soft_wrap=True)


def tell_outcomes(outcomes: Sequence[Outcome], *, dry_run: bool) -> None:
    """Say in words what has become of accepted commands."""
    if dry_run:
        _tell_rehearsal(outcomes)
        return
    position = max((it.answer.position for it in outcomes), default=0)
    say(f"done, at position {position} of the log" if position else "it is so already")
    if position:
        tell_notes(_notes(outcomes))


def _tell_rehearsal(outcomes: Sequence[Outcome]) -> None:
    events = [event for it in outcomes for event in it.events or ()]
    if events:
        say(f"would be appended ({len(events)}):", *(f"  {_line(it)}" for it in events))
        tell_notes(_notes(outcomes))
    else:
        say("it is so already: nothing would be appended")
    say("this was a dry run: nothing has changed")


def _notes(outcomes: Sequence[Outcome]) -> Sequence[Note]:
    """Those of the last state: each answer speaks of its installation as a whole."""
    by_installation = {it.command.installation_id: it.answer.notes for it in outcomes}
    return [note for notes in by_installation.values() for note in notes]


def _line(event: Event) -> str:
    told = event.model_dump(mode="json", exclude_none=True)
    parts = (f"{name}={_value(it)}" for name, it in told.items())
    return f"{type(event).__name__}  {', '.join(parts)}"


def _value(value: Any) -> str:  # noqa: ANN401  # whatever an event has
    if isinstance(value, list):
        return " ".join(str(it) for it in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def tell_notes(notes: Sequence[Note]) -> None:
    """Say what an electrician would say, and how to mend it."""
    for note in notes:
        say(f"note: {note.text}", style="yellow")
        if note.mend:
            say(f"      mend it: {note.mend}")


def print_outcomes(outcomes: Sequence[Outcome], *, dry_run: bool, **more: object) -> None:
    """Write JSON: every command with its answer, in their order."""
    print_json(
        {
            "dry_run": dry_run,
            "accepted": all(it.answer.accepted for it in outcomes),
            "commands": [_json(it) for it in outcomes],
            **more,
        }
    )


def _json(outcome: Outcome) -> dict[str, object]:
    told: dict[str, object] = {
        "command": type(outcome.command).__name__,
        "command_id": outcome.command.command_id,
        **outcome.answer.model_dump(mode="json"),
    }
    if outcome.events is not None:
        told["events"] = [
            {"type": type(it).__name__, "data": it.model_dump(mode="json")}
            for it in outcome.events
        ]
    return told
