"""Commands are asked and answered; what is decided is appended."""

import re
from collections.abc import Awaitable, Callable

from faststream.nats import NatsMessage, NatsRouter

from services.installation.claims import stream_named
from services.installation.decider import installation_at, moving
from services.installation.language import COMMANDS, InstallationCommand
from services.installation.moves import leads_elsewhere
from shared import subjects
from shared.clock import utc_now
from shared.context import acting, context_of
from shared.event_store import EventStore
from shared.messages import Answer
from shared.messages.installation import MoveCharger
from shared.transact import transact, transact_across

QUEUE = "installation"

Execute = Callable[[InstallationCommand, NatsMessage], Awaitable[Answer]]


def routes(store: EventStore) -> NatsRouter:
    """Answer the installation's commands out of its log."""
    router = NatsRouter()

    async def execute(command: InstallationCommand, message: NatsMessage) -> Answer:
        given = context_of(message.headers, default_actor="anonymous")
        with acting(given.actor, given.correlation_id, given.causation_id) as context:
            stream = stream_named(command.installation_id)
            if isinstance(command, MoveCharger) and leads_elsewhere(command):
                streams = (stream, stream_named(str(command.to_installation_id)))
                return await transact_across(store, streams, moving, command, context)
            return await transact(store, stream, installation_at(utc_now()), command, context)

    for kind in COMMANDS:
        router.subscriber(subjects.command(kind), queue=QUEUE)(_handler(kind, execute))
    return router


def _handler(
    kind: type[InstallationCommand], execute: Execute
) -> Callable[[InstallationCommand, NatsMessage], Awaitable[Answer]]:
    """Make the handler of one command. FastStream reads the annotation to check what comes in and to
    describe it, and the name and the docstring to describe it.
    """

    async def take(command: kind, message: NatsMessage) -> Answer:  # type: ignore[valid-type]  # a class at run time
        return await execute(command, message)

    take.__name__ = take.__qualname__ = re.sub(
        r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__
    ).lower()
    take.__doc__ = kind.__doc__
    return take
