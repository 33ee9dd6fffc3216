"""One sentence for every event about what chargers can hold, and whether they do."""

from collections.abc import Callable
from typing import Any, Final

from shared.history.wording import Words, amperes
from shared.messages import Event
from shared.messages.holding import (
    FailSafeNotInForce,
    Holds,
    LimitNotInForce,
    LimitsShown,
    LimitWayChosen,
    Unit,
)

_WAYS: Final = {
    Holds.STACKED: "holds its fail-safe, and limits above it",
    Holds.SCHEDULED: "holds its limit and its fail-safe in one profile",
    Holds.FAIL_SAFE_ONLY: "holds its fail-safe and no other limit",
    Holds.FIXED: "cannot be limited",
}


def _chosen(it: LimitWayChosen, words: Words) -> str:
    counts = []
    if it.unit is Unit.WATTS:
        counts.append("it counts in watts")
    if it.whole:
        counts.append("it takes whole numbers only")
    said = "; ".join([f"{words.charger(it.charger_id)} {_WAYS[it.holds]}", *counts])
    return f"{said}, because {it.reason}" if it.reason else said


OF_HOLDING: Final[dict[type[Event], Callable[[Any, Words], str]]] = {
    LimitWayChosen: _chosen,
    LimitNotInForce: lambda it, w: (
        f"{w.charger(it.charger_id)} confirmed a limit of {amperes(it.limit_a)}, and its own schedule "
        f"allows {amperes(it.shown_a)}"
    ),
    FailSafeNotInForce: lambda it, w: (
        f"{w.charger(it.charger_id)} confirmed a fail-safe of {amperes(it.fail_safe_a)}, and its own "
        f"schedule allows {amperes(it.shown_a)}"
    ),
    LimitsShown: lambda it, w: (
        f"The schedule of {w.charger(it.charger_id)} shows again what it has confirmed"
    ),
}
