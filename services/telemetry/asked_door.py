"""
The door for what is asked of chargers: checked, then handed to whoever holds the socket.

Any process of the service may take it. Which one holds the charger's socket only NATS knows: that one
alone listens to `charger.<charger id>.<Command>`.
"""

from typing import Final

from faststream.nats import NatsRouter
from nats.aio.client import Client

from services.telemetry.upkeep_desk import UPKEEP
from services.telemetry.wishes import person_in
from shared import subjects
from shared.asking import command_routes
from shared.context import Context
from shared.decider import Refused
from shared.messages import Answer, Command
from shared.messages.telemetry import (
    SessionCommand,
    StartCharging,
    StopCharging,
    UpdateFirmware,
)
from shared.messages.upkeep import ReserveCharger
from shared.messaging import ServiceUnavailable, request
from shared.rights.guard import Check, Forbidden
from shared.transact import refusal_of

QUEUE: Final = "telemetry"
COMMANDS: Final[tuple[type[SessionCommand], ...]] = (
    StartCharging,
    StopCharging,
    UpdateFirmware,
    *UPKEEP,
)
MARGIN_S: Final = 3.0
"""By how much longer than the charger's answer the answer of its process is waited for."""


class ChargerNotReached(Refused):
    """No process holds a connection of the charger, or it did not answer in time."""


def routes(client: Client, check: Check, call_timeout_s: float) -> NatsRouter:
    """
    Answer what is asked of chargers.

    Args:
        client: reaches whoever holds a charger's socket.
        check: says by what right a person asks.
        call_timeout_s: how long a charger's answer is waited for.
    """

    async def execute(command: SessionCommand, context: Context) -> Answer:
        subject = subjects.charger_command(type(command), command.charger_id)
        timeout_s = call_timeout_s + MARGIN_S
        try:
            return await request(client, command, subject, context, timeout_s)
        except ServiceUnavailable as fault:
            return refusal_of(
                ChargerNotReached(
                    f"charger {command.charger_id} is not connected, or does not answer "
                    f"({fault}); try again when it is"
                )
            )

    def for_oneself(command: Command, actor: str) -> str:
        if isinstance(command, StartCharging | ReserveCharger):
            named = command.person_id
            if person_in(actor) is None or named not in {None, person_in(actor)}:
                raise Forbidden(
                    "people begin sessions, and reserve, for themselves only; leave person_id out"
                )
        if isinstance(command, ReserveCharger) and command.card is not None:
            raise Forbidden("people reserve for themselves, with whatever card; leave card out")
        return check(command, actor)

    return command_routes(COMMANDS, QUEUE, execute, for_oneself)
