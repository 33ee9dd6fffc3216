"""Signing in with one's company, with a real OpenID provider."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import orjson
import pytest
import pytest_asyncio

from cli.ports import free_ports
from shared.messaging import connect
from tests.support.oidc_provider import Company, running_company, through_company
from tests.support.permissions_process import link_for, running_permissions
from tests.support.portal_process import PortalProcess, start_portal
from tests.support.servers import running_servers

pytestmark = pytest.mark.integration

BEGIN = "/sign-in/company/harbour?next=/account"


@dataclass(frozen=True, slots=True)
class Place:
    portal: PortalProcess
    company: Company

    def browser(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.portal.url)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def place() -> AsyncIterator[Place]:
    (port,) = free_ports(1)
    back = f"http://127.0.0.1:{port}/sign-in/company-back"
    async with running_company(back) as company, running_servers() as servers:
        file = Path(servers.folder) / "companies.json"
        about = {
            "id": "harbour",
            "name": "Harbour",
            "issuer": company.issuer,
            "client_id": "ampledger",
            "client_secret": "of-tests-only",
            "domains": ["example.com"],
        }
        file.write_bytes(orjson.dumps([about]))
        environment = {"PERMISSIONS_OIDC_FILE": str(file)}
        async with running_permissions(servers, environment=environment):
            portal = await start_portal(servers, port=port)
            client = await connect(servers.nats_url, "place")
            await link_for(client, "ada")  # ada@example.com is invited
            await client.close()
            try:
                yield Place(portal, company)
            finally:
                await portal.stop()


async def back_from(http: httpx.AsyncClient, email: str) -> httpx.Response:
    sent = await through_company(http, BEGIN, email)
    return await http.get(str(sent.url.join(sent.headers["location"])))


async def test_whoever_is_invited_comes_in_and_is_known_the_next_time(place: Place) -> None:
    for _ in range(2):
        async with place.browser() as http:
            assert "Sign in with Harbour" in (await http.get("/sign-in")).text
            answer = await back_from(http, "ada@example.com")
            assert (answer.status_code, answer.headers["location"]) == (303, "/account")
            page = (await http.get("/account")).text
            assert "ada@example.com" in page
            assert place.company.issuer in page


@pytest.mark.parametrize(
    "email", ["stranger@example.com", "unverified-ada@example.com", "ada@elsewhere.example"]
)
async def test_nobody_else_comes_in(place: Place, email: str) -> None:
    async with place.browser() as http:
        answer = await back_from(http, email)
        assert answer.status_code == 403
        assert "nobody has invited you" in answer.text
        assert (await http.get("/account")).status_code == 303


async def test_what_was_begun_in_another_browser_counts_for_nothing(place: Place) -> None:
    async with place.browser() as attacker, place.browser() as victim:
        sent = await through_company(attacker, BEGIN, "ada@example.com")
        target = str(sent.url.join(sent.headers["location"]))

        answer = await victim.get(target)

        assert answer.status_code == 403
        assert "not begun in this browser" in answer.text


async def test_an_answer_counts_once(place: Place) -> None:
    async with place.browser() as http:
        sent = await through_company(http, BEGIN, "ada@example.com")
        target = str(sent.url.join(sent.headers["location"]))
        kept = {"ampledger-company": http.cookies["ampledger-company"]}
        assert (await http.get(target)).status_code == 303

    async with httpx.AsyncClient(base_url=place.portal.url, cookies=kept) as again:
        assert (await again.get(target)).status_code == 403


@pytest.mark.parametrize(
    "changes", [{"iss": "https://evil.example"}, {"state": "guessed"}, {"code": "guessed"}]
)
async def test_an_answer_that_was_tampered_with_counts_for_nothing(
    place: Place, changes: dict[str, str]
) -> None:
    async with place.browser() as http:
        sent = await through_company(http, BEGIN, "ada@example.com")
        target = urlsplit(str(sent.url.join(sent.headers["location"])))
        given = {name: it[0] for name, it in parse_qs(target.query).items()}

        answer = await http.get(target.path, params=given | changes)

        assert answer.status_code == 403
        assert (await http.get("/account")).status_code == 303


async def test_the_company_is_asked_with_proof_keys_state_and_nonce(place: Place) -> None:
    async with place.browser() as http:
        asked = parse_qs(urlsplit((await http.get(BEGIN)).headers["location"]).query)
        again = parse_qs(urlsplit((await http.get(BEGIN)).headers["location"]).query)

    assert asked["code_challenge_method"] == ["S256"]
    assert asked["response_type"] == ["code"]
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[name][0]) >= 43
        assert asked[name] != again[name]


async def test_a_company_that_is_not_there_is_not_found(place: Place) -> None:
    async with place.browser() as http:
        assert (await http.get("/sign-in/company/nobody")).status_code == 404


async def test_a_company_that_did_not_let_somebody_in_is_told_of(place: Place) -> None:
    async with place.browser() as http:
        answer = await http.get("/sign-in/company-back?error=access_denied&state=x")
    assert answer.status_code == 403
    assert "did not let you in" in answer.text
