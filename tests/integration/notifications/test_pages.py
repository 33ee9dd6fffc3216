"""The pages of warnings: taking notice, choosing, webhooks with what was given up, unsubscribing."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest_asyncio

from shared.messages.permissions import Role
from tests.integration.notifications.test_telling import charger, fault
from tests.integration.notifications.world import (
    GARAGE,
    World,
    created,
    granted,
    world_of_warnings,
)
from tests.support.permissions_process import sign_in
from tests.support.portal_process import running_portal
from tests.support.waiting import until

HOME = f"/installations/{GARAGE}"
KINDS = {"kinds": ["FAULT", "OVERLOAD"]}


@dataclass(slots=True)
class Shown:
    """A garage with two faults, and its owner in front of the portal."""

    world: World
    owner: httpx.AsyncClient
    stranger: httpx.AsyncClient

    async def page(self, path: str) -> str:
        answer = await self.owner.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def send(self, page: str, path: str, **fields: object) -> httpx.Response:
        """Send a form of a page."""
        data = {"csrf": _csrf_in(await self.page(page)), **fields}
        return await self.owner.post(path, data=data)

    async def until_shown(self, path: str, text: str) -> str:
        return await until(lambda: self.page(path), lambda it: text in it, 30.0)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shown() -> AsyncIterator[Shown]:
    async with world_of_warnings() as world:
        await world.tell(created(), charger("b1"), charger("b2"), granted("ada", Role.OWNER))
        async with (
            world.start(),
            running_portal(world.servers) as portal,
            httpx.AsyncClient(base_url=portal.url) as owner,
            httpx.AsyncClient(base_url=portal.url) as stranger,
        ):
            await sign_in(owner, world.client, "ada")
            await sign_in(stranger, world.client, "sam")
            await world.tell(fault("b1"), fault("b2"))
            yield Shown(world, owner, stranger)


async def test_the_owner_sees_what_is_wrong_and_takes_notice(shown: Shown) -> None:
    page = await shown.until_shown(f"{HOME}/warnings", "Bay b2 reports a fault")
    tab = re.search(r'href="[^"]*/warnings".*?tab-count.*?(\d+)<', page, re.DOTALL)
    assert tab is not None
    assert tab[1] == "2"
    path = re.search(rf'action="({HOME}/warnings/[^"]+/acknowledge)"', page)
    assert path is not None

    answer = await shown.send(f"{HOME}/warnings", path[1], note="<b>on my way</b>")

    assert answer.status_code == 303
    after = await shown.page(f"{HOME}/warnings")
    assert "You have taken notice" in after
    assert "&lt;b&gt;on my way&lt;/b&gt;" in after
    assert len(re.findall("/acknowledge", after)) == 1


async def test_what_is_warned_of_is_told_over_the_api(shown: Shown) -> None:
    async def read(path: str) -> list[dict[str, Any]]:
        answer = await shown.owner.get(f"/api/v1{path}")
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    lasting = await read(f"{HOME}/warnings?open=true&kind=FAULT")
    own = await read("/notifications")

    assert {it["warning"]["charger_id"] for it in lasting} == {"b1", "b2"}
    assert {it["headline"] for it in lasting} == {
        "Bay b1 reports a fault: GroundFailure",
        "Bay b2 reports a fault: GroundFailure",
    }
    assert await read(f"{HOME}/warnings?open=false") == []
    assert await read(f"{HOME}/warnings?kind=OVERLOAD") == []
    assert [it["pace"] for it in own] == ["DAILY"]
    for path in ("webhooks", "dead-letters", "report-orders"):
        assert await read(f"{HOME}/{path}") == []
        assert (await shown.stranger.get(f"/api/v1{HOME}/{path}")).status_code == 404


async def test_who_has_no_role_there_is_told_of_nothing(shown: Shown) -> None:
    for path in ("warnings", "warnings/webhooks", "reports/orders"):
        assert (await shown.stranger.get(f"{HOME}/{path}")).status_code == 404
    assert (await shown.stranger.get(f"/my/notifications/{GARAGE}")).status_code == 404
    assert (
        "You are an owner or installer of no"
        in (await shown.stranger.get("/my/notifications")).text
    )


async def test_somebody_chooses_and_it_is_shown(shown: Shown) -> None:
    form = f"/my/notifications/{GARAGE}"
    fields = {**KINDS, "pace": "HOURLY", "language": "nb"}
    quiet = {"quiet_from": "22:00", "quiet_to": "07:00"}

    wrong = await shown.send(form, form, **fields, quiet_from="22:00")
    done = await shown.send(form, form, **fields, **quiet)

    assert wrong.status_code == 422
    assert 'value="HOURLY" selected' in wrong.text
    assert done.status_code == 303
    listed = await shown.page("/my/notifications")
    assert "22:00–07:00" in listed
    assert "2 kinds" in listed


async def test_a_webhook_is_added_its_secret_shown_once_and_what_was_given_up_replayed(
    shown: Shown,
) -> None:
    path, program = f"{HOME}/warnings/webhooks", shown.world.program
    refused = await shown.send(path, path, url="http://example.com/x", **KINDS)
    assert refused.status_code == 409
    assert "https" in refused.text
    assert 'value="http://example.com/x"' in refused.text

    program.status = 410
    added = await shown.send(path, path, url=program.url, **KINDS)
    assert re.search(r"whsec_[A-Za-z0-9+/=]+", added.text)
    assert "whsec_" not in await shown.page(path)
    hook = re.search(rf'action="({path}/[^"]+)"', added.text)
    assert hook is not None

    assert (await shown.send(path, hook[1], deed="ping")).status_code == 303
    await shown.until_shown(path, "it answered 410")
    program.status = 200
    assert (await shown.send(path, hook[1], deed="replay")).status_code == 303
    await until(_as_asked(program.types), lambda it: "ping" in it)
    rotated = await shown.send(path, hook[1], deed="rotate")
    assert "whsec_" in rotated.text
    assert (await shown.send(path, hook[1], deed="remove")).status_code == 303
    assert "No program is told yet" in await shown.page(path)


async def test_a_report_is_ordered_and_cancelled(shown: Shown) -> None:
    path = f"{HOME}/reports/orders"
    fields = {"day": "3", "formats": ["pdf"], "language": "en"}

    nobody = await shown.send(path, path, **fields)
    ordered = await shown.send(path, path, **fields, recipients=["ada"])
    page = await shown.page(path)
    cancel = re.search(rf'action="({path}/[^"]+/cancel)"', page)

    assert nobody.status_code == 422
    assert ordered.status_code == 303
    assert cancel is not None
    assert (await shown.send(path, cancel[1])).status_code == 303
    assert "No report is ordered" in await shown.page(path)


async def test_the_link_in_an_e_mail_asks_before_it_ends_anything(shown: Shown) -> None:
    async with httpx.AsyncClient(base_url=shown.owner.base_url) as anybody:
        bad = f"/unsubscribe?installation={GARAGE}&person=ada&mark={'0' * 64}"

        asked, refused = await anybody.get(bad), await anybody.post(bad)

        assert asked.status_code == 200
        assert "Send me no more" in asked.text
        assert refused.status_code == 409
        await shown.send(
            f"/my/notifications/{GARAGE}",
            f"/my/notifications/{GARAGE}",
            kinds=["FAULT"],
            pace="AT_ONCE",
        )
        await shown.world.tell(charger("b3"), fault("b3"))
        letters = shown.world.postbox.letters
        await until(_as_asked(lambda: letters), len, 30.0)
        link = str(letters[-1]["List-Unsubscribe"]).strip("<>").partition("charge.example")[2]
        one_click = {"List-Unsubscribe": "One-Click"}

        done = await anybody.post("".join(link.split()), data=one_click)

        assert done.status_code == 200, done.text
        assert "Never" in await shown.until_shown("/my/notifications", "Never")


def _csrf_in(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def _as_asked(read: Callable[[], list[Any]]) -> Callable[[], Awaitable[list[Any]]]:
    async def found() -> list[Any]:
        return read()

    return found
