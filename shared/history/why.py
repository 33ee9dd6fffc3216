"""
Why a limit is what it is, in words: pages and the command line both take them from here.

    circuit Level 1 (32 A) is fully shared out on L2 among 4 cars
    if circuit Level 1 carried more, the main breaker (63 A) on L2 would be next, at 11.2 A

Clauses begin small and have no full stop, so that they can stand within a sentence.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from shared.ids import CircuitId
from shared.messages.balancer import MAIN, LimitedBy, Rule, RunnerUp
from shared.units import PILOT_MIN_A

SHOWN_A: Final = 0.05
"""Half of the last figure shown, in amperes: what is nearer than this looks the same."""


def tenths(a: float) -> str:
    """
    Spell a current with one decimal; nothing is nothing.

    >>> tenths(11.96), tenths(0.04)
    ('12.0', '0')
    """
    return "0" if abs(a) < SHOWN_A else f"{a:.1f}"


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
    since = f" since {situation.waiting_since}" if situation.waiting_since else ""
    place = f", place {situation.place} in the queue" if situation.place else ""
    turn = f", its turn is expected at {situation.turn_at}" if situation.turn_at else ""
    return f"waiting{since}{place}{turn}"


def afterwards(reason: LimitedBy, situation: Situation) -> str | None:
    """Say what would hold the limit down next; nothing if that was not worked out."""
    following = reason.runner_up
    if following is None:
        return None
    what = _named(following, situation)
    if reason.rule in _PASSING:
        limit = "more" if following.limit_a is None else f"{tenths(following.limit_a)} A"
        return f"{_PASSING[reason.rule]}, it may draw {limit}, limited by {what}"
    if following.limit_a is None:
        return f"if {_lifted(reason, situation)}, {what} would be next"
    if following.limit_a < SHOWN_A:
        return f"if {_lifted(reason, situation)}, it would wait for {what} instead"
    at = f"{tenths(following.limit_a)} A"
    return f"if {_lifted(reason, situation)}, {what} would be next, at {at}"


_PASSING: Final = {
    Rule.DECREASE_FIRST: "once they have",
    Rule.SWITCHING: "when it has",
    Rule.WAKING: "when its offer comes back in some seconds",
}
"""What ends by itself, and how that is told."""


_LIFTED: Final = {
    Rule.AVAILABLE: "more were available",
    Rule.UNMANAGED: "there were no other load",
    Rule.GRID_OPERATOR: "the grid operator allowed more",
    Rule.TARIFF: "the tariff allowed more",
    Rule.OWNER: "the owner allowed more",
    Rule.SCHEDULE: "more were allowed at this time",
    Rule.CONTRACT: "the contract's peak left more",
    Rule.IMBALANCE: "the phases might differ by more",
    Rule.CHARGER: "this charger could give more",
    Rule.OWN_BREAKER: "its own breaker carried more",
    Rule.CAR: "the car took more",
}
"""What would have to be otherwise; where nothing is said here, the breaker."""


def _lifted(reason: LimitedBy, situation: Situation) -> str:
    breaker = breaker_name(reason.circuit_id, situation.circuits)
    return _LIFTED.get(reason.rule, f"{breaker} carried more")


def _named(following: RunnerUp, situation: Situation) -> str:
    match following.rule:
        case Rule.CHARGER:
            return "what this charger can give"
        case Rule.OWN_BREAKER:
            return "its own breaker"
        case Rule.CAR:
            return "what the car takes"
        case Rule.IMBALANCE:
            breaker = breaker_name(following.circuit_id, situation.circuits)
            return f"the difference between the phases of {breaker}"
        case _:
            on = "" if following.phase is None else f" on {following.phase}"
            return f"{_place(following, situation)}{on}"


# --- Places ---


def breaker_name(circuit_id: CircuitId | None, names: Mapping[CircuitId, str]) -> str:
    """
    Name a breaker as people know it.

    >>> breaker_name("main", {}), breaker_name("b", {"b": "Level 1"}), breaker_name(None, {})
    ('the main breaker', 'circuit Level 1', 'a breaker')
    """
    if circuit_id is None:
        return "a breaker"
    return (
        "the main breaker"
        if circuit_id == MAIN
        else f"circuit {names.get(circuit_id, circuit_id)}"
    )


_PLACES: Final = {
    Rule.BREAKER: "{breaker}",
    Rule.AVAILABLE: "what is available to all chargers",
    Rule.UNMANAGED: "what other load leaves of {breaker}",
    Rule.GRID_OPERATOR: "what the grid operator allows at {breaker}",
    Rule.TARIFF: "what the tariff allows at {breaker}",
    Rule.OWNER: "what the owner allows at {breaker}",
    Rule.SCHEDULE: "what is allowed at this time at {breaker}",
    Rule.CONTRACT: "what the contract's peak still leaves at {breaker}",
}
"""What is shared out under a rule."""
SHARED_OUT: Final = frozenset(_PLACES)
"""Rules under which cars share something."""


def _place(where: LimitedBy | RunnerUp, situation: Situation) -> str:
    breaker = breaker_name(where.circuit_id, situation.circuits)
    name = _PLACES.get(where.rule, "{breaker}").format(breaker=breaker)
    return name if where.usable_a is None else f"{name} ({where.usable_a:g} A)"


def _shared(reason: LimitedBy) -> str:
    on = "" if reason.phase is None else f" on {reason.phase}"
    if reason.shared_by > 1:
        return f"fully shared out{on} among {reason.shared_by} cars"
    return f"fully used{on}" + (" by this car" if reason.shared_by == 1 else "")


def _put_out_of_use(reason: LimitedBy, situation: Situation) -> str:
    if reason.circuit_id is None or reason.circuit_id == MAIN:
        return "the installation"
    return breaker_name(reason.circuit_id, situation.circuits)


# --- Cars ---


def _car(situation: Situation) -> str:
    takes_a = situation.limit_a if situation.draw_a is None else situation.draw_a
    if takes_a is None:
        return "the car takes no more; the rest is lent to others"
    if takes_a < SHOWN_A:
        return "the car takes nothing now; its share is lent to others"
    return f"the car takes no more than {tenths(takes_a)} A; the rest is lent to others"


def _queue(reason: LimitedBy, situation: Situation) -> str:
    text = f"not everybody can have {PILOT_MIN_A:g} A now"
    if reason.circuit_id is None:
        return text
    place = _place(reason, situation)
    return (
        f"{text} on {place}" if reason.phase is None else f"{text} on {reason.phase} of {place}"
    )


def _disobeys(situation: Situation) -> str:
    if situation.draw_a is None or situation.limit_a is None:
        return "the car draws more than it was told; it is counted at what it draws"
    if situation.draw_a <= situation.limit_a:
        return "the car has drawn more than it was told; it is counted at the most it drew"
    return (
        f"the car draws {tenths(situation.draw_a)} A, more than the {tenths(situation.limit_a)} A "
        "it was told; it is counted at what it draws"
    )


# --- Every rule ---


def _breaker(reason: LimitedBy, situation: Situation) -> str:
    until = f" until {situation.until}" if situation.until else ""
    return f"{_place(reason, situation)}{until} is {_shared(reason)}"


def _no_car(_: LimitedBy, situation: Situation) -> str:
    return (
        "the car asks for nothing: it is full, or sleeps"
        if situation.car
        else "no car is there"
    )


_CLAUSES: Final[Mapping[Rule, Callable[[LimitedBy, Situation], str]]] = {
    **dict.fromkeys(SHARED_OUT, _breaker),
    Rule.IMBALANCE: lambda it, situation: (
        f"the phases of {breaker_name(it.circuit_id, situation.circuits)} may differ by no more"
    ),
    Rule.CHARGER: lambda _, __: "this charger can give no more",
    Rule.OWN_BREAKER: lambda _, __: "its own breaker carries no more",
    Rule.CAR: lambda _, situation: _car(situation),
    Rule.QUEUE: _queue,
    Rule.NO_CAR: _no_car,
    Rule.DISOBEYS: lambda _, situation: _disobeys(situation),
    Rule.SWITCHING: lambda _, __: "it changes its phases first",
    Rule.WAKING: lambda _, __: "the car seems to sleep since it was paused, and is woken",
    Rule.DECREASE_FIRST: lambda _, __: "others must first confirm that they have made room",
    Rule.LOCKED: lambda it, situation: (
        f"it is locked, because {_put_out_of_use(it, situation)} was deactivated"
    ),
    Rule.OUT_OF_USE: lambda it, situation: f"{_put_out_of_use(it, situation)} is deactivated",
}
"""A rule without a clause cannot be told; a test asks for every one."""
