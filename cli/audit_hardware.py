"""
One charger in an audit: where it stood, what it was told, and what it may have drawn.

A limit is counted where the charger stood when it was told, until its lease is over, and where the
charger stood later, until then as well. Its fail-safe is counted where it stands, and where it stood
before for a while; for a minute after a limit on the lines that its car uses, and otherwise on all.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Final

from cli.audit_flows import NOTHING, Course, Flow, drawn, highest, stepped
from shared.messages.balancer import Lease
from shared.phases import ALL_TERMINALS, Phase
from shared.units import CAR_FOLLOW_S, TOLERANCE_A

CLOCK_SKEW_S: Final = 5.0
"""How much later than told a charger's clock may let a limit end."""
DEPARTED_S: Final = 900.0
"""How long a fail-safe is counted where its charger stood before, after the limits of that time."""
KEPT_S: Final = 60.0
"""How long a limit that is over is kept in mind."""
SAME_CAR_S: Final = 60.0
"""How long after a limit its car is taken to be the one that had it."""
PLACES_KEPT_S: Final = 86_400.0


@dataclass(slots=True)
class Place:
    """Breakers that a charger hung on, on some lines."""

    order: int
    """The position in the log at which it came to stand there; the same for all places that it may have
    been at a time. Changes are replayed when the balancer of their own installation heard of them, which
    for another installation may be sooner: a place may become known here after those that followed it."""
    installation_id: str
    breakers: tuple[str, ...]
    lines: tuple[Phase, ...]
    left_s: float = inf
    fail_safe_a: float = inf
    """The most it may have fallen back to when it left."""
    in_pairs: bool = False
    """The grid is one in which cars stand between two lines."""
    lowered_a: float = inf
    """What it confirmed to fall back to there after it had left: whatever it is asked for elsewhere, it
    takes there."""
    lowered_s: float = inf
    """Since when its car follows that."""


@dataclass(slots=True)
class Told:
    """A limit that was announced."""

    key: tuple[str, int]
    """The charger's id, and the sequence number."""
    order: int
    """Of the place that it was told for."""
    limit_a: float
    lines: tuple[Phase, ...]
    ends_s: float
    switched: bool
    """It says to use some terminals only; what the charger falls back to is on all of them again."""


@dataclass(slots=True)
class Hardware:
    """A charger, whatever it was called."""

    places: list[Place] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    applied_s: dict[tuple[str, int], float] = field(default_factory=dict)
    confirmed_a: float | None = None
    """What it has confirmed to fall back to."""
    asked_a: list[float] = field(default_factory=list)
    """What it was asked to fall back to since then."""
    fading: list[tuple[float, float]] = field(default_factory=list)
    """What it fell back to before, and until when its car may still draw that."""
    laid: Mapping[str, Course] = field(default_factory=dict)
    """What of it is in the sums."""

    # --- What happens to it ---

    def stand(self, place: Place) -> None:
        """It stands somewhere, or is wired so, from now on; or did, until it went elsewhere."""
        if any(it.order > place.order for it in self.places):
            # What it is asked for where it went, it is not asked for where it came from.
            here = [it for it in self.places if it.installation_id == place.installation_id]
            before = max(here, key=lambda it: it.order, default=place)
            place.fail_safe_a = before.fail_safe_a
        self.places.append(place)

    def leave(self, installation_id: str, at_s: float) -> None:
        """It stands no more where it stood in an installation."""
        for place in self.places:
            if place.installation_id == installation_id and place.left_s == inf:
                place.left_s = at_s
                place.fail_safe_a = min(place.fail_safe_a, self.falls_back_to_a)

    def ask_elsewhere(self, fail_safe_a: float) -> None:
        """It is asked for a fail-safe where it will stand; where it stands it has that of before."""
        for place in self.places:
            place.fail_safe_a = min(place.fail_safe_a, self.falls_back_to_a)
        self.asked_a.append(fail_safe_a)

    def tell(self, installation_id: str, lease: Lease) -> None:
        """A limit was announced to it."""
        order = max(it.order for it in self.places if it.installation_id == installation_id)
        key = (lease.charger_id, lease.sequence)
        ends_s = lease.valid_until.timestamp()
        switched = lease.terminals not in {None, ALL_TERMINALS}
        self.told.append(Told(key, order, lease.limit_a, lease.phases, ends_s, switched))

    def applied(self, key: tuple[str, int], at_s: float) -> None:
        """It has confirmed a limit; the first time counts."""
        self.applied_s.setdefault(key, at_s)

    def rejected(self, key: tuple[str, int]) -> None:
        """It has not taken a limit, which never was in force."""
        self.told = [it for it in self.told if it.key != key]

    def fail_safe_applied(self, installation_id: str, fail_safe_a: float, at_s: float) -> None:
        """It has confirmed what it falls back to; whatever it was asked for earlier is over."""
        before_a = self.falls_back_to_a
        for place in self.places:
            gone = place.installation_id == installation_id and place.left_s < inf
            if gone and fail_safe_a < place.lowered_a:
                place.lowered_a, place.lowered_s = fail_safe_a, at_s + CAR_FOLLOW_S
        matching = [
            i for i, it in enumerate(self.asked_a) if abs(it - fail_safe_a) <= TOLERANCE_A
        ]
        if matching:
            self.asked_a = self.asked_a[matching[-1] + 1 :]
        self.confirmed_a = fail_safe_a
        if self.falls_back_to_a < before_a:
            self.fading = [it for it in self.fading if it[1] > at_s]
            self.fading.append((before_a, at_s + CAR_FOLLOW_S))

    @property
    def falls_back_to_a(self) -> float:
        """The most it may fall back to; before it has confirmed anything, what it was asked for."""
        if self.confirmed_a is None:
            return self.asked_a[-1] if self.asked_a else 0.0
        return max(self.confirmed_a, *self.asked_a, 0.0)

    # --- What it may draw ---

    def courses(self, now_s: float) -> dict[str, list[Course]]:
        """Name what it may draw from now on, at every breaker; a course per place."""
        self._forget(now_s)
        courses: dict[str, list[Course]] = {}
        for place in self.places:
            course = self._at(place, now_s)
            if len(course) > 1 or course[0][1] != NOTHING:
                for breaker in place.breakers:
                    courses.setdefault(breaker, []).append(course)
        return courses

    def _forget(self, now_s: float) -> None:
        while self.told and self._over_s(self.told[0]) < now_s - KEPT_S:
            del self.told[0]
        self.places = [it for it in self.places if it.left_s > now_s - PLACES_KEPT_S]
        known = {it.key for it in self.told}
        if len(self.applied_s) > 4 * len(known) + 8:
            lowest: dict[str, int] = {}
            for charger_id, sequence in known:
                lowest[charger_id] = min(sequence, lowest.get(charger_id, sequence))
            self.applied_s = {
                key: at_s
                for key, at_s in self.applied_s.items()
                if key[1] >= lowest.get(key[0], key[1] + 1)
            }

    def _at(self, place: Place, now_s: float) -> Course:
        """Name what it may draw at one place from now on, in each way."""
        limits = [
            (self._over_s(it), self._let(it, place))
            for it in self.told
            if it.limit_a > 0 and it.order <= place.order
        ]
        spans = [
            (from_s, to_s, drawn(a, lines, in_pairs=place.in_pairs))
            for from_s, to_s, lines, a in self._fail_safe_spans(place, now_s)
        ]
        moments_s = {it for it, _ in limits}
        moments_s |= {it for from_s, to_s, _ in spans for it in (from_s, to_s)}
        moments = (now_s, *sorted(it for it in moments_s if now_s < it < inf))

        def flow_of(at_s: float) -> Flow:
            fail_safes = (it for from_s, to_s, it in spans if from_s <= at_s < to_s)
            return highest((*(it for over_s, it in limits if at_s < over_s), *fail_safes))

        return stepped(moments, flow_of)

    def _let(self, told: Told, place: Place) -> Flow:
        """Name what a limit lets it draw; at a later place than it was told for, on any line there."""
        lines = told.lines if told.order == place.order else place.lines
        return drawn(told.limit_a, lines, in_pairs=place.in_pairs)

    def _over_s(self, told: Told) -> float:
        charger_id, sequence = told.key
        later_s = (
            at_s
            for (of, number), at_s in self.applied_s.items()
            if of == charger_id and number > sequence
        )
        return min((told.ends_s + CLOCK_SKEW_S, *later_s)) + CAR_FOLLOW_S

    def _fail_safe_spans(
        self, place: Place, now_s: float
    ) -> Iterator[tuple[float, float, tuple[Phase, ...], float]]:
        """Name the times in which no confirmed limit holds the fail-safe off, from now on, and the lines
        on which it then is."""
        ends_s = inf
        if place.left_s < inf:
            told_s = (it.ends_s + CLOCK_SKEW_S for it in self.told if it.order <= place.order)
            ends_s = max((place.left_s, *told_s)) + DEPARTED_S
        for from_s, to_s, lines in self._free_s(place, now_s):
            until_s = min(to_s, ends_s)
            a = min(self.falls_back_to_a, place.fail_safe_a)
            yield from_s, min(until_s, max(from_s, place.lowered_s)), lines, a
            yield max(from_s, place.lowered_s), until_s, lines, min(a, place.lowered_a)
            for fading_a, fading_s in self.fading:
                yield from_s, min(until_s, fading_s), lines, min(fading_a, place.fail_safe_a)

    def _free_s(
        self, place: Place, now_s: float
    ) -> Iterator[tuple[float, float, tuple[Phase, ...]]]:
        held: list[tuple[float, float]] = []
        for it in self.told:
            ends_s = it.ends_s - CLOCK_SKEW_S
            elsewhere = it.order > place.order
            if it.key in self.applied_s:
                # What it was told for another place it follows there.
                if not (elsewhere and held and ends_s < held[-1][1]):
                    held.append((self.applied_s[it.key], ends_s))
            elif held and not elsewhere:
                # It may be in force without our knowing, and end sooner than what it replaced.
                held[-1] = (held[-1][0], min(held[-1][1], ends_s))
        if not held:
            yield now_s, inf, place.lines
            return
        # The newest limit has taken the place of all before it: its end is what counts.
        since_s, until_s = held[-1]
        for from_s, to_s in reversed(held[:-1]):
            if to_s < since_s:
                break
            since_s = from_s
        yield now_s, since_s + CAR_FOLLOW_S, place.lines
        yield max(now_s, until_s), until_s + SAME_CAR_S, self._car_on(place)
        yield max(now_s, until_s + SAME_CAR_S), inf, place.lines

    def _car_on(self, place: Place) -> tuple[Phase, ...]:
        """Name the lines of the car that had the last limit; all, where limits that may have been the
        last do not agree on them."""
        applied = [number for number, it in enumerate(self.told) if it.key in self.applied_s]
        last = self.told[applied[-1] :]
        alike = {frozenset(it.lines) for it in last}
        here = all(it.order == place.order and not it.switched for it in last)
        return last[-1].lines if here and len(alike) == 1 else place.lines
