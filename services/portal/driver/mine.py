"""What is a driver's own: pure, from documents and grants to what a phone shows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from services.portal.charging import ChargingSession
from services.portal.documents import Layout
from services.portal.driver.costs import cost_of, cost_so_far
from services.portal.driver.finishing import finish_text
from services.portal.facts import Facts
from services.portal.one_charger.picture import Picture, picture_of, zone_of
from services.portal.one_charger.wishes import wish_text
from services.portal.when import When, when
from services.portal.wording import UNKNOWN, kilowatt_hours
from shared.ids import ChargerId, InstallationId
from shared.rights.table import Action
from shared.speech import _

CHARGERS_MAX: Final = 12
"""How many chargers are offered at a time: more are found by their name."""
SESSIONS_MAX: Final = 20
"""How many sessions are on a page."""


@dataclass(frozen=True, slots=True)
class Running:
    """A session of one's own that goes on."""

    installation_id: InstallationId
    charger_id: ChargerId
    place: str
    picture: Picture
    wish: str
    """What is wished for it; empty without a wish."""
    cost: str
    """What it has cost until now, by estimate; empty without a tariff."""
    finish: str
    """When it will have what is wished; empty when nobody can say."""

    @property
    def node(self) -> str:
        """Name what shows it: ids of chargers are unique within their installation only."""
        return node_of(self.installation_id, self.charger_id)


def node_of(installation_id: InstallationId, charger_id: ChargerId) -> str:
    """Name what shows a charger on a page of several installations."""
    return f"{installation_id}/{charger_id}"


def running(
    sessions: Iterable[ChargingSession],
    facts_of: Callable[[InstallationId], Facts | None],
    now: datetime,
) -> list[Running]:
    """
    Find the sessions of one's own that go on, the latest first.

    Args:
        sessions: of one's own, in any order.
        facts_of: what is known of an installation.
        now: the present moment.
    """
    found = [it for it in sessions if it.ended_at is None]
    latest = sorted(found, key=lambda it: it.order, reverse=True)
    return [one for it in latest if (one := _running(it, facts_of(it.installation_id), now))]


def _running(session: ChargingSession, facts: Facts | None, now: datetime) -> Running | None:
    if facts is None:
        return None
    condition = facts.conditions.get(session.charger_id)
    here = condition.session if condition is not None else None
    if here is None or here.session_id != session.session_id:
        return (
            None  # its charger has begun another one since, and has not told how this one ended
        )
    picture = picture_of(facts, session.charger_id, now)
    charger = next(
        (it for it in facts.layout.chargers if it.charger_id == session.charger_id), None
    )
    if picture is None or charger is None:
        return None
    return Running(
        session.installation_id,
        session.charger_id,
        facts.layout.name,
        picture,
        wish_text(charger, now, zone_of(facts.layout)),
        cost_so_far(session, picture.view.session_wh, facts.layout, now),
        finish_text(facts, charger, picture.view.session_wh, now),
    )


# --- Where one may charge ---


@dataclass(frozen=True, slots=True)
class Offer:
    """A charger at which somebody may charge."""

    installation_id: InstallationId
    charger_id: ChargerId
    name: str
    place: str
    serial: str
    href: str
    """The charger's own page, for who may see it; else empty."""
    kept: str = ""
    """For whom it is kept; empty: for nobody."""
    mine: bool = False
    """It is kept for whoever looks."""


Allowed = Callable[[Action, InstallationId, ChargerId], bool]
"""Tells whether somebody may do something at a charger."""


def offers(
    layouts: Iterable[Layout],
    may: Allowed,
    wanted: str,
    without: frozenset[str] = frozenset(),
) -> list[Offer]:
    """
    Find the chargers at which somebody may charge.

    Args:
        layouts: the installations where they have a role.
        may: tells what they may do at a charger.
        wanted: part of a name or a serial number; empty: all.
        without: nodes of chargers where they charge already.
    """
    text = wanted.strip().casefold()
    found = (it for layout in layouts for it in _offered(layout, may))
    free = (it for it in found if node_of(it.installation_id, it.charger_id) not in without)
    return [it for it in free if text in f"{it.name} {it.serial} {it.place}".casefold()]


def _offered(layout: Layout, may: Allowed) -> Iterator[Offer]:
    for it in layout.chargers:
        if it.lock is not None or not layout.in_use(it.circuit_id):
            continue
        installation_id, charger_id = layout.installation_id, it.charger_id
        if may(Action.CHARGE, installation_id, charger_id):
            page = f"/installations/{installation_id}/chargers/{charger_id}"
            seen = may(Action.LIVE, installation_id, charger_id)
            yield Offer(
                installation_id,
                charger_id,
                it.name,
                layout.name,
                it.serial,
                page if seen else "",
            )


# --- What one has charged ---


@dataclass(frozen=True, slots=True)
class MySession:
    """A session of one's own, in words."""

    began: When
    lasted: str
    energy: str
    charger: str
    place: str
    cost: str
    """Empty where there was no tariff, or while it goes on."""


@dataclass(frozen=True, slots=True)
class MySessions:
    """Some of one's sessions, the newest first; `older` is where the next page begins."""

    rows: tuple[MySession, ...]
    older: str


def my_sessions(
    sessions: Sequence[ChargingSession],
    layout_of: Callable[[InstallationId], Layout | None],
) -> MySessions:
    """
    Make a page of one's sessions.

    Args:
        sessions: the newest first, `SESSIONS_MAX` of them; one more tells that there are older ones.
        layout_of: an installation as it is set up.
    """
    shown = sessions[:SESSIONS_MAX]
    older = _place_of(shown[-1]) if len(sessions) > len(shown) else ""
    return MySessions(tuple(_mine(it, layout_of(it.installation_id)) for it in shown), older)


def _place_of(session: ChargingSession) -> str:
    return f"{session.started_at.isoformat()}~{session.session_id}"


def began_before(older: str) -> tuple[datetime, str] | None:
    """
    Read where a page begins from `older` of the one before; none: from the newest on.

    >>> began_before("2026-11-27T08:00:00+00:00~s-7")[1], began_before("yesterday")
    ('s-7', None)
    """
    at, _tilde, session_id = older.partition("~")
    try:
        began = datetime.fromisoformat(at)
    except ValueError:
        return None  # nobody but this page makes these
    return (began, session_id) if began.tzinfo is not None else None


def _mine(session: ChargingSession, layout: Layout | None) -> MySession:
    zone = ZoneInfo("Etc/UTC") if layout is None else zone_of(layout)
    chargers = () if layout is None else layout.chargers
    names = {it.charger_id: it.name for it in chargers}
    energy = UNKNOWN if session.energy_wh is None else kilowatt_hours(session.energy_wh)
    return MySession(
        began=when(session.started_at, zone),
        lasted=_lasted(session),
        energy=energy,
        charger=names.get(session.charger_id, session.charger_id),
        place=session.installation_id if layout is None else layout.name,
        cost="" if layout is None else cost_of(session, layout),
    )


def _lasted(session: ChargingSession) -> str:
    if session.ended_at is None:
        return _("goes on")
    minutes = max(0, int((session.ended_at - session.started_at).total_seconds()) // 60)
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{rest} min"
