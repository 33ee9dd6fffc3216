"""Telemetry beside the real permissions: from a card that is registered to a charger that knows it."""

from typing import Any

import pytest

from shared import subjects
from shared.context import Context
from shared.ids import new_id
from shared.messages import Command
from shared.messages.permissions import GrantRole, InvitePerson, RegisterCard, Role
from shared.messages.telemetry import DriverAuthorized
from shared.messaging import request
from tests.integration.telemetry.raw_charger import plugged_in
from tests.integration.telemetry.test_drivers import guarded, shown
from tests.integration.telemetry.test_local_lists import KEEPS_A_LIST, cards_in
from tests.integration.telemetry.test_permissions_away import permissions
from tests.integration.telemetry.world import World

pytestmark = pytest.mark.integration


async def commanded(world: World, kind: type[Command], about: str, **wish: Any) -> None:
    """Have permissions do something, as the operator does."""
    command = kind(**{"command_id": new_id(), **wish})
    subject = subjects.command(kind, about)
    context = Context("operator", new_id())

    async def accepted() -> bool:  # an installation is known to it after a moment
        return (await request(world.client, command, subject, context, 10.0)).accepted

    await world.until(accepted)


async def test_a_card_that_was_registered_opens_the_charger_and_is_in_its_list(
    world: World,
) -> None:
    place = await guarded(world)
    driver = world.people.driver()
    person = {"person_id": driver.person_id}
    await world.speaking.aclose()
    try:
        async with (
            permissions(world),
            plugged_in(world.gateway, place.serial, KEEPS_A_LIST) as charger,
        ):
            await charger.boot_until_accepted()
            email = f"{new_id()}@example.org"
            await commanded(world, InvitePerson, driver.person_id, **person, email=email)
            number = driver.card.lower()
            await commanded(
                world,
                RegisterCard,
                driver.person_id,
                **person,
                card_id=new_id(),
                number=number,
            )
            await commanded(
                world,
                GrantRole,
                place.installation_id,
                installation_id=place.installation_id,
                grantee=f"person/{driver.person_id}",
                role=Role.USER,
            )
            sent = await charger.was_asked("SendLocalList")
            info = await shown(charger, driver.card)
    finally:
        await world.speaking.enter_async_context(world.people.speaking())

    assert cards_in(sent) == [driver.card]
    assert info["status"] == "Accepted"
    (decision,) = await world.decisions(place)
    assert isinstance(decision, DriverAuthorized)
    assert decision.person_id == driver.person_id
