"""Guessing is slowed down where it comes from, and nowhere else; nobody learns who is known here."""

import asyncio
import statistics
import time

import httpx
import pytest

from services.permissions.sign_in.throttle import FREE, Of
from tests.integration.sign_in.conftest import Door
from tests.support.people import Somebody
from tests.support.waiting import until

pytestmark = pytest.mark.integration

TRIES = FREE[Of.ACCOUNT]


async def guess(http: httpx.AsyncClient, who: Somebody, times: int) -> list[httpx.Response]:
    return [
        await http.post("/sign-in", data=who.typed(password=f"wrong guess number {it}"))
        for it in range(times)
    ]


async def test_guessing_has_to_wait_and_is_not_even_looked_at_meanwhile(door: Door) -> None:
    who = await door.somebody()
    async with door.browser() as http:
        answers = await guess(http, who, TRIES + 1)
        assert [it.status_code for it in answers] == [401] * TRIES + [429]
        assert int(answers[-1].headers["retry-after"]) >= 1

        right = await http.post("/sign-in", data=who.typed())
        assert (
            right.status_code == 429
        )  # the right one waits as well: nothing can be told from it


async def test_many_guesses_at_once_are_counted_each(door: Door) -> None:
    who = await door.somebody()
    async with door.browser() as http:
        answers = await asyncio.gather(*(guess(http, who, 1) for _ in range(4 * TRIES)))

    looked_at = [it for (it,) in answers if it.status_code == 401]
    assert len(looked_at) <= TRIES


async def test_nobody_elsewhere_is_locked_out_by_guessing(door: Door) -> None:
    who = await door.somebody()
    async with door.browser() as attacker, door.browser() as http:
        assert (await guess(attacker, who, TRIES + 1))[-1].status_code == 429

        assert (await http.post("/sign-in", data=who.typed())).status_code == 303


async def test_a_device_that_is_known_gets_in_from_the_very_network_of_the_attacker(
    door: Door,
) -> None:
    who, network = await door.somebody(), door.network()
    async with door.browser(network) as attacker, door.browser(network) as http:
        await http.post("/sign-in", data=who.typed())
        http.cookies.delete("ampledger")
        await guess(attacker, who, TRIES + 1)

        assert (await attacker.post("/sign-in", data=who.typed())).status_code == 429
        assert (await http.post("/sign-in", data=who.typed())).status_code == 303


async def test_a_known_device_of_one_person_helps_with_nobody_elses_password(
    door: Door,
) -> None:
    who, attacker = await door.somebody(), await door.somebody()
    async with door.browser() as http:
        await http.post("/sign-in", data=attacker.typed())
        http.cookies.delete("ampledger")

        answers = await guess(http, who, TRIES + 1)

        assert answers[-1].status_code == 429


async def test_trying_many_addresses_from_one_network_has_to_wait_too(door: Door) -> None:
    async with door.browser() as http:
        answers = [
            (await guess(http, Somebody(f"nobody-{it}"), 1))[0].status_code
            for it in range(FREE[Of.NETWORK] + 1)
        ]
    assert answers == [401] * FREE[Of.NETWORK] + [429]


async def test_it_is_on_record_once_that_somebody_is_being_tried(door: Door) -> None:
    who = await door.somebody()
    async with door.browser() as http:
        await guess(http, who, TRIES + 3)

    async def recorded() -> list[str]:
        return [it.type for it in await door.facts(who.id)]

    assert (await until(recorded, lambda it: "SignInBlocked" in it)).count("SignInBlocked") == 1


async def test_an_unknown_address_is_answered_like_a_wrong_password(door: Door) -> None:
    who = await door.somebody()
    async with door.browser() as http:
        (wrong,) = await guess(http, who, 1)
        (unknown,) = await guess(http, Somebody("nobody-at-all"), 1)

    assert wrong.status_code == unknown.status_code
    assert wrong.text.replace(who.email, "") == unknown.text.replace(
        "nobody-at-all@example.com", ""
    )
    assert set(wrong.headers) == set(unknown.headers)


async def test_an_unknown_address_costs_as_much_work_as_a_wrong_password(door: Door) -> None:
    """Medians of tries in turn, so that a busy machine slows both; less work would take a tenth."""
    people = [await door.somebody() for _ in range(3)]
    known_s, unknown_s = [], []
    for number, who in enumerate(people * 3):
        for tried, took in ((who, known_s), (Somebody(f"nobody-{number}"), unknown_s)):
            async with door.browser() as http:
                await http.get("/sign-in")
                begun = time.perf_counter()
                await guess(http, tried, 1)
                took.append(time.perf_counter() - begun)

    ratio = statistics.median(unknown_s) / statistics.median(known_s)
    assert 0.5 < ratio < 2.0
