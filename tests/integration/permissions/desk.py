"""Permissions as a process, a log of installation, and somebody who asks at both doors."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from nats.aio.client import Client
from nats.js.errors import NotFoundError

from cli.migrations import LOG_SCHEMA, migrate
from shared import subjects
from shared.context import ACTOR_HEADER, Context
from shared.event_store import Commit, EventStore, StreamEvents
from shared.ids import new_id
from shared.messages import Answer, Event, Message
from shared.messages.installation import InstallationCreated
from shared.messages.people import AccessOf, AccessOfAnswer
from shared.messages.permissions import (
    PLATFORM,
    GrantPlatformRole,
    InvitePerson,
    PermissionsCommand,
    PlatformRole,
)
from shared.messaging import connect, request
from shared.recorded import Meta, Recorded
from shared.relay import Relay
from shared.runtime import pool_of
from shared.transact import ACCEPTED
from tests.support.permissions_process import SCHEMA, running_permissions
from tests.support.servers import EmbeddedServers
from tests.support.service_process import ServiceProcess

M = TypeVar("M", bound=Message)
ABOUT = ("installation_id", "group_id", "person_id")


def subject_of(command: PermissionsCommand, asked: bool) -> str:
    """Where a command goes: by what it is about."""
    about = next(
        (str(value) for it in ABOUT if (value := getattr(command, it, None))), PLATFORM
    )
    return (subjects.asked if asked else subjects.command)(type(command), about)


@dataclass(slots=True)
class Desk:
    """Asks permissions, and reads its log to see what came of it."""

    servers: EmbeddedServers
    client: Client
    process: ServiceProcess
    log: EventStore
    layouts: EventStore

    async def order(self, kind: type[PermissionsCommand], **fields: Any) -> Answer:
        """Order something, as the platform's operator."""
        return await self.send(kind(**{"command_id": new_id(), **fields}), "operator")

    async def ask(self, who: str, kind: type[PermissionsCommand], **fields: Any) -> Answer:
        """Ask for something, as a person through the portal."""
        return await self.send(kind(**{"command_id": new_id(), **fields}), f"person/{who}")

    async def send(self, command: PermissionsCommand, actor: str) -> Answer:
        asked = actor.startswith("person/")
        subject = subject_of(command, asked)
        return await request(self.client, command, subject, Context(actor, new_id()), 20.0)

    async def invite(self, email: str, **fields: Any) -> str:
        """Invite somebody; return the id they are known by."""
        answer = await self.order(InvitePerson, person_id=new_id(), email=email, **fields)
        assert answer.accepted, answer
        [note] = answer.notes
        return note.about

    async def installer(self) -> str:
        """Invite somebody who is an authorised installer."""
        person_id = await self.invite(f"{new_id()}@example.com")
        granted = await self.order(
            GrantPlatformRole, grantee=f"person/{person_id}", role=PlatformRole.INSTALLER
        )
        assert granted.accepted, granted
        return person_id

    async def query(
        self, question: Message, answer: type[M], actor: str = "operator", *, door: bool = False
    ) -> M:
        """Ask a question; through the door of the operator, or that of services."""
        spelled = subjects.operator_query if door else subjects.query
        reply = await self.client.request(
            spelled("permissions", type(question).__name__),
            question.model_dump_json().encode(),
            timeout=20,
            headers={ACTOR_HEADER: actor},
        )
        return answer.model_validate_json(reply.data)

    async def roles(self, installation_id: str) -> set[tuple[str, str, str | None]]:
        """Name who has which role."""
        said = await self.query(AccessOf(installation_id=installation_id), AccessOfAnswer)
        return {(it.grantee, it.role.value, it.charger_id) for it in said.roles}

    async def tell(self, *events: Event, actor: str = "operator") -> None:
        """Have something happen to an installation, in one append."""
        command_id = new_id()
        streams: dict[str, list[Event]] = {}
        for it in events:
            streams.setdefault(f"installation-{it.aggregate_id}", []).append(it)
        await self.layouts.append(
            Commit(
                command_id=command_id,
                fingerprint=b"",
                answer=ACCEPTED,
                meta=Meta(actor=actor, command_id=command_id, correlation_id="test"),
                streams=[StreamEvents(name, None, new) for name, new in streams.items()],
            )
        )

    async def garage(self, actor: str = "operator") -> str:
        """Set up an installation of its own."""
        installation_id = f"garage-{new_id()[-12:]}"
        await self.tell(
            InstallationCreated(
                installation_id=installation_id,
                name="Garage",
                address="Strandgata 1",
                category="COMMUNITY",
                country="NO",
                type="GARAGE",
                grid_type="TN_3_PHASE",
                breaker_a=160.0,
                time_zone="Europe/Oslo",
            ),
            actor=actor,
        )
        return installation_id

    async def whole_log(self) -> list[Recorded]:
        return [it async for page in self.log.pages() for it in page]


async def forget_announced(client: Client, service: str) -> None:
    with contextlib.suppress(NotFoundError):
        await client.jetstream().delete_stream(subjects.jetstream_of(service))


@contextlib.asynccontextmanager
async def desk_at(
    servers: EmbeddedServers,
    environment: Mapping[str, str] | None = None,
    database_url: str | None = None,
) -> AsyncIterator[Desk]:
    """
    Start permissions and a log of installation.

    Args:
        servers: may have been used by other tests; what their logs have announced is forgotten.
        environment: more of permissions' own.
        database_url: of permissions, if it has run there before; by default a new one.
    """
    async with contextlib.AsyncExitStack() as stack:
        client = await connect(servers.nats_url, "test-people")
        stack.push_async_callback(client.close)
        await forget_announced(client, "installation")
        prefix = f"t{new_id()[-12:]}"  # databases are called as the command line looks for them
        if database_url is None:
            await forget_announced(client, "permissions")
            database_url = await servers.create_database(f"{prefix}_permissions")
            await migrate("permissions", database_url, [LOG_SCHEMA, SCHEMA])
        layouts_url = await servers.create_database(f"{prefix}_installation")
        await migrate("installation", layouts_url, [LOG_SCHEMA])
        process = await stack.enter_async_context(
            running_permissions(servers, database_url, environment)
        )
        pool = await stack.enter_async_context(pool_of(process.database_url))
        own = await stack.enter_async_context(pool_of(layouts_url))
        layouts = await stack.enter_async_context(EventStore.open(own))
        relay = asyncio.create_task(Relay("installation", layouts, client).run())
        try:
            yield Desk(servers, client, process, EventStore(pool), layouts)
        finally:
            relay.cancel()
            await asyncio.gather(relay, return_exceptions=True)
