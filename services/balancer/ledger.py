"""
The sums of commitments of a site, at every moment at which they can rise.

`Ledger.fits` says whether a limit may be announced, `Ledger.room_a` how high one may be. Ways and
components are those of `services.balancer.forms`; the books' arrays have breakers, moments and ways as
their axes.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.balancer.commitments import (
    CLOCK_SKEW_S,
    OVER_AFTER_S,
    SAME_CAR_S,
    Granted,
    Place,
)
from services.balancer.forms import ADDING_LINES, LINES, Amps, Form, Ways
from shared.phases import Phase
from shared.units import TOLERANCE_A


@dataclass(slots=True)
class _Entry:
    """A charger in the books: its breakers, those above it now first, and what it may draw at each of
    them. One that stood nowhere else has a single row for all its breakers."""

    places: tuple[Place, ...]
    path: list[int]
    said_a: Amps
    """By its commitments alone, in each way."""
    own_a: Amps
    """In each way, with what it draws."""
    added_a: Amps
    """The components that it adds to the sums."""

    @property
    def path_now(self) -> list[int]:
        return self.path[: len(self.places[0].path)]

    @property
    def own_now_a(self) -> Amps:
        return self.own_a if len(self.own_a) == 1 else self.own_a[: len(self.places[0].path)]


class Ledger:
    """
    The books of one moment.

    Args:
        usable_a: what chargers may use of each constraint.
        chargers: where each charger's current may flow; the first place is where it stands now.
        measured_a: what is drawn now, in each way, for those chargers of which it is known; a car
            that draws more than its commitments is counted at what it draws.
        now_s: the present moment, in seconds since 1970.
        ends_s: when limits that are still to be announced may end: the fail-safes that they hold off
            may come up then.
        form: how currents add.
        agreed_a: what others allow at each constraint, if that is less. It bounds what may be drawn now;
            fail-safes that come up later are not held to it.
    """

    def __init__(
        self,
        usable_a: Sequence[float],
        chargers: Mapping[str, Sequence[Place]],
        measured_a: Mapping[str, Ways],
        now_s: float,
        ends_s: Iterable[float] = (),
        form: Form = ADDING_LINES,
        agreed_a: Sequence[float] | None = None,
    ) -> None:
        self._form = form
        self._usable_a = np.asarray(usable_a, dtype=np.float64).reshape(-1, 1, LINES)
        agreed = self._usable_a if agreed_a is None else np.reshape(agreed_a, (-1, 1, LINES))
        self._now_a: Amps = np.minimum(self._usable_a, agreed)
        self._measured_a = measured_a
        self._tried: tuple[str, Granted, _Entry] | None = None
        standings = [place.standing for places in chargers.values() for place in places]
        rises_s = {it for standing in standings for it in standing.rises_s() if it > now_s}
        for ends in ends_s:
            rises_s |= {ends - CLOCK_SKEW_S, ends - CLOCK_SKEW_S + SAME_CAR_S}
        self._open((now_s, *sorted(rises_s)), chargers)
        if (form.lines(self._sums_a) > self._usable_a + TOLERANCE_A).any():
            # More may be in force than may be used: a breaker was lowered, or a car disobeys. What
            # fits is no longer told by the highest sums alone, but also by when they fall.
            falls_s = {it for standing in standings for it in standing.falls_s() if it > now_s}
            moments_s = sorted(it for it in rises_s | falls_s if it < np.inf)
            self._open((now_s, *moments_s), chargers)

    def _open(
        self, moments_s: tuple[float, ...], chargers: Mapping[str, Sequence[Place]]
    ) -> None:
        form, none_a = self._form, (0.0,) * self._form.width
        self._moments_s = moments_s
        # By breaker, moment and line; what is agreed holds for the first moment, the present one.
        self._may_a: Amps = np.repeat(self._usable_a, len(moments_s), axis=1)
        self._may_a[:, :1] = self._now_a
        self._sums_a: Amps = np.zeros((len(self._usable_a), len(moments_s), form.width))
        self._entries: dict[str, _Entry] = {}
        settled = [it for it, places in chargers.items() if len(places) == 1]
        courses = [chargers[it][0].standing.course(moments_s, form) for it in settled]
        drawn = [self._measured_a.get(it, none_a) for it in settled]
        said_a: Amps = np.array(courses).reshape(-1, 1, len(moments_s), form.width)
        own_a = np.maximum(said_a, np.array(drawn).reshape(-1, 1, 1, form.width))
        added_a = form.components(own_a)
        breakers: list[int] = []
        whose: list[int] = []
        for index, charger_id in enumerate(settled):
            (place,) = chargers[charger_id]
            breakers += place.path
            whose += [index] * len(place.path)
            self._entries[charger_id] = _Entry(
                (place,), list(place.path), said_a[index], own_a[index], added_a[index]
            )
        np.add.at(self._sums_a, breakers, added_a[whose, 0])
        for charger_id in [it for it in chargers if it not in self._entries]:
            entry = self._entry(charger_id, tuple(chargers[charger_id]))
            self._entries[charger_id] = entry
            self._sums_a[entry.path] += entry.added_a

    def _entry(self, charger_id: str, places: tuple[Place, ...]) -> _Entry:
        path = list(places[0].path)
        said_a = self._course(places[0])
        if len(places) > 1:
            said_a = np.repeat(said_a, len(path), axis=0)
            for place in places[1:]:
                path, said_a = self._beside(path, said_a, place)
        own_a = said_a
        drawn = self._measured_a.get(charger_id)
        if drawn is not None:
            here = len(said_a) if len(places) == 1 else len(places[0].path)
            own_a = said_a.copy()
            own_a[:here] = np.maximum(own_a[:here], drawn)
        return _Entry(places, path, said_a, own_a, self._form.components(own_a))

    def _beside(self, path: list[int], said_a: Amps, place: Place) -> tuple[list[int], Amps]:
        """A car is in one place only: a breaker above several of them counts the highest."""
        further = [it for it in place.path if it not in path]
        if further:
            none_a = np.zeros((len(further), *said_a.shape[1:]))
            path, said_a = [*path, *further], np.concatenate((said_a, none_a))
        where = [path.index(it) for it in place.path]
        said_a[where] = np.maximum(said_a[where], self._course(place))
        return path, said_a

    def _course(self, place: Place) -> Amps:
        return np.array([place.standing.course(self._moments_s, self._form)])

    # --- What stands ---

    def committed_a(self) -> tuple[float, ...]:
        """Bound what may be drawn now at each constraint, in amperes."""
        lines_a: list[float] = self._form.lines(self._sums_a[:, 0]).ravel().tolist()
        return tuple(lines_a)

    def counted_a(self, charger_id: str) -> Iterator[tuple[int, Ways]]:
        """Name what a charger is counted at now, in each way, breaker by breaker."""
        entry = self._entries[charger_id]
        rows: list[list[float]] = entry.own_a[:, 0].tolist()
        for index, breaker in enumerate(entry.path):
            yield breaker, tuple(rows[0] if len(rows) == 1 else rows[index])

    # --- What may be added ---

    def room_a(self, charger_id: str, lines: tuple[Phase, ...], valid_until_s: float) -> float:
        """Name the highest limit on some lines, until a moment, that the rule leaves a charger."""
        entry = self._entries[charger_id]
        until = bisect_left(self._moments_s, valid_until_s + OVER_AFTER_S)
        path = entry.path_now
        return self._form.room_a(
            self._sums_a[path, :until],
            entry.own_now_a[:, :until],
            self._may_a[path, :until],
            lines,
        )

    def fits(self, charger_id: str, grant: Granted) -> bool:
        """Tell whether a limit may be announced: wherever it makes the charger's own commitment
        higher than it is, at any moment, the sum stays within what may be used. That a car draws
        more than it was told anyway is no reason to tell it more."""
        before = self._entries[charger_id]
        after = self._granting(charger_id, grant)
        self._tried = (charger_id, grant, after)
        risen = after.said_a > before.said_a + TOLERANCE_A
        if not risen.any():
            return True
        sums_a = self._sums_a[before.path]
        lines_a = self._form.lines(sums_a + (after.added_a - before.added_a))
        too_much = lines_a > self._may_a[before.path] + TOLERANCE_A
        # Whoever may draw on another pair as well is counted on all lines from then on.
        rises = self._form.lines_risen(risen) | (
            lines_a > self._form.lines(sums_a) + TOLERANCE_A
        )
        return not bool((rises & too_much).any())

    def grant(self, charger_id: str, grant: Granted) -> None:
        """Count a limit that is about to be announced."""
        before, tried = self._entries[charger_id], self._tried
        same = tried is not None and tried[0] == charger_id and tried[1] is grant
        after = tried[2] if tried is not None and same else self._granting(charger_id, grant)
        self._sums_a[before.path] += after.added_a - before.added_a
        self._entries[charger_id] = after

    def _granting(self, charger_id: str, grant: Granted) -> _Entry:
        places = self._entries[charger_id].places
        granting = (
            place.granting(grant) if place.follows or place is places[0] else place
            for place in places
        )
        return self._entry(charger_id, tuple(granting))
