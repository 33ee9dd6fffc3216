"""`ampledger serial`: where a serial number is, why it is locked, and how it gets free."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Annotated, Any, Final

import typer
from rich.text import Text

from cli.setting_up import send_all
from cli.support.finding import of_serial
from cli.support.history import show_history
from cli.support.output import FINDING, Actor, Json, actor_of, console, fail, print_json, run
from cli.support.places import DataFolder, Place, place_of
from cli.support.reading import Logs, open_logs
from cli.support.showing import show_lines
from cli.support.subjects import layouts
from services.installation.decider import installation as decider
from shared.decider import Refused
from shared.history.differences import Difference, differences, plain
from shared.history.folding import evolve, fold
from shared.history.moments import LAYOUTS
from shared.history.sentences import sentence
from shared.history.serial_words import where_lines, why_lines
from shared.history.serials import SerialStory, Standing
from shared.history.states import Installation
from shared.history.timeline import zone_of
from shared.history.unlocking import Why, why_locked
from shared.history.wording import Words, describe
from shared.ids import new_id, normal_serial
from shared.messages import Event
from shared.messages.installation_commands import UnlockSerial

serial = typer.Typer(
    no_args_is_help=True, help="Serial numbers: where they are, what locked them."
)

SerialText = Annotated[str, typer.Argument(metavar="SERIAL", help="As on the label.")]

_HERE: Final = frozenset({Standing.IN_USE, Standing.OUT_OF_USE, Standing.LOCKED})


async def _story(place: Place, text: str) -> SerialStory:
    number = str(normal_serial(text))
    async with open_logs(place) as logs:
        return await _story_in(logs, number)


async def _story_in(logs: Logs, number: str) -> SerialStory:
    found = (await of_serial(logs, number)).serial_story
    return found or SerialStory(number)


@serial.command("where")
def where(text: SerialText, as_json: Json = False, data_folder: DataFolder = None) -> None:
    """
    Say where a serial is, or was last.

    Exit code 0 if it is in an installation, locked or not; 1 if it is in none; 2 if it is no serial.
    """
    story = run(_story(place_of(data_folder), text))
    if as_json:
        print_json(_where_as_json(story))
    else:
        first, *more = where_lines(story, _zone(story))
        console().print(Text(first, style="bold"))
        show_lines(console(), more)
    if story.standing not in _HERE:
        raise typer.Exit(FINDING)


def _zone(story: SerialStory) -> tzinfo | None:
    if story.installation is not None:
        return zone_of(story.installation)
    known = (story.installations[it.installation_id] for it in reversed(story.stays))
    return next((zone_of(it) for it in known), None)


def _where_as_json(story: SerialStory) -> dict[str, Any]:
    return {
        "serial": story.serial,
        "standing": str(story.standing),
        "now": plain(story.stay),
        "lock": plain(story.lock),
        "connected_from": story.connected_from,
        "stays": plain(story.stays),
    }


@serial.command("why-locked")
def show_why_locked(
    text: SerialText, as_json: Json = False, data_folder: DataFolder = None
) -> None:
    """
    Say what locked a serial, what its charger has done since, and what would unlock it.

    Exit code 0 if it is locked; 1 if it is not.
    """
    story = run(_story(place_of(data_folder), text))
    why = why_locked(story)
    if as_json:
        print_json(_why_as_json(story, why))
    elif why is None:
        show_lines(
            console(), [f"{story.serial} is not locked.", *where_lines(story, _zone(story))]
        )
    else:
        first, *more = why_lines(story, why, _zone(story))
        console().print(Text(first, style="bold red"))
        show_lines(console(), more)
    if why is None:
        raise typer.Exit(FINDING)


def _why_as_json(story: SerialStory, why: Why | None) -> dict[str, Any]:
    if why is None:
        return {"serial": story.serial, "locked": False, "standing": str(story.standing)}
    contacts = [
        {"at": it.at.isoformat(), "event": type(it.event).__name__, "place": str(it.place)}
        | it.event.model_dump(mode="json", include={"remote", "reason"})
        for it in why.since
    ]
    return {
        "serial": story.serial,
        "locked": True,
        "lock": plain(story.lock),
        "installation_id": why.installation_id,
        "charger_id": why.charger_id,
        "moved": str(why.moved),
        "since": contacts,
        "ways": [{"what": it.what, "command": it.command} for it in why.ways],
    }


@serial.command("history")
def history(
    text: SerialText,
    everything: Annotated[bool, typer.Option("--all", help="Tell every limit, too.")] = False,
    as_json: Json = False,
    data_folder: DataFolder = None,
) -> None:
    """Tell what happened to a serial: as `ampledger history SERIAL`."""
    try:
        number = str(normal_serial(text))
    except ValueError as error:
        fail(str(error))
    show_history(number, everything=everything, as_json=as_json, data_folder=data_folder)


# --- unlock ---


@dataclass(frozen=True, slots=True)
class Trial:
    """What unlocking would append, and what it would change."""

    events: Sequence[Event]
    before: Installation
    after: Installation

    @property
    def found(self) -> list[Difference]:
        return differences(self.before, self.after)


@serial.command("unlock")
def unlock(
    text: SerialText,
    reason: Annotated[str, typer.Option(help="Why, in a sentence; it stays in the log.")],
    ticket: Annotated[str | None, typer.Option(help="The case in your own system.")] = None,
    actor: Actor = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be appended, and append nothing.")
    ] = False,
    as_json: Json = False,
    data_folder: DataFolder = None,
) -> None:
    """
    Free a locked serial: it is unlocked and its charger removed; it can be assigned anywhere then.

    Exit code 1 if it is not locked; 2 if the installation service does not answer.
    """
    place = place_of(data_folder)
    story = run(_story(place, text))
    if story.stay is None:
        fail(" ".join(where_lines(story, _zone(story))), FINDING)
    command = UnlockSerial(
        command_id=new_id(),
        installation_id=story.stay.installation_id,
        serial=story.serial,
        reason=reason,
        ticket=ticket,
    )
    if dry_run:
        _show_trial(run(_try(place, command)), _zone(story), as_json=as_json)
        return
    position = run(send_all(place.nats(), [command], actor_of(actor)))
    if as_json:
        print_json({"serial": story.serial, "position": position})
        return
    console().print(
        Text(f"{story.serial} is free: it can be assigned anywhere (position {position})")
    )


async def _try(place: Place, command: UnlockSerial) -> Trial:
    """Decide as the service would, on the history as it is, and append nothing."""
    async with open_logs(place) as logs:
        history = await logs.streams(LAYOUTS, [layouts(command.installation_id)])
    so_far = [it.event for it in history]
    state = decider.fold(so_far)  # type: ignore[arg-type]  # the stream holds no others
    try:
        events = decider.decide(command, state)
    except Refused as refusal:
        fail(f"{type(refusal).__name__}: {refusal.detail}", FINDING)
    before = fold(command.installation_id, so_far)
    after = before
    for event in events:
        after = evolve(after, event)
    return Trial(events, before, after)


def _show_trial(trial: Trial, zone: tzinfo | None, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "dry_run": True,
                "events": [
                    {"type": type(it).__name__, "data": it.model_dump(mode="json")}
                    for it in trial.events
                ],
                "changes": [it.as_json() for it in trial.found],
            }
        )
        return
    shown = console()
    words = Words(trial.before, trial.after, zone)
    shown.print("[bold]A dry run: nothing was appended.[/] These events would be:")
    for number, event in enumerate(trial.events, start=1):
        told = Text.assemble(f"  {number}. {type(event).__name__}  ", sentence(event, words))
        shown.print(told)
    shown.print("What they would change:")
    show_lines(shown, [f"  · {it}" for it in describe(trial.found, words)])
