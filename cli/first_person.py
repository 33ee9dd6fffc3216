"""
The first person: whoever starts the platform on their own machine, and a link that signs them in once.

They are of support and an authorised installer, so that everything can be set up from the portal. Each wish
has a fixed command id: it counts once, and what was taken from the first person later is not given back at
the next start.
"""

from collections.abc import Sequence
from typing import Final, TypeVar
from urllib.parse import quote

from nats.aio.client import Client
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError

from cli.setting_up import CommandRefused, connected
from shared import subjects
from shared.context import Context
from shared.decider import CommandIdReused
from shared.ids import new_id
from shared.messages import Answer, Verdict
from shared.messages.own_account import IssueLink, Link
from shared.messages.permissions import (
    PLATFORM,
    GrantPlatformRole,
    GrantRole,
    InvitePerson,
    PermissionsCommand,
    PlatformRole,
    Role,
)
from shared.messages.signing_in import Query, Reply
from shared.messaging import ServiceUnavailable, request

PERSON_ID: Final = "operator"
EMAIL: Final = "operator@localhost.localdomain"
GRANTEE: Final = f"person/{PERSON_ID}"
ACTOR: Final = "operator"
WAIT_S: Final = 10.0

R = TypeVar("R", bound=Reply)


async def first_person_link(
    nats_url: str,
    portal_url: str,
    next_path: str = "/",
    email: str | None = None,
    owner_of: Sequence[str] = (),
) -> str:
    """
    Make the first person known, and a link for them.

    Args:
        nats_url: as whom the operator signs in.
        portal_url: as a browser on this machine finds the portal.
        next_path: where the link leads to.
        email: their address, by which they can sign in later; counts at the first start.
        owner_of: installations that they own besides.

    Returns:
        An address that signs them in once, within an hour.

    Raises:
        CommandRefused: a rule said no.
        ServiceUnavailable: permissions does not answer.
    """
    async with connected(nats_url) as client:
        await _introduce(client, email or EMAIL)
        for installation_id in owner_of:
            await _send(
                client,
                installation_id,
                GrantRole(
                    command_id=f"first-person-owns-{installation_id}",
                    installation_id=installation_id,
                    grantee=GRANTEE,
                    role=Role.OWNER,
                ),
            )
        link = await ask_operator(client, IssueLink(person_id=PERSON_ID), Link)
    return f"{portal_url}/sign-in/once?token={link.token}&next={quote(next_path)}"


async def _introduce(client: Client, email: str) -> None:
    invite = InvitePerson(
        command_id="first-person", person_id=PERSON_ID, email=email, name="Operator"
    )
    await _send(client, PERSON_ID, invite)
    for role in PlatformRole:
        grant = GrantPlatformRole(
            command_id=f"first-person-{role.value}", grantee=GRANTEE, role=role
        )
        await _send(client, PLATFORM, grant)


async def _send(client: Client, aggregate_id: str, command: PermissionsCommand) -> None:
    subject = subjects.command(type(command), aggregate_id)
    answer = await request(client, command, subject, Context(ACTOR, new_id()), WAIT_S)
    # Another address at a later start is another wish under the same id: the first one counts.
    if not answer.accepted and answer.refusal != CommandIdReused.__name__:
        raise CommandRefused(answer)


async def ask_operator(client: Client, query: Query, reply: type[R]) -> R:
    """
    Ask permissions what only the operator may ask.

    Raises:
        CommandRefused: it says no.
        ServiceUnavailable: it does not answer.
    """
    subject = subjects.operator_query(query.service, type(query).__name__)
    try:
        message = await client.request(
            subject,
            query.model_dump_json().encode(),
            timeout=WAIT_S,
            headers=Context(ACTOR, new_id()).headers(),
        )
    except (NoRespondersError, NatsTimeoutError) as fault:
        raise ServiceUnavailable(f"permissions does not answer on {subject}") from fault
    answer = reply.model_validate_json(message.data)
    if not answer.accepted:
        told = Answer(verdict=Verdict.REFUSED, refusal=answer.refusal, detail=answer.detail)
        raise CommandRefused(told)
    return answer
