"""
Why a limit is what it is, in words: pages and the command line both take them from here.

    circuit Level 1 (32 A) is fully shared out on L2 among 4 cars
    if circuit Level 1 carried more, the main breaker (63 A) on L2 would be next, at 11.2 A

Clauses begin small and have no full stop, so that they can stand within a sentence. They are said in the
language that is spoken, so a clause is marked as a whole, not in pieces.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from shared.ids import CircuitId
from shared.messages.balancer import MAIN, LimitedBy, Rule, RunnerUp
from shared.speech import _, counted, marked
from shared.spelling import decimal, plain
from shared.units import PILOT_MIN_A

SHOWN_A: Final = 0.05
"""Half of the last figure shown, in amperes: what is nearer than this looks the same."""


def tenths(a: float) -> str:
    """
    Spell a current with one decimal; nothing is nothing.

    >>> tenths(11.96), tenths(0.04)
    ('12.0', '0')
    """
    return "0" if abs(a) < SHOWN_A else decimal(a, 1)


@dataclass(frozen=True, slots=True)
class Situation:
    """What a reason is told with besides itself; times as they are to be written."""

    circuits: Mapping[CircuitId, str]
    """The names of circuits; the main breaker has no name of its own."""
    limit_a: float | None = None
    draw_a: float | None = None
    car: bool = True
    waiting_since: str | None = None
    place: int | None = None
    """In the queue, 1 for the next one."""
    turn_at: str | None = None
    until: str | None = None
    """When what is shared out changes by itself."""


def because(reason: LimitedBy, situation: Situation) -> str:
    """Say what holds a limit down."""
    return _CLAUSES[reason.rule](reason, situation)


def waits(situation: Situation) -> str:
    """Say since when a car waits, at which place, and until when."""
    since, place, turn = situation.waiting_since, situation.place, situation.turn_at
    parts = [
        _("waiting since %(time)s", time=since) if since else _("waiting"),
        _("place %(place)s in the queue", place=place) if place else "",
        _("its turn is expected at %(time)s", time=turn) if turn else "",
    ]
    return ", ".join(it for it in parts if it)


def afterwards(reason: LimitedBy, situation: Situation) -> str | None:
    """Say what would hold the limit down next; nothing if that was not worked out."""
    following = reason.runner_up
    if following is None:
        return None
    what, limit_a = _named(following, situation), following.limit_a
    if reason.rule in _PASSING:
        when = _(_PASSING[reason.rule])
        if limit_a is None:
            return _("%(when)s, it may draw more, limited by %(what)s", when=when, what=what)
        return _(
            "%(when)s, it may draw %(limit)s A, limited by %(what)s",
            when=when,
            limit=tenths(limit_a),
            what=what,
        )
    lifted = _lifted(reason, situation)
    if limit_a is None:
        return _("%(lifted)s, %(what)s would be next", lifted=lifted, what=what)
    if limit_a < SHOWN_A:
        return _("%(lifted)s, it would wait for %(what)s instead", lifted=lifted, what=what)
    return _(
        "%(lifted)s, %(what)s would be next, at %(limit)s A",
        lifted=lifted,
        what=what,
        limit=tenths(limit_a),
    )


_PASSING: Final = {
    Rule.DECREASE_FIRST: marked("once they have"),
    Rule.SWITCHING: marked("when it has"),
    Rule.WAKING: marked("when its offer comes back in some seconds"),
}
"""What ends by itself, and how that is told."""


_LIFTED: Final = {
    Rule.AVAILABLE: marked("if more were available"),
    Rule.UNMANAGED: marked("if there were no other load"),
    Rule.GRID_OPERATOR: marked("if the grid operator allowed more"),
    Rule.TARIFF: marked("if the tariff allowed more"),
    Rule.OWNER: marked("if the owner allowed more"),
    Rule.SCHEDULE: marked("if more were allowed at this time"),
    Rule.CONTRACT: marked("if the contract's peak left more"),
    Rule.IMBALANCE: marked("if the phases might differ by more"),
    Rule.CHARGER: marked("if this charger could give more"),
    Rule.OWN_BREAKER: marked("if its own breaker carried more"),
    Rule.CAR: marked("if the car took more"),
}
"""What would have to be otherwise; where nothing is said here, the breaker."""


def _lifted(reason: LimitedBy, situation: Situation) -> str:
    if reason.rule in _LIFTED:
        return _(_LIFTED[reason.rule])
    breaker = breaker_name(reason.circuit_id, situation.circuits)
    return _("if %(breaker)s carried more", breaker=breaker)


def _named(following: RunnerUp, situation: Situation) -> str:
    match following.rule:
        case Rule.CHARGER:
            return _("what this charger can give")
        case Rule.OWN_BREAKER:
            return _("its own breaker")
        case Rule.CAR:
            return _("what the car takes")
        case Rule.IMBALANCE:
            breaker = breaker_name(following.circuit_id, situation.circuits)
            return _("the difference between the phases of %(breaker)s", breaker=breaker)
        case _:
            place = _place(following, situation)
            if following.phase is None:
                return place
            return _("%(place)s on %(phase)s", place=place, phase=following.phase)


# --- Places ---


def breaker_name(circuit_id: CircuitId | None, names: Mapping[CircuitId, str]) -> str:
    """
    Name a breaker as people know it.

    >>> breaker_name("main", {}), breaker_name("b", {"b": "Level 1"}), breaker_name(None, {})
    ('the main breaker', 'circuit Level 1', 'a breaker')
    """
    if circuit_id is None:
        return _("a breaker")
    if circuit_id == MAIN:
        return _("the main breaker")
    return _("circuit %(name)s", name=names.get(circuit_id, circuit_id))


_PLACES: Final = {
    Rule.BREAKER: "%(breaker)s",
    Rule.AVAILABLE: marked("what is available to all chargers"),
    Rule.UNMANAGED: marked("what other load leaves of %(breaker)s"),
    Rule.GRID_OPERATOR: marked("what the grid operator allows at %(breaker)s"),
    Rule.TARIFF: marked("what the tariff allows at %(breaker)s"),
    Rule.OWNER: marked("what the owner allows at %(breaker)s"),
    Rule.SCHEDULE: marked("what is allowed at this time at %(breaker)s"),
    Rule.CONTRACT: marked("what the contract's peak still leaves at %(breaker)s"),
}
"""What is shared out under a rule."""
SHARED_OUT: Final = frozenset(_PLACES)
"""Rules under which cars share something."""


def _place(where: LimitedBy | RunnerUp, situation: Situation) -> str:
    breaker = breaker_name(where.circuit_id, situation.circuits)
    name = _(_PLACES.get(where.rule, _PLACES[Rule.BREAKER]), breaker=breaker)
    return name if where.usable_a is None else f"{name} ({plain(where.usable_a)} A)"


def _put_out_of_use(reason: LimitedBy, situation: Situation) -> str:
    if reason.circuit_id is None or reason.circuit_id == MAIN:
        return _("the installation")
    return breaker_name(reason.circuit_id, situation.circuits)


# --- Cars ---


def _car(situation: Situation) -> str:
    takes_a = situation.limit_a if situation.draw_a is None else situation.draw_a
    if takes_a is None:
        return _("the car takes no more; the rest is lent to others")
    if takes_a < SHOWN_A:
        return _("the car takes nothing now; its share is lent to others")
    return _(
        "the car takes no more than %(current)s A; the rest is lent to others",
        current=tenths(takes_a),
    )


def _queue(reason: LimitedBy, situation: Situation) -> str:
    least = plain(PILOT_MIN_A)
    if reason.circuit_id is None:
        return _("not everybody can have %(least)s A now", least=least)
    place = _place(reason, situation)
    if reason.phase is None:
        return _(
            "not everybody can have %(least)s A now on %(place)s", least=least, place=place
        )
    return _(
        "not everybody can have %(least)s A now on %(phase)s of %(place)s",
        least=least,
        phase=reason.phase,
        place=place,
    )


def _disobeys(situation: Situation) -> str:
    draw_a, limit_a = situation.draw_a, situation.limit_a
    if draw_a is None or limit_a is None:
        return _("the car draws more than it was told; it is counted at what it draws")
    if draw_a <= limit_a:
        return _("the car has drawn more than it was told; it is counted at the most it drew")
    return _(
        "the car draws %(draw)s A, more than the %(limit)s A it was told; it is counted at what it draws",
        draw=tenths(draw_a),
        limit=tenths(limit_a),
    )


# --- Every rule ---


def _breaker(reason: LimitedBy, situation: Situation) -> str:
    place, phase, cars = _place(reason, situation), reason.phase, reason.shared_by
    if situation.until:
        place = _("%(place)s until %(time)s", place=place, time=situation.until)
    if cars > 1 and phase is None:
        return counted(
            cars,
            "%(place)s is fully shared out among %(n)s car",
            "%(place)s is fully shared out among %(n)s cars",
            place=place,
        )
    if cars > 1:
        return counted(
            cars,
            "%(place)s is fully shared out on %(phase)s among %(n)s car",
            "%(place)s is fully shared out on %(phase)s among %(n)s cars",
            place=place,
            phase=phase,
        )
    if phase is None:
        if cars:
            return _("%(place)s is fully used by this car", place=place)
        return _("%(place)s is fully used", place=place)
    if cars:
        return _("%(place)s is fully used on %(phase)s by this car", place=place, phase=phase)
    return _("%(place)s is fully used on %(phase)s", place=place, phase=phase)


def _no_car(_reason: LimitedBy, situation: Situation) -> str:
    if situation.car:
        return _("the car asks for nothing: it is full, or sleeps")
    return _("no car is there")


def _imbalance(reason: LimitedBy, situation: Situation) -> str:
    breaker = breaker_name(reason.circuit_id, situation.circuits)
    return _("the phases of %(breaker)s may differ by no more", breaker=breaker)


def _locked(reason: LimitedBy, situation: Situation) -> str:
    what = _put_out_of_use(reason, situation)
    return _("it is locked, because %(what)s was deactivated", what=what)


def _out_of_use(reason: LimitedBy, situation: Situation) -> str:
    return _("%(what)s is deactivated", what=_put_out_of_use(reason, situation))


_Clause = Callable[[LimitedBy, Situation], str]


def _always(text: str) -> _Clause:
    return lambda _reason, _situation: _(text)


_CLAUSES: Final[Mapping[Rule, _Clause]] = {
    **dict.fromkeys(SHARED_OUT, _breaker),
    Rule.IMBALANCE: _imbalance,
    Rule.CHARGER: _always(marked("this charger can give no more")),
    Rule.OWN_BREAKER: _always(marked("its own breaker carries no more")),
    Rule.CAR: lambda _reason, situation: _car(situation),
    Rule.QUEUE: _queue,
    Rule.NO_CAR: _no_car,
    Rule.DISOBEYS: lambda _reason, situation: _disobeys(situation),
    Rule.SWITCHING: _always(marked("it changes its phases first")),
    Rule.WAKING: _always(marked("the car seems to sleep since it was paused, and is woken")),
    Rule.DECREASE_FIRST: _always(marked("others must first confirm that they have made room")),
    Rule.LOCKED: _locked,
    Rule.OUT_OF_USE: _out_of_use,
}
"""A rule without a clause cannot be told; a test asks for every one."""
