"""Decisions about what all chargers together may draw at which times of the week."""

from itertools import combinations

from services.installation.checks import described, listed
from services.installation.refusals import (
    AvailableAboveBreaker,
    OtherwiseWithoutRules,
    RulesOverlap,
)
from services.installation.state import Installation
from shared.messages.installation import CurrentScheduleSet
from shared.messages.installation_commands import SetCurrentSchedule
from shared.messages.installation_terms import ScheduleRule
from shared.units import exceeds
from shared.weekly import CurrentSchedule, spans


def decide(command: SetCurrentSchedule, state: Installation) -> tuple[CurrentScheduleSet, ...]:
    """Turn a wish for a schedule into an event; none when it is so already."""
    description = described(state, command.installation_id)
    if not command.rules and command.otherwise_a is not None:
        raise OtherwiseWithoutRules(
            "without a rule nothing is otherwise; enter a rule, or set the available current, which "
            "holds at all times"
        )
    zone = description.time_zone
    wished = (
        CurrentSchedule(command.rules, command.otherwise_a, zone) if command.rules else None
    )
    if wished == state.schedule:
        return ()
    for one, other in combinations(command.rules, 2):
        if _overlap(one, other):
            raise RulesOverlap(
                f"{told(one)} and {told(other)} hold at the same time; end one of them where the "
                "other begins"
            )
    lines = len(description.grid_type.lines)
    currents = [(told(it), it.available_a) for it in command.rules]
    if command.otherwise_a is not None:
        currents.append(("otherwise", command.otherwise_a))
    for when, available_a in currents:
        if exceeds(max(available_a[:lines]), description.breaker_a):
            raise AvailableAboveBreaker(
                f"{max(available_a[:lines]):g} A ({when}) is above the main breaker of "
                f"{description.breaker_a:g} A, which is a limit anyway; enter at most "
                f"{description.breaker_a:g} A"
            )
    return (
        CurrentScheduleSet(
            installation_id=command.installation_id,
            rules=command.rules,
            otherwise_a=command.otherwise_a,
            time_zone=zone,
        ),
    )


def told(rule: ScheduleRule) -> str:
    """
    Name a rule by its time.

    >>> told(ScheduleRule(days=("MON", "TUE"), begins="06:00", ends="22:00", available_a=(8, 8, 8)))
    'MON, TUE 06:00-22:00'
    """
    return f"{listed(rule.days)} {rule.begins}-{rule.ends}"


def _overlap(one: ScheduleRule, other: ScheduleRule) -> bool:
    return any(it.meets(that) for it in spans(one) for that in spans(other))
