"""Finding the one charger that somebody means, where it stood at a moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cli.support.finding import BALANCER, TELEMETRY, read_until, zone_at
from cli.support.places import services_with_logs
from cli.support.reading import Logs
from cli.support.subjects import Events, UnknownSubject, layouts, timed
from shared.history import moments
from shared.history.folding import fold
from shared.history.merging import merge, told
from shared.history.moments import LAYOUTS, UnknownMoment
from shared.history.states import Installation
from shared.ids import ChargerId, InstallationId, normal_serial
from shared.recorded import Recorded


class AmbiguousCharger(ValueError):
    """Several chargers go by that name; the text says how to name one."""


@dataclass(frozen=True, slots=True)
class Stood:
    """Where a charger stood at a moment."""

    installation: Installation
    charger_id: ChargerId
    moment: moments.Moment
    at: datetime
    layout: tuple[Recorded, ...]


async def find_charger(
    logs: Logs,
    name: str,
    at: str | None,
    now: datetime,
    installation_id: InstallationId | None = None,
) -> Stood:
    """
    Find a charger by its id, its serial, or the name people have given it.

    Args:
        logs: where to look.
        name: as somebody has written it.
        at: the moment, as they have written it; the present one if none.
        now: the present moment.
        installation_id: where it stands, if they say so.

    Raises:
        UnknownSubject: no charger was ever called so.
        UnknownMoment: none stood anywhere at that moment, or there is no such moment.
        AmbiguousCharger: several did.
    """
    places = await _places(logs, name)
    if installation_id is not None:
        places = [it for it in places if it == installation_id]
    if not places:
        where = "" if installation_id is None else f" in installation {installation_id!r}"
        raise UnknownSubject(f"the logs know no charger by the name {name!r}{where}")
    found = [it for place in places for it in await _stood(logs, place, name, at, now)]
    if not found:
        raise UnknownMoment(
            f"no charger called {name!r} stood anywhere at that moment; "
            f"`ampledger history {name}` tells when it came and went"
        )
    if len(found) > 1:
        which = ", ".join(
            f"{it.charger_id} in {it.installation.installation_id}" for it in found
        )
        raise AmbiguousCharger(
            f"{name!r} means several chargers: {which}; give the charger's id or serial, "
            "or --installation"
        )
    return found[0]


async def _places(logs: Logs, name: str) -> list[InstallationId]:
    """Name the installations in which something was ever called so."""
    mentions = [
        *await logs.saying(LAYOUTS, "data", "charger_id", name),
        *await logs.saying(LAYOUTS, "data", "name", name),
    ]
    serial = _serial(name)
    if serial is not None:
        mentions += await logs.saying(LAYOUTS, "data", "serial", serial)
    events = [told(LAYOUTS, it).event for it in mentions]
    return sorted({it.aggregate_id for it in events if it and hasattr(it, "charger_id")})


def _serial(name: str) -> str | None:
    try:
        return str(normal_serial(name))
    except ValueError:
        return None


async def _stood(
    logs: Logs, place: InstallationId, name: str, at: str | None, now: datetime
) -> list[Stood]:
    layout = await logs.streams(LAYOUTS, [layouts(place)])
    zone = zone_at(layout, place)
    moment: moments.Moment = moments.AtTime(now)
    if at is not None:
        moment = await timed(logs, moments.parse(at, services_with_logs(), now, zone))
    time = _time_of(moment, layout, layouts(place))
    if time > now:
        raise UnknownMoment(f"{at} is in the future: what will be is decided then")
    kept = moments.cut({LAYOUTS: layout}, moment, layouts(place))[LAYOUTS]
    events = (told(LAYOUTS, it).event for it in kept)
    state = fold(place, [it for it in events if it is not None])
    serial = _serial(name)
    return [
        Stood(state, it, moment, time, tuple(layout))
        for it, charger in state.chargers.items()
        if it == name
        or charger.name == name
        or (serial is not None and charger.serial == serial)
    ]


def _time_of(moment: moments.Moment, layout: Sequence[Recorded], stream: str) -> datetime:
    match moment:
        case moments.AtTime():
            return moment.time
        case moments.AtPosition(recorded_at=datetime() as recorded_at):
            return recorded_at
        case _:
            return moments.cut({LAYOUTS: layout}, moment, stream)[LAYOUTS][-1].recorded_at


async def events_of(logs: Logs, stood: Stood) -> Events:
    """Read what is told of a charger up to the moment, and of those beside it what was decided."""
    streams = {
        TELEMETRY: [f"charger-{stood.charger_id}"],
        BALANCER: [f"balance-{stood.installation.installation_id}"],
    }
    read = await read_until(logs, streams, stood.at)
    events = {LAYOUTS: list(stood.layout), **read}
    stream = layouts(stood.installation.installation_id)
    return moments.cut(events, stood.moment, stream)


def whole_state(stood: Stood, events: Events) -> Installation:
    """Fold the layout together with what was reported and allotted."""
    mine = stood.installation.installation_id
    story = (it.event for it in merge(events))
    return fold(
        mine, [it for it in story if it and getattr(it, "installation_id", None) == mine]
    )
