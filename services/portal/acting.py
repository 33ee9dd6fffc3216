"""
What somebody wants done: checked here, asked of the service that decides it, and seen before it is told.

Pages and the API do through this whatever they do.
"""

import hashlib
from typing import Final

from nats.aio.client import Client

from services.portal.changed import note_change
from services.portal.guarding import Guard
from services.portal.heard import Heard
from services.portal.refused import Refusals
from shared import subjects
from shared.commands import INVALID, TOO_OLD, UNAVAILABLE
from shared.context import Context
from shared.decider import StaleVersion
from shared.ids import CommandId, new_id
from shared.messages import Answer, Command
from shared.messages.permissions import PLATFORM
from shared.messages.signing_in import Asker
from shared.messaging import request
from shared.rights.grants import Place

SEEN_S_MAX: Final = 1.0
"""How long is waited until the portal itself has heard of what it had done, in seconds."""
NOT_REFUSED: Final = frozenset({INVALID, UNAVAILABLE, TOO_OLD, StaleVersion.__name__})
"""Answers that say no although no rule did."""


def command_id_of(asker: Asker, key: str | None) -> CommandId:
    """
    Name a wish, in a way that nobody else can name one.

    The answer to a command id that was used before is its first answer, whoever sends it: so ids that
    people choose are kept apart by who they are.

    Args:
        asker: who wishes.
        key: what they call this wish; none: it gets an id of its own.

    >>> command_id_of(Asker(actor="person/ada", name="Ada"), "monday-1")
    'person:ada.monday-1'
    """
    return f"{asker.actor.replace('/', ':')}.{key or new_id()}"


def minted_id(command_id: CommandId) -> str:
    """
    Make the id of what a command creates: the same whenever the command is repeated.

    >>> minted_id("person:ada.monday-1") == minted_id("person:ada.monday-1")
    True
    """
    return hashlib.sha256(command_id.encode()).hexdigest()[:32]


class Acting:
    """Has done what people ask for."""

    def __init__(self, client: Client, guard: Guard, heard: Heard, refusals: Refusals) -> None:
        self._client = client
        self._guard = guard
        self._heard = heard
        self._refusals = refusals

    async def ask(
        self, asker: Asker, command: Command, expected_version: int | None = None
    ) -> Answer:
        """
        Ask for a command in somebody's name, and wait until the portal knows what came of it.

        Args:
            asker: who asks.
            command: what they want done.
            expected_version: refuse it if the installation is at another one; none: at any.

        Returns:
            The answer of the service that decides it.

        Raises:
            NotHere, Forbidden, OutOfScope, StepUpNeeded: they may not.
            ServiceUnavailable: nobody answered; whether it was done is unknown.
        """
        self._guard.check_command(asker, command)
        kind = type(command)
        subject = subjects.asked(kind, _aggregate_of(command))
        context = Context(asker.actor, new_id(), expected_version=expected_version)
        answer = await request(self._client, command, subject, context)
        if answer.accepted:
            note_change(kind.service, answer.position)
            await self._heard.until(kind.service, answer.position, SEEN_S_MAX)
        elif answer.refusal not in NOT_REFUSED:
            self._refusals.take(
                asker,
                self._guard.on_record(_place_of(command)),
                kind.__name__,
                answer.refusal or "",
                answer.detail or "",
            )
        return answer


def _place_of(command: Command) -> Place:
    return Place(
        getattr(command, "installation_id", None), getattr(command, "charger_id", None)
    )


def _aggregate_of(command: Command) -> str:
    """Name what a command is about, as one token of its subject."""
    names = ("installation_id", "person_id", "group_id")
    found = (getattr(command, it, None) for it in names)
    return next((str(it) for it in found if it is not None), PLATFORM)
