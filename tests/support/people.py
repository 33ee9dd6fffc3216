"""People for tests of signing in: known by address, with a password that they have set themselves."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from nats.aio.client import Client

from shared import subjects
from shared.context import Context
from shared.ids import new_id
from shared.messages.permissions import ForgetPerson
from shared.messaging import request
from tests.support.permissions_process import sign_in

PASSWORD = "walrus ladder violin"  # noqa: S105  # of nobody
OTHER_PASSWORD = "granite mosaic teapot"  # noqa: S105  # of nobody
CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person who signs in with a password."""

    id: str
    password: str = PASSWORD

    @property
    def email(self) -> str:
        return f"{self.id}@example.com"

    def typed(self, **changes: str) -> Mapping[str, str]:
        """What they type on the sign-in page."""
        return {"email": self.email, "password": self.password} | changes


async def forget(client: Client, person_id: str) -> None:
    """Have the operator forget somebody."""
    command = ForgetPerson(command_id=new_id(), person_id=person_id)
    subject = subjects.command(ForgetPerson, person_id)
    answer = await request(client, command, subject, Context("operator", new_id()))
    assert answer.accepted, answer


async def csrf_in(http: httpx.AsyncClient, path: str = "/account") -> str:
    """Read what the forms of this session carry."""
    page = await http.get(path)
    found = CSRF.search(page.text)
    assert found is not None, page.text
    return found[1]


async def with_password(http: httpx.AsyncClient, client: Client, person_id: str) -> Somebody:
    """Have somebody accept their invitation: sign in by link, and set a password."""
    await sign_in(http, client, person_id)
    who = Somebody(person_id)
    answer = await http.post(
        "/account/password",
        data={"csrf": await csrf_in(http), "new": who.password, "again": who.password},
    )
    assert answer.status_code == 303, answer.text
    return who
