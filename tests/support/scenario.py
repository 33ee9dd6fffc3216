"""
Given / when / then for deciders: what had happened, what is wished, what happens then.

    given(installation, created).when(add).then(added)
    given(installation, created).when(add).then_refused(UnknownParent, "add it first")
    given(installation, created, added).when(add).then_nothing_happened()

After every outcome the same command is decided once more on the resulting state: it must yield nothing
when it was accepted, and the same refusal when it was refused.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

import pytest

from shared.decider import Decider, Refused
from shared.messages import Command, Event

C = TypeVar("C", bound=Command)
S = TypeVar("S")
E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Scenario(Generic[C, S, E]):
    """A decider, and what has happened so far."""

    decider: Decider[C, S, E]
    history: tuple[E, ...]

    def when(self, command: C) -> "Outcome[C, S, E]":
        """Wish for something."""
        return Outcome(self.decider, self.history, command)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[C, S, E]):
    """What a command comes to."""

    decider: Decider[C, S, E]
    history: tuple[E, ...]
    command: C

    def then(self, *expected: E) -> None:
        """Exactly these events happen; the same command again makes no more of them."""
        events = self._decide(self.history)

        assert events == expected
        assert self._decide((*self.history, *events)) == (), "it happened again"

    def then_nothing_happened(self) -> None:
        """It is so already."""
        assert self._decide(self.history) == ()

    def then_refused(self, refusal: type[Refused], *says: str) -> None:
        """A rule says no, by this name, in words that contain these; and says so again."""
        first, again = self._refusal(refusal), self._refusal(refusal)

        assert first == again
        for words in says:
            assert words in first

    def _decide(self, history: tuple[E, ...]) -> tuple[E, ...]:
        return self.decider.decide(self.command, self.decider.fold(history))

    def _refusal(self, refusal: type[Refused]) -> str:
        with pytest.raises(Refused) as raised:
            self._decide(self.history)
        assert type(raised.value) is refusal, raised.value.detail
        assert raised.value.detail, "a refusal says what to do"
        return raised.value.detail


def given(decider: Decider[C, S, E], *history: E) -> Scenario[C, S, E]:
    """Begin with what has happened."""
    return Scenario(decider, history)
