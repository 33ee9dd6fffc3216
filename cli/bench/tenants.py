"""The whole stack with people in it: one for every column of the table of rights, really signed in."""

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import httpx
from nats.aio.client import Client

from cli.bench.authorizing_load import Asker, connected
from cli.bench.cells import CIRCUIT, GUEST, HARBOUR, OTHER, OWN, SERIALS, Column
from cli.bench.place import scratch
from cli.composition import without_login
from cli.nats_keys import KEYS, seed_file
from cli.options import StackOptions
from cli.ports import free_ports
from cli.services import PORTAL, TELEMETRY, services
from cli.setting_up import send
from cli.stack import Stack
from shared import subjects
from shared.context import acting
from shared.ids import PersonId, new_id
from shared.messages import Answer
from shared.messages.installation_commands import (
    AddCircuit,
    AssignChargers,
    CreateInstallation,
    InstallationCommand,
    NewCharger,
    SetAuthenticationRequired,
)
from shared.messages.installation_terms import Category, InstallationType
from shared.messages.own_account import IssueLink, Link
from shared.messages.permissions import (
    GrantPlatformRole,
    GrantRole,
    InvitePerson,
    PermissionsCommand,
    PlatformRole,
    RegisterCard,
    Role,
)
from shared.messaging import connect, request
from shared.nats_options import NatsSettings
from shared.phases import GridType

READY_S_MAX: Final = 120.0
ELSEWHERE: Final = "yard"
PASSWORD: Final = "correct horse battery staple 4711"  # noqa: S105  # of people who live for a minute
ACTOR: Final = "bench"

ROLES: Final[Mapping[Column, tuple[str, Role, str | None]]] = {
    Column.USER: (HARBOUR, Role.USER, None),
    Column.BAY_USER: (HARBOUR, Role.USER, OWN),
    Column.BAY_OWNER: (HARBOUR, Role.OWNER, OWN),
    Column.OWNER: (HARBOUR, Role.OWNER, None),
    Column.SERVICE: (HARBOUR, Role.SERVICE, None),
    Column.TENANT: (ELSEWHERE, Role.OWNER, None),
}
PLATFORM: Final = {
    Column.SERVICE: PlatformRole.INSTALLER,
    Column.SUPPORT: PlatformRole.SUPPORT,
}


ACCEPTING: Final = {TELEMETRY: {"TELEMETRY_COMMISSIONING": "none"}}
"""The chargers are sockets and nothing else: they take no fail-safe, and are accepted without one."""


class NotSetUp(Exception):
    """Something of the set-up was refused, so that nothing can be measured."""


@dataclass(frozen=True, slots=True)
class Tenants:
    """A running stack, the operator's connection, and everybody's browser."""

    stack: Stack
    client: Client
    portal: Client
    """A connection with the portal's key: it may say what people ask for."""
    portal_url: str
    people: Mapping[Column, httpx.AsyncClient]
    ids: Mapping[Column, PersonId]
    chargers: Mapping[str, Asker]
    """The two chargers' own connections."""

    async def show_card(self, column: Column, bay: str) -> str:
        """Show somebody's card at a charger; what the charger is answered (OCPP 1.6)."""
        answer = await self.chargers[bay].call("Authorize", {"idTag": card_of(column)})
        return str(answer["idTagInfo"]["status"])

    async def tell(self, command: PermissionsCommand, aggregate_id: str) -> Answer:
        """
        Have permissions do something as the operator.

        Raises:
            NotSetUp: it will not.
        """
        return await told(self.client, command, aggregate_id)


@contextlib.asynccontextmanager
async def tenants() -> AsyncIterator[Tenants]:
    """
    Start everything in a temporary folder, set up two installations, and sign people in by password.

    Raises:
        StackFault: the stack does not start.
        NotSetUp: something of the set-up was refused.
    """
    async with contextlib.AsyncExitStack() as cleanup:
        folder = cleanup.enter_context(scratch())
        gateway_port, portal_port = free_ports(2)
        options = StackOptions(
            data_folder=folder, postgres_port=0, nats_port=0, nats_monitor_port=0
        )
        stack = await cleanup.enter_async_context(
            Stack(options, services(gateway_port, portal_port, ACCEPTING))
        )
        late = await stack.wait_services_ready(READY_S_MAX)
        if late:
            raise NotSetUp(f"not ready in time: {', '.join(late)}")
        client = await connect(stack.urls["nats"], "ampledger-rights")
        cleanup.push_async_callback(client.close)
        portal = await connected_as(stack, PORTAL)
        cleanup.push_async_callback(portal.close)
        for command in _layout():
            await send(client, command, ACTOR)
        url = stack.urls["portal"]
        ids = {it: await _person(client, it) for it in Column}
        await _guest(client)
        people = {it: await signed_in(client, url, ids[it]) for it in Column}
        for browser in people.values():
            cleanup.push_async_callback(browser.aclose)
        sockets = await cleanup.enter_async_context(
            connected(stack.urls["telemetry"], list(SERIALS.values()))
        )
        chargers = dict(zip(SERIALS, sockets, strict=True))
        yield Tenants(stack, client, portal, url, people, ids, chargers)


async def connected_as(stack: Stack, service: str) -> Client:
    """Connect with the key of a service: what it may say, and no more."""
    url = without_login(stack.urls["nats"])
    file = seed_file(stack.folder / "nats" / KEYS, service)
    settings = NatsSettings(NATS_NKEY_SEED_FILE=file)
    return await connect(url, f"ampledger-bench-{service}", settings)


def _layout() -> Sequence[InstallationCommand]:
    """Two installations, of which the first has two chargers."""
    commands: list[InstallationCommand] = [
        CreateInstallation(
            command_id=new_id(),
            installation_id=it,
            name=it.title(),
            address="Strandgata 1",
            category=Category.COMMUNITY,
            country="NO",
            type=InstallationType.GARAGE,
            grid_type=GridType.TN_3_PHASE,
            breaker_a=160,
        )
        for it in (HARBOUR, ELSEWHERE)
    ]
    where = {"installation_id": HARBOUR, "circuit_id": CIRCUIT}
    chargers = tuple(
        NewCharger(charger_id=it, serial=SERIALS[it], name=it) for it in (OWN, OTHER)
    )
    add = AddCircuit(command_id=new_id(), name="Level 1", breaker_a=63, **where)
    assign = AssignChargers(command_id=new_id(), chargers=chargers, **where)
    ask = SetAuthenticationRequired(command_id=new_id(), installation_id=HARBOUR, required=True)
    return (*commands, add, assign, ask)


async def told(client: Client, command: PermissionsCommand, aggregate_id: str) -> Answer:
    """Have permissions do something as the operator, and expect it to."""
    subject = subjects.command(type(command), aggregate_id)
    with acting(ACTOR) as context:
        answer = await request(client, command, subject, context)
    if not answer.accepted:
        raise NotSetUp(f"{type(command).__name__}: {answer.refusal}: {answer.detail}")
    return answer


async def _person(client: Client, column: Column) -> PersonId:
    """Make somebody known, with the role of a column."""
    person_id = f"walks-as-{column.value.replace(' ', '-')}"
    invite = InvitePerson(
        command_id=new_id(), person_id=person_id, email=address_of(person_id), name=column.value
    )
    await told(client, invite, person_id)
    card = RegisterCard(
        command_id=new_id(),
        card_id=f"card-of-{person_id}",
        person_id=person_id,
        number=card_of(column),
    )
    await told(client, card, person_id)
    grantee = f"person/{person_id}"
    if column in PLATFORM:
        command = GrantPlatformRole(command_id=new_id(), grantee=grantee, role=PLATFORM[column])
        await told(client, command, "platform")
    if column in ROLES:
        installation_id, role, charger_id = ROLES[column]
        grant = GrantRole(
            command_id=new_id(),
            installation_id=installation_id,
            charger_id=charger_id,
            grantee=grantee,
            role=role,
        )
        await told(client, grant, installation_id)
    return person_id


def card_of(column: Column) -> str:
    """Name the number of somebody's card."""
    return f"CARD{list(Column).index(column):08}"


async def _guest(client: Client) -> None:
    """Make somebody known to whom others give roles: an authorised installer, who may have any."""
    invite = InvitePerson(command_id=new_id(), person_id=GUEST, email=address_of(GUEST))
    await told(client, invite, GUEST)
    installer = GrantPlatformRole(
        command_id=new_id(), grantee=f"person/{GUEST}", role=PlatformRole.INSTALLER
    )
    await told(client, installer, "platform")


def address_of(person_id: PersonId) -> str:
    return f"{person_id}@rights.example"


async def signed_in(client: Client, portal_url: str, person_id: PersonId) -> httpx.AsyncClient:
    """Follow a link that works once, set a password, and sign in by it in another browser."""
    async with httpx.AsyncClient(base_url=portal_url) as first:
        await _expect(
            await first.post("/sign-in/once", data={"token": await _link(client, person_id)})
        )
        form = {"csrf": await _csrf(first), "new": PASSWORD, "again": PASSWORD}
        await _expect(await first.post("/account/password", data=form))
    browser = httpx.AsyncClient(base_url=portal_url, timeout=30.0)
    await _expect(
        await browser.post(
            "/sign-in", data={"email": address_of(person_id), "password": PASSWORD}
        )
    )
    browser.headers["X-CSRF-Token"] = await _csrf(browser)
    return browser


async def _expect(answer: httpx.Response) -> None:
    if answer.status_code != httpx.codes.SEE_OTHER:
        raise NotSetUp(f"{answer.request.url.path}: {answer.status_code} {answer.text[:300]}")


async def _csrf(browser: httpx.AsyncClient) -> str:
    answer = await browser.get("/api/v1/me")
    if answer.status_code != httpx.codes.OK:
        raise NotSetUp(f"/api/v1/me: {answer.status_code} {answer.text[:300]}")
    return str(answer.json()["csrf_token"])


async def _link(client: Client, person_id: PersonId) -> str:
    subject = subjects.operator_query("permissions", IssueLink.__name__)
    asked = IssueLink(person_id=person_id).model_dump_json().encode()
    answer = Link.model_validate_json((await client.request(subject, asked, timeout=10)).data)
    if not answer.accepted:
        raise NotSetUp(f"IssueLink: {answer.refusal}: {answer.detail}")
    return answer.token
