"""How soon a role that was taken away counts no more: at the API, and at a service's own door."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from cli.bench.cells import HARBOUR, OWN, Column
from cli.bench.tenants import Tenants
from shared import subjects
from shared.context import Context
from shared.ids import new_id
from shared.messages import Answer
from shared.messages.installation_commands import SetPriority
from shared.messages.permissions import GrantRole, RevokeRole, Role
from shared.messaging import request
from shared.rights.guard import Forbidden

POLL_S: Final = 0.001
WAIT_S_MAX: Final = 10.0


class NeverRefused(Exception):
    """A role that was taken away still counts, long after."""


async def revocations_s(place: Tenants, repetitions: int) -> list[float]:
    """
    Take a role away and give it back, again and again.

    Returns:
        Of each repetition, how long after the answer to RevokeRole both the API and the installation
        service's own door first refused, in seconds.
    """
    found = []
    for _ in range(repetitions):
        await _until(lambda: _api_lets(place))
        await _until(lambda: _door_lets(place))
        await _change(place, RevokeRole)
        revoked_at_s = time.monotonic()
        refused = (_refused(lambda: _api_lets(place)), _refused(lambda: _door_lets(place)))
        at_s = await asyncio.gather(*refused)
        found.append(max(at_s) - revoked_at_s)
        await _change(place, GrantRole)
    return found


async def _change(place: Tenants, kind: type[GrantRole] | type[RevokeRole]) -> None:
    command = kind(
        command_id=new_id(),
        installation_id=HARBOUR,
        grantee=f"person/{place.ids[Column.SERVICE]}",
        role=Role.SERVICE,
    )
    await place.tell(command, HARBOUR)


async def _api_lets(place: Tenants) -> bool:
    answer = await place.people[Column.SERVICE].get(f"/api/v1/installations/{HARBOUR}/live")
    return answer.status_code == 200


async def _door_lets(place: Tenants) -> bool:
    """Ask the installation service at the door of people, as the portal does, and past the portal."""
    command = SetPriority(
        command_id=new_id(), installation_id=HARBOUR, charger_id=OWN, priority=5
    )
    actor = f"person/{place.ids[Column.SERVICE]}"
    subject = subjects.asked(SetPriority, HARBOUR)
    answer: Answer = await request(place.portal, command, subject, Context(actor, new_id()))
    return answer.refusal != Forbidden.__name__


async def _refused(lets: Callable[[], Awaitable[bool]]) -> float:
    """Ask until it is refused; when that was, in seconds."""
    deadline_s = time.monotonic() + WAIT_S_MAX
    while await lets():
        if time.monotonic() > deadline_s:
            raise NeverRefused(f"still allowed after {WAIT_S_MAX:g} s")
        await asyncio.sleep(POLL_S)
    return time.monotonic()


async def _until(lets: Callable[[], Awaitable[bool]]) -> None:
    deadline_s = time.monotonic() + WAIT_S_MAX
    while not await lets():
        if time.monotonic() > deadline_s:
            raise NeverRefused(f"a role that was given does not count after {WAIT_S_MAX:g} s")
        await asyncio.sleep(POLL_S)
