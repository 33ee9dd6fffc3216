"""What tests say to the telemetry service about passwords, and how chargers show them."""

from base64 import b64encode
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from shared import subjects
from shared.context import Context
from shared.ids import new_id
from shared.messages import Answer
from shared.messages.credentials import (
    ChargerCredentialDelivered,
    ChargerCredentialEnded,
    ChargerCredentialIssued,
    CredentialCommand,
    IssueChargerCredential,
    RotateChargerCredential,
    WithdrawChargerCredential,
)
from shared.messaging import request
from tests.integration.telemetry.raw_charger import plugged_in
from tests.integration.telemetry.world import Place, World

ANSWER_S_MAX = 10.0
ACTOR = "kari"

Fact = ChargerCredentialIssued | ChargerCredentialDelivered | ChargerCredentialEnded


def shows(user: str, password: str | bytes) -> dict[str, str]:
    raw = password if isinstance(password, bytes) else password.encode()
    shown = b64encode(user.encode() + b":" + raw).decode()
    return {"Authorization": f"Basic {shown}"}


async def asked(world: World, command: CredentialCommand) -> Answer:
    subject = subjects.command(type(command), command.installation_id)
    return await request(world.client, command, subject, Context(ACTOR, "c"), ANSWER_S_MAX)


async def issued(world: World, place: Place, command_id: str | None = None) -> Answer:
    command = IssueChargerCredential(
        command_id=command_id or new_id(),
        installation_id=place.installation_id,
        serials=(place.serial,),
    )
    return await asked(world, command)


async def password_of(world: World, place: Place) -> str:
    """Issue a charger a password, and read it from the answer."""
    answer = await issued(world, place)
    assert answer.accepted, answer
    assert answer.shown_once is not None
    (shown,) = answer.shown_once
    assert shown.about == place.serial
    return shown.secret


async def rotated(
    world: World, place: Place, command_id: str | None = None, **how: Any
) -> Answer:
    return await asked(world, RotateChargerCredential(**_about(place, command_id), **how))


async def withdrawn(world: World, place: Place, **how: Any) -> Answer:
    return await asked(world, WithdrawChargerCredential(**_about(place, None), **how))


def _about(place: Place, command_id: str | None) -> dict[str, Any]:
    return {
        "command_id": command_id or new_id(),
        "installation_id": place.installation_id,
        "serial": place.serial,
    }


async def credentials_told(world: World, place: Place) -> list[Fact]:
    """Read the history of a charger's passwords."""
    history = await world.log.load(f"credential-{place.serial}")
    return [it.event for it in history]  # type: ignore[misc]  # the stream holds no others


async def refusal_of(
    world: World, serial: str, status: int, headers: dict[str, str] | None = None
) -> str:
    """Knock, and see that nobody opens; return what is said."""
    with pytest.raises(InvalidStatus) as refusal:
        async with plugged_in(world.gateway, serial, headers=headers):
            pytest.fail("it was let in")
    response = refusal.value.response
    assert response.status_code == status, response.body
    return (response.body or b"").decode()
