"""A charger as its own page shows it: pure, from everything that is known to figures and sentences."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from services.portal.charger_figures import (
    ChargerFacts,
    draw_of,
    limit_in_force_of,
    session_wh_of,
    waiting_since_of,
)
from services.portal.charger_view import ChargerView, charger_view
from services.portal.documents import Charger, Layout
from services.portal.facts import Facts
from services.portal.one_charger.remedies import REMEDIES_MAX, remedies
from services.portal.one_charger.sentences import sentence
from services.portal.one_charger.way_up import Step, way_up
from services.portal.turns import turns_of
from services.portal.view import NEVER_HEARD, Freshness, freshness_of
from services.portal.wording import (
    UNKNOWN,
    amperes,
    clock_time,
    kilowatt_hours,
)
from shared.ids import ChargerId
from shared.messages.balancer import Rule
from shared.phases import PHASES
from shared.speech import _


@dataclass(frozen=True, slots=True)
class Picture:
    """
    What moves on the page.

    Args:
        view: the charger as the live page shows it.
        steps: the breakers on its way up, the nearest first.
        limit: the current in force, in words and figures.
        draw: what the car draws on each line.
        sentence: why, in full sentences.
        more: what would give it more, one sentence each; of always as many, the last ones may be empty.
        then: what would hold it down next; empty if nobody knows.
        decided: which decision it was, and when it was made.
        decided_iso: that moment for programs, in UTC; empty if it is not known.
        waits: its place in the queue and its expected turn; empty if it does not wait.
        fallback: what holds when nothing is heard.
        drawn: the highest current on any line, in words.
        energy: of the session that runs.
        session: the energy of the session that runs, and since when; empty without one.
        at_s: when the latest reading came, in seconds of Unix time; none without one.
        current_a: what it said, in amperes on L1, L2 and L3.
        structure: changes when more than figures has to be drawn anew.
        freshness: how far all of this can be believed.
    """

    view: ChargerView
    steps: tuple[Step, ...]
    limit: str
    draw: str
    sentence: str
    more: tuple[str, ...]
    then: str
    decided: str
    decided_iso: str
    waits: str
    fallback: str
    drawn: str
    energy: str
    session: str
    at_s: float | None
    current_a: tuple[float, ...] | None
    structure: str
    freshness: Freshness
    freshness_text: str


def zone_of(layout: Layout) -> ZoneInfo:
    """Name the time zone in which an installation lives."""
    return ZoneInfo(layout.time_zone)


def facts_of(facts: Facts, charger: Charger) -> ChargerFacts:
    """Gather what is known of one charger of an installation."""
    charger_id = charger.charger_id
    return ChargerFacts(
        charger=charger,
        layout=facts.layout,
        condition=facts.conditions.get(charger_id, NEVER_HEARD),
        share=facts.shares.get(charger_id),
        reading=facts.readings.get(charger_id),
        listening_since=facts.listening_since,
        turn=turns_of(facts).get(charger_id),
        circuits={it.circuit_id: it.name for it in facts.layout.circuits},
        refusal=facts.refusals.get(charger.serial),
    )


def picture_of(facts: Facts, charger_id: ChargerId, now: datetime) -> Picture | None:
    """
    Put together what is shown of a charger on its page.

    Args:
        facts: what is known of its installation.
        charger_id: which one.
        now: the present moment.

    Returns:
        None, if there is no such charger.
    """
    charger = next((it for it in facts.layout.chargers if it.charger_id == charger_id), None)
    if charger is None:
        return None
    zone = zone_of(facts.layout)
    freshness, freshness_text = freshness_of(facts, now)
    known = facts_of(facts, charger)
    in_use = facts.layout.in_use(charger.circuit_id)
    view = charger_view(known, now, zone, in_use=in_use)
    limit_a = limit_in_force_of(known.condition, now)
    session, reading = known.condition.session, known.reading
    fresh = draw_of(known) is not None and reading is not None
    return Picture(
        view=view,
        steps=tuple(way_up(facts, known, now, zone)),
        limit=_amperes(limit_a),
        draw=_draw(known),
        sentence=sentence(known, draw_of(known), limit_a, now, zone),
        more=(*remedies(known, limit_a, now, zone), *[""] * REMEDIES_MAX)[:REMEDIES_MAX],
        decided=_decided(known, now, zone),
        decided_iso=_decided_iso(known),
        waits=_waits(known, now, zone),
        fallback=_fallback(known, now, zone),
        drawn=_amperes(draw_of(known)),
        energy=_energy(known),
        session=_session(known, now, zone),
        at_s=reading.received_at.timestamp() if fresh and reading is not None else None,
        current_a=reading.current_a if fresh and reading is not None else None,
        then=_then(view),
        structure=f"{facts.layout.position}-{session.session_id if session else ''}",
        freshness=freshness,
        freshness_text=freshness_text,
    )


def _then(view: ChargerView) -> str:
    return f"{view.then}." if view.then else ""


def _draw(facts: ChargerFacts) -> str:
    if draw_of(facts) is None or facts.reading is None:
        return UNKNOWN
    lines = facts.grid.lines
    told = (f"{it} {amperes(facts.reading.current_a[PHASES.index(it)])}" for it in lines)
    return f"{' · '.join(told)} A"


def _decided(facts: ChargerFacts, now: datetime, zone: ZoneInfo) -> str:
    share = facts.share
    if share is None or share.position is None or share.decided_at is None:
        return _("nothing yet")
    return _(
        "Decision %(position)s in the balancer's log, at %(time)s",
        position=share.position,
        time=clock_time(share.decided_at, now, zone),
    )


def _decided_iso(facts: ChargerFacts) -> str:
    at = None if facts.share is None else facts.share.decided_at
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _waits(facts: ChargerFacts, now: datetime, zone: ZoneInfo) -> str:
    share = facts.share
    since = waiting_since_of(facts.condition, share)
    if share is None or since is None or share.limited_by.rule is not Rule.QUEUE:
        return ""
    told = [_("waiting since %(time)s", time=clock_time(since, now, zone))]
    if facts.turn is not None:
        told.append(_("place %(place)s in the queue", place=facts.turn))
    turn_at = share.limited_by.turn_at
    if turn_at is not None and turn_at > now:
        told.append(_("its turn is expected at %(time)s", time=clock_time(turn_at, now, zone)))
    return ", ".join(told)


def _fallback(facts: ChargerFacts, now: datetime, zone: ZoneInfo) -> str:
    fail_safe_a, applied = facts.condition.fail_safe_a, facts.condition.applied
    if fail_safe_a is None:
        return _("the charger has confirmed no fail-safe yet")
    if applied is None or now >= applied.valid_until:
        return _("%(fail_safe)s A: it holds now", fail_safe=amperes(fail_safe_a))
    return _(
        "%(fail_safe)s A, if nothing is heard until %(time)s",
        fail_safe=amperes(fail_safe_a),
        time=clock_time(applied.valid_until, now, zone),
    )


def _amperes(a: float | None) -> str:
    return UNKNOWN if a is None else f"{amperes(a)} A"


def _energy(facts: ChargerFacts) -> str:
    wh = session_wh_of(facts)
    return UNKNOWN if wh is None else kilowatt_hours(wh)


def _session(facts: ChargerFacts, now: datetime, zone: ZoneInfo) -> str:
    session = facts.condition.session
    if session is None:
        return ""
    wh = session_wh_of(facts)
    since = clock_time(session.heard_at, now, zone)
    if wh is None:
        return _("since %(time)s", time=since)
    return _("%(energy)s since %(time)s", energy=kilowatt_hours(wh), time=since)
