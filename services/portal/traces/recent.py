"""
The last quarter of an hour as it was heard, in memory: two moments a second at most.

Moments lie in arrays of numbers, not in objects: one a second of 200 chargers takes some ten megabytes.
"""

import math
from array import array
from collections.abc import Iterator, Sequence
from typing import Final

from services.portal.traces.samples import Gathering, Key, Minute, Sample, minute_of

KEPT_S: Final = 900.0
APART_S: Final = 0.5
"""Moments nearer to the one before are replaced by later ones: charts show two a second."""
WIDTH: Final = 8
"""Numbers of a moment: when, three currents, the limit, three that are committed."""
_UNKNOWN: Final = math.nan


class Ring:
    """Moments of one charger or breaker, in their order."""

    __slots__ = ("_numbers",)

    def __init__(self) -> None:
        self._numbers = array("d")

    def take(self, sample: Sample) -> None:
        """Take in a moment; what comes late is passed over."""
        numbers = self._numbers
        if numbers:
            if sample.at_s < numbers[-WIDTH]:
                return
            before_it_s = numbers[-2 * WIDTH] if len(numbers) > WIDTH else -math.inf
            if sample.at_s - before_it_s < APART_S:
                del numbers[-WIDTH:]
        limit_a = _UNKNOWN if sample.limit_a is None else sample.limit_a
        committed_a = sample.committed_a or (_UNKNOWN,) * 3
        numbers.extend((sample.at_s, *sample.current_a, limit_a, *committed_a))
        if numbers[0] < sample.at_s - 1.1 * KEPT_S:  # in one go, and seldom
            self._forget(sample.at_s - KEPT_S)

    def since(self, at_s: float) -> Iterator[Sample]:
        """Go through the moments from one on."""
        numbers = self._numbers
        for index in range(0, len(numbers), WIDTH):
            if numbers[index] >= at_s:
                yield _sample(numbers[index : index + WIDTH])

    def _forget(self, before_s: float) -> None:
        numbers = self._numbers
        keep = next(
            (it for it in range(0, len(numbers), WIDTH) if numbers[it] >= before_s),
            len(numbers),
        )
        del numbers[:keep]


def _sample(numbers: Sequence[float]) -> Sample:
    at_s, one, two, three, limit_a, c_one, c_two, c_three = numbers
    return Sample(
        at_s,
        (one, two, three),
        None if math.isnan(limit_a) else limit_a,
        None if math.isnan(c_one) else (c_one, c_two, c_three),
    )


class Recent:
    """What was heard lately of everything: moments, and the minutes that are not kept elsewhere yet."""

    def __init__(self) -> None:
        self._rings: dict[Key, Ring] = {}
        self._gathering: dict[Key, Gathering] = {}
        self._over: list[tuple[Key, Minute]] = []

    def take(self, key: Key, sample: Sample) -> None:
        """Take in one moment of a charger or a breaker."""
        self._rings.setdefault(key, Ring()).take(sample)
        minute_s = minute_of(sample.at_s)
        gathering = self._gathering.get(key)
        if gathering is not None and minute_s < gathering.at_s:
            return  # it came late: its minute is over
        if gathering is None or minute_s > gathering.at_s:
            if gathering is not None:
                self._over.append((key, gathering.so_far()))
            gathering = self._gathering[key] = Gathering(minute_s)
        gathering.take(sample)

    def over(self, now_s: float) -> list[tuple[Key, Minute]]:
        """Hand out the minutes that are over, once."""
        current_s = minute_of(now_s)
        for key, it in list(self._gathering.items()):
            if it.at_s < current_s:
                self._over.append((key, it.so_far()))
                del self._gathering[key]
        handed, self._over = self._over, []
        return handed

    def put_back(self, minutes: Sequence[tuple[Key, Minute]]) -> None:
        """Take back minutes that could not be kept elsewhere; of very many, the latest."""
        self._over = [*minutes, *self._over][-MINUTES_MAX:]

    def moments(self, key: Key, since_s: float) -> Iterator[Sample]:
        """Go through the moments of a charger or a breaker from one on."""
        ring = self._rings.get(key)
        return iter(()) if ring is None else ring.since(since_s)

    def minutes(self, key: Key) -> list[Minute]:
        """Name the minutes of one that are kept nowhere else, the current one the last."""
        found = [minute for it, minute in self._over if it == key]
        gathering = self._gathering.get(key)
        return found if gathering is None else [*found, gathering.so_far()]


MINUTES_MAX: Final = 60_000
"""How many minutes wait while the database is away: five hours of 200 chargers."""
