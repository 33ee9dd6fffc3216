"""Commands are asked and answered; what is decided is appended."""

from faststream.nats import NatsRouter

from services.installation.claims import stream_named
from services.installation.decider import installation_at, moving
from services.installation.language import COMMANDS, InstallationCommand
from services.installation.moves import leads_elsewhere
from shared.asking import command_routes
from shared.clock import utc_now
from shared.context import Context
from shared.event_store import EventStore
from shared.messages import Answer
from shared.messages.installation_commands import MoveCharger
from shared.rights.guard import Check
from shared.transact import transact, transact_across

QUEUE = "installation"


def routes(store: EventStore, check: Check) -> NatsRouter:
    """Answer the installation's commands out of its log."""

    async def execute(command: InstallationCommand, context: Context) -> Answer:
        stream = stream_named(command.installation_id)
        if isinstance(command, MoveCharger) and leads_elsewhere(command):
            streams = (stream, stream_named(str(command.to_installation_id)))
            return await transact_across(store, streams, moving, command, context)
        return await transact(store, stream, installation_at(utc_now()), command, context)

    return command_routes(COMMANDS, QUEUE, execute, check)
