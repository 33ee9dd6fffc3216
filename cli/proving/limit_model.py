"""
The limit protocol as a model: two balancers, one gateway, two chargers, one breaker.

One balancer holds the partition; another one takes over at any moment, while the first one, paused or
not, goes on. Each may announce whatever the rule lets it, at any time, to either charger. Limits are
lost, late, repeated, overtaken; so are confirmations, and balancers hear of these late. Chargers' clocks
are off, and the gateway starts again. The sum of what cars may draw must never exceed the breaker.

Every state is judged with all that may come of it when nobody announces anything any more. So states in
which all limits are announced need not be walked on from: a confirmation tells possibilities apart, and
adds none.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import zip_longest
from typing import Final, NamedTuple

from cli.proving.one_charger import TICK_S, Charger, Limit, Surroundings
from cli.proving.standpoints import BREAKER_A, FAIL_SAFE_A, Rule, counted_a, views
from shared.units import TOLERANCE_A

Pair = tuple[Charger, Charger]
THE_RULE: Final = Rule()


class State(NamedTuple):
    """Everything at one moment."""

    chargers: Pair
    left: int
    """How many limits may still be announced."""
    taken_over: bool = False
    spoken: int = 0
    """The newest epoch that the log has a limit of."""


class Action(NamedTuple):
    """What happens, to which charger if to one, and whether the two change their places then."""

    what: str
    charger: int | None = None
    swapped: bool = False


class LimitProtocol:
    """
    The model; anything but the defaults is a mistake, to show that it is found.

    Args:
        announcements: how many limits are announced at most, to both chargers together.
        rule: what balancers count.
        ordered: whether the gateway refuses limits that are older, by epoch and sequence, than what it
            has sent.
        fenced: whether a balancer appends nothing to a stream that it has not read to its end.
        stops: whether a balancer stops for good where it reads that a newer one has appended.
        clock_off: by how many ticks chargers' clocks may be wrong.
    """

    def __init__(
        self,
        announcements: int,
        rule: Rule = THE_RULE,
        *,
        ordered: bool = True,
        fenced: bool = True,
        stops: bool = True,
        clock_off: int = 1,
    ) -> None:
        around = Surroundings(FAIL_SAFE_A, clock_off, ordered)
        self._announcements = announcements
        self._rule = rule
        self._fenced, self._stops = fenced, stops
        # What becomes of a charger is worked out once, whatever the other one does.
        self._ticked = cache(around.ticked)
        self._announced_to = cache(around.announced)
        self._confirmed = cache(lambda charger: tuple(around.confirmed(charger)))
        self._drawn_a = cache(lambda charger: tuple(self._course(around, charger)))
        self._counted_a = cache(counted_a)

    def first(self) -> Iterable[State]:
        """Begin with two chargers that were never told anything."""
        yield State((Charger(), Charger()), self._announcements)

    def after(self, state: State) -> Iterator[tuple[Action, State]]:
        """Name everything that can happen, and where it leads."""
        if state.left == 0:
            return
        one, other = state.chargers
        yield _ordered(
            Action(f"{TICK_S} s pass"), state, (self._ticked(one), self._ticked(other))
        )
        for number, charger in enumerate(state.chargers):
            for limit, then in self._confirmed(charger):
                what = f"has confirmed {_spoken(limit)}"
                yield _ordered(Action(what, number), state, _with(state.chargers, number, then))
        if not self._fenced and not state.taken_over:
            # Otherwise the new balancer shows in nothing before its first limit.
            yield Action("another balancer takes over"), state._replace(taken_over=True)
        yield from self._announced(state)

    def broken(self, state: State) -> str | None:
        """Compare what cars may draw, now and later, with the breaker, and now with what is counted."""
        courses = [self._drawn_a(it) for it in state.chargers]
        for tick, drawn_a in enumerate(zip_longest(*courses, fillvalue=FAIL_SAFE_A)):
            if sum(drawn_a) > BREAKER_A + TOLERANCE_A:
                return (
                    f"{tick * TICK_S} s later the cars may draw {sum(drawn_a):g} A, and the "
                    f"breaker carries {BREAKER_A:g} A"
                )
        for charger, (now_a, *_) in zip(state.chargers, courses, strict=True):
            if now_a > self._counted_a(charger) + TOLERANCE_A:
                return f"a car may draw {now_a:g} A, which is more than is counted"
        return None

    def _course(self, around: Surroundings, charger: Charger) -> Iterator[float]:
        """Name the most that a car may draw, tick by tick, until it is its fail-safe for ever."""
        yield around.drawn_a(charger)
        while charger.limits:
            charger = self._ticked(charger)
            yield around.drawn_a(charger)

    def _announced(self, state: State) -> Iterator[tuple[Action, State]]:
        for epoch in (1, 2) if state.taken_over or self._fenced else (1,):
            if self._fenced and self._stops and epoch < state.spoken:
                continue
            unseen = not self._fenced and state.taken_over and epoch == 1
            for number, limit_a, ends in self._allowed(state.chargers, epoch):
                limit = Limit(limit_a, ends, epoch, unseen=unseen)
                then = self._announced_to(state.chargers[number], limit)
                yield _ordered(
                    Action(f"is to get {_spoken(limit)}", number),
                    state._replace(left=state.left - 1, spoken=max(epoch, state.spoken)),
                    _with(state.chargers, number, then),
                )

    def _allowed(self, chargers: Pair, epoch: int) -> list[tuple[int, float, int]]:
        found: set[tuple[int, float, int]] = set()
        for known in views(chargers, epoch=epoch, fenced=self._fenced):
            for number in (0, 1):
                may = self._rule.may_announce(known[number], known[1 - number])
                found.update((number, limit_a, ends) for limit_a, ends in may)
        return sorted(found)


def way_in_words(way: Iterable[tuple[State, Action]]) -> Iterator[str]:
    """Say how a bad state was come to, naming each charger by what it was called at the beginning."""
    names = ["A", "B"]
    for _, action in way:
        yield (
            action.what if action.charger is None else f"{names[action.charger]} {action.what}"
        )
        if action.swapped:
            names.reverse()


def _spoken(limit: Limit) -> str:
    return f"{limit.limit_a:g} A for {limit.ends * TICK_S} s by balancer {limit.epoch}"


def _with(chargers: Pair, number: int, charger: Charger) -> Pair:
    return (charger, chargers[1]) if number == 0 else (chargers[0], charger)


def _ordered(action: Action, state: State, chargers: Pair) -> tuple[Action, State]:
    """Two chargers that are alike may change their places: which is which makes no difference."""
    one, other = chargers
    swapped = hash(other) < hash(one)
    if swapped:
        one, other = other, one
    return action._replace(swapped=swapped), state._replace(chargers=(one, other))
