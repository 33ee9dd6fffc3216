"""Support looks something up, sees what unlocking would change, and only then unlocks."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from services.installation.handlers import routes
from services.installation.language import COMMANDS
from services.installation.rehearsing import rehearsals
from shared.commands import taking_commands
from shared.ids import new_id
from shared.messages import Command
from shared.messages.installation import SerialUnlocked
from shared.messages.permissions import (
    HistoryLookedAt,
    PlatformRole,
    PlatformRoleGranted,
    RoleGranted,
)
from shared.rehearsing import answer_rehearsals
from tests.integration.portal.conftest import Shown
from tests.support import portal_pier
from tests.support.people import PASSWORD, csrf_in, with_password
from tests.support.portal_scene import GARAGE
from tests.support.waiting import until

pytestmark = pytest.mark.integration

PIER = f"/installations/{portal_pier.PIER}"
LOCKED = portal_pier.serial(3)
SERIAL = f"/support/serials/{LOCKED}"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def support(shown: Shown) -> AsyncIterator[httpx.AsyncClient]:
    """The browser of support, with a pier of which a part was taken down; its log rehearses."""

    def anybody(_: Command, actor: str) -> str:
        return actor

    log = shown.feed.log("installation")
    await answer_rehearsals(
        shown.feed.client, "installation", COMMANDS, rehearsals(log, anybody)
    )
    for part in (portal_pier.set_up(), portal_pier.changed(), portal_pier.locked()):
        await shown.feed.tell(*part)
    who = f"support-{new_id()[-8:]}"
    async with (
        taking_commands(
            shown.servers.nats_url, "test-installation", routes(log, anybody), drains=[]
        ),
        httpx.AsyncClient(base_url=shown.portal.url, timeout=30) as http,
    ):
        await with_password(http, shown.feed.client, who)
        await http.post("/step-up", data={"csrf": await csrf_in(http), "password": PASSWORD})
        named = PlatformRoleGranted(grantee=f"person/{who}", role=PlatformRole.SUPPORT)
        await shown.feed.tell(named)

        async def known() -> str:
            return (await http.get("/support?q=pier0003")).text

        await until(known, lambda it: LOCKED in it and "locked" in it)
        yield http


async def looks(shown: Shown) -> list[str]:
    """Name the reasons for looks that are on record."""
    log = [it async for page in shown.feed.log("permissions").pages() for it in page]
    return [it.event.reason for it in log if isinstance(it.event, HistoryLookedAt)]


async def test_a_part_of_a_name_finds_serials_and_installations(
    support: httpx.AsyncClient,
) -> None:
    found = (await support.get("/support?q=PIER")).text
    nothing = (await support.get("/support?q=no-such-thing")).text

    home = (await support.get("/")).text

    assert f'href="{SERIAL}"' in home
    assert "New pier" in found
    assert "Berth 3, New pier" in found
    assert "turned away last" in found
    assert "Nothing goes by “no-such-thing”" in nothing


async def test_an_address_finds_a_person_and_their_roles(
    shown: Shown, support: httpx.AsyncClient
) -> None:
    who = f"owner-{new_id()[-8:]}"
    async with httpx.AsyncClient(base_url=shown.portal.url) as http:
        await shown.feed.sign_in(http, who)
    await shown.feed.tell(
        RoleGranted(installation_id=GARAGE, grantee=f"person/{who}", role="OWNER")
    )

    async def looked_up() -> str:
        return (await support.get(f"/support?q={who}@example.com")).text

    found = await until(looked_up, lambda it: "Owner" in it)
    stranger = (await support.get("/support?q=nobody@example.com")).text

    assert who in found
    assert "Sea Street garage" in found
    assert "Nobody is known by this address." in stranger


async def test_a_look_takes_a_reason_that_is_on_record_once(
    shown: Shown, support: httpx.AsyncClient
) -> None:
    reason = f"case {new_id()[-8:]}"
    before = (await support.get(f"{PIER}/history/at?at=7")).text
    asked = {"reason": reason}
    pages = [
        await support.get(path, params={**asked, **more})
        for path, more in (
            (f"{PIER}/history/at", {"at": "7"}),
            (f"{PIER}/history/at", {"at": "8"}),
            (f"{PIER}/history", {}),
            (SERIAL, {}),
        )
    ]

    assert "Why do you look?" in before
    assert 'name="at" value="7"' in before, "what was looked for is not forgotten"
    assert [it.status_code for it in pages] == [200] * 4
    assert "Why it is locked" in pages[-1].text
    assert "It may have been carried to another place." in pages[-1].text
    assert (await looks(shown)).count(reason) == 1


async def test_unlocking_is_tried_first_and_appends_nothing(
    shown: Shown, support: httpx.AsyncClient
) -> None:
    head = await shown.feed.log("installation").head()
    form = {"csrf": await csrf_in(support), "key": new_id()}

    wordless = await support.post(f"{SERIAL}/unlock", data=form)
    tried = await support.post(
        f"{SERIAL}/unlock", data={**form, "reason": "Case 4711: sold", "ticket": "4711"}
    )

    assert wordless.status_code == 422
    assert 'id="reason-wrong"' in wordless.text
    assert tried.status_code == 200
    assert "Nothing is done yet." in tried.text
    assert re.search(
        r"<code>SerialUnlocked</code>.*<code>ChargerRemoved</code>", tried.text, re.DOTALL
    )
    assert f"Berth 3 ({LOCKED}): gone" in tried.text
    assert 'name="reason" value="Case 4711: sold"' in tried.text
    assert await shown.feed.log("installation").head() == head


async def test_what_was_seen_is_done_and_the_serial_is_free(
    shown: Shown, support: httpx.AsyncClient
) -> None:
    serial = portal_pier.serial(4)
    done = await support.post(
        f"/support/serials/{serial}/unlock",
        data={
            "csrf": await csrf_in(support),
            "key": new_id(),
            "reason": "Case 4711: sold",
            "ticket": "4711",
            "seen": "1",
        },
        follow_redirects=True,
    )

    assert f"{serial} is unlocked: it can be assigned anywhere." in done.text
    log = [it async for page in shown.feed.log("installation").pages() for it in page]
    every = [it.event for it in log if isinstance(it.event, SerialUnlocked)]
    unlocked = [it for it in every if it.serial == serial]
    assert [(it.serial, it.reason, it.ticket) for it in unlocked] == [
        (serial, "Case 4711: sold", "4711")
    ]


async def test_what_is_not_locked_cannot_be_unlocked(support: httpx.AsyncClient) -> None:
    form = {"csrf": await csrf_in(support), "key": new_id(), "reason": "by mistake"}
    free = await support.post(f"/support/serials/{portal_pier.serial(1)}/unlock", data=form)
    unknown = await support.post("/support/serials/NOWHERE1/unlock", data=form)

    assert free.status_code == 409
    assert "is not locked" in free.text
    assert unknown.status_code == 404
