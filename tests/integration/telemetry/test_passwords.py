"""Chargers show who they are with a password, over real WebSockets."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from services.telemetry.attempts import OF_ONE_MAX
from services.telemetry.credential_desk import SHOWN_BEFORE
from shared.ids import new_id
from shared.messages.credentials import (
    ChargerCredentialDelivered,
    ChargerCredentialEnded,
    ChargerCredentialIssued,
    CredentialEnd,
)
from shared.messages.installation import ChargerAssigned, ChargerRemoved
from shared.messages.telemetry import ChargerConnected
from simulator.charger import Charger
from tests.integration.telemetry.passwords import (
    credentials_told,
    issued,
    password_of,
    refusal_of,
    rotated,
    shows,
    withdrawn,
)
from tests.integration.telemetry.raw_charger import SILENCE, plugged_in
from tests.integration.telemetry.simulated import living
from tests.integration.telemetry.world import Place, World

pytestmark = pytest.mark.integration


async def ends(world: World, place: Place) -> list[CredentialEnd]:
    told = await credentials_told(world, place)
    return [it.why for it in told if isinstance(it, ChargerCredentialEnded)]


async def test_a_charger_that_was_issued_a_password_is_let_in_with_it_only(
    world: World,
) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()

    password = await password_of(world, place)

    said = await refusal_of(world, place.serial, 401)
    assert "shows no password" in said
    assert f"ampledger charger credential issue {place.serial}" in said
    assert "wrong password" in await refusal_of(
        world, place.serial, 401, shows(place.serial, "0" * 40)
    )
    for spelled in (password, password.upper(), bytes.fromhex(password)):
        headers = shows(place.serial, spelled)
        async with plugged_in(world.gateway, place.serial, headers=headers) as charger:
            assert (await charger.boot())["status"] == "Accepted"
    reasons = [it.reason for it in await world.knocks(place)]
    assert reasons == [
        "it shows no password, and one was issued for it",
        "it shows a wrong password: an old one, or that of another charger",
    ]


async def test_a_charger_that_says_it_is_another_one_is_not_let_in(world: World) -> None:
    mine, other = await world.assigned(), await world.assigned()
    password, _ = await password_of(world, mine), await password_of(world, other)

    own = shows(mine.serial, password)
    assert "another name" in await refusal_of(world, other.serial, 401, own)
    as_other = shows(other.serial, password)
    assert "wrong password" in await refusal_of(world, other.serial, 401, as_other)


async def test_a_password_is_in_the_first_answer_and_nowhere_else(world: World) -> None:
    place, command_id = await world.assigned(), new_id()

    first = await issued(world, place, command_id)
    again = await issued(world, place, command_id)

    assert first.shown_once is not None
    assert (again.accepted, again.shown_once, again.detail) == (True, None, SHOWN_BEFORE)
    (told,) = await credentials_told(world, place)
    assert isinstance(told, ChargerCredentialIssued)
    secret = first.shown_once[0].secret
    tables = await world.pool.fetch(
        "select table_name from information_schema.tables where table_schema = 'public'"
    )
    for (table,) in tables:
        rows = await world.pool.fetch(f'select t::text as it from "{table}" t')  # noqa: S608
        # What is stored as bytes is shown by their hexadecimal digits.
        for spelled in (secret, secret.encode().hex()):
            assert not [row for row in rows if spelled in row["it"]], table
    marks = "select count(*) from credential_mark where holder = $1"
    assert await world.pool.fetchval(marks, place.serial) == 1


async def test_a_password_is_issued_for_a_charger_of_that_installation_only(
    world: World,
) -> None:
    place = world.somewhere()

    answer = await issued(world, place)

    assert answer.refusal == "ChargerNotThere"
    assert await credentials_told(world, place) == []


async def test_a_new_password_that_is_entered_by_hand_replaces_the_old_one_when_it_is_shown(
    world: World,
) -> None:
    place = await world.assigned()
    old, new = await password_of(world, place), await password_of(world, place)

    for password in (old, new):
        headers = shows(place.serial, password)
        async with plugged_in(world.gateway, place.serial, headers=headers) as charger:
            await charger.boot_until_accepted()

    await refusal_of(world, place.serial, 401, shows(place.serial, old))
    assert await ends(world, place) == [CredentialEnd.REPLACED]
    marks = "select count(*) from credential_mark where holder = $1"
    assert await world.pool.fetchval(marks, place.serial) == 1


async def test_whoever_tries_out_passwords_is_not_listened_to_for_a_while(world: World) -> None:
    place = await world.assigned()
    password = await password_of(world, place)

    for number in range(OF_ONE_MAX):
        await refusal_of(world, place.serial, 401, shows(place.serial, f"{number:040}"))

    assert "too many" in await refusal_of(
        world, place.serial, 429, shows(place.serial, password)
    )
    headers = shows(place.serial, password)
    async with plugged_in(
        world.gateway, place.serial, headers=headers, host="127.0.0.2"
    ) as charger:
        await charger.boot_until_accepted()


async def test_a_withdrawn_password_ends_the_connection_at_once(world: World) -> None:
    place = await world.assigned()
    headers = shows(place.serial, await password_of(world, place))
    async with plugged_in(world.gateway, place.serial, headers=headers) as charger:
        await charger.boot_until_accepted()

        assert (await withdrawn(world, place)).accepted

        _, reason = await charger.closed()
        assert reason == "its password was withdrawn"
    assert "were withdrawn" in await refusal_of(world, place.serial, 401, headers)
    assert (await withdrawn(world, place, let_in_without=True)).accepted
    async with plugged_in(world.gateway, place.serial) as charger:
        assert (await charger.boot())["status"] == "Accepted"
    assert await ends(world, place) == [CredentialEnd.WITHDRAWN, CredentialEnd.WAIVED]


async def test_a_removed_charger_needs_another_password_and_a_moved_one_does_not(
    world: World,
) -> None:
    here, there = await world.assigned(), world.somewhere()
    headers = shows(here.serial, await password_of(world, here))
    moved_to = there.created()
    arrival = ChargerAssigned(
        **here.assigned().model_dump(exclude={"installation_id", "charger_id", "moved_from"}),
        **there.ids,
        moved_from=here.installation_id,
    )
    departure = ChargerRemoved(**here.ids, serial=here.serial, moved_to=there.installation_id)
    await world.announce(moved_to)
    await world.announce(departure)
    await world.announce(arrival)

    await refusal_of(world, here.serial, 401)
    async with plugged_in(world.gateway, here.serial, headers=headers) as charger:
        await charger.boot_until_accepted()

    await world.announce(ChargerRemoved(**there.ids, serial=here.serial))
    await world.announce(arrival.model_copy(update={"moved_from": None}))
    async with plugged_in(world.gateway, here.serial, headers=shows(here.serial, "x")):
        pass  # none was issued since: nothing is asked for

    async def ended() -> bool:
        return await ends(world, here) == [CredentialEnd.REMOVED]

    await world.until(ended)


# --- Over the charger's connection ---


async def test_a_connected_charger_gets_a_new_password_and_comes_again_with_it(
    world: World,
) -> None:
    place = await world.assigned()
    old = await password_of(world, place)
    async with living(world.gateway, place.serial, password=old) as charger:
        await world.event(place, ChargerConnected)

        answer = await rotated(world, place)

        assert (answer.accepted, answer.shown_once) == (True, None)
        new = charger.configuration.authorization_key
        assert new not in {None, old}

        async def replaced() -> bool:
            return await ends(world, place) == [CredentialEnd.REPLACED]

        await world.until(replaced)
        await world.until(_connected(charger))
    kinds = [type(it) for it in await credentials_told(world, place)]
    assert kinds == [
        ChargerCredentialIssued,
        ChargerCredentialIssued,
        ChargerCredentialDelivered,
        ChargerCredentialEnded,
    ]
    await refusal_of(world, place.serial, 401, shows(place.serial, old))


def _connected(charger: Charger) -> Callable[[], Awaitable[bool]]:
    async def connected() -> bool:
        return charger.connected

    return connected


async def test_a_charger_that_takes_no_new_password_keeps_the_old_one(world: World) -> None:
    place, command_id = await world.assigned(), new_id()
    headers = shows(place.serial, await password_of(world, place))
    async with plugged_in(
        world.gateway,
        place.serial,
        {"ChangeConfiguration": {"status": "NotSupported"}},
        headers=headers,
    ) as charger:
        await charger.boot_until_accepted()

        answer = await rotated(world, place, command_id)
        again = await rotated(world, place, command_id)

        assert answer.refusal == "RejectedByCharger"
        assert "NotSupported" in str(answer.detail)
        assert again == answer
        keys = [it["key"] for it in charger.asked_for("ChangeConfiguration")]
        assert keys.count("AuthorizationKey") == 1
    async with plugged_in(world.gateway, place.serial, headers=headers) as charger:
        assert (await charger.boot())["status"] == "Accepted"
    assert await ends(world, place) == [CredentialEnd.REJECTED]


async def test_a_charger_whose_answer_is_lost_gets_in_with_either_password(
    world: World,
) -> None:
    place = await world.assigned()
    old = await password_of(world, place)
    headers = shows(place.serial, old)
    async with plugged_in(world.gateway, place.serial, headers=headers) as charger:
        await charger.boot_until_accepted()
        asked_before = len(charger.asked_for("ChangeConfiguration"))
        charger.answers["ChangeConfiguration"] = {"silence": True}

        rotation = asyncio.create_task(rotated(world, place))
        told = await charger.was_asked("ChangeConfiguration", asked_before + 1)
        charger.socket.transport.abort()

        assert (await rotation).refusal == "NoAnswer"
    for password in (old, told["value"]):
        headers = shows(place.serial, password)
        async with plugged_in(world.gateway, place.serial, headers=headers) as charger:
            assert (await charger.boot())["status"] == "Accepted"
    assert await ends(world, place) == [CredentialEnd.REPLACED]


async def test_a_connected_charger_gets_its_first_password_where_somebody_vouches_for_it(
    world: World,
) -> None:
    place = await world.assigned()
    async with living(world.gateway, place.serial) as charger:
        await world.event(place, ChargerConnected)

        answer = await rotated(world, place, trust_connection=True)

        assert answer.accepted, answer
        password = charger.configuration.authorization_key
        assert password is not None
        await world.event(place, ChargerConnected, times=2)
    kinds = [type(it) for it in await credentials_told(world, place)]
    assert kinds == [ChargerCredentialIssued, ChargerCredentialDelivered]
    await refusal_of(world, place.serial, 401)


async def test_a_charger_that_takes_no_first_password_goes_on_without(world: World) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()
        for answer in ({"status": "Rejected"}, SILENCE):
            charger.answers["ChangeConfiguration"] = answer
            refused = await rotated(world, place, trust_connection=True)
            assert refused.refusal in {"RejectedByCharger", "NoAnswer"}
    assert await credentials_told(world, place) == []
    async with plugged_in(world.gateway, place.serial) as charger:
        assert (await charger.boot())["status"] == "Accepted"

        await password_of(world, place)  # from now on who has shown nothing is not trusted
        charger.answers["ChangeConfiguration"] = {"status": "Accepted"}
        refused = await rotated(world, place, trust_connection=True)
        assert refused.refusal == "HasPassword"


async def test_a_charger_that_is_away_cannot_be_told_a_new_password(world: World) -> None:
    place = await world.assigned()
    await password_of(world, place)

    answer = await rotated(world, place)

    assert answer.refusal == "ChargerNotReached"
    assert f"ampledger charger credential issue {place.serial}" in str(answer.detail)


async def test_a_charger_without_a_password_is_told_none_over_a_connection_nobody_has_proven(
    world: World,
) -> None:
    place = await world.assigned()
    async with plugged_in(world.gateway, place.serial) as charger:
        await charger.boot_until_accepted()

        assert (await rotated(world, place)).refusal == "NotProven"
        await password_of(world, place)
        assert (await rotated(world, place)).refusal == "NotProven"

        keys = [it["key"] for it in charger.asked_for("ChangeConfiguration")]
        assert "AuthorizationKey" not in keys
    assert len(await credentials_told(world, place)) == 1
