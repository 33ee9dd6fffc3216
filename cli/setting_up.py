"""Commands sent to services, from the command line and for the demo."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Final

from nats.aio.client import Client
from nats.errors import NoServersError

from cli.composition import masked
from shared import subjects
from shared.context import acting
from shared.messages import Answer, Command
from shared.messages.credentials import CredentialCommand
from shared.messages.installation_commands import InstallationCommand
from shared.messages.telemetry import SessionCommand
from shared.messaging import ServiceUnavailable, connect, request

TRIES_S_MAX: Final = 20.0
PAUSE_S: Final = 0.5


class CommandRefused(Exception):
    """A command was answered with a refusal; its name and text say what to do."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.refusal}: {answer.detail}")
        self.answer = answer


async def send(client: Client, command: InstallationCommand, actor: str) -> Answer:
    """
    Send a command; while nobody answers, send it again under the same id, so that it counts once.

    Raises:
        CommandRefused: a rule said no.
        ServiceUnavailable: nobody answered within `TRIES_S_MAX` seconds.
    """
    answer = await ask(client, command, actor)
    if not answer.accepted:
        raise CommandRefused(answer)
    return answer


async def ask(
    client: Client,
    command: InstallationCommand | CredentialCommand | SessionCommand,
    actor: str,
) -> Answer:
    """
    Send a command about an installation as `send` does, and take a refusal for an answer.

    Raises:
        ServiceUnavailable: nobody answered within `TRIES_S_MAX` seconds.
    """
    return await ask_about(client, command, command.installation_id, actor)


async def ask_about(client: Client, command: Command, about: str, actor: str) -> Answer:
    """
    Send a command about anything, and take a refusal for an answer.

    Raises:
        ServiceUnavailable: nobody answered within `TRIES_S_MAX` seconds.
    """
    subject = subjects.command(type(command), about)
    deadline_s = asyncio.get_running_loop().time() + TRIES_S_MAX
    with acting(actor) as context:
        while True:
            try:
                return await request(client, command, subject, context)
            except ServiceUnavailable:
                if asyncio.get_running_loop().time() > deadline_s:
                    raise
                await asyncio.sleep(PAUSE_S)


async def send_all(nats_url: str, commands: Iterable[InstallationCommand], actor: str) -> int:
    """
    Send commands one after another.

    Returns:
        The position of the last one in the installation service's log.

    Raises:
        CommandRefused: a rule said no to one of them; those before it hold.
        ServiceUnavailable: nobody answers, or NATS cannot be reached.
    """
    position = 0
    async with connected(nats_url) as client:
        for command in commands:
            position = (await send(client, command, actor)).position or position
    return position


@asynccontextmanager
async def connected(nats_url: str) -> AsyncIterator[Client]:
    """
    Open a connection for commands.

    Raises:
        ServiceUnavailable: NATS cannot be reached.
    """
    try:
        client = await connect(nats_url, "ampledger-cli")
    except (OSError, NoServersError) as error:
        raise ServiceUnavailable(
            f"NATS at {masked(nats_url)} cannot be reached: {error}"
        ) from error
    try:
        yield client
    finally:
        await client.close()
