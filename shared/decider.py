"""What every deciding part looks like: state folded from events, and decisions that make events."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Generic, TypeVar

from shared.messages import Command, Event

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


@dataclass(frozen=True, slots=True)
class Claim:
    """A key that exists once in the world, taken or given back together with an event."""

    kind: str
    key: str
    holder: str
    release: bool = False


def _claims_nothing(event: Event) -> tuple[Claim, ...]:  # noqa: ARG001
    return ()


def _nobody_else_holds(claim: Claim, holder: str) -> Refused:
    return Refused(f"{claim.kind} {claim.key} belongs to {holder}")


@dataclass(frozen=True, slots=True)
class Decider(Generic[C, S, E]):
    """
    A pure decision maker.

    `decide` turns a command and a state into events, none when it is already so, or raises
    `Refused`; `evolve` folds an event into the state and never refuses: history is not up for
    debate. `claims_of` says which keys an event claims or releases; when somebody else holds one,
    the command is refused with `when_taken`.
    """

    initial: S
    decide: Callable[[C, S], tuple[E, ...]]
    evolve: Callable[[S, E], S]
    claims_of: Callable[[E], tuple[Claim, ...]] = _claims_nothing
    when_taken: Callable[[Claim, str], Refused] = _nobody_else_holds

    def fold(self, history: Sequence[E], state: S | None = None) -> S:
        """Rebuild the state from its events."""
        return reduce(self.evolve, history, self.initial if state is None else state)
