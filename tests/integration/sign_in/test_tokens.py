"""Tokens of people and access of programs: what they reach, and that they end at once."""

import asyncio
import os
import re
import sys
from datetime import timedelta
from pathlib import Path

import httpx
import orjson
import pytest

from services.permissions.sign_in.tokens import ACCESS_S
from shared import subjects
from shared.clock import utc_now
from shared.messages.own_account import IssueClientSecret, Issued, RevokeClient
from shared.messages.signing_in import Asker, Known, Query, Reply, Scope, WhoIs
from tests.integration.sign_in.conftest import Door
from tests.support.people import OTHER_PASSWORD, csrf_in

pytestmark = pytest.mark.integration

SECRET = re.compile(r"<code data-secret>(amp_[^<]+)</code>")


async def who_is(door: Door, bearer: str) -> Asker | None:
    query = WhoIs(bearer=bearer).model_dump_json().encode()
    answer = await door.client.request(
        subjects.query("permissions", "WhoIs"), query, timeout=10
    )
    return Known.model_validate_json(answer.data).asker


async def operator(door: Door, query: Query, reply: type[Reply]) -> Reply:
    subject = subjects.operator_query("permissions", type(query).__name__)
    answer = await door.client.request(subject, query.model_dump_json().encode(), timeout=10)
    return reply.model_validate_json(answer.data)


async def make_token(http: httpx.AsyncClient, **changes: object) -> httpx.Response:
    form = {"label": "home", "scope": ["read"], "days": "30", "csrf": await csrf_in(http)}
    return await http.post("/account/tokens", data=form | changes)


async def test_a_token_is_shown_once_and_kept_as_a_hash_only(door: Door) -> None:
    who = await door.somebody()
    async with door.browser() as http:
        await http.post("/sign-in", data=who.typed())
        shown = SECRET.search((await make_token(http, scope=["read", "charge"])).text)
        assert shown is not None
        assert SECRET.search((await http.get("/account")).text) is None

    asker = await who_is(door, shown[1])
    assert asker is not None
    assert asker.actor == f"person/{who.id}"
    assert asker.scopes == {Scope.READ, Scope.CHARGE}
    assert asker.session_id is None
    kept = await door.store.pool.fetch("select * from api_token")
    assert shown[1] not in str(kept)
    assert "TokenIssued" in [it.type for it in await door.facts(who.id)]


async def test_a_revoked_token_is_nobodys_at_once(door: Door) -> None:
    who = await door.somebody()
    async with door.browser() as http:
        await http.post("/sign-in", data=who.typed())
        secret = SECRET.search((await make_token(http)).text)
        assert secret is not None
        headers = {"Authorization": f"Bearer {secret[1]}"}
        async with door.browser() as program:
            assert (await program.get("/api/installations", headers=headers)).status_code == 200
            page = (await http.get("/account")).text
            revoke = re.search(r"/account/tokens/[^/]+/revoke", page)
            assert revoke is not None

            await http.post(revoke[0], data={"csrf": await csrf_in(http)})

            refused = await program.get("/api/installations", headers=headers)
            assert refused.status_code == 401
            assert "invalid_token" in refused.headers["www-authenticate"]


async def test_a_new_password_ends_all_tokens_and_that_is_on_record(door: Door) -> None:
    who = await door.somebody()
    async with door.browser() as http:
        await http.post("/sign-in", data=who.typed())
        secret = SECRET.search((await make_token(http)).text)
        assert secret is not None
        form = {"new": OTHER_PASSWORD, "again": OTHER_PASSWORD, "csrf": await csrf_in(http)}

        await http.post("/account/password", data=form)

    assert await who_is(door, secret[1]) is None
    assert [it.type for it in await door.facts(who.id)][-2:] == ["PasswordSet", "TokenRevoked"]


@pytest.mark.parametrize("days", ["0", "367", "never"])
async def test_every_token_ends_within_a_year(door: Door, days: str) -> None:
    who = await door.somebody()
    async with door.browser() as http:
        await http.post("/sign-in", data=who.typed())
        answer = await make_token(http, days=days)
    assert answer.status_code == 400
    assert "1 to 366 days" in answer.text


async def test_a_token_that_has_ended_is_nobodys(door: Door) -> None:
    who = await door.somebody()
    async with door.browser() as http:
        await http.post("/sign-in", data=who.typed())
        secret = SECRET.search((await make_token(http)).text)
    assert secret is not None
    await door.store.pool.execute(
        "update api_token set expires_at = $1 where person_id = $2",
        utc_now() - timedelta(seconds=1),
        who.id,
    )
    assert await who_is(door, secret[1]) is None


@pytest.mark.parametrize(
    "forged",
    ["amp_", "amp_" + "A" * 43, "amp_at_" + "A" * 43, "eyJhbGciOiJub25lIn0.e30.", "x" * 400],
)
async def test_a_forged_token_is_nobodys(door: Door, forged: str) -> None:
    async with door.browser() as http:
        answer = await http.get(
            "/api/installations", headers={"Authorization": f"Bearer {forged}"}
        )
    assert answer.status_code == 401


async def test_a_token_can_make_no_token_and_set_no_password(door: Door) -> None:
    who = await door.somebody()
    async with door.browser() as http:
        await http.post("/sign-in", data=who.typed())
        secret = SECRET.search((await make_token(http, scope=list(Scope))).text)
    assert secret is not None
    headers = {"Authorization": f"Bearer {secret[1]}"}
    async with door.browser() as program:
        for path in ("/account/tokens", "/account/password", "/account/sessions/end-others"):
            answer = await program.post(path, headers=headers, data={"csrf": ""})
            assert answer.status_code == 403
        assert (await program.get("/account", headers=headers)).status_code == 403


async def test_a_token_takes_a_recent_proof(door: Door) -> None:
    who = await door.somebody()
    async with door.browser() as http:
        await http.post("/sign-in", data=who.typed())
        await door.store.pool.execute(
            "update browser_session set stepped_up_at = $1 where person_id = $2",
            utc_now() - timedelta(hours=1),
            who.id,
        )
        answer = await make_token(http)
        assert answer.status_code == 400
        assert "/step-up?next=/account" in answer.text


# --- Programs ---


async def registered(door: Door, client_id: str) -> str:
    query = IssueClientSecret(
        client_id=client_id, name="Harbour", scopes=frozenset({Scope.READ, Scope.CHARGE})
    )
    issued = await operator(door, query, Issued)
    assert isinstance(issued, Issued)
    return issued.secret


async def test_a_program_gets_access_for_a_while_and_its_scopes_bound_it(door: Door) -> None:
    client_id = f"harbour-{next(door.numbers)}"
    secret = await registered(door, client_id)
    async with door.browser() as http:
        form = {"grant_type": "client_credentials", "scope": "read"}
        answer = await http.post("/oauth/token", data=form, auth=(client_id, secret))
        given = answer.json()
        assert answer.headers["cache-control"] == "no-store"
        assert (given["token_type"], given["expires_in"]) == ("Bearer", ACCESS_S)
        asker = await who_is(door, given["access_token"])
        assert asker is not None
        assert (asker.actor, asker.scopes) == (f"client/{client_id}", {Scope.READ})

        beyond = await http.post(
            "/oauth/token",
            data={"grant_type": "client_credentials", "scope": "service"},
            auth=(client_id, secret),
        )
        assert (beyond.status_code, beyond.json()["error"]) == (400, "invalid_scope")


async def test_a_revoked_programs_access_ends_at_once(door: Door) -> None:
    client_id = f"harbour-{next(door.numbers)}"
    secret = await registered(door, client_id)
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": secret,
    }
    async with door.browser() as http:
        token = (await http.post("/oauth/token", data=form)).json()["access_token"]
        assert await who_is(door, token) is not None

        assert (await operator(door, RevokeClient(client_id=client_id), Reply)).accepted

        assert await who_is(door, token) is None
        refused = await http.post("/oauth/token", data=form)
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")


async def test_a_new_secret_ends_the_old_one(door: Door) -> None:
    client_id = f"harbour-{next(door.numbers)}"
    old, new = await registered(door, client_id), await registered(door, client_id)
    form = {"grant_type": "client_credentials"}
    async with door.browser() as http:
        assert (await http.post("/oauth/token", data=form, auth=(client_id, old))).is_error
        assert (await http.post("/oauth/token", data=form, auth=(client_id, new))).is_success


async def test_the_operator_registers_and_revokes_programs_on_the_command_line(
    door: Door,
) -> None:
    client_id = f"harbour-{next(door.numbers)}"
    register = ("register", client_id, "--name", "Harbour", "--scope", "charge", "--json")
    code, said = await ampledger(door, *register)
    assert code == 0, said
    told = orjson.loads(said)
    form = {"grant_type": "client_credentials"}
    async with door.browser() as http:
        answer = await http.post(
            "/oauth/token", data=form, auth=(client_id, told["client_secret"])
        )
        assert answer.json()["scope"] == "charge"

    assert (await ampledger(door, "revoke", client_id))[0] == 0
    code, said = await ampledger(door, "revoke", client_id)
    assert code == 1
    assert f"There is no program {client_id}" in said


async def ampledger(door: Door, *arguments: str) -> tuple[int, str]:
    """Run `ampledger client …`; return its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("ampledger"),
        "client",
        *arguments,
        env=os.environ | {"NATS_URL": door.servers.nats_url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def test_another_grant_than_the_one_we_have_is_refused(door: Door) -> None:
    async with door.browser() as http:
        answer = await http.post("/oauth/token", data={"grant_type": "password"})
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")
