"""What every deciding part looks like: state folded from events, and decisions that make events."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Generic, TypeVar

from shared.messages import Command, Event, Note

C = TypeVar("C", bound=Command)
S = TypeVar("S")
E = TypeVar("E", bound=Event)


class Refused(Exception):
    """
    A rule said no. The subclass names the rule, the text says what to do.

    A refusal is an answer, not a fault: it is logged at info and never retried.
    """

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class CommandIdReused(Refused):
    """The same command id came with other content; every wish needs an id of its own."""


class StaleVersion(Refused):
    """What a wish is about has changed since it was looked at."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A key that exists once in the world, taken or given back together with an event."""

    kind: str
    key: str
    holder: str
    release: bool = False


def _claims_nothing(event: Event) -> tuple[Claim, ...]:  # noqa: ARG001
    return ()


def _nobody_else_holds(claim: Claim, holder: str, state: object) -> Refused:  # noqa: ARG001
    return Refused(f"{claim.kind} {claim.key} belongs to {holder}")


def _nothing_to_note(state: object) -> tuple[Note, ...]:  # noqa: ARG001
    return ()


@dataclass(frozen=True, slots=True)
class Decider(Generic[C, S, E]):
    """
    A pure decision maker.

    `decide` turns a command and a state into events, none when it is already so, or raises
    `Refused`; `evolve` folds an event into the state and never refuses: history is not up for
    debate. `fold_many` does the same for many events where that can be done faster.

    `claims_of` says which keys an event claims or releases. When somebody else holds one, the command
    is refused with `when_taken`, which is given the state of the stream that `stream_of` names for the
    holder; without a `stream_of` it is the initial state.

    `notes_of` says what is worth knowing of the state that an accepted command has led to.
    """

    initial: S
    decide: Callable[[C, S], tuple[E, ...]]
    evolve: Callable[[S, E], S]
    claims_of: Callable[[E], tuple[Claim, ...]] = _claims_nothing
    when_taken: Callable[[Claim, str, S], Refused] = _nobody_else_holds
    stream_of: Callable[[str], str] | None = None
    notes_of: Callable[[S], tuple[Note, ...]] = _nothing_to_note
    fold_many: Callable[[Sequence[E], S], S] | None = None

    def fold(self, history: Sequence[E], state: S | None = None) -> S:
        """Rebuild the state from its events."""
        begin = self.initial if state is None else state
        if self.fold_many is not None:
            return self.fold_many(history, begin)
        return reduce(self.evolve, history, begin)


@dataclass(frozen=True, slots=True)
class Across(Generic[C, S, E]):
    """
    A decision over several states of one kind: all of its events are appended, or none.

    `decide` is given the states in the order of their streams and returns the events of each in the
    same order, which is the order in which they come in the log; or it raises `Refused`.
    """

    decider: Decider[Any, S, E]
    decide: Callable[[C, tuple[S, ...]], tuple[tuple[E, ...], ...]]
