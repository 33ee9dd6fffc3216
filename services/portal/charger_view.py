"""One charger as it is shown: its state, its figures, and why."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from services.portal.charger_figures import (
    ChargerFacts,
    draw_of,
    limit_in_force_of,
    next_limit_of,
    session_wh_of,
    silent_s_of,
)
from services.portal.facts import READING_STALE_S
from services.portal.why import why_of
from services.portal.wording import (
    SWITCHING,
    amperes,
    kilowatt_hours,
    lines_text,
)
from shared.ids import ChargerId, CircuitId
from shared.messages.balancer import Rule
from shared.phases import PHASES, Phase
from shared.speech import _
from shared.spelling import plain

DRAWS_A: Final = 0.5
"""From what current on a car counts as charging; its electronics alone take less."""


class State(StrEnum):
    """What a charger does, as the filter and the icon know it."""

    CHARGING = "charging"
    WAITING = "waiting"
    PLUGGED = "plugged"
    FREE = "free"
    OFFLINE = "offline"
    FAULT = "fault"
    LOCKED = "locked"
    REMOVED = "removed"


NOWHERE_PC: Final = -5.0

PROBLEMS: Final = frozenset({State.OFFLINE, State.FAULT})


@dataclass(frozen=True, slots=True)
class ChargerView:
    """One charger in figures, and in the texts a page shows; shares of the bar in percent."""

    id: ChargerId
    circuit_id: CircuitId
    name: str
    serial: str
    state: State
    word: str
    active: bool
    """Neither locked nor removed, and on a circuit that is in use."""
    problem: bool
    stale: bool
    phases: str
    max_a: float
    priority: int
    priority_text: str
    draw_a: float | None
    limit_a: float | None
    """In force: confirmed by the charger and not run out, or else its fail-safe."""
    next_a: float | None
    """Decided and not confirmed yet; none when it is what is in force."""
    number: str
    next: str
    why: str
    then: str
    """What would be next if what holds the limit down did not; empty if nobody knows."""
    session_wh: int | None
    about: str
    draw_pc: float
    limit_pc: float
    tick_pc: float
    """Where the limit is marked; before the bar's beginning when there is nothing to mark."""


def charger_view(
    facts: ChargerFacts, now: datetime, zone: ZoneInfo | None, *, in_use: bool = True
) -> ChargerView:
    """
    Put together what is shown of one charger.

    Args:
        facts: what is known of it.
        now: the present moment.
        zone: the time zone of the texts.
        in_use: whether its circuit, and all above it, are active.
    """
    charger = facts.charger
    draw_a = draw_of(facts)
    silent_s = silent_s_of(facts, now)
    stale = silent_s > READING_STALE_S
    limit_a = limit_in_force_of(facts.condition, now)
    state, word = _state(facts, draw_a, limit_a, stale)
    next_a = next_limit_of(facts, limit_a, now)
    session_wh = session_wh_of(facts)
    why = why_of(facts, draw_a, limit_a, now, zone)
    active = in_use and charger.lock is None and facts.removed is None
    return ChargerView(
        id=charger.charger_id,
        circuit_id=charger.circuit_id,
        name=charger.name,
        serial=charger.serial,
        state=state,
        word=word,
        active=active,
        problem=active and (stale or state in PROBLEMS or _unruly(facts, limit_a)),
        stale=stale,
        phases=_phases(facts),
        max_a=charger.max_a,
        priority=charger.priority,
        priority_text=_("priority %(n)s", n=charger.priority) if charger.priority else "",
        draw_a=draw_a,
        limit_a=limit_a,
        next_a=next_a,
        number=_number(draw_a, limit_a) if active or limit_a is not None else "",
        next="" if next_a is None else f"→ {amperes(next_a)} A",
        why=why.text,
        then=why.then,
        session_wh=session_wh,
        about=_about(facts, session_wh),
        draw_pc=percent(draw_a, charger.max_a),
        limit_pc=percent(limit_a, charger.max_a),
        tick_pc=percent(limit_a, charger.max_a) or NOWHERE_PC,
    )


def _number(draw_a: float | None, limit_a: float | None) -> str:
    return _("%(draw)s of %(limit)s A", draw=amperes(draw_a), limit=amperes(limit_a))


def percent(a: float | None, of_a: float) -> float:
    """
    Express a current in percent of a bar's length, never beyond its end.

    >>> percent(8.0, 32.0), percent(40.0, 32.0), percent(None, 32.0)
    (25.0, 100.0, 0.0)
    """
    return 0.0 if a is None else round(min(100.0, 100 * a / of_a), 1)


# --- State ---


def _state(
    facts: ChargerFacts, draw_a: float | None, limit_a: float | None, stale: bool
) -> tuple[State, str]:
    if facts.removed is not None:
        return State.REMOVED, _("Removed") if facts.removed.moved_to is None else _("Moved")
    if facts.charger.lock is not None:
        return State.LOCKED, _("Locked")
    condition = facts.condition
    if not condition.online:
        return State.OFFLINE, _("Not seen yet") if condition.since is None else _("Offline")
    if condition.fault is not None or condition.status == "Faulted":
        return State.FAULT, _("Fault")
    if condition.session is None:
        return _without_session(condition.status)
    return _with_session(facts, draw_a, limit_a, stale)


def _with_session(
    facts: ChargerFacts, draw_a: float | None, limit_a: float | None, stale: bool
) -> tuple[State, str]:
    condition, share = facts.condition, facts.share
    draws = draw_a is not None and draw_a >= DRAWS_A
    stopped = not limit_a or not draws
    if stopped and share is not None and (share.limit_a or 0.0) <= 0:
        if share.limited_by.rule is Rule.QUEUE:
            return State.WAITING, _("Waiting")
        if share.limited_by.rule is Rule.DECREASE_FIRST:
            return State.WAITING, _("Starting")
    if draws:
        return State.CHARGING, _("Charging")
    if (draw_a is None or stale) and condition.status == "Charging":
        return State.CHARGING, _("Charging")
    return State.PLUGGED, _("Plugged in")


def _without_session(status: str | None) -> tuple[State, str]:
    if status == "Unavailable":
        return State.OFFLINE, _("Out of use")
    if status in {"Preparing", "Finishing"}:
        return State.PLUGGED, _("Plugged in")
    return State.FREE, _("Free")


def _unruly(facts: ChargerFacts, limit_a: float | None) -> bool:
    """Whether a car draws more than it was told, or its charger will not be told."""
    condition, share = facts.condition, facts.share
    if condition.rejected is not None:
        return True
    if condition.session is None:
        return False
    ignores = share is not None and (
        share.limited_by.rule is Rule.DISOBEYS or share.ignored_a is not None
    )
    return ignores or limit_a is None


def _phases(facts: ChargerFacts) -> str:
    """The lines the car is on: those it draws from, or those on which it is counted."""
    if facts.condition.session is None:
        return ""
    drawn: tuple[Phase, ...] = ()
    if facts.reading is not None and draw_of(facts) is not None:
        currents_a = zip(PHASES, facts.reading.current_a, strict=True)
        drawn = tuple(line for line, a in currents_a if a >= DRAWS_A)
    counted_on = () if facts.share is None else facts.share.phases
    return lines_text(drawn or counted_on, facts.grid)


def _about(facts: ChargerFacts, session_wh: int | None) -> str:
    condition, charger = facts.condition, facts.charger
    made = " ".join(it for it in (condition.vendor, condition.model, condition.firmware) if it)
    least, most, fail_safe = map(plain, (charger.min_a, charger.max_a, charger.fail_safe_a))
    own_a, switching = charger.breaker_a, SWITCHING[charger.phase_switching]
    parts = [
        _("%(serial)s, %(least)s to %(most)s A", serial=charger.serial, least=least, most=most),
        _("wired %(lines)s", lines=" ".join(charger.wiring)),
        "" if own_a is None else _("own breaker %(rating)s A", rating=plain(own_a)),
        _(switching) if switching else "",
        _("fail-safe %(limit)s A as wished", limit=fail_safe)
        if charger.fail_safe_wished
        else _("fail-safe %(limit)s A", limit=fail_safe),
        _("priority %(n)s", n=charger.priority),
        made,
        ""
        if session_wh is None
        else _("%(energy)s in this session", energy=kilowatt_hours(session_wh)),
    ]
    return " · ".join(part for part in parts if part)
