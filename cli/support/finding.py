"""Finding what a name means, and reading the events that tell of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Final

from cli.support.reading import Logs
from cli.support.subjects import Kind, Subject, UnknownSubject, layouts
from shared.history.deeds import PERSON
from shared.history.folding import fold
from shared.history.merging import Told, merge, told
from shared.history.moments import LAYOUTS
from shared.history.serial_story import story_of
from shared.history.serials import SerialStory
from shared.history.timeline import ROUTINE, zone_of
from shared.ids import normal_serial
from shared.messages.balancer import LeasesRenewed
from shared.messages.installation import (
    CircuitDeactivated,
    CircuitReactivated,
    InstallationDeactivated,
    InstallationReactivated,
)
from shared.messages.telemetry import ChargerRefused
from shared.recorded import Recorded

TELEMETRY: Final = "telemetry"
BALANCER: Final = "balancer"
OF_CHARGERS: Final = ("charger", "drivers", "upkeep")
"""The kinds of streams in the log of telemetry that are about one charger."""
OF_SERIALS: Final = ("knock", "credential", "certificate")
"""The kinds of streams in the log of telemetry that are about a serial number."""

Until = Callable[[Sequence[Recorded], str, tzinfo | None], Awaitable[datetime | None]]
"""Says how new events of a routine kind may be: given the layouts, the stream that is asked about, and
the time zone."""


async def for_ever(_: Sequence[Recorded], __: str, ___: tzinfo | None) -> None:
    """The newest ones count."""


async def find_subject(
    logs: Logs, name: str, kind: Kind | None = None, until: Until = for_ever
) -> Subject:
    """
    Find what a name means: the id of an installation, a serial or a charger's id, a person.

    Args:
        logs: where to look.
        name: as somebody has written it.
        kind: what it is, if they say so.
        until: how new events of a routine kind may be.

    Raises:
        UnknownSubject: nothing in the logs goes by this name.
    """
    if kind in {None, Kind.INSTALLATION} and await logs.has_stream(LAYOUTS, layouts(name)):
        return await of_installation(logs, name, until)
    if kind in {None, Kind.SERIAL}:
        serial = await _serial(logs, name)
        if serial is not None:
            return await of_serial(logs, serial, until)
    if kind in {None, Kind.USER}:
        subject = await of_user(logs, actors_of(name))
        if subject is not None:
            return subject
    what = "installation, serial, charger or person" if kind is None else str(kind)
    raise UnknownSubject(f"the logs know no {what} by the name {name!r}")


async def _serial(logs: Logs, name: str) -> str | None:
    try:
        serial = str(normal_serial(name))
    except ValueError:
        serial = None
    if serial is not None:
        if await logs.saying(LAYOUTS, "data", "serial", serial):
            return serial
        if await logs.has_stream(TELEMETRY, f"knock-{serial}"):
            return serial
    assigned = await logs.saying(LAYOUTS, "data", "charger_id", name)
    serials = [_text(it, "serial") for it in assigned]
    return next((it for it in reversed(serials) if it is not None), None)


# --- An installation ---


async def of_installation(logs: Logs, name: str, until: Until = for_ever) -> Subject:
    """Read everything of one installation."""
    mine = await logs.streams(LAYOUTS, [layouts(name)])
    zone = zone_at(mine, name)
    end = await until(mine, layouts(name), zone)
    chargers = {_text(it, "charger_id") for it in mine} - {None}
    serials = {_text(it, "serial") for it in mine} - {None}
    meters = {_text(it, "meter_id") for it in mine} - {None}
    streams = {
        LAYOUTS: [layouts(name)],
        TELEMETRY: [
            *(f"{kind}-{it}" for it in chargers for kind in OF_CHARGERS),
            *(f"{kind}-{it}" for it in serials for kind in OF_SERIALS),
            *(f"token-{name}/{it}" for it in meters),
        ],
        BALANCER: [f"balance-{name}"],
    }
    events = await read_until(logs, streams, end)
    for service in set(await logs.present()) - set(streams):
        events[service] = await logs.saying(service, "data", "installation_id", name)

    def concerns(one: Told) -> bool:
        whose = getattr(one.event, "installation_id", None)
        return whose == name or isinstance(one.event, ChargerRefused)

    return Subject(Kind.INSTALLATION, name, layouts(name), events, concerns, zone)


def zone_at(layout: Sequence[Recorded], installation_id: str) -> tzinfo | None:
    """Name the time zone of an installation."""
    events = (told(LAYOUTS, it).event for it in layout)
    mine = [it for it in events if getattr(it, "installation_id", None) == installation_id]
    return zone_of(fold(installation_id, [it for it in mine if it is not None]))


async def read_until(
    logs: Logs, streams: Mapping[str, list[str]], until: datetime | None
) -> dict[str, list[Recorded]]:
    present = await logs.present()
    return {
        service: await logs.streams(service, names, routine=ROUTINE, until=until)
        for service, names in streams.items()
        if service in present
    }


def _text(recorded: Recorded, name: str) -> str | None:
    value = getattr(told("", recorded).event, name, None)
    return None if value is None else str(value)


# --- A serial number ---


async def of_serial(logs: Logs, serial: str, until: Until = for_ever) -> Subject:
    """Read everything of one serial number, and of the installations it was in."""
    mentions = await logs.saying(LAYOUTS, "data", "serial", serial)
    places = sorted({_text(it, "installation_id") or "" for it in mentions} - {""})
    chargers = {_text(it, "charger_id") for it in mentions} - {None}
    streams = {
        LAYOUTS: [layouts(it) for it in places],
        TELEMETRY: [
            *(f"{kind}-{it}" for it in chargers for kind in OF_CHARGERS),
            *(f"{kind}-{serial}" for kind in OF_SERIALS),
        ],
        BALANCER: [f"balance-{it}" for it in places],
    }
    layout = await logs.streams(LAYOUTS, streams[LAYOUTS])
    stays = story_of(serial, merge({LAYOUTS: layout})).stays
    home = stays[-1].installation_id if stays else ""
    stream = layouts(home) if stays else f"knock-{serial}"
    zone = zone_at(layout, home)
    events = await read_until(logs, streams, await until(layout, stream, zone))
    story = story_of(serial, merge(events))
    commands = {it.meta.command_id for it in mentions}
    return Subject(
        Kind.SERIAL,
        serial,
        stream,
        events,
        lambda one: _concerns_serial(story, commands, one),
        zone,
        story,
    )


_WIDE: Final = (
    CircuitDeactivated,
    CircuitReactivated,
    InstallationDeactivated,
    InstallationReactivated,
)
"""What happens to a charger although it is not named."""


def _concerns_serial(story: SerialStory, commands: set[str], one: Told) -> bool:
    event, recorded = one.event, one.recorded
    serial = getattr(event, "serial", None)
    if serial is not None:
        return bool(serial == story.serial)
    if isinstance(event, _WIDE):
        return recorded.meta.command_id in commands
    installation_id = getattr(event, "installation_id", "")
    if isinstance(event, LeasesRenewed):
        chargers = [it.charger_id for it in event.leases]
    else:
        chargers = [getattr(event, "charger_id", "")]
    return any(story.has_charger(installation_id, it, recorded.recorded_at) for it in chargers)


# --- A person ---


def actors_of(name: str) -> Sequence[str]:
    """Name the actors that a name may stand for; the operator of the platform has no kind before it."""
    return (name,) if "/" in name else (f"{PERSON}{name}", name)


async def of_user(logs: Logs, actors: Sequence[str]) -> Subject | None:
    """
    Read what somebody has done, and the layouts they did it to; none if nothing.

    Args:
        logs: where to look.
        actors: how somebody is named in the metadata of events; several, if it could be one of them.
    """
    done = {it: await _done_by(logs, it, actors) for it in await logs.present()}
    if not any(done.values()):
        return None
    places = sorted({_text(it, "installation_id") or "" for log in done.values() for it in log})
    events = dict(done)
    layout = await logs.streams(LAYOUTS, [layouts(it) for it in places if it])
    events[LAYOUTS] = layout
    zones = (zone_at(layout, it) for it in places)
    return Subject(
        Kind.USER,
        actors[0],
        "",
        events,
        lambda one: one.recorded.meta.actor in actors,
        next((it for it in zones if it is not None), None),
    )


async def _done_by(logs: Logs, service: str, actors: Sequence[str]) -> list[Recorded]:
    found = [
        event
        for actor in actors
        for event in await logs.saying(service, "meta", "actor", actor)
    ]
    return sorted(found, key=lambda it: it.position)
