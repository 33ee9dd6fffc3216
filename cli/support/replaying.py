"""`ampledger diff` and `replay`: what changed between two moments, and what each event changed."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.rule import Rule
from rich.text import Text

from cli.support.asking import Asked, MomentText, ask, only
from cli.support.output import FINDING, Json, console, fail, print_json, run
from cli.support.places import DataFolder, place_of
from cli.support.reading import open_logs
from cli.support.showing import show_lines, tree_of
from cli.support.subjects import Kind, timed
from shared.history.differences import differences, plain
from shared.history.merging import merge
from shared.history.replaying import Step, replayed
from shared.history.sentences import sentence
from shared.history.wording import Words, describe

# --- diff ---


def show_diff(
    installation: Annotated[str, typer.Argument(help="Its id; or a serial.")],
    a: Annotated[str, typer.Argument(metavar="A", help="A moment, as for --at.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another one.")],
    as_json: Json = False,
    data_folder: DataFolder = None,
) -> None:
    """Say what differs between two moments. Exit code 0 whether or not anything does."""

    async def work() -> None:
        async with open_logs(place_of(data_folder)) as logs:
            asked = await ask(logs, installation, None)
            if asked.subject.kind is Kind.USER:
                fail(f"{installation} is a person; name an installation or a serial")
            before, after = [
                only(
                    asked.subject,
                    asked.subject.state(asked.cut(await timed(logs, asked.moment(it)))),
                )
                for it in (a, b)
            ]
            found = differences(before, after)
            if as_json:
                print_json([it.as_json() for it in found])
                return
            words = Words(before, after, asked.zone)
            show_lines(console(), describe(found, words) or ["nothing differs"])

    run(work())


# --- replay ---


def replay(
    subject: Annotated[str, typer.Argument(metavar="INSTALLATION|SERIAL")],
    until: MomentText = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing: the only way there is.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Also events of the routine kind.")
    ] = False,
    as_json: Json = False,
    data_folder: DataFolder = None,
) -> None:
    """Go through the events one by one, with what each of them changed, up to a moment."""
    if not dry_run:
        fail(
            "a log is never replayed into effect: what happened has happened. Add --dry-run to "
            "see the state before and after each event. To mend something, append a new event: "
            "`ampledger serial unlock`, or the command that undoes it. To fold a read model "
            "anew: `ampledger projections rebuild`",
            FINDING,
        )

    async def work() -> None:
        async with open_logs(place_of(data_folder)) as logs:
            asked = await ask(logs, subject, None, until)
            if asked.subject.kind is Kind.USER:
                fail(f"{subject} is a person; name an installation or a serial")
            events = asked.subject.events
            if until is not None:
                events = asked.cut(await timed(logs, asked.moment(until)))
            steps = replayed(merge(events), asked.subject.concerns, everything=everything)
            if as_json:
                print_json([_as_json(it) for it in steps])
            else:
                _show_steps(asked, steps)

    run(work())


def _show_steps(asked: Asked, steps: Sequence[Step]) -> None:
    shown = console()
    for number, step in enumerate(steps, start=1):
        recorded = step.told.recorded
        words = Words(step.before, step.after, asked.zone)
        title = (
            f"{number}  {words.time(recorded.recorded_at)}  {step.told.service}:"
            f"{recorded.position}  {recorded.type}"
        )
        shown.print(Rule(Text(title, style="cyan"), align="left", style="dim"))
        told = recorded.type if step.told.event is None else sentence(step.told.event, words)
        shown.print(Text(f"{recorded.meta.actor}: {told}"))
        changes = describe(step.found, words)
        show_lines(shown, [f"  · {it}" for it in changes] or ["  nothing of the state changed"])
    if not steps:
        shown.print("nothing had happened by then")
        return
    state = steps[-1].after
    if state.building is not None:
        shown.print(Rule(Text("the state after it", style="cyan"), align="left", style="dim"))
        shown.print(tree_of(only(asked.subject, state), asked.zone))


def _as_json(step: Step) -> dict[str, Any]:
    recorded = step.told.recorded
    return {
        "service": step.told.service,
        "position": recorded.position,
        "stream": recorded.stream,
        "version": recorded.version,
        "type": recorded.type,
        "recorded_at": recorded.recorded_at.isoformat(),
        "actor": recorded.meta.actor,
        "changes": [it.as_json() for it in step.found],
        "before": plain(step.before),
        "after": plain(step.after),
    }
