"""Connections to NATS as the services make them, and what is denied to them."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError

from cli.composition import without_login
from cli.nats_keys import KEYS, seed_file
from shared.denials import Denied, denial_in
from shared.messaging import connect
from shared.nats_options import NatsSettings, sign_in
from tests.support.servers import EmbeddedServers

ANSWER_S = 2.0


def settings_of(servers: EmbeddedServers, service: str) -> NatsSettings:
    """What the environment of a service says about NATS."""
    file = seed_file(servers.nats.store / KEYS, service)
    return NatsSettings(NATS_NKEY_SEED_FILE=file)  # type: ignore[call-arg]  # named by its alias


@contextlib.asynccontextmanager
async def signed_in(servers: EmbeddedServers, service: str) -> AsyncIterator[Client]:
    """A connection as a service has it."""
    url = without_login(servers.nats_url)
    client = await connect(url, f"test-{service}", settings_of(servers, service))
    try:
        yield client
    finally:
        await client.close()


async def may_say(client: Client, subject: str) -> bool:
    """Whether a message goes out; whether somebody listens to it does not matter."""
    try:
        await client.request(subject, b"{}", timeout=ANSWER_S)
    except Denied:
        return False
    except NatsError:
        return True
    return True


@dataclass(slots=True)
class Ear:
    """A connection that tries to hear, and what it heard and was told."""

    client: Client
    heard: list[tuple[str, bytes]] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)

    async def may_hear(self, subject: str) -> bool:
        """Subscribe, and wait until the server has said what it thinks of it."""

        async def hear(message: object) -> None:
            self.heard.append((message.subject, message.data))  # type: ignore[attr-defined]

        await self.client.subscribe(subject, cb=hear)
        await self.client.flush()  # the client may overtake itself with the first one; a denial
        await self.client.flush()  # comes before the answer to the second
        return subject.lower() not in self.denied


@contextlib.asynccontextmanager
async def listening(servers: EmbeddedServers, service: str) -> AsyncIterator[Ear]:
    """An ear at the server, as a service would have it."""
    denied: set[str] = set()

    async def on_error(error: Exception) -> None:
        if denial := denial_in(error):
            denied.add(denial[1])

    url = without_login(servers.nats_url)
    options = sign_in(url, settings_of(servers, service)).of_client()
    client = await nats.connect(url, error_cb=on_error, **options)
    try:
        yield Ear(client, denied=denied)
    finally:
        await client.close()
