"""Commands about people are asked and answered, at the operator's door and at that of people."""

from faststream.nats import NatsRouter

from services.permissions import rights
from services.permissions.desk import Desk
from services.permissions.language import COMMANDS
from services.permissions.layout_book import LayoutBook
from services.permissions.recent import Recent
from services.permissions.streams import refusals_at
from shared.asking import command_routes
from shared.clock import utc_now
from shared.commits import CommandKnown, Commit, StreamEvents, fingerprint
from shared.context import Context
from shared.event_store import EventStore
from shared.messages import Answer, Command
from shared.messages.permissions import RecordRefusal
from shared.recorded import Meta
from shared.rights import guard
from shared.rights.guard import Check
from shared.transact import ACCEPTED

QUEUE = "permissions"


def checked_here(desk: Desk) -> Check:
    """Check by the table of rights, as other services do."""

    def check(command: Command, actor: str) -> str:
        return guard.check(command, actor, desk.register.grants, utc_now())

    return check


def people_routes(desk: Desk) -> NatsRouter:
    """Answer commands about people."""

    def check(command: Command, actor: str) -> str:
        return rights.check(command, actor, desk.register, utc_now())

    return command_routes(COMMANDS, QUEUE, desk.execute, check)


def refusal_routes(store: EventStore, layout: LayoutBook, check: Check) -> NatsRouter:
    """Put refusals on record."""
    recent = Recent()

    async def execute(command: RecordRefusal, context: Context) -> Answer:
        event = recent.decide(command, context.actor, layout.sites, utc_now())
        if event is None:
            return ACCEPTED
        meta = Meta(
            actor=context.actor,
            command_id=command.command_id,
            correlation_id=context.correlation_id,
            causation_id=context.causation_id,
        )
        parts = [StreamEvents(refusals_at(event.installation_id), None, [event])]
        mark = fingerprint(command)
        try:
            position = await store.append(
                Commit(command.command_id, mark, ACCEPTED, meta, parts, [])
            )
        except CommandKnown as known:
            return known.first.answer
        return ACCEPTED.model_copy(update={"position": position})

    return command_routes([RecordRefusal], QUEUE, execute, check)
