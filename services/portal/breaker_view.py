"""One breaker as it is shown: three bars, their figures, and what is wrong with them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from services.portal.charger_view import ChargerView, State, percent
from services.portal.documents import Circuit, Deactivation, Layout, Overload
from services.portal.facts import Facts
from services.portal.out_of_use import deactivated_text
from services.portal.wording import amperes, clock_time
from shared.ids import CircuitId
from shared.messages.balancer import MAIN, BreakerLoad
from shared.phases import PHASES, Phase
from shared.speech import _, counted, marked
from shared.spelling import decimal, plain

HIGH: Final = 0.8
"""From what part of the set value on a bar is marked as high."""
BAR_OF_RATING: Final = 1.1
"""A bar is a tenth longer than the rating, so that what goes beyond it can be seen."""
OVERLOAD_SHOWN_S: Final = 900.0


class Level(StrEnum):
    """How much of the set value is measured; told by shape and word, not by colour alone."""

    UNKNOWN = "unknown"
    OK = "ok"
    HIGH = "high"
    OVER = "over"


WORDS: Final = {
    Level.UNKNOWN: "",
    Level.OK: "",
    Level.HIGH: marked("high"),
    Level.OVER: marked("over"),
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One phase of a breaker, in amperes and in percent of the bar's length."""

    phase: Phase
    measured_a: float | None
    committed_a: float | None
    set_a: float
    level: Level
    word: str
    measured: str
    beside: str
    used: str
    spoken: str
    measured_pc: float
    committed_pc: float
    high_pc: float
    set_pc: float
    rating_pc: float


@dataclass(frozen=True, slots=True)
class BreakerView:
    """A breaker with its bars; the main breaker has no parent."""

    id: CircuitId
    parent_id: CircuitId | None
    name: str
    active: bool
    """It is in use, and so is all above it."""
    breaker_a: float
    set_a: float
    rating: str
    bars: tuple[Bar, ...]
    cars: str
    note: str
    stale: bool


@dataclass(frozen=True, slots=True)
class Breaker:
    """A breaker of the layout, the main one among them."""

    circuit_id: CircuitId
    parent_id: CircuitId | None
    name: str
    breaker_a: float
    set_a: float
    in_use: bool
    """It is active, and so is all above it."""
    deactivated: Deactivation | None
    """It was deactivated itself."""


def breakers_of(layout: Layout) -> tuple[Breaker, ...]:
    """Name all breakers, the main one first."""
    main = Breaker(
        circuit_id=MAIN,
        parent_id=None,
        name=_("Main breaker"),
        breaker_a=layout.breaker_a,
        set_a=layout.breaker_a,
        in_use=layout.deactivated is None,
        deactivated=layout.deactivated,
    )
    return (main, *(_breaker(it, layout) for it in layout.circuits))


def _breaker(circuit: Circuit, layout: Layout) -> Breaker:
    return Breaker(
        circuit_id=circuit.circuit_id,
        parent_id=circuit.parent_id or MAIN,
        name=circuit.name,
        breaker_a=circuit.breaker_a,
        set_a=circuit.set_a,
        in_use=layout.in_use(circuit.circuit_id),
        deactivated=circuit.deactivated,
    )


def below(breaker_id: CircuitId, breakers: Sequence[Breaker]) -> Iterator[CircuitId]:
    """Name a breaker and all beneath it."""
    yield breaker_id
    for it in breakers:
        if it.parent_id == breaker_id:
            yield from below(it.circuit_id, breakers)


def breaker_view(
    breaker: Breaker,
    facts: Facts,
    chargers: Sequence[ChargerView],
    stale: bool,
    now: datetime,
    zone: ZoneInfo | None,
) -> BreakerView:
    """
    Put together what is shown of one breaker.

    Args:
        breaker: which one.
        facts: what is known of its installation.
        chargers: those beneath it, on whichever circuit.
        stale: whether the balancer's picture is too old to be believed.
        now: the present moment.
        zone: the time zone of the texts.
    """
    loads = () if facts.balance is None else facts.balance.breakers
    load = next((it for it in loads if it.circuit_id == breaker.circuit_id), None)
    set_a = breaker.set_a if load is None else load.set_a
    lines = facts.layout.grid_type.lines
    return BreakerView(
        id=breaker.circuit_id,
        parent_id=breaker.parent_id,
        name=breaker.name,
        active=breaker.in_use,
        breaker_a=breaker.breaker_a,
        set_a=set_a,
        rating=_rating(breaker.breaker_a, set_a),
        bars=tuple(_bar(line, load, breaker.breaker_a, set_a) for line in lines),
        cars=_cars(chargers),
        note=_note(load, facts.overloads.get(breaker.circuit_id), stale, now, zone)
        if breaker.in_use
        else _out_of_use(breaker, now, zone),
        stale=breaker.in_use and (stale or (load is not None and load.stale)),
    )


def _bar(line: Phase, load: BreakerLoad | None, breaker_a: float, set_a: float) -> Bar:
    index = PHASES.index(line)
    measured_a = None if load is None else load.measured_a[index]
    committed_a = None if load is None else load.committed_a[index]
    level = _level(measured_a, set_a)
    length_a = breaker_a * BAR_OF_RATING
    used = (
        "" if measured_a is None or set_a <= 0 else f"{decimal(100 * measured_a / set_a, 0)} %"
    )
    measured, committed, most = amperes(measured_a), amperes(committed_a), plain(set_a)
    word = _(WORDS[level]) if WORDS[level] else ""
    spoken = _(
        "%(line)s: %(measured)s A measured, %(committed)s A committed, of %(most)s A %(word)s",
        line=line,
        measured=measured,
        committed=committed,
        most=most,
        word=word,
    ).strip()
    return Bar(
        phase=line,
        measured_a=measured_a,
        committed_a=committed_a,
        set_a=set_a,
        level=level,
        word=word,
        measured=measured,
        beside=_("/ %(committed)s of %(most)s A", committed=committed, most=most),
        used=used,
        spoken=spoken,
        measured_pc=percent(measured_a, length_a),
        committed_pc=percent(committed_a, length_a),
        high_pc=percent(HIGH * set_a, length_a),
        set_pc=percent(set_a, length_a),
        rating_pc=percent(breaker_a, length_a),
    )


def _level(measured_a: float | None, set_a: float) -> Level:
    if measured_a is None:
        return Level.UNKNOWN
    if round(measured_a, 1) > set_a:  # what the figure beside it would show as above
        return Level.OVER
    return Level.HIGH if measured_a >= HIGH * set_a else Level.OK


def _rating(breaker_a: float, set_a: float) -> str:
    if set_a >= breaker_a:
        return f"{plain(breaker_a)} A"
    return _("%(rating)s A, set to %(set)s A", rating=plain(breaker_a), set=plain(set_a))


def _cars(chargers: Sequence[ChargerView]) -> str:
    states = Counter(it.state for it in chargers)
    active = sum(it.active for it in chargers)
    charging, waiting, locked = (
        states[it] for it in (State.CHARGING, State.WAITING, State.LOCKED)
    )
    parts = [
        _("%(some)s of %(all)s charging", some=charging, all=active) if active else "",
        counted(waiting, "%(n)s waiting", "%(n)s waiting") if waiting else "",
        counted(locked, "%(n)s locked", "%(n)s locked") if locked else "",
    ]
    return ", ".join(it for it in parts if it) or _("no chargers yet")


def _out_of_use(breaker: Breaker, now: datetime, zone: ZoneInfo | None) -> str:
    if breaker.deactivated is None:
        return _("out of use with the circuit above it")
    return deactivated_text(breaker.deactivated, now, zone)


def _note(
    load: BreakerLoad | None,
    overload: Overload | None,
    stale: bool,
    now: datetime,
    zone: ZoneInfo | None,
) -> str:
    if load is None:
        return _("not measured yet")
    if stale:
        return _("stale")
    if load.stale:
        return _("partly stale")
    if overload is None or (now - overload.detected_at).total_seconds() > OVERLOAD_SHOWN_S:
        return ""
    at = clock_time(overload.detected_at, now, zone)
    return _(
        "%(time)s: %(current)s A on %(phase)s",
        time=at,
        current=amperes(overload.measured_a),
        phase=overload.phase,
    )
