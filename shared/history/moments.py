"""
How people name a moment, and where it cuts the logs.

    2026-11-22T14:05:00+01:00   a time; without an offset it is the installation's own
    2026-11-22                  the beginning of that day
    15m, 2h, 3d                 so long ago
    position:123                behind that position of the log of layouts
    telemetry:123               behind that position of the log of that service
    version:7                   behind that version of the stream that is asked about

What is at the moment itself belongs to it. Positions and versions are one log's: the other logs are
cut at the time at which that event was recorded.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final

from shared.recorded import Recorded

LAYOUTS: Final = "installation"
"""Whose log is meant where none is named."""

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class UnknownMoment(ValueError):
    """No such moment; the text says how to name one, or what there is."""


@dataclass(frozen=True, slots=True)
class AtTime:
    """Everything recorded up to a time."""

    time: datetime


@dataclass(frozen=True, slots=True)
class AtPosition:
    """Everything up to a position of one log; whoever can read it adds when that was recorded."""

    service: str
    position: int
    recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AtVersion:
    """Everything up to a version of the stream that is asked about."""

    version: int


Moment = AtTime | AtPosition | AtVersion


def parse(text: str, services: Sequence[str], now: datetime, zone: tzinfo | None) -> Moment:
    """
    Read a moment as people write it.

    Args:
        text: what they wrote.
        services: whose logs there are.
        now: the present moment.
        zone: the time zone of a time without an offset; none stands for this machine's own.

    Raises:
        UnknownMoment: it is none of the forms above.

    >>> from datetime import UTC
    >>> parse("version:7", [], datetime(2026, 11, 22, tzinfo=UTC), UTC)
    AtVersion(version=7)
    >>> parse("2h", [], datetime(2026, 11, 22, 14, tzinfo=UTC), UTC).time.isoformat()
    '2026-11-22T12:00:00+00:00'
    """
    name, colon, number = text.strip().partition(":")
    if colon and number.isdecimal():
        if name == "version":
            return AtVersion(int(number))
        if name == "position":
            return AtPosition(LAYOUTS, int(number))
        if name in services:
            return AtPosition(name, int(number))
    ago = re.fullmatch(r"(\d+)([smhd])", text.strip())
    if ago is not None:
        return AtTime(now - timedelta(**{_UNITS[ago[2]]: int(ago[1])}))
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise UnknownMoment(
            f"{text!r} is no moment; write a time such as 2026-11-22T14:05, how long ago such as "
            f"2h, position:123 or {'|'.join(services) or LAYOUTS}:123 for a position of a log, or "
            "version:7 for a version of the stream"
        ) from error
    if time.tzinfo is None:
        time = time.replace(tzinfo=zone) if zone is not None else time.astimezone()
    return AtTime(time)


Logs = Mapping[str, Sequence[Recorded]]


def cut(logs: Logs, moment: Moment, stream: str) -> dict[str, list[Recorded]]:
    """
    Keep what had happened by a moment.

    Args:
        logs: events by service, each in the order of its log.
        moment: until when.
        stream: the stream whose version is meant.

    Raises:
        UnknownMoment: there is no such position or version (yet).
    """
    if isinstance(moment, AtTime):
        return {service: _until(log, moment.time) for service, log in logs.items()}
    if isinstance(moment, AtPosition) and moment.recorded_at is not None:
        service, position, time = moment.service, moment.position, moment.recorded_at
    else:
        service, last = _event_at(logs, moment, stream)
        position, time = last.position, last.recorded_at
    others = {it: _until(log, time) for it, log in logs.items() if it != service}
    mine = [it for it in logs.get(service, ()) if it.position <= position]
    return {**others, service: mine}


def _until(log: Sequence[Recorded], time: datetime) -> list[Recorded]:
    return [it for it in log if it.recorded_at <= time]


def _event_at(logs: Logs, moment: AtPosition | AtVersion, stream: str) -> tuple[str, Recorded]:
    """Find the last event that belongs to a moment: a position may be another stream's."""
    if isinstance(moment, AtPosition):
        upto = [it for it in logs.get(moment.service, ()) if it.position <= moment.position]
        if not upto:
            raise UnknownMoment(
                f"the log of {moment.service} holds nothing of this up to position "
                f"{moment.position}"
            )
        return moment.service, upto[-1]
    for service, log in logs.items():
        versions = [it for it in log if it.stream == stream]
        found = [it for it in versions if it.version == moment.version]
        if found:
            return service, found[0]
        if versions:
            raise UnknownMoment(
                f"stream {stream} is at version {versions[-1].version}, there is no version "
                f"{moment.version} of it"
            )
    raise UnknownMoment(f"there is no stream {stream}")
