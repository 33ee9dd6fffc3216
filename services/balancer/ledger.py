"""
The sums of commitments of a site, at every moment at which they can rise.

`Ledger.fits` says whether a limit may be announced, `Ledger.room_a` how high one may be.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.balancer.commitments import CLOCK_SKEW_S, OVER_AFTER_S, Granted, Place, Standing
from services.balancer.site import LINES
from shared.phases import PHASES, ZERO_A, Phase, PhaseCurrents
from shared.units import TOLERANCE_A

Amps = npt.NDArray[np.float64]


@dataclass(slots=True)
class _Entry:
    """A charger in the books: its breakers (those above it now come first), and what it is counted
    at on each of them: moment by breaker by line."""

    places: tuple[Place, ...]
    path: list[int]
    said_a: Amps
    """By its commitments alone."""
    own_a: Amps


class Ledger:
    """
    The books of one moment.

    Args:
        usable_a: what chargers may use of each constraint.
        chargers: where each charger's current may flow; the first place is where it stands now.
        measured_a: what is drawn now, for those chargers of which it is known; a car that draws
            more than its commitments is counted at what it draws.
        now_s: the present moment, in seconds since 1970.
        ends_s: when limits that are still to be announced may end: the fail-safes that they hold off
            may come up then.
        agreed_a: what others allow at each constraint, if that is less. It bounds what may be drawn now;
            fail-safes that come up later are not held to it.
    """

    def __init__(
        self,
        usable_a: Sequence[float],
        chargers: Mapping[str, Sequence[Place]],
        measured_a: Mapping[str, PhaseCurrents],
        now_s: float,
        ends_s: Iterable[float] = (),
        agreed_a: Sequence[float] | None = None,
    ) -> None:
        self._usable_a = np.asarray(usable_a, dtype=np.float64).reshape(-1, LINES)
        self._now_a = (
            self._usable_a
            if agreed_a is None
            else np.minimum(self._usable_a, np.asarray(agreed_a).reshape(-1, LINES))
        )
        self._measured_a = measured_a
        self._tried: tuple[str, Granted, _Entry] | None = None
        standings = [place.standing for places in chargers.values() for place in places]
        rises_s = {it for standing in standings for it in standing.rises_s() if it > now_s}
        rises_s |= {it - CLOCK_SKEW_S for it in ends_s}
        self._open((now_s, *sorted(rises_s)), chargers)
        if (self._sums_a > self._usable_a + TOLERANCE_A).any():
            # More may be in force than may be used: a breaker was lowered, or a car disobeys. What
            # fits is no longer told by the highest sums alone, but also by when they fall.
            falls_s = {it for standing in standings for it in standing.falls_s() if it > now_s}
            moments_s = sorted(it for it in rises_s | falls_s if it < np.inf)
            self._open((now_s, *moments_s), chargers)

    def _open(
        self, moments_s: tuple[float, ...], chargers: Mapping[str, Sequence[Place]]
    ) -> None:
        self._moments_s = moments_s
        # By moment, breaker and line; what is agreed holds for the first moment, the present one.
        self._may_a: Amps = np.repeat(self._usable_a[np.newaxis], len(moments_s), axis=0)
        self._may_a[0] = self._now_a
        self._sums_a: Amps = np.zeros((len(moments_s), *self._usable_a.shape))
        self._entries: dict[str, _Entry] = {}
        for charger_id, places in chargers.items():
            entry = self._entry(charger_id, tuple(places))
            self._entries[charger_id] = entry
            self._sums_a[:, entry.path] += entry.own_a

    def _entry(self, charger_id: str, places: tuple[Place, ...]) -> _Entry:
        first = places[0]
        path = list(first.path)
        course = _course(first.standing, self._moments_s)
        said_a = np.repeat(course[:, np.newaxis], len(path), axis=1)
        for place in places[1:]:
            path, said_a = self._beside(path, said_a, place)
        drawn = self._measured_a.get(charger_id, ZERO_A)
        if max(drawn) <= 0:
            return _Entry(places, path, said_a, said_a)
        own_a = said_a.copy()
        own_a[:, : len(first.path)] = np.maximum(own_a[:, : len(first.path)], drawn)
        return _Entry(places, path, said_a, own_a)

    def _beside(self, path: list[int], said_a: Amps, place: Place) -> tuple[list[int], Amps]:
        """A car is in one place only: a breaker above several of them counts the highest."""
        further = [it for it in place.path if it not in path]
        if further:
            none_a = np.zeros((len(said_a), len(further), LINES))
            path, said_a = [*path, *further], np.concatenate((said_a, none_a), axis=1)
        course = _course(place.standing, self._moments_s)[:, np.newaxis]
        where = [path.index(it) for it in place.path]
        said_a[:, where] = np.maximum(said_a[:, where], course)
        return path, said_a

    # --- What stands ---

    def committed_a(self) -> tuple[float, ...]:
        """Add up what may be drawn now at each constraint, in amperes."""
        return tuple(float(it) for it in self._sums_a[0].ravel())

    def counted_a(self, charger_id: str) -> Iterator[tuple[int, PhaseCurrents]]:
        """Name what a charger is counted at now, breaker by breaker."""
        entry = self._entries[charger_id]
        for breaker, own_a in zip(entry.path, entry.own_a[0].tolist(), strict=True):
            yield breaker, (own_a[0], own_a[1], own_a[2])

    # --- What may be added ---

    def room_a(self, charger_id: str, lines: Sequence[Phase], valid_until_s: float) -> float:
        """Name the highest limit on some lines, until a moment, that the rule leaves a charger."""
        entry = self._entries[charger_id]
        over_s = valid_until_s + OVER_AFTER_S
        until = sum(1 for it in self._moments_s if it < over_s)
        path = list(entry.places[0].path)
        left_a = (
            self._may_a[:until, path]
            - self._sums_a[:until, path]
            + entry.own_a[:until, : len(path)]
        )
        return float(left_a[:, :, [PHASES.index(it) for it in lines]].min())

    def fits(self, charger_id: str, grant: Granted) -> bool:
        """Tell whether a limit may be announced: wherever it makes the charger's own commitment
        higher than it is, at any moment, the sum stays within what may be used. That a car draws
        more than it was told anyway is no reason to tell it more."""
        before = self._entries[charger_id]
        after = self._granting(charger_id, grant)
        self._tried = (charger_id, grant, after)
        rises = after.said_a > before.said_a + TOLERANCE_A
        sums_a = self._sums_a[:, before.path] + after.own_a - before.own_a
        too_much = sums_a > self._may_a[:, before.path] + TOLERANCE_A
        return not bool((rises & too_much).any())

    def grant(self, charger_id: str, grant: Granted) -> None:
        """Count a limit that is about to be announced."""
        before, tried = self._entries[charger_id], self._tried
        same = tried is not None and tried[0] == charger_id and tried[1] is grant
        after = tried[2] if tried is not None and same else self._granting(charger_id, grant)
        self._sums_a[:, before.path] += after.own_a - before.own_a
        self._entries[charger_id] = after

    def _granting(self, charger_id: str, grant: Granted) -> _Entry:
        places = self._entries[charger_id].places
        granting = (
            place.granting(grant) if place.follows or place is places[0] else place
            for place in places
        )
        return self._entry(charger_id, tuple(granting))


def _course(standing: Standing, moments_s: Sequence[float]) -> Amps:
    return np.array(standing.course(moments_s))
