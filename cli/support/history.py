"""`ampledger history`: what happened, and (`--at`) what was."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

import typer
from rich.text import Text

from cli.support.asking import Asked, MomentText, SubjectName, ask, only
from cli.support.naming import meant_by, names
from cli.support.output import Json, console, escape, fail, print_json, run
from cli.support.places import DataFolder, place_of
from cli.support.reading import COUNTED_MAX, open_logs
from cli.support.showing import show_timeline, tree_of
from cli.support.subjects import Events, Kind, timed
from shared.history import moments
from shared.history.deeds import people_in
from shared.history.differences import plain
from shared.history.merging import Told, merge
from shared.history.timeline import ROUTINE, timeline
from shared.ids import PersonId

ENTRIES: Final = 100
"""How many entries are shown unless more are asked for: the newest ones."""


def show_history(
    subject: SubjectName,
    at: MomentText = None,
    since: MomentText = None,
    until: MomentText = None,
    limit: Annotated[
        int, typer.Option(min=1, help="How many entries at most: the newest.")
    ] = ENTRIES,
    everything: Annotated[
        bool, typer.Option("--all", help="Tell every limit, too, and name ids.")
    ] = False,
    kind: Annotated[
        Kind | None, typer.Option("--as", help="What the name is, if it could be several.")
    ] = None,
    as_json: Json = False,
    data_folder: DataFolder = None,
) -> None:
    """
    Tell what happened to an installation or a serial, or what somebody did; or (--at) what was.

    A serial may be given by the charger's id, a person by their id or their e-mail address. Limits come by
    the thousand and are counted, unless --all is given. Exit code 2: nothing goes by that name, or there is
    no such moment.
    """
    if at is not None and (since, until) != (None, None):
        fail(
            "--at shows one moment, --since and --until the time between two: give one or the other"
        )

    async def work() -> None:
        place = place_of(data_folder)
        async with open_logs(place) as logs:
            asked = await ask(logs, await meant_by(place, subject), kind, at or until)
            if at is not None:
                _show_state(asked, await timed(logs, asked.moment(at)), as_json=as_json)
                return
            span = [
                None if it is None else await timed(logs, asked.moment(it))
                for it in (since, until)
            ]
            people = await names(place, people_in(asked.subject.events.values()))
            _show_entries(asked, span, limit, people, everything=everything, as_json=as_json)

    run(work())


def _show_state(asked: Asked, moment: moments.Moment, *, as_json: bool) -> None:
    state = asked.subject.state(asked.cut(moment))
    if as_json:
        print_json({"at": asked.time_of(moment).isoformat(), "state": plain(state)})
        return
    shown = console()
    when = asked.time_of(moment).astimezone(asked.zone)
    shown.print(Text(f"{state.name} at {when:%Y-%m-%d %H:%M:%S %Z}", style="bold underline"))
    shown.print(tree_of(only(asked.subject, state), asked.zone))


def _show_entries(
    asked: Asked,
    span: Sequence[moments.Moment | None],
    limit: int,
    people: Mapping[PersonId, str],
    *,
    everything: bool,
    as_json: bool,
) -> None:
    since, until = span
    events = asked.subject.events if until is None else asked.cut(until)
    from_at = None if since is None else asked.time_of(since)

    def concerns(told: Told) -> bool:
        if from_at is not None and told.recorded.recorded_at < from_at:
            return False
        return asked.subject.concerns(told)

    story = merge(events)
    entries = list(
        timeline(story, concerns, everything=everything, zone=asked.zone, people=people)
    )
    if as_json:
        print_json([it.as_json() for it in entries[-limit:]])
        return
    shown = console()
    if len(entries) > limit:
        shown.print(f"[dim]{len(entries) - limit} earlier entries are left out (--limit)")
    show_timeline(shown, entries[-limit:], references=everything)
    if not entries:
        shown.print(f"nothing happened to {escape(asked.subject.name)} in that time")
    if _counted_all(events):
        shown.print(
            f"[dim]only the newest {COUNTED_MAX} routine events of each log are counted"
        )


def _counted_all(events: Events) -> bool:
    return any(sum(it.type in ROUTINE for it in log) >= COUNTED_MAX for log in events.values())
