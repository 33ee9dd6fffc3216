"""Who may do what is said on the page, and counts: with permissions itself behind it."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from shared.ids import new_id
from shared.messages.permissions import RoleGranted
from tests.integration.portal.conftest import Shown
from tests.support.people import PASSWORD, csrf_in, with_password
from tests.support.portal_scene import GARAGE
from tests.support.waiting import until

pytestmark = pytest.mark.integration

ACCESS = f"/installations/{GARAGE}/access"
BAY = "bay-7"
FIRST = "first@example.com"
TOLD = re.compile(r'<div class="told".*?</div>', re.DOTALL)


@pytest_asyncio.fixture(loop_scope="session")
async def owner(shown: Shown) -> AsyncIterator[httpx.AsyncClient]:
    """The browser of somebody who owns the garage."""
    who = f"owner-{new_id()[-8:]}"
    async with signed_in(shown, who) as http:
        await granted(shown, http, who, "OWNER")
        yield http


def signed_in(shown: Shown, who: str) -> httpx.AsyncClient:
    http = httpx.AsyncClient(base_url=shown.portal.url)
    http.headers["X-Who"] = who
    return http


async def granted(
    shown: Shown, http: httpx.AsyncClient, who: str, role: str, charger_id: str | None = None
) -> None:
    """Sign somebody in, give them a role, and wait until the portal knows."""
    await with_password(http, shown.feed.client, who)
    proof = {"csrf": await csrf_in(http), "password": PASSWORD}
    assert (await http.post("/step-up", data=proof)).status_code == 303
    grant = {"installation_id": GARAGE, "grantee": f"person/{who}", "role": role}
    await shown.feed.tell(RoleGranted(**grant, charger_id=charger_id))
    path = (
        ACCESS
        if charger_id is None
        else f"/installations/{GARAGE}/chargers/{charger_id}/access"
    )
    await until(lambda: status(http, path), lambda it: it == 200)
    where = {"of": charger_id or "", "charger": charger_id or "bay-1"}

    async def place_known() -> int:
        """Permissions hears of the garage by itself."""
        known = await sent(http, f"{ACCESS}/roles", path, email=FIRST, role="USER", **where)
        return known.status_code

    await until(place_known, lambda it: it == 200)


async def status(http: httpx.AsyncClient, path: str) -> int:
    return (await http.get(path)).status_code


async def sent(
    http: httpx.AsyncClient, path: str, page: str = ACCESS, **filled: str
) -> httpx.Response:
    """Send a form of a page, and follow to the page that comes next."""
    token = await csrf_in(http, page)
    return await http.post(
        path, data={"csrf": token, "key": new_id(), **filled}, follow_redirects=True
    )


async def test_an_owner_invites_somebody_and_takes_the_role_away_again(
    owner: httpx.AsyncClient,
) -> None:
    address = f"grete-{new_id()[-8:]}@example.com"

    given = await sent(
        owner,
        f"{ACCESS}/roles",
        email=address,
        name="Grete Dahl",
        role="USER",
        charger=BAY,
        until="2099-12-31",
        language="nb",
    )
    row = re.search(
        r'<b>Grete Dahl</b>.*?name="grantee" value="([^"]+)"', given.text, re.DOTALL
    )

    assert given.status_code == 200
    assert "Grete Dahl has the role now." in given.text
    assert row is not None
    assert address in given.text
    assert "invited, has not signed in yet" in given.text
    assert "Bay 7" in row[0]
    taken = await sent(
        owner, f"{ACCESS}/roles/revoke", grantee=row[1], role="USER", charger=BAY
    )
    assert "The role is taken away." in taken.text
    assert "<b>Grete Dahl</b>" not in taken.text


async def test_what_is_refused_keeps_what_was_filled_in_and_invites_nobody(
    owner: httpx.AsyncClient,
) -> None:
    wrong = await sent(owner, f"{ACCESS}/roles", email="nowhere", name="Otto", role="USER")
    day = await sent(owner, f"{ACCESS}/roles", email="o@example.com", role="USER", until="soon")
    role = await sent(owner, f"{ACCESS}/roles", email="o@example.com", role="SERVICE")

    assert (wrong.status_code, day.status_code, role.status_code) == (422, 422, 403)
    assert 'value="nowhere"' in wrong.text
    assert 'value="Otto"' in wrong.text
    assert 'id="email-wrong"' in wrong.text
    assert 'id="until-wrong"' in day.text
    assert "Only those who have the role Service here" in role.text


async def test_the_last_owner_stays(owner: httpx.AsyncClient) -> None:
    who = owner.headers["X-Who"]
    page = (await owner.get(ACCESS)).text
    others = set(re.findall(r'value="(person/owner-[^"]+)"', page)) - {f"person/{who}"}
    for it in others:
        await sent(owner, f"{ACCESS}/roles/revoke", grantee=it, role="OWNER")

    refused = await sent(owner, f"{ACCESS}/roles/revoke", grantee=f"person/{who}", role="OWNER")

    assert refused.status_code == 409
    assert "is the last owner" in refused.text


async def test_somebody_asks_and_an_owner_answers(
    shown: Shown, owner: httpx.AsyncClient
) -> None:
    who = f"guest-{new_id()[-8:]}"
    async with signed_in(shown, who) as guest:
        await shown.feed.sign_in(guest, who)
        said = [
            await sent(
                guest, "/ask", "/ask", place=place, role="USER", words="I live in flat 12."
            )
            for place in ("ZAP000007", "NOSUCHTHING1", "no-such-garage")
        ]
        told = {TOLD.findall(it.text)[0] for it in said}
        page = (await owner.get(ACCESS)).text
        asked = re.search(r"access/requests/(\w+)", page)
        assert asked is not None
        answered = await sent(owner, f"{ACCESS}/requests/{asked[1]}", granted="1")
        home = await until(lambda: status(guest, ACCESS), lambda it: it == 403)

    assert len(told) == 1, "what was asked for shows whether it is there"
    assert "I live in flat 12." in page
    assert "They have the role now." in answered.text
    assert "I live in flat 12." not in answered.text
    assert home == 403, "a user is told what it takes, since they have a role there now"


async def test_cards_are_registered_blocked_and_removed(
    shown: Shown, owner: httpx.AsyncClient
) -> None:
    who = f"driver-{new_id()[-8:]}"
    async with signed_in(shown, who) as driver:
        await shown.feed.sign_in(driver, who)
    await sent(owner, f"{ACCESS}/roles", email=f"{who}@example.com", role="USER")
    number = new_id()[-12:].upper()

    registered = await sent(
        owner, f"{ACCESS}/cards", person_id=who, number=number, label="blue fob"
    )
    card = re.search(r"access/cards/(\w+)", registered.text)
    assert card is not None
    blocked = await sent(owner, f"{ACCESS}/cards/{card[1]}", person_id=who, do="block")
    removed = await sent(owner, f"{ACCESS}/cards/{card[1]}", person_id=who, do="remove")

    assert "blue fob" in registered.text
    assert number not in registered.text
    assert f"…{number[-4:]}" in registered.text
    assert "Unblock" in blocked.text
    assert "blue fob" not in removed.text


async def test_an_owner_of_a_charger_says_who_may_what_there_and_nowhere_else(
    shown: Shown,
) -> None:
    who = f"bay-owner-{new_id()[-8:]}"
    own = f"/installations/{GARAGE}/chargers/bay-9/access"
    async with signed_in(shown, who) as http:
        await granted(shown, http, who, "OWNER", "bay-9")
        page = (await http.get(own)).text
        given = await sent(
            http,
            f"{ACCESS}/roles",
            own,
            of="bay-9",
            email="x@example.com",
            role="USER",
            charger="bay-9",
        )
        elsewhere = await sent(
            http,
            f"{ACCESS}/roles",
            own,
            of="bay-9",
            email="x@example.com",
            role="USER",
            charger="bay-8",
        )
        others = [await status(http, it) for it in (ACCESS, own.replace("bay-9", "bay-8"))]

    assert "Bay 9" in page
    assert "x@example.com has the role now." in given.text
    assert elsewhere.status_code == 403
    assert others == [403, 404]


async def test_people_have_themselves_forgotten_when_they_mean_it(shown: Shown) -> None:
    who = f"leaver-{new_id()[-8:]}"
    page = "/account/forget"
    async with signed_in(shown, who) as http:
        await shown.feed.sign_in(http, who)
        unproven = await sent(http, page, page, address=f"{who}@example.com")
        await with_password(http, shown.feed.client, who)
        mistaken = await sent(http, page, page, address="somebody.else@example.com")
        gone = await sent(http, page, page, address=f"{who}@EXAMPLE.com")
        afterwards = await http.get("/account")

    assert (unproven.status_code, mistaken.status_code) == (403, 422)
    assert "Show once more that it is you" in unproven.text
    assert f"Write your own address, {who}@example.com" in mistaken.text
    assert "You are forgotten here." in gone.text
    assert afterwards.headers["location"].startswith("/sign-in")


async def test_an_owner_keeps_a_group_with_its_members_and_role(
    owner: httpx.AsyncClient,
) -> None:
    name = f"Household {new_id()[-8:]}"
    created = await sent(owner, f"{ACCESS}/groups", group_name=name)
    found = re.search(rf'<option value="(\w+)"[^>]*>{name}', created.text)
    assert found is not None
    group = f"{ACCESS}/groups/{found[1]}"

    given = await sent(owner, f"{ACCESS}/roles", group=found[1], role="USER")
    added = await sent(owner, group, do="add", email=f"{found[1][:8]}@example.com")
    member = re.search(r'name="person_id" value="(\w+)"><button[^>]*value="remove"', added.text)
    assert member is not None
    out = await sent(owner, group, do="remove", person_id=member[1])
    gone = await sent(owner, group, do="dissolve")

    assert f"The group {name} is there" in created.text
    assert "group of 0 people" in given.text
    assert "group of 1 person" in added.text
    assert "They are no member any more." in out.text
    assert name not in TOLD.sub("", gone.text)
