"""Warnings: raised once for as long as they last, cleared, and taken notice of. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, assert_never

from services.notifications.language import Observe, WarningFact, WatchWish
from services.notifications.refusals import NoSuchWarning, WarningOver
from services.notifications.standing import Key
from shared.decider import Decider
from shared.ids import WarningId
from shared.messages.notifications import (
    AcknowledgeWarning,
    WarningAcknowledged,
    WarningCleared,
    WarningRaised,
)


@dataclass(frozen=True, slots=True)
class Warnings:
    """
    The warnings of one installation.

    Args:
        open: those that last, by kind and what they are about.
        taken: those of them of which somebody has taken notice, and what was said.
        over: how many have been cleared.
    """

    open: Mapping[Key, WarningRaised] = field(default_factory=dict)
    taken: Mapping[WarningId, str] = field(default_factory=dict)
    past: frozenset[WarningId] = frozenset()

    def by_id(self, warning_id: WarningId) -> WarningRaised | None:
        return next((it for it in self.open.values() if it.warning_id == warning_id), None)


NONE_YET: Final = Warnings()


def decide(command: WatchWish, state: Warnings) -> tuple[WarningFact, ...]:
    """
    Raise, clear or take notice.

    Raises:
        NoSuchWarning, WarningOver: there is nothing to take notice of.
    """
    match command:
        case Observe():
            return (*_cleared(command, state), *_raised(command, state))
        case AcknowledgeWarning():
            return _acknowledged(command, state)
        case _:
            assert_never(command)


def _raised(command: Observe, state: Warnings) -> Iterator[WarningRaised]:
    for warning_id, it in command.stands.items():
        if it.key not in state.open:
            yield WarningRaised(
                installation_id=command.installation_id,
                warning_id=warning_id,
                **it.model_dump(),
            )


def _cleared(command: Observe, state: Warnings) -> Iterator[WarningCleared]:
    for warning_id in command.over:
        known = state.by_id(warning_id)
        if known is not None:
            yield WarningCleared(
                installation_id=command.installation_id,
                warning_id=warning_id,
                kind=known.kind,
                about=known.about,
            )


def _acknowledged(
    command: AcknowledgeWarning, state: Warnings
) -> tuple[WarningAcknowledged, ...]:
    if command.warning_id in state.past:
        raise WarningOver(
            f"warning {command.warning_id} is over; there is nothing to take notice of any more"
        )
    if state.by_id(command.warning_id) is None:
        raise NoSuchWarning(
            f"installation {command.installation_id} has no warning {command.warning_id}; those "
            f"that there are: ampledger warning list {command.installation_id}"
        )
    if state.taken.get(command.warning_id) == command.note:
        return ()
    return (
        WarningAcknowledged(
            installation_id=command.installation_id,
            warning_id=command.warning_id,
            note=command.note,
        ),
    )


def evolve(state: Warnings, event: WarningFact) -> Warnings:
    """Fold an event of the stream."""
    match event:
        case WarningRaised():
            return replace(state, open={**state.open, (event.kind, event.about): event})
        case WarningCleared():
            gone = event.warning_id
            return Warnings(
                {key: it for key, it in state.open.items() if it.warning_id != gone},
                {it: note for it, note in state.taken.items() if it != gone},
                state.past | {gone},
            )
        case WarningAcknowledged():
            return replace(state, taken={**state.taken, event.warning_id: event.note})
        case _:
            assert_never(event)


WATCH: Final[Decider[WatchWish, Warnings, WarningFact]] = Decider(NONE_YET, decide, evolve)
