"""Looks at the past of an installation: each is put on record with its reason, and none is refused."""

from typing import Final

from faststream.nats import NatsRouter

from shared.asking import command_routes
from shared.context import Context
from shared.decider import Decider
from shared.event_store import EventStore
from shared.ids import InstallationId
from shared.messages import Answer
from shared.messages.permissions import HistoryLookedAt, LookAtHistory
from shared.rights.guard import Check
from shared.transact import transact

QUEUE: Final = "permissions"


def stream_of(installation_id: InstallationId) -> str:
    """Name the stream of the looks at an installation."""
    return f"looks-{installation_id}"


def decide(command: LookAtHistory, _: None) -> tuple[HistoryLookedAt, ...]:
    """Put a look on record."""
    return (HistoryLookedAt(installation_id=command.installation_id, reason=command.reason),)


LOOKS: Final[Decider[LookAtHistory, None, HistoryLookedAt]] = Decider(
    initial=None, decide=decide, evolve=lambda state, _: state
)


def routes(store: EventStore, check: Check) -> NatsRouter:
    """Take looks, from those who may look."""

    async def execute(command: LookAtHistory, context: Context) -> Answer:
        return await transact(
            store, stream_of(command.installation_id), LOOKS, command, context
        )

    return command_routes([LookAtHistory], QUEUE, execute, check)
