"""Decisions about what charging costs: from which day on, and at which times of the week."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from services.installation.checks import described
from services.installation.refusals import PricesOverlap, TooManyTariffs
from services.installation.state import Installation
from shared.messages.installation import TariffSet
from shared.messages.installation_commands import SetTariff
from shared.messages.installation_terms import WEEK, PriceWindow, Tariff

TARIFFS_MAX: Final = 120
"""Of an installation: a new one every month for ten years."""
_DAY_MIN: Final = 24 * 60
_WEEK_MIN: Final = len(WEEK) * _DAY_MIN


def decide(command: SetTariff, state: Installation) -> tuple[TariffSet, ...]:
    """Turn a wish into events; none when it is already so."""
    described(state, command.installation_id)
    wished = Tariff(**command.model_dump(exclude={"command_id", "installation_id"}))
    if state.tariffs.get(command.valid_from) == wished:
        return ()
    _check_windows(wished)
    if command.valid_from not in state.tariffs and len(state.tariffs) >= TARIFFS_MAX:
        raise TooManyTariffs(
            f"an installation has at most {TARIFFS_MAX} tariffs; set one of them anew, by its day"
        )
    return (TariffSet(installation_id=command.installation_id, **wished.model_dump()),)


def _check_windows(tariff: Tariff) -> None:
    spans = sorted(span for window in tariff.windows for span in _spans(window))
    for (_, ends_min), (begins_min, _) in pairwise(spans):
        if begins_min < ends_min:
            raise PricesOverlap(
                f"{_clock(begins_min)} has two prices; let one window end before the other begins"
            )


def _spans(window: PriceWindow) -> Iterator[tuple[int, int]]:
    """Lay a window out over the minutes of a week; what goes past its end goes on at its beginning."""
    begins_min, ends_min = _minute(window.begins), _minute(window.ends)
    length_min = (ends_min - begins_min) % _DAY_MIN
    for day in window.days:
        first = WEEK.index(day) * _DAY_MIN + begins_min
        last = first + length_min
        yield first, min(last, _WEEK_MIN)
        if last > _WEEK_MIN:
            yield 0, last - _WEEK_MIN


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _clock(minute: int) -> str:
    """
    Spell a minute of the week.

    >>> _clock(24 * 60 + 7 * 60 + 5)
    'TUE 07:05'
    """
    day, within = divmod(minute, _DAY_MIN)
    return f"{WEEK[day]} {within // 60:02}:{within % 60:02}"
