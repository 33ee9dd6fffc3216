"""A garage whose warnings are told to real people and programs: a mail server, and a server of webhooks."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import orjson
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from nats.aio.client import Client
from standardwebhooks import Webhook as Verifier

from cli.ports import free_ports
from shared import subjects
from shared.context import Context
from shared.ids import new_id
from shared.messages import Answer, Event
from shared.messages.installation import InstallationCreated
from shared.messages.installation_terms import Category, InstallationType
from shared.messages.notices import WarningLine, WarningsOf, WarningsOfAnswer
from shared.messages.notifications import NotificationsCommand
from shared.messages.permissions import Role, RoleGranted
from shared.messaging import request
from shared.phases import GridType
from tests.support.portal_feed import Feed, feeding
from tests.support.servers import EmbeddedServers, running_servers
from tests.support.service_process import ServiceProcess, running_service
from tests.support.waiting import until

GARAGE = "garage-1"
GATHERED_S = 2.0
LOGS = ("installation", "telemetry", "balancer")


@dataclass(slots=True)
class Postbox:
    """What a mail server was given."""

    letters: list[EmailMessage] = field(default_factory=list)
    away: bool = False

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.away:
            return "451 try again later"
        assert isinstance(envelope.content, bytes)
        letter: Any = message_from_bytes(envelope.content, policy=default)
        self.letters.append(letter)
        return "250 taken"


@dataclass(slots=True)
class Program:
    """A server that takes webhooks, and checks who they are from; it may answer otherwise."""

    port: int
    status: int = 200
    secrets: list[str] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    """The ids of all attempts."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks?of=ampledger"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        pairs = (it.partition(":") for it in head[1:] if it)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        body = await reader.readexactly(int(headers["content-length"]))
        self.tried.append(headers["webhook-id"])
        for secret in self.secrets:  # each of those that count has signed it
            Verifier(secret).verify(body, headers)
        if self.status == 200:
            self.taken.append({"id": headers["webhook-id"], **orjson.loads(body)})
        moved = "Location: http://127.0.0.1:1/elsewhere\r\n" if self.status == 302 else ""
        writer.write(
            f"HTTP/1.1 {self.status} So\r\n{moved}Content-Length: 0\r\n"
            "Connection: close\r\n\r\n".encode()
        )
        await writer.drain()
        writer.close()

    def types(self) -> list[str]:
        return [it["type"] for it in self.taken]


@dataclass(slots=True)
class World:
    """Everything that a test needs."""

    feed: Feed
    servers: EmbeddedServers
    client: Client
    postbox: Postbox
    program: Program
    start: Callable[[], Any]

    async def tell(self, *events: Event) -> None:
        await self.feed.tell(*events)

    async def ask(self, command: NotificationsCommand) -> Answer:
        """Have something done, as the operator does."""
        subject = subjects.command(type(command), command.installation_id)
        return await request(self.client, command, subject, Context("operator", new_id()))

    async def warnings(
        self, installation_id: str = GARAGE, *, everything: bool = False
    ) -> list[WarningLine]:
        query = WarningsOf(installation_id=installation_id, everything=everything)
        subject = subjects.operator_query("notifications", WarningsOf.__name__)
        reply = await self.client.request(subject, query.model_dump_json().encode(), timeout=5)
        return list(WarningsOfAnswer.model_validate_json(reply.data).warnings)

    async def until_warned(
        self, count: int, installation_id: str = GARAGE
    ) -> list[WarningLine]:
        return await until(
            lambda: self.warnings(installation_id), lambda it: len(it) == count, 30.0
        )


def created(installation_id: str = GARAGE) -> InstallationCreated:
    return InstallationCreated(
        installation_id=installation_id,
        name="Harbour garage",
        address="Quay 1",
        category=Category.COMPANY,
        country="NO",
        type=InstallationType.GARAGE,
        grid_type=GridType.TN_3_PHASE,
        breaker_a=63,
        time_zone="Europe/Oslo",
    )


def granted(person_id: str, role: Role, installation_id: str = GARAGE) -> RoleGranted:
    return RoleGranted(
        installation_id=installation_id, grantee=f"person/{person_id}", role=role
    )


@contextlib.asynccontextmanager
async def world_of_warnings() -> AsyncIterator[World]:
    """Start all of it, but notifications: that a test starts, and starts again."""
    smtp_port, http_port = free_ports(2)
    postbox, program = Postbox(), Program(http_port)
    controller = Controller(postbox, hostname="127.0.0.1", port=smtp_port)
    environment = {
        "NOTIFICATIONS_SMTP_URL": f"smtp://127.0.0.1:{smtp_port}",
        "NOTIFICATIONS_MAIL_FROM": "no-reply@charge.example",
        "NOTIFICATIONS_LOCAL_WEBHOOKS": "true",
        "NOTIFICATIONS_GATHERED_S": str(GATHERED_S),
        "AMPLEDGER_PUBLIC_URL": "https://charge.example",
    }
    async with running_servers() as servers, feeding(servers, LOGS) as feed:
        server = await asyncio.start_server(program.answer, "127.0.0.1", http_port)
        controller.start()
        database: list[str] = []

        @contextlib.asynccontextmanager
        async def start() -> AsyncIterator[ServiceProcess]:
            known = database[0] if database else None
            async with running_service("notifications", servers, known, environment) as running:
                database[:] = [running.database_url]
                yield running

        try:
            yield World(feed, servers, feed.client, postbox, program, start)
        finally:
            controller.stop()
            server.close()
