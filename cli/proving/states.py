"""
A walk through all states that a model can come to.

Breadth first: the way to a bad state that it names is a shortest one.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

S = TypeVar("S", bound=Hashable)
A = TypeVar("A")
A_co = TypeVar("A_co", covariant=True)
SAY_EVERY: Final = 50_000


class Model(Protocol[S, A_co]):
    """States, what can happen in them, and which of them are bad."""

    def first(self) -> Iterable[S]:
        """Name the states it begins with."""
        ...

    def after(self, state: S) -> Iterable[tuple[A_co, S]]:
        """Name everything that can happen in a state, and where it leads."""
        ...

    def broken(self, state: S) -> str | None:
        """Say what is wrong with a state, if anything is."""
        ...


class TooManyStates(Exception):
    """The model has more states than were to be walked through."""


@dataclass(frozen=True, slots=True)
class Walk(Generic[S, A]):
    """What was found."""

    states: int
    steps: int
    """How often something happened, leading to a new state or a known one."""
    depth: int
    """After how many steps the last new state was come to."""
    broken: str | None = None
    way: tuple[tuple[S, A], ...] = ()
    """How the bad state was come to: each state on the way, and what happened in it."""


def walk(
    model: Model[S, A], states_max: int, say: Callable[[int], None] = lambda _: None
) -> Walk[S, A]:
    """
    Walk through all states, or to the first bad one.

    Args:
        model: what is walked through.
        states_max: to give up at.
        say: told every now and then how many states were found.

    Raises:
        TooManyStates: there are more than `states_max`; nothing is known of the others.
    """
    came: dict[S, tuple[S, A] | None] = dict.fromkeys(model.first())
    level, depth, steps = list(came), 0, 0
    for state in level:
        if (wrong := model.broken(state)) is not None:
            return Walk(len(came), steps, depth, wrong)
    while level:
        further: list[S] = []
        for state in level:
            for action, then in model.after(state):
                steps += 1
                if then in came:
                    continue
                came[then] = (state, action)
                if (wrong := model.broken(then)) is not None:
                    way = tuple(_way(came, then))[::-1]
                    return Walk(len(came), steps, depth + 1, wrong, way)
                further.append(then)
                if len(came) % SAY_EVERY == 0:
                    say(len(came))
        if len(came) > states_max:
            raise TooManyStates(
                f"more than {states_max} states: have the model take fewer steps"
            )
        level, depth = further, depth + bool(further)
    return Walk(len(came), steps, depth)


def _way(came: dict[S, tuple[S, A] | None], state: S) -> Iterator[tuple[S, A]]:
    before = came[state]
    while before is not None:
        yield before
        before = came[before[0]]
