"""What would become of a command: decided on the log as it is, and appended nowhere."""

from collections.abc import Sequence
from typing import cast

from services.installation.claims import stream_named
from services.installation.decider import installation, installation_at
from services.installation.language import InstallationCommand, InstallationEvent
from services.installation.moves import leads_elsewhere
from shared.clock import utc_now
from shared.decider import Refused
from shared.event_store import EventStore
from shared.messages import Command, Event
from shared.messages.installation_commands import MoveCharger
from shared.rehearsing import Decide
from shared.rights.guard import Check


class NotRehearsed(Refused):
    """What becomes of it depends on other installations as well."""


def rehearsals(store: EventStore, check: Check) -> Decide:
    """
    Decide commands for those who may ask for them.

    Args:
        store: the log.
        check: says by what right somebody asks, or raises `Forbidden`.
    """

    async def decide(command: Command, actor: str) -> Sequence[Event]:
        check(command, actor)
        wish = cast("InstallationCommand", command)
        if isinstance(wish, MoveCharger) and leads_elsewhere(wish):
            raise NotRehearsed("a move to another installation is not rehearsed here")
        history = await store.load(stream_named(wish.installation_id))
        state = installation.fold([cast("InstallationEvent", it.event) for it in history])
        events = installation_at(utc_now()).decide(wish, state)
        if any(not claim.release for it in events for claim in installation.claims_of(it)):
            raise NotRehearsed("whether a serial number is free shows only when it is assigned")
        return events

    return decide
