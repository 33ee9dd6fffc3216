"""Commands are asked and answered; what is decided is appended."""

from faststream.nats import NatsMessage, NatsRouter

from services.installation.decider import InstallationCommand, installation
from shared import subjects
from shared.context import acting, context_of
from shared.event_store import EventStore
from shared.messages import Answer
from shared.messages.installation import AddCircuit, AssignChargers, CreateInstallation
from shared.transact import transact

QUEUE = "installation"


def routes(store: EventStore) -> NatsRouter:
    """Answer the installation's commands out of its log."""
    router = NatsRouter()

    async def execute(command: InstallationCommand, message: NatsMessage) -> Answer:
        given = context_of(message.headers, default_actor="anonymous")
        with acting(given.actor, given.correlation_id, given.causation_id) as context:
            stream = f"installation-{command.installation_id}"
            return await transact(store, stream, installation, command, context)

    @router.subscriber(subjects.command(CreateInstallation), queue=QUEUE)
    async def create_installation(command: CreateInstallation, message: NatsMessage) -> Answer:
        return await execute(command, message)

    @router.subscriber(subjects.command(AddCircuit), queue=QUEUE)
    async def add_circuit(command: AddCircuit, message: NatsMessage) -> Answer:
        return await execute(command, message)

    @router.subscriber(subjects.command(AssignChargers), queue=QUEUE)
    async def assign_chargers(command: AssignChargers, message: NatsMessage) -> Answer:
        return await execute(command, message)

    return router
