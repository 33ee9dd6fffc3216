"""
The ways in which a car may charge: on one phase or on three, where its charger can be told.

A switch wears contactors, pauses the car, and some cars fault when they get three phases back. So within
a session there are only so many, with a pause between them, and the last one leads to one phase.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.balancer.facts import ChargerFacts, SiteFacts, Timing
from shared.ids import ChargerId
from shared.phases import ALL_TERMINALS, Phase, PhaseSwitching
from shared.units import PILOT_MIN_A

Choice = tuple[int, ...]
"""The terminals to charge from."""

ONE: Final[tuple[Choice, ...]] = ((1,), (2,), (3,))


@dataclass(frozen=True, slots=True)
class Closing:
    """One way to charge: the terminals to be told (none: whatever the car uses), and the lines on
    which that is counted."""

    terminals: Choice | None
    lines: tuple[Phase, ...]


@dataclass(frozen=True, slots=True)
class Closings:
    """The ways that are open to a car."""

    allowed: tuple[Closing, ...]
    present: int | None = None
    """Which of them it charges in now; none while it is free to begin in any."""
    withheld: tuple[Closing, ...] = ()
    """Open only if it got nothing otherwise: it has switched a short while ago."""


def closings_of(
    facts: SiteFacts, charger_id: ChargerId, timing: Timing, now_s: float
) -> Closings:
    """Name the ways in which the car at a charger may charge now."""
    charger = facts.chargers[charger_id]
    one = _one_phase_choices(facts, charger_id)
    if not one:
        return Closings((Closing(None, lines_of(facts, charger_id)),), present=0)
    if charger.behaviour.one_phase:
        closings = _of_one_phase_car(facts, charger_id, one)
    else:
        closings = [Closing(ALL_TERMINALS, lines_of(facts, charger_id))]
        closings += [Closing(it, facts.site.lines_used(charger_id, it)) for it in one]
    return _allowed(charger, closings, timing, now_s)


def _one_phase_choices(facts: SiteFacts, charger_id: ChargerId) -> tuple[Choice, ...]:
    """Name the terminals that it can be told to use alone."""
    charger, site = facts.chargers[charger_id], facts.site
    if site.switch_current_a is None or charger.behaviour.keeps_three_phases:
        return ()
    if len(site.chargers[charger_id].wiring) < len(ALL_TERMINALS):
        return ()
    match site.chargers[charger_id].phase_switching:
        case PhaseSwitching.NONE:
            choices: tuple[Choice, ...] = ()
        case PhaseSwitching.FIRST_TERMINAL:
            choices = ONE[:1]
        case PhaseSwitching.ANY_TERMINAL:
            choices = ONE
    return tuple(it for it in choices if it not in charger.not_taken)


def _of_one_phase_car(
    facts: SiteFacts, charger_id: ChargerId, one: Sequence[Choice]
) -> list[Closing]:
    """With all terminals closed it charges from the first one; to tell the charger so is no switch."""
    told = facts.chargers[charger_id].last_terminals
    first = told if told == ONE[0] else ALL_TERMINALS
    others = [it for it in one if it != ONE[0]]
    return [
        Closing(first, facts.site.lines(charger_id, terminals=1)),
        *(Closing(it, facts.site.lines_used(charger_id, it)) for it in others),
    ]


def _allowed(
    charger: ChargerFacts, closings: Sequence[Closing], timing: Timing, now_s: float
) -> Closings:
    """Leave out the ways that a car may not switch to (yet)."""
    last = charger.last_terminals
    if last is None:
        return Closings(tuple(closings))
    present = next((it for it in closings if it.terminals == last), None)
    if present is None:  # what it was told before is not to be had any more
        return Closings(tuple(closings))
    left = timing.switches_max - charger.switches
    since_s = charger.switched_at_s
    rested = since_s is None or now_s - since_s >= timing.switch_gap_s
    others = [it for it in closings if it is not present]
    # Whoever gets three phases back needs one switch more, to leave them again.
    up = [it for it in others if it.terminals == ALL_TERMINALS and left >= 2]
    one = [it for it in others if it.terminals != ALL_TERMINALS and left >= 1]
    if not rested:
        return Closings((present,), present=0, withheld=tuple(one))
    return Closings((present, *up, *one), present=0)


def lines_of(facts: SiteFacts, charger_id: ChargerId) -> tuple[Phase, ...]:
    """Name the lines a car stands on with all terminals closed: all of them, until one phase is
    proven."""
    charger = facts.chargers[charger_id]
    if charger.behaviour.one_phase:
        return facts.site.lines(charger_id, terminals=1)
    known_before = (
        _lines_before_restart(charger) if charger.behaviour.one_phase is None else None
    )
    return known_before or facts.site.lines(charger_id)


def _lines_before_restart(charger: ChargerFacts) -> tuple[Phase, ...] | None:
    """While readings tell nothing yet of a car that charges, its last limit tells what was known; not
    if its charger was told to use one phase, whatever the car could use."""
    newest, session_s = charger.standing.newest, charger.session_since_s
    if newest is None or session_s is None or newest.limit_a < PILOT_MIN_A:
        return None
    if newest.terminals not in {None, ALL_TERMINALS}:
        return None
    same_car = charger.charging_since_s is not None and charger.charging_since_s > session_s
    return newest.lines if same_car else None
