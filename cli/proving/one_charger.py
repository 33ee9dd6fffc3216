"""
A charger of the model: limits on their way to it, in force, replaced, over.

Time goes in ticks of 5 s, which is how far a clock may be off and how long a car takes to follow. All
times are counted from now, so that the same situation is the same state whenever it comes.

What nobody sees is left open: which limits have come, whether a lease is over by the charger's clock,
what the gateway remembers. A state carries every possibility along, until a confirmation tells some of
them apart. So lost, late, repeated and overtaking messages are all in it.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

TICK_S: Final = 5
FORGOTTEN: Final = 3
"""So many ticks after its end nothing of a limit is left, wherever it comes in the order."""


class Limit(NamedTuple):
    """A limit that was announced."""

    limit_a: float
    ends: int
    """In how many ticks its lease ends by the balancer's clock; negative: so long ago."""
    epoch: int
    confirmed: int | None = None
    """How many ticks ago it was confirmed; 1 stands for whatever is longer ago."""
    unseen: bool = False
    """A balancer that had been replaced announced it, and its successor has not read of it."""


class Possibility(NamedTuple):
    """How it may stand at a charger. Limits are counted from 1, in the order of the log."""

    sent: int = 0
    """The newest limit that the gateway remembers having sent; 0 for none."""
    held: int = 0
    """The limit that the charger has taken last; 0 for none, or one of which nothing is left."""
    fallen_back: bool = True
    """The lease of that is over by the charger's own clock."""
    before_a: float = 0.0
    """What its car was offered less than a tick ago, if that was more than now."""


class Charger(NamedTuple):
    """A charger with its car, as everything that was told of it leaves it open."""

    limits: tuple[Limit, ...] = ()
    """In the order in which they were announced. Any of them may still be on its way."""
    possible: frozenset[Possibility] = frozenset({Possibility()})


class Surroundings(NamedTuple):
    """What surrounds a charger."""

    fail_safe_a: float
    clock_off: int = 1
    """By how many ticks its clock may be wrong."""
    ordered: bool = True
    """The gateway refuses limits that are older, by epoch and sequence, than what it has sent."""

    # --- What happens ---

    def announced(self, charger: Charger, limit: Limit) -> Charger:
        """A limit is announced; whether and when it comes is open."""
        limits = (*charger.limits, limit)
        return Charger(limits, self._open(limits, charger.possible))

    def confirmed(self, charger: Charger) -> Iterator[tuple[Limit, Charger]]:
        """Name what may be confirmed now, once the gateway has sent it and the charger has it."""
        for number, limit in enumerate(charger.limits, start=1):
            if limit.confirmed is not None:
                continue
            so = [it for it in charger.possible if it.sent == it.held == number]
            if so:
                limits = list(charger.limits)
                limits[number - 1] = limit._replace(confirmed=0)
                known = tuple(limits)
                yield limit, Charger(known, self._open(known, so))

    def ticked(self, charger: Charger) -> Charger:
        """A tick passes."""
        limits = tuple(_aged(it) for it in charger.limits)
        gone = 0
        while gone < len(limits) and limits[gone].ends <= -FORGOTTEN:
            gone += 1
        passed = (
            it._replace(sent=max(it.sent - gone, 0), held=max(it.held - gone, 0))
            for possible in charger.possible
            for it in self._ticked(charger.limits, possible)
        )
        left = limits[gone:]
        return Charger(left, self._open(left, passed))

    def drawn_a(self, charger: Charger) -> float:
        """Name the most that its car may draw now."""
        return max(
            max(it.before_a, self._offered_a(charger.limits, it)) for it in charger.possible
        )

    # --- What may happen meanwhile ---

    def _open(
        self, limits: tuple[Limit, ...], possible: Iterable[Possibility]
    ) -> frozenset[Possibility]:
        """Add what may come of possibilities at any moment, seen by nobody."""
        found = {self._calm(limits, it) for it in possible}
        new = list(found)
        while new:
            it = new.pop()
            for further in (*self._delivered(limits, it), _gateway_restarted(limits, it)):
                then = self._calm(limits, further)
                if then not in found:
                    found.add(then)
                    new.append(then)
        return frozenset(found)

    def _delivered(
        self, limits: tuple[Limit, ...], possible: Possibility
    ) -> Iterator[Possibility]:
        newest = _rank(limits, possible.sent)
        before_a = max(possible.before_a, self._offered_a(limits, possible))
        for number, limit in enumerate(limits, start=1):
            again = number == possible.held == possible.sent
            late = self.ordered and _rank(limits, number) < newest
            if again or late or limit.ends <= 0:
                continue
            yield Possibility(number, number, fallen_back=False, before_a=before_a)
            if limit.ends <= self.clock_off:
                yield Possibility(number, number, fallen_back=True, before_a=before_a)

    def _ticked(
        self, limits: tuple[Limit, ...], possible: Possibility
    ) -> Iterator[Possibility]:
        """Where a lease may or may not be over by the charger's clock, either is so."""
        passed = possible._replace(before_a=self._offered_a(limits, possible))
        if possible.fallen_back:
            yield passed
            return
        ends = limits[possible.held - 1].ends - 1
        if ends > -self.clock_off:
            yield passed
        if ends <= self.clock_off:
            yield passed._replace(fallen_back=True)

    def _offered_a(self, limits: tuple[Limit, ...], possible: Possibility) -> float:
        if possible.fallen_back:
            return self.fail_safe_a
        return limits[possible.held - 1].limit_a

    def _calm(self, limits: tuple[Limit, ...], possible: Possibility) -> Possibility:
        """What a car was offered before tells nothing where it was no more than now."""
        calm = possible.before_a <= self._offered_a(limits, possible)
        return possible._replace(before_a=0.0) if calm else possible


def _gateway_restarted(limits: tuple[Limit, ...], possible: Possibility) -> Possibility:
    """What was sent and not confirmed is forgotten there."""
    numbers = (i for i, limit in enumerate(limits, start=1) if limit.confirmed is not None)
    return possible._replace(sent=max(numbers, key=lambda it: _rank(limits, it), default=0))


def _rank(limits: tuple[Limit, ...], number: int) -> tuple[int, int]:
    return (limits[number - 1].epoch, number) if number else (0, 0)


def _aged(limit: Limit) -> Limit:
    return limit._replace(
        ends=max(limit.ends - 1, -FORGOTTEN),
        confirmed=None if limit.confirmed is None else 1,
    )
