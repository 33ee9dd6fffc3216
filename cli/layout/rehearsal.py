"""
What would become of a command: decided by the installation service's own decider, on the state
folded from its log, and appended nowhere.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from services.installation.claims import stream_named
from services.installation.decider import installation, installation_at, moving
from services.installation.language import EVENTS, InstallationCommand, InstallationEvent
from services.installation.moves import leads_elsewhere
from services.installation.state import Installation
from shared.clock import utc_now
from shared.decider import Claim, Refused
from shared.ids import InstallationId
from shared.messages import Answer, Verdict
from shared.messages.installation_commands import MoveCharger
from shared.recorded import Recorded
from shared.transact import refusal_of

Holders = Mapping[tuple[str, str], str]
"""Who has a key that exists once in the world, by its kind and itself."""

NAMES: Final = frozenset(it.__name__ for it in EVENTS)


@dataclass(frozen=True, slots=True)
class World:
    """All installations, and who holds which serial and charger id."""

    states: Mapping[str, Installation]
    """By their streams."""
    holders: Holders

    def state(self, installation_id: InstallationId) -> Installation:
        """Find an installation; one that does not exist is as before its creation."""
        return self.states.get(stream_named(installation_id), installation.initial)

    def after(self, events: Mapping[str, Sequence[InstallationEvent]]) -> "World":
        """
        Let events happen, by their streams.

        Raises:
            Refused: a key is held by somebody else.
        """
        states = dict(self.states)
        holders = dict(self.holders)
        for stream, new in events.items():
            for event in new:
                for claim in installation.claims_of(event):
                    self._take(claim, holders)
            states[stream] = installation.fold(new, states.get(stream))
        return World(states, holders)

    def _take(self, claim: Claim, holders: dict[tuple[str, str], str]) -> None:
        key = (claim.kind, claim.key)
        if claim.release:
            holders.pop(key, None)
            return
        holder = holders.setdefault(key, claim.holder)
        if holder != claim.holder:
            owner = self.state(holder.partition("/")[0])
            raise installation.when_taken(claim, holder, owner)


def world_of(log: Iterable[Recorded]) -> World:
    """Fold the installation service's whole log."""
    histories: dict[str, list[InstallationEvent]] = {}
    holders: dict[tuple[str, str], str] = {}
    for recorded in log:
        if recorded.type not in NAMES:
            continue
        event = cast("InstallationEvent", recorded.event)
        histories.setdefault(recorded.stream, []).append(event)
        for claim in installation.claims_of(event):
            if claim.release:
                holders.pop((claim.kind, claim.key), None)
            else:
                holders[claim.kind, claim.key] = claim.holder
    states = {stream: installation.fold(history) for stream, history in histories.items()}
    return World(states, holders)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a command would be answered, what it would append, and the world thereafter."""

    answer: Answer
    events: tuple[InstallationEvent, ...]
    world: World


def rehearse(command: InstallationCommand, world: World) -> Rehearsal:
    """Decide a command as the service would, without telling anybody."""
    try:
        events = _decided(command, world)
        after = world.after(events)
    except Refused as refusal:
        return Rehearsal(refusal_of(refusal), (), world)
    notes = (note for it in events for note in installation.notes_of(after.states[it]))
    answer = Answer(verdict=Verdict.ACCEPTED, notes=tuple(notes))
    return Rehearsal(answer, tuple(it for new in events.values() for it in new), after)


def _decided(
    command: InstallationCommand, world: World
) -> dict[str, tuple[InstallationEvent, ...]]:
    """What would be appended, by stream and in the log's order."""
    here_id = command.installation_id
    here = world.state(here_id)
    if isinstance(command, MoveCharger) and leads_elsewhere(command):
        there_id = str(command.to_installation_id)
        left, arrived = moving.decide(command, (here, world.state(there_id)))
        return {stream_named(here_id): left, stream_named(there_id): arrived}
    decided: Any = installation_at(utc_now()).decide(command, here)
    return {stream_named(here_id): decided}
