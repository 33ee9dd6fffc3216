"""A question about the past: its subject, its time zone, its moments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Annotated

import typer

from cli.support.finding import find_subject
from cli.support.places import services_with_logs
from cli.support.reading import Logs
from cli.support.subjects import Events, Kind, Subject, timed
from shared.clock import utc_now
from shared.history import moments
from shared.history.states import Installation
from shared.recorded import Recorded

SubjectName = Annotated[
    str, typer.Argument(metavar="INSTALLATION|SERIAL|USER", help="What to tell of.")
]
MomentText = Annotated[
    str | None,
    typer.Option(
        metavar="TIME|POSITION|VERSION",
        help="2026-11-22T14:05 (local), 2h (ago), position:123, telemetry:123, version:7.",
    ),
]


@dataclass(frozen=True, slots=True)
class Asked:
    """A subject, and how moments are read and told for it."""

    subject: Subject
    now: datetime

    @property
    def zone(self) -> tzinfo | None:
        return self.subject.zone

    def moment(self, text: str) -> moments.Moment:
        return moments.parse(text, services_with_logs(), self.now, self.zone)

    def cut(self, moment: moments.Moment) -> Events:
        return moments.cut(self.subject.events, moment, self.subject.stream)

    def time_of(self, moment: moments.Moment) -> datetime:
        """Say when a moment was: of a position or version, when that event was recorded."""
        if isinstance(moment, moments.AtTime):
            return moment.time
        events = self.cut(moment)
        return max((it.recorded_at for log in events.values() for it in log), default=self.now)


async def ask(logs: Logs, name: str, kind: Kind | None, until: str | None = None) -> Asked:
    """
    Find what somebody asks about; events of a routine kind after `until` are not read.

    Raises:
        UnknownSubject: the logs know nothing of that name.
        UnknownMoment: there is no such moment.
    """
    now = utc_now()

    async def end(
        layout: Sequence[Recorded], stream: str, zone: tzinfo | None
    ) -> datetime | None:
        if until is None:
            return None
        moment = await timed(logs, moments.parse(until, services_with_logs(), now, zone))
        if isinstance(moment, moments.AtVersion):
            mine = [it for it in layout if it.stream == stream]
            found = (it.recorded_at for it in mine if it.version == moment.version)
            return next(found, None)
        return moment.time if isinstance(moment, moments.AtTime) else moment.recorded_at

    return Asked(await find_subject(logs, name, kind, end), now)


def only(subject: Subject, state: Installation) -> Installation:
    """Of a serial's installation, keep its own charger and what stands above it."""
    if subject.kind is not Kind.SERIAL:
        return state
    chargers = {k: it for k, it in state.chargers.items() if it.serial == subject.name}
    above = {it for charger in chargers.values() for it, _ in state.above(charger.circuit_id)}
    circuits = {it: known for it, known in state.circuits.items() if it in above}
    return Installation(
        state.installation_id,
        state.building,
        circuits,
        chargers,
        {it: known for it, known in state.reported.items() if it in chargers},
        {it: known for it, known in state.allotted.items() if it in chargers},
    )
