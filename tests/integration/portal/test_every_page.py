"""
Every page, for everybody: who may see it, who is told what it takes, and who is told nothing.

It reads which pages there are, and what each takes; a page that is added is walked, too.
"""

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from enum import StrEnum

import httpx
import pytest
import pytest_asyncio

from cli.bench.coverage import pages
from services.portal.page_rights import PAGE_RIGHTS, Everybody
from shared.ids import new_id
from shared.messages.permissions import PlatformRole, PlatformRoleGranted, Role, RoleGranted
from shared.rights.table import ANYWHERE, FOR_INSTALLERS, TABLE, Action, Standing
from tests.integration.portal.conftest import Shown
from tests.support.people import csrf_in
from tests.support.portal_scene import GARAGE
from tests.support.waiting import until

pytestmark = pytest.mark.integration

OWN, OTHER = "bay-11", "bay-12"
INVENTED = "garage-0"
"""As long as the one that there is."""
NAMES: Mapping[str, str] = defaultdict(
    lambda: "x",
    installation_id=GARAGE,
    charger_id=OWN,
    circuit_id="level-1",
    serial="ZAP000011",
    month="2026-11",
    form="csv",
)
AT_ONCE = ("/sign-out", "/account/sessions/end-others")
"""What would end the walk."""


class Who(StrEnum):
    """Everybody who walks: a column of the table each, and those who have no role here."""

    NOBODY = "nobody"
    STRANGER = "somebody without a role"
    USER = "user"
    CHARGER_OWNER = "owner of charger"
    OWNER = "owner of installation"
    SERVICE = "service"
    SUPPORT = "support"


ROLES: Mapping[Who, tuple[Role, str | None]] = {
    Who.USER: (Role.USER, None),
    Who.CHARGER_OWNER: (Role.OWNER, OWN),
    Who.OWNER: (Role.OWNER, None),
    Who.SERVICE: (Role.SERVICE, None),
}
PLATFORM: Mapping[Who, PlatformRole] = {
    Who.SERVICE: PlatformRole.INSTALLER,
    Who.SUPPORT: PlatformRole.SUPPORT,
}


@dataclass(frozen=True, slots=True)
class Walk:
    """Everybody's browser."""

    browsers: Mapping[Who, httpx.AsyncClient]
    csrf: Mapping[Who, str]

    async def status(self, who: Who, path: str) -> int:
        """Open a page; of a stream, only whether it begins."""
        async with self.browsers[who].stream("GET", path) as answer:
            return answer.status_code

    async def sent(self, who: Who, path: str) -> httpx.Response:
        form = {"csrf": self.csrf[who], "key": new_id()}
        return await self.browsers[who].post(path, data=form)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def walk(shown: Shown) -> AsyncIterator[Walk]:
    async with AsyncExitStack() as stack:
        browsers: dict[Who, httpx.AsyncClient] = {}
        csrf: dict[Who, str] = {}
        for who in Who:
            http = await stack.enter_async_context(
                httpx.AsyncClient(base_url=shown.portal.url, timeout=30)
            )
            browsers[who] = http
            if who is Who.NOBODY:
                continue
            person = f"{who.name.lower().replace('_', '-')}-{new_id()[-8:]}"
            await shown.feed.sign_in(http, person)
            csrf[who] = await csrf_in(http)
            if who in ROLES:
                role, charger_id = ROLES[who]
                grant = {"installation_id": GARAGE, "grantee": f"person/{person}"}
                await shown.feed.tell(RoleGranted(**grant, role=role, charger_id=charger_id))
            if who in PLATFORM:
                named = PlatformRoleGranted(grantee=f"person/{person}", role=PLATFORM[who])
                await shown.feed.tell(named)
        found = Walk(browsers, csrf)
        last = f"/installations/{GARAGE}"
        await until(lambda: found.status(Who.SUPPORT, last), lambda it: it == 200)
        yield found


def paths(method: str) -> Iterator[str]:
    """Name the pages that are opened, or forms sent, in a way."""
    for it in pages().routes:
        path = getattr(it, "path", "")
        if path in PAGE_RIGHTS and method in (getattr(it, "methods", None) or ()):
            yield path


def filled(path: str, **names: str) -> str:
    return path.format_map(defaultdict(lambda: "x", {**NAMES, **names}))


def may(who: Who, action: Action, charger_id: str | None, *, placed: bool) -> bool:
    """Read in the table whether somebody may, at the garage or a charger of it, or anywhere."""
    if action in FOR_INSTALLERS and PLATFORM.get(who) is not PlatformRole.INSTALLER:
        return False
    if action is Action.CREATE_INSTALLATION:
        return True
    reaches = who is not Who.CHARGER_OWNER or charger_id == OWN or action in ANYWHERE
    listed = {it.value for it in TABLE[action]}
    return who.value in listed and reaches and (placed or who is not Who.CHARGER_OWNER)


def expected(who: Who, path: str, charger_id: str) -> str:
    """Say what a page is answered: in, forbidden, not here, or sign in."""
    right = PAGE_RIGHTS[path]
    if right is Everybody.ANYBODY:
        return "in"
    if who is Who.NOBODY:
        return "sign in"
    if isinstance(right, Everybody):
        return "in"
    placed = "{installation_id}" in path
    about = charger_id if "{charger_id}" in path else None
    if may(who, right, about, placed=placed):
        return "in"
    if not placed or right is Action.CREATE_INSTALLATION:
        return "forbidden"
    if who is Who.STRANGER or (who is Who.CHARGER_OWNER and about == OTHER):
        return "not here"
    return "forbidden"


def told(status: int) -> str:
    return {303: "sign in", 401: "sign in", 403: "forbidden", 404: "not here"}.get(status, "in")


def agrees(path: str, found: str, wanted: str) -> bool:
    """Beyond the place, what a path names may be missing; and a page may lead to another one."""
    right = PAGE_RIGHTS[path]
    if right is Everybody.ANYBODY:
        return True  # what signing in makes of an empty request is tested there
    if wanted == "in" and isinstance(right, Everybody):
        return found in {
            "in",
            "sign in",
            "not here",
        }  # it leads on, or there is nothing of theirs
    further = set(re.findall(r"{(\w+)}", path)) - set(NAMES)
    if wanted == "in" and found == "not here":
        return bool(further)
    return found == wanted


@pytest.mark.parametrize("charger_id", [OWN, OTHER])
async def test_everybody_sees_what_is_theirs_and_nothing_else(
    walk: Walk, charger_id: str
) -> None:
    wrong = {}
    for path in paths("GET"):
        if charger_id == OTHER and "{charger_id}" not in path:
            continue
        for who in Who:
            found = told(await walk.status(who, filled(path, charger_id=charger_id)))
            wanted = expected(who, path, charger_id)
            if not agrees(path, found, wanted):
                wrong[f"{who}: {path}"] = f"{found}, not {wanted}"

    assert wrong == {}


def test_each_column_of_the_table_walks() -> None:
    assert {it.value for it in Standing} <= {it.value for it in Who}


async def test_who_has_no_role_cannot_tell_what_is_there_from_what_is_not(walk: Walk) -> None:
    differing = []
    for method in ("GET", "POST"):
        for path in paths(method):
            if "{installation_id}" not in path:
                continue
            there, invented = [filled(path, installation_id=it) for it in (GARAGE, INVENTED)]
            said = []
            for it in (there, invented):
                answer = (
                    await walk.browsers[Who.STRANGER].get(it)
                    if method == "GET"
                    else await walk.sent(Who.STRANGER, it)
                )
                said.append((answer.status_code, _without_names(answer.text)))
            if said[0] != said[1]:
                differing.append(f"{method} {path}")

    assert differing == []


async def test_forms_are_for_those_who_may_see_them(walk: Walk) -> None:
    """Whoever may not is refused, or told what a form lacks; nothing that they send is done."""
    done = {}
    for path in paths("POST"):
        right = PAGE_RIGHTS[path]
        if path in AT_ONCE or isinstance(right, Everybody):
            continue
        for who in walk.csrf:
            if expected(who, path, OWN) != "in":
                answer = await walk.sent(who, filled(path))
                if answer.status_code not in {403, 404, 422}:
                    done[f"{who}: {path}"] = answer.status_code

    assert done == {}


def _without_names(text: str) -> str:
    """Leave out what names the place, this moment, and a form."""
    text = text.replace(GARAGE, "…").replace(INVENTED, "…")
    return re.sub(r'\d\d:\d\d:\d\d|name="(key|csrf)" value="[^"]+"', "", text)
