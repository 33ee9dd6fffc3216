"""
Wrong passwords and tokens, whichever gateway they were shown to.

Every gateway tells the others, so that whoever tries passwords has no more tries with many gateways than
with one. While NATS is away each counts for itself.
"""

import time
from typing import Final

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from pydantic import BaseModel, ConfigDict, ValidationError

from services.telemetry.attempts import Attempts
from shared import subjects


class WrongAttempt(BaseModel):
    """Somebody has shown something wrong."""

    model_config = ConfigDict(frozen=True)

    gateway_id: str
    remote: str
    """The network address it came from."""
    who: str
    """Whom it said it was."""


SUBJECT: Final = subjects.gateways(WrongAttempt.__name__)

log = structlog.get_logger()


class Tries:
    """Remembers who was wrong lately, at this gateway or another one."""

    def __init__(self, client: Client, gateway_id: str) -> None:
        self._client = client
        self._gateway_id = gateway_id
        self._attempts = Attempts()

    async def listen(self) -> None:
        """Hear of the others, for as long as the connection to NATS is open."""
        await self._client.subscribe(SUBJECT, cb=self._on_message)

    async def wrong(self, remote: str, who: str) -> None:
        """Take in a wrong attempt, and tell the other gateways."""
        self._attempts.wrong(remote, who, time.monotonic())
        told = WrongAttempt(gateway_id=self._gateway_id, remote=remote, who=who)
        try:
            await self._client.publish(SUBJECT, told.model_dump_json().encode())
        except NatsError as error:
            log.warning("wrong attempt not told to other gateways", error=repr(error))

    def exhausted(self, remote: str, who: str, *, known: bool) -> bool:
        """Tell whether a further attempt is not even looked at; `known`: it was let in there before."""
        return self._attempts.exhausted(remote, who, time.monotonic(), known=known)

    async def _on_message(self, message: Msg) -> None:
        try:
            told = WrongAttempt.model_validate_json(message.data)
        except ValidationError as error:
            log.warning("wrong attempt unreadable", error=str(error))
            return
        if told.gateway_id != self._gateway_id:
            self._attempts.wrong(told.remote, told.who, time.monotonic())
