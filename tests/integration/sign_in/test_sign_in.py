"""People come in by password and by link, and whoever is no more signed in is so at once."""

import asyncio

import httpx
import pytest

from services.portal.signing_in.forms import OLD_PAGE
from tests.integration.sign_in.conftest import Door
from tests.support.people import OTHER_PASSWORD, csrf_in, forget, with_password
from tests.support.permissions_process import link_for, sign_in

pytestmark = pytest.mark.integration


async def is_in(http: httpx.AsyncClient) -> bool:
    return (await http.get("/account")).status_code == 200


async def test_nobody_is_sent_to_sign_in_and_back_to_where_they_wanted(door: Door) -> None:
    who = await door.somebody()
    async with door.browser() as http:
        sent = await http.get("/installations/harbour?show=waiting")
        assert sent.status_code == 303
        assert sent.headers["location"] == (
            "/sign-in?next=/installations/harbour%3Fshow%3Dwaiting"
        )
        assert (await http.get("/api/installations")).status_code == 401

        wanted = "/installations/harbour?show=waiting"
        back = await http.post("/sign-in", data=who.typed(next=wanted))

        assert (back.status_code, back.headers["location"]) == (303, wanted)
        assert await is_in(http)


async def test_signing_in_and_the_first_time_are_on_record_without_any_secret(
    door: Door,
) -> None:
    who = await door.somebody()
    async with door.browser() as http:
        await http.post("/sign-in", data=who.typed())

    facts = await door.facts(who.id)

    assert [it.type for it in facts] == [
        "PersonRegistered",
        "SignedIn",
        "PasswordSet",
        "SignedIn",
    ]
    assert {it.meta.actor for it in facts} == {f"person/{who.id}"}
    everything = b"".join(it.data + it.meta_json for it in facts)
    assert who.password.encode() not in everything
    assert who.email.encode() not in everything


async def test_a_cookie_is_out_of_reach_of_scripts_and_other_sites(door: Door) -> None:
    who = await door.somebody()
    async with door.browser() as http:
        answer = await http.post("/sign-in", data=who.typed())
        behind_tls = await http.post(
            "/sign-in", data=who.typed(), headers={"X-Forwarded-Proto": "https"}
        )

    for cookie in answer.headers.get_list("set-cookie"):
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Secure" not in cookie
    for cookie in behind_tls.headers.get_list("set-cookie"):
        assert cookie.startswith("__Host-ampledger")
        assert "Secure" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie


async def test_a_session_that_was_planted_is_worth_nothing_after_signing_in(
    door: Door,
) -> None:
    who, attacker = await door.somebody(), await door.somebody()
    async with door.browser() as theirs, door.browser() as http:
        await theirs.post("/sign-in", data=attacker.typed())
        planted = theirs.cookies["ampledger"]
        http.cookies.set("ampledger", planted, domain="127.0.0.1")

        await http.post("/sign-in", data=who.typed())

        assert http.cookies["ampledger"] != planted
        assert not await is_in(theirs)  # it has ended, and is nobody's


async def test_a_session_gets_another_secret_when_its_person_is_shown_again(
    door: Door,
) -> None:
    who = await door.somebody()
    async with door.browser() as http, door.browser() as thief:
        await http.post("/sign-in", data=who.typed())
        thief.cookies.set("ampledger", http.cookies["ampledger"], domain="127.0.0.1")
        assert await is_in(thief)

        form = {"csrf": await csrf_in(http), "password": who.password, "next": "/account"}
        answer = await http.post("/step-up", data=form)

        assert (answer.status_code, answer.headers["location"]) == (303, "/account")
        assert await is_in(http)
        assert not await is_in(thief)


async def test_whoever_signs_out_is_out_at_once(door: Door) -> None:
    who = await door.somebody()
    async with door.browser() as http, door.browser() as copied:
        await http.post("/sign-in", data=who.typed())
        copied.cookies.set("ampledger", http.cookies["ampledger"], domain="127.0.0.1")

        await http.post("/sign-out", data={"csrf": await csrf_in(http)})

        assert not await is_in(copied)


async def test_a_new_password_ends_all_other_sessions_and_the_old_one(door: Door) -> None:
    who = await door.somebody()
    async with door.browser() as http, door.browser() as elsewhere:
        for it in (http, elsewhere):
            await it.post("/sign-in", data=who.typed())
        form = {"new": OTHER_PASSWORD, "again": OTHER_PASSWORD, "present": who.password}

        await http.post("/account/password", data=form | {"csrf": await csrf_in(http)})

        assert await is_in(http)
        assert not await is_in(elsewhere)
        assert (await elsewhere.post("/sign-in", data=who.typed())).status_code == 401
        again = await elsewhere.post("/sign-in", data=who.typed(password=OTHER_PASSWORD))
        assert again.status_code == 303


async def test_a_weak_password_is_refused_with_what_to_do_and_changes_nothing(
    door: Door,
) -> None:
    who = await door.somebody()
    async with door.browser() as http:
        await http.post("/sign-in", data=who.typed())
        form = {"new": "password1234", "again": "password1234", "csrf": await csrf_in(http)}
        answer = await http.post("/account/password", data=form)
        assert answer.status_code == 400
        assert "first that would be guessed" in answer.text

    async with door.browser() as http:
        assert (await http.post("/sign-in", data=who.typed())).status_code == 303


async def test_one_session_can_be_ended_from_another(door: Door) -> None:
    who = await door.somebody()
    async with door.browser() as http, door.browser() as lost:
        await lost.post("/sign-in", data=who.typed())
        await http.post("/sign-in", data=who.typed())
        await http.post("/account/sessions/end-others", data={"csrf": await csrf_in(http)})
        assert await is_in(http)
        assert not await is_in(lost)


@pytest.mark.parametrize(
    "change", ["expires_at = now()", "last_at = now() - interval '1 hour'"]
)
async def test_a_session_ends_by_itself_in_use_or_not(door: Door, change: str) -> None:
    who = await door.somebody()
    async with door.browser() as http:
        await http.post("/sign-in", data=who.typed())
        assert await is_in(http)
        await door.store.pool.execute(
            f"update browser_session set {change} where person_id = $1",  # noqa: S608  # of ours
            who.id,
        )
        assert not await is_in(http)


async def test_whoever_is_forgotten_is_out_and_nothing_of_their_sign_in_is_left(
    door: Door,
) -> None:
    who = await door.somebody()
    async with door.browser() as http:
        await http.post("/sign-in", data=who.typed())
        form = {"label": "home", "scope": "read", "days": "30", "csrf": await csrf_in(http)}
        await http.post("/account/tokens", data=form)

        await forget(door.client, who.id)

        assert not await is_in(http)
        assert (await http.post("/sign-in", data=who.typed())).status_code == 401
    for table in ("account", "browser_session", "api_token", "known_device"):
        left = await door.store.pool.fetchval(
            f"select count(*) from {table} where person_id = $1",  # noqa: S608  # of ours
            who.id,
        )
        assert left == 0, table


# --- Links ---


async def test_a_link_lets_in_one_of_those_who_try_at_once(door: Door) -> None:
    token = await link_for(door.client, f"p{next(door.numbers)}")
    browsers = [door.browser() for _ in range(6)]

    answers = await asyncio.gather(
        *(it.post("/sign-in/once", data={"token": token}) for it in browsers)
    )

    assert sorted(it.status_code for it in answers) == [303, *[410] * 5]
    for it in browsers:
        await it.aclose()


async def test_looking_at_a_link_does_not_use_it_up(door: Door) -> None:
    token = await link_for(door.client, f"p{next(door.numbers)}")
    async with door.browser() as http:
        for _ in range(3):
            assert (await http.get(f"/sign-in/once?token={token}")).status_code == 200
        assert not await is_in(http)
        assert (await http.post("/sign-in/once", data={"token": token})).status_code == 303


async def test_after_a_link_a_password_can_be_set_and_the_link_is_spent(door: Door) -> None:
    person_id = f"p{next(door.numbers)}"
    async with door.browser() as http:
        await sign_in(http, door.client, person_id)
        assert "You have no way to sign in yet" in (await http.get("/account")).text
    async with door.browser() as http:
        who = await with_password(http, door.client, person_id)
        assert "You have no way to sign in yet" not in (await http.get("/account")).text
    async with door.browser() as http:
        assert (await http.post("/sign-in", data=who.typed())).status_code == 303


# --- Pages of others ---


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}],
)
async def test_another_sites_page_can_do_nothing_with_somebodys_session(
    door: Door, headers: dict[str, str]
) -> None:
    who = await door.somebody()
    async with door.browser() as http:
        await http.post("/sign-in", data=who.typed())
        csrf = await csrf_in(http)
        for path in ("/sign-out", "/account/password", "/account/tokens", "/step-up"):
            answer = await http.post(path, data={"csrf": csrf}, headers=headers)
            assert answer.status_code == 403
        assert (
            await http.post("/sign-in", data=who.typed(), headers=headers)
        ).status_code == 403
        assert await is_in(http)


async def test_a_form_without_its_sessions_mark_is_refused(door: Door) -> None:
    who, other = await door.somebody(), await door.somebody()
    async with door.browser() as http, door.browser() as theirs:
        await http.post("/sign-in", data=who.typed())
        await theirs.post("/sign-in", data=other.typed())
        for csrf in ("", "guessed", await csrf_in(theirs)):
            answer = await http.post("/sign-out", data={"csrf": csrf})
            assert answer.status_code == 403
            assert OLD_PAGE in answer.text
        assert await is_in(http)


@pytest.mark.parametrize(
    "wanted", ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example"]
)
async def test_nobody_is_sent_to_another_site_after_signing_in(door: Door, wanted: str) -> None:
    who = await door.somebody()
    async with door.browser() as http:
        answer = await http.post("/sign-in", data=who.typed(next=wanted))
        assert answer.headers["location"] == "/"
        seen = await http.get("/sign-in", params={"next": wanted})
        assert seen.headers["location"] == "/"


async def test_a_body_without_end_is_refused(door: Door) -> None:
    async with door.browser() as http:
        answer = await http.post("/sign-in", content=b"email=" + b"a" * 100_000)
        assert answer.status_code == 413
