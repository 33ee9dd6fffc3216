"""
What the logs of the other services hold about an installation, asked for when somebody looks.

A look reads up to thousands of events, so only a few are taken at a time, and few more wait: whoever comes
then is told to come again. The live pages go on meanwhile.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Final, TypeVar

from shared.history.deeds import Deed, Wanted, deeds, people_in
from shared.history.merging import Told, merge
from shared.ids import InstallationId, PersonId
from shared.messages.telemetry import ChargerRefused
from shared.recorded import Recorded

ASKED: Final = ("installation", "permissions", "telemetry", "notifications")
"""Whose logs have deeds in them: a balancer's has only its own decisions."""
LOOKS_MAX: Final = 2
"""How many looks are taken at a time."""
WAITING_MAX: Final = 8
"""How many wait for theirs at most."""

Logs = Mapping[str, Sequence[Recorded]]
Names = Mapping[PersonId, str]
"""What people are called."""
Ask = Callable[[InstallationId], Awaitable[Logs]]
"""Reads the logs, as far as they are about an installation."""
Name = Callable[[Collection[PersonId], str], Awaitable[Names]]
"""Says what people are called, as far as an actor may know it."""


T = TypeVar("T")


class TooManyLook(Exception):
    """So many look at the past already that this one is to come again."""


class Past:
    """Takes looks at the past, few at a time."""

    def __init__(self, ask: Ask, name: Name) -> None:
        self._ask = ask
        self._name = name
        self._free = asyncio.Semaphore(LOOKS_MAX)
        self._here = 0

    async def look(
        self, installation_id: InstallationId, actor: str, tell: Callable[[Logs, Names], T]
    ) -> T:
        """
        Read what the logs hold about an installation, and have something told of it.

        Args:
            installation_id: which.
            actor: who looks.
            tell: tells it, given what people are called as far as that person may know it; it is called
                beside the loop that live pages are on, since thousands of events take their time.

        Raises:
            TooManyLook: come again.
            ServiceUnavailable: one of the services does not answer.
        """
        if self._here >= LOOKS_MAX + WAITING_MAX:
            raise TooManyLook
        self._here += 1
        try:
            async with self._free:
                logs = await self._ask(installation_id)
                people = await self._name(people_in(logs.values()), actor)
                return await asyncio.to_thread(tell, logs, people)
        finally:
            self._here -= 1

    async def names(self, people: Collection[PersonId], actor: str) -> Names:
        """Say what people are called, as far as an actor may know it."""
        return await self._name(people, actor) if people else {}

    async def deeds(
        self, installation_id: InstallationId, wanted: Wanted, actor: str
    ) -> Sequence[Deed]:
        """
        Tell somebody who did what at an installation, from the beginning of what is read.

        Raises:
            TooManyLook, ServiceUnavailable: as `look`.
        """
        tell = partial(deeds_told, installation_id, wanted)
        return await self.look(installation_id, actor, tell)


def deeds_told(
    installation_id: InstallationId, wanted: Wanted, logs: Logs, people: Names
) -> Sequence[Deed]:
    """Tell who did what at an installation, as its logs have it."""
    return list(deeds(merge(logs), concerning(installation_id), wanted, people=people))


def concerning(installation_id: InstallationId) -> Callable[[Told], bool]:
    """Tell of events whether they are about an installation; what knocks at its gateway is."""

    def concerns(one: Told) -> bool:
        whose = getattr(one.event, "installation_id", None)
        return whose == installation_id or isinstance(one.event, ChargerRefused)

    return concerns
