"""Who did what by what right, and who was refused what: on a real stack, from all of its logs."""

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
import websockets
from nats.aio.client import Client
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from cli.composition import without_login
from cli.garages import INSTALLATION_ID
from cli.nats_keys import KEYS, seed_file
from cli.services import PORTAL, TELEMETRY
from shared import subjects
from shared.context import Context
from shared.ids import new_id
from shared.messages import Answer, Verdict
from shared.messages.installation_commands import (
    DeactivateCircuit,
    InstallationCommand,
    SetPriority,
)
from shared.messages.permissions import (
    PLATFORM,
    GrantPlatformRole,
    GrantRole,
    InvitePerson,
    PermissionsCommand,
    PlatformRole,
    RecordRefusal,
    Role,
)
from shared.messaging import connect, request
from shared.nats_options import NatsSettings
from tests.integration.cli.test_support import Desk
from tests.support.servers import scratch_folder
from tests.support.small_garage import SmallGarage
from tests.support.waiting import until

pytestmark = pytest.mark.integration

WITHIN_S = 60.0
EARLY = "AMP000004"
"""A charger that knocks before it is assigned."""
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)

NINA, OLA = "person/nina", "person/ola"


async def told(desk: Desk, aggregate_id: str, command: PermissionsCommand) -> None:
    """Have the operator of the platform send a command to permissions."""
    client = await connect(desk.garage.stack.urls["nats"], "test-operator")
    try:
        subject = subjects.command(type(command), aggregate_id)
        answer = await request(client, command, subject, Context("kim", new_id()), WITHIN_S)
        assert answer.accepted, answer
    finally:
        await client.close()


@contextlib.asynccontextmanager
async def as_portal(desk: Desk) -> AsyncIterator[Client]:
    """The portal's connection: nobody else may speak in a person's name."""
    key = seed_file(desk.garage.data / "nats" / KEYS, PORTAL)
    settings = NatsSettings(NATS_NKEY_SEED_FILE=key)
    client = await connect(without_login(desk.garage.stack.urls["nats"]), "test", settings)
    try:
        yield client
    finally:
        await client.close()


async def asked(desk: Desk, actor: str, command: InstallationCommand) -> Answer:
    """Ask for something as a person does, through the portal."""
    async with as_portal(desk) as client:
        subject = subjects.asked(type(command), INSTALLATION_ID)
        return await request(client, command, subject, Context(actor, "corr-1"), WITHIN_S)


async def refused(desk: Desk, actor: str, asked_for: str, answer: Answer) -> None:
    """Put a refusal on record, as the portal does."""
    command = RecordRefusal(
        command_id=new_id(),
        installation_id=INSTALLATION_ID,
        asked_for=asked_for,
        refusal=str(answer.refusal),
        detail=str(answer.detail),
    )
    async with as_portal(desk) as client:
        subject = subjects.command(RecordRefusal, INSTALLATION_ID)
        recorded = await request(client, command, subject, Context(actor, new_id()), WITHIN_S)
        assert recorded.accepted, recorded


def priority(command_id: str) -> SetPriority:
    return SetPriority(
        command_id=command_id, installation_id=INSTALLATION_ID, charger_id="bay-01", priority=3
    )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def wishes() -> AsyncIterator[Desk]:
    """A charger comes too early. Level 2 goes down with its chargers. Nina has the role service and sets a
    priority; Ola has none, and is refused."""
    with scratch_folder() as folder:
        garage = SmallGarage(folder)
        async with garage.running():
            await knock(garage)
            for command in garage.set_up():
                await garage.command(command, WITHIN_S)
            down = DeactivateCircuit(
                command_id="down",
                installation_id=INSTALLATION_ID,
                circuit_id="level-2",
                lock_serials=True,
                reason="water in the garage",
            )
            await garage.command(down, WITHIN_S)
            desk = Desk(garage)
            await wish(desk)
            yield desk


async def wish(desk: Desk) -> None:
    for name in ("nina", "ola"):
        invited = InvitePerson(
            command_id=new_id(),
            person_id=name,
            email=f"{name}@example.com",
            name=f"{name.title()} Berg",
        )
        await told(desk, name, invited)
    partner = GrantPlatformRole(command_id=new_id(), grantee=NINA, role=PlatformRole.INSTALLER)
    await told(desk, PLATFORM, partner)
    granted = GrantRole(
        command_id=new_id(), installation_id=INSTALLATION_ID, grantee=NINA, role=Role.SERVICE
    )
    await told(desk, INSTALLATION_ID, granted)
    ids = (f"nina-{number}" for number in range(1000))

    async def ninas() -> Answer:
        return await asked(desk, NINA, priority(next(ids)))

    await until(ninas, lambda it: it.accepted, WITHIN_S)  # the service has heard of her role
    olas = await asked(desk, OLA, priority("ola-1"))
    assert (olas.refusal, olas.position) == ("Forbidden", 0)
    await refused(desk, OLA, "SetPriority", olas)
    unseen = Answer(verdict=Verdict.REFUSED, refusal="NotHere", detail="no role there")
    await refused(desk, OLA, "read who did what", unseen)


async def knock(garage: SmallGarage) -> None:
    """A charger knocks before it is assigned, and is turned away."""
    url = f"ws://127.0.0.1:{garage.gateway_port}/ocpp/{EARLY}"
    with pytest.raises(InvalidStatus):
        await websockets.connect(url, subprotocols=[Subprotocol("ocpp1.6")])

    async def recorded() -> int:
        return await garage.recorded(TELEMETRY, ["ChargerRefused"], BEGINNING)

    await until(recorded, bool, WITHIN_S)


async def test_every_change_is_told_with_the_right_it_was_made_by(wishes: Desk) -> None:
    said = await wishes.ask("who-did", INSTALLATION_ID, "--json")

    ninas = [it for it in said.json if it["who"] == NINA]
    down = next(it for it in said.json if it["command_id"] == "down")
    assert said.code == 0
    assert len(ninas) == 1  # what changed nothing is no deed
    assert ninas[0]["right"].startswith(f"service at installation {INSTALLATION_ID}")
    assert (ninas[0]["door"], ninas[0]["correlation_id"]) == ("portal", "corr-1")
    assert "has priority 3 from now on" in ninas[0]["what"][0]
    assert (down["who"], down["right"], down["door"]) == ("test", None, "operator")
    assert ninas[0]["name"] == "Nina Berg"
    roles = [it for it in said.json if it["service"] == "permissions" and not it["refused"]]
    assert any("Nina Berg has the role service" in it["what"][0] for it in roles), roles
    assert not any(it["who"].startswith("charger/") and not it["refused"] for it in said.json)
    times = [it["at"] for it in said.json]
    assert times == sorted(times)


async def test_refusals_of_every_kind_are_told_with_their_reason(wishes: Desk) -> None:
    said = await wishes.ask("who-did", INSTALLATION_ID, "--refused", "--json")
    text = (await wishes.ask("who-did", INSTALLATION_ID, "--refused")).text

    kinds = {(it["who"], it["asked_for"]) for it in said.json}
    assert kinds == {
        (OLA, "SetPriority"),
        (OLA, "read who did what"),
        (f"charger/{EARLY}", f"connection of charger {EARLY}"),
    }
    assert "Forbidden: power management, priorities at charger bay-01" in text
    assert "takes the role service there" in text
    assert "it is not assigned to an installation" in text


async def test_one_persons_deeds_are_told_wherever_they_were(wishes: Desk) -> None:
    olas = await wishes.ask("who-did", "--person", "ola", "--json")
    there = await wishes.ask("who-did", INSTALLATION_ID, "--person", "ola", "--json")
    operators = await wishes.ask("who-did", "--person", "test", "--json", "--limit", "1000")
    nobody = await wishes.ask("who-did", "--person", "gunn")
    whom = await wishes.ask("who-did")

    assert {it["who"] for it in olas.json} == {OLA}
    assert olas.json == there.json
    assert {it["who"] for it in operators.json} == {"test"}
    assert (nobody.code, whom.code) == (2, 2)
    assert "nobody by the name person/gunn or gunn has done anything" in nobody.errors


async def test_a_span_of_time_and_a_number_of_deeds_can_be_asked_for(wishes: Desk) -> None:
    everything = (await wishes.ask("who-did", INSTALLATION_ID, "--json")).json
    second, last = everything[1], everything[-1]

    async def told(*options: str) -> list[Any]:
        found: list[Any] = (
            await wishes.ask("who-did", INSTALLATION_ID, "--json", *options)
        ).json
        return found

    assert await told("--limit", "1") == [last]
    assert await told("--since", last["at"]) == [last]
    assert await told("--until", f"position:{second['last_position']}") == everything[:2]
    version = await wishes.ask("who-did", INSTALLATION_ID, "--since", "version:2")
    assert (version.code, "name a time" in version.errors) == (2, True)
