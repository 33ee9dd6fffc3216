"""Passkeys in a real browser with a virtual authenticator: added, used, and of no use to anybody else."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, CDPSession, Page, expect

from cli.ports import free_ports
from shared.event_store import EventStore
from shared.messaging import connect
from shared.runtime import pool_of
from tests.support.permissions_process import link_for, running_permissions
from tests.support.portal_process import start_portal
from tests.support.servers import running_servers

pytestmark = [pytest.mark.browser, pytest.mark.integration]

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@dataclass(slots=True)
class Place:
    """A portal under a name, which passkeys need, and a person after the other."""

    url: str
    browser: Browser
    client: Any
    store: EventStore
    number: int = 0

    @contextlib.asynccontextmanager
    async def visitor(self, **changes: bool) -> AsyncIterator["Visitor"]:
        """Somebody new who was let in by a link, with a device that can keep passkeys."""
        self.number += 1
        person_id = f"keeper-{self.number}"
        context = await self.browser.new_context()
        page = await context.new_page()
        device = await context.new_cdp_session(page)
        await device.send("WebAuthn.enable")
        added = await device.send(
            "WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR | changes}
        )
        token = await link_for(self.client, person_id)
        await page.goto(f"{self.url}/sign-in/once?token={token}")
        await page.wait_for_url(f"{self.url}/account")
        yield Visitor(self, person_id, context, page, device, added["authenticatorId"])
        await context.close()


@dataclass(frozen=True, slots=True)
class Visitor:
    place: Place
    person_id: str
    context: BrowserContext
    page: Page
    device: CDPSession
    authenticator: str

    async def add_passkey(self) -> None:
        await self.page.get_by_label("Name of the new one").fill("Blue phone")
        await self.page.get_by_role("button", name="Add a passkey").click()

    async def sign_out(self) -> None:
        await self.page.get_by_role("button", name="Sign out").click()
        await self.page.wait_for_url(f"{self.place.url}/sign-in")

    async def use_passkey(self) -> None:
        await self.page.get_by_role("button", name="Sign in with a passkey").click()

    async def methods(self) -> list[str]:
        facts = await self.place.store.load(f"sign-in-{self.person_id}")
        return [it.event.method for it in facts if it.type == "SignedIn"]  # type: ignore[attr-defined]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def place(browser: Browser) -> AsyncIterator[Place]:
    (port,) = free_ports(1)
    url = f"http://localhost:{port}"
    environment = {"AMPLEDGER_PUBLIC_URL": url}
    async with (
        running_servers() as servers,
        running_permissions(servers, environment=environment) as permissions,
        pool_of(permissions.database_url) as pool,
    ):
        portal = await start_portal(servers, port=port)
        client = await connect(servers.nats_url, "place")
        try:
            yield Place(url, browser, client, EventStore(pool))
        finally:
            await client.close()
            await portal.stop()


async def test_a_passkey_is_added_and_signs_in_and_counts_as_a_recent_proof(
    place: Place,
) -> None:
    async with place.visitor() as visitor:
        await visitor.add_passkey()
        await expect(visitor.page.get_by_text("Blue phone")).to_be_visible()

        await visitor.sign_out()
        await visitor.use_passkey()
        await visitor.page.wait_for_url(f"{place.url}/")
        assert await visitor.methods() == ["LINK", "PASSKEY"]

        await visitor.page.goto(f"{place.url}/step-up?next=/account")
        await visitor.page.get_by_role("button", name="Use a passkey").click()
        await visitor.page.wait_for_url(f"{place.url}/account")
        await visitor.page.get_by_role("button", name="Remove passkey Blue phone").click()
        await expect(visitor.page.get_by_text("Blue phone")).to_have_count(0)

        await visitor.sign_out()
        await visitor.use_passkey()
        await expect(visitor.page.locator("[data-passkey] .refusal")).to_contain_text(
            "not known here"
        )


async def test_a_device_that_does_not_verify_its_owner_is_not_enough(place: Place) -> None:
    async with place.visitor() as visitor:
        await visitor.add_passkey()
        await expect(visitor.page.get_by_text("Blue phone")).to_be_visible()
        await visitor.sign_out()
        await visitor.device.send(
            "WebAuthn.setUserVerified",
            {"authenticatorId": visitor.authenticator, "isUserVerified": False},
        )

        await visitor.use_passkey()

        await expect(visitor.page.locator("[data-passkey] .refusal")).to_be_visible()
        assert await visitor.methods() == ["LINK"]


async def test_what_a_passkey_has_signed_counts_once(place: Place) -> None:
    async with place.visitor() as visitor:
        await visitor.add_passkey()
        await expect(visitor.page.get_by_text("Blue phone")).to_be_visible()
        await visitor.sign_out()
        async with visitor.page.expect_request(f"{place.url}/sign-in/passkey") as asked:
            await visitor.use_passkey()
        overheard = (await asked.value).post_data
        await visitor.page.wait_for_url(f"{place.url}/")

        async with httpx.AsyncClient(base_url=place.url) as http:
            answer = await http.post("/sign-in/passkey", content=overheard)

        assert answer.status_code == 400
        assert not answer.cookies
        assert await visitor.methods() == ["LINK", "PASSKEY"]


async def test_a_copy_of_a_passkey_is_noticed_by_its_counter(place: Place) -> None:
    async with place.visitor() as visitor:
        await visitor.add_passkey()
        await expect(visitor.page.get_by_text("Blue phone")).to_be_visible()
        which = {"authenticatorId": visitor.authenticator}
        (copied,) = (await visitor.device.send("WebAuthn.getCredentials", which))["credentials"]
        await visitor.sign_out()
        await visitor.use_passkey()
        await visitor.page.wait_for_url(f"{place.url}/")
        await visitor.sign_out()

        await visitor.device.send("WebAuthn.clearCredentials", which)
        await visitor.device.send(
            "WebAuthn.addCredential", which | {"credential": copied | {"signCount": 0}}
        )
        await visitor.use_passkey()

        await expect(visitor.page.locator("[data-passkey] .refusal")).to_contain_text(
            "could not be verified"
        )


async def test_a_passkey_of_one_person_does_not_show_that_it_is_another(place: Place) -> None:
    async with place.visitor() as owner:
        await owner.add_passkey()
        await expect(owner.page.get_by_text("Blue phone")).to_be_visible()
        await owner.sign_out()
        token = await link_for(place.client, "another")
        await owner.page.goto(f"{place.url}/sign-in/once?token={token}&next=/step-up")
        await owner.page.wait_for_url(f"{place.url}/step-up")

        await owner.page.get_by_role("button", name="Use a passkey").click()

        await expect(owner.page.locator("[data-passkey] .refusal")).to_contain_text(
            "somebody else's"
        )
