"""Permissions as a process of its own, with people who can sign in."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager

import httpx
from nats.aio.client import Client

from shared import subjects
from shared.context import Context
from shared.ids import new_id
from shared.messages.own_account import IssueLink, Link
from shared.messages.permissions import InvitePerson
from shared.messaging import request
from tests.support.databases import ROOT
from tests.support.servers import EmbeddedServers
from tests.support.service_process import ServiceProcess, running_service

SCHEMA = ROOT / "services" / "permissions" / "schema"


def running_permissions(
    servers: EmbeddedServers,
    database_url: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> AbstractAsyncContextManager[ServiceProcess]:
    """Permissions, ready, and stopped at the end."""
    return running_service("permissions", servers, database_url, environment)


async def link_for(client: Client, person_id: str) -> str:
    """
    Have the operator invite somebody, and make a link that signs them in once; return its secret.

    Whoever was invited before, under the same id, is who they were.
    """
    invite = InvitePerson(
        command_id=new_id(), person_id=person_id, email=f"{person_id}@example.com"
    )
    invited = await request(
        client, invite, subjects.command(InvitePerson, person_id), Context("operator", new_id())
    )
    assert invited.accepted, invited
    subject = subjects.operator_query("permissions", IssueLink.__name__)
    asked = IssueLink(person_id=person_id).model_dump_json().encode()
    answer = Link.model_validate_json((await client.request(subject, asked, timeout=10)).data)
    assert answer.accepted, answer
    return answer.token


async def sign_in(http: httpx.AsyncClient, client: Client, person_id: str) -> None:
    """Sign somebody in over HTTP, with a link as the operator makes them."""
    token = await link_for(client, person_id)
    answer = await http.post("/sign-in/once", data={"token": token})
    assert answer.status_code == 303, answer.text
