"""
What the logs of the other services hold about an installation, asked for when somebody looks.

A look reads up to thousands of events, so only a few are taken at a time, and few more wait: whoever comes
then is told to come again. The live pages go on meanwhile.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Final, TypeVar

from shared.history.deeds import Deed, Wanted, deeds, people_in
from shared.history.merging import Told, merge
from shared.ids import InstallationId, PersonId
from shared.messages.telemetry import ChargerRefused
from shared.recorded import Recorded

ASKED: Final = ("installation", "permissions", "telemetry")
"""Whose logs have deeds in them: a balancer's has only its own decisions."""
LOOKS_MAX: Final = 2
"""How many looks are taken at a time."""
WAITING_MAX: Final = 8
"""How many wait for theirs at most."""

Logs = Mapping[str, Sequence[Recorded]]
Names = Mapping[PersonId, str]
T = TypeVar("T")
Ask = Callable[[InstallationId], Awaitable[Logs]]
"""Reads the logs, as far as they are about an installation."""
Name = Callable[[Collection[PersonId], str], Awaitable[Mapping[PersonId, str]]]
"""Says what people are called, as far as an actor may know it."""


class TooManyLook(Exception):
    """So many look at the past already that this one is to come again."""


class Past:
    """Takes looks at the past, few at a time."""

    def __init__(self, ask: Ask, name: Name) -> None:
        self._ask = ask
        self._name = name
        self._free = asyncio.Semaphore(LOOKS_MAX)
        self._here = 0

    async def deeds(
        self, installation_id: InstallationId, wanted: Wanted, actor: str
    ) -> Sequence[Deed]:
        """
        Tell somebody who did what at an installation, from the beginning of what is read.

        Raises:
            TooManyLook, ServiceUnavailable: as `look`.
        """
        return await self.look(
            installation_id,
            actor,
            lambda logs, people: _told(logs, installation_id, wanted, people),
        )

    async def look(
        self, installation_id: InstallationId, actor: str, tell: Callable[[Logs, Names], T]
    ) -> T:
        """
        Take a look at the logs, as far as they are about an installation.

        Args:
            installation_id: which.
            actor: who looks, and is told people's names as far as they may know them.
            tell: makes something of the logs and the names, in a thread of its own.

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
                # Thousands of sentences take their time: not on the loop that live pages are on.
                people = await self._name(people_in(logs.values()), actor)
                return await asyncio.to_thread(tell, logs, people)
        finally:
            self._here -= 1


def _told(
    logs: Logs,
    installation_id: InstallationId,
    wanted: Wanted,
    people: Names,
) -> Sequence[Deed]:
    def concerns(one: Told) -> bool:
        whose = getattr(one.event, "installation_id", None)
        return whose == installation_id or isinstance(one.event, ChargerRefused)

    return list(deeds(merge(logs), concerns, wanted, people=people))
