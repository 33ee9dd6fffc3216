"""Commands about tokens of meters: taken from NATS, decided, answered."""

from typing import Final

from faststream.nats import NatsRouter

from services.telemetry import meter_tokens
from services.telemetry.asked_door import QUEUE
from services.telemetry.breaker_meters import BreakerMeter
from services.telemetry.credential_desk import SHOWN_BEFORE
from services.telemetry.credentials import NONE_YET, Credentials
from services.telemetry.meter_tokens import MeterNotThere, MeterTokenFact, holder_of
from services.telemetry.parts import Parts
from services.telemetry.projections import Assignments
from services.telemetry.standing_there import ASSIGNED_S_MAX
from shared.asking import command_routes
from shared.context import Context
from shared.decider import Decider
from shared.ids import new_id
from shared.messages import Answer, ShownOnce
from shared.messages.credentials import (
    IssueMeterToken,
    MeterTokenCommand,
    WithdrawMeterToken,
)
from shared.transact import transact

COMMANDS: Final[tuple[type[MeterTokenCommand], ...]] = (IssueMeterToken, WithdrawMeterToken)


class TokenDesk:
    """Decides on tokens of meters."""

    def __init__(self, parts: Parts, assignments: Assignments) -> None:
        self._parts = parts
        self._assignments = assignments

    async def execute(self, command: MeterTokenCommand, context: Context) -> Answer:
        """Decide on a command; a token that was made is in the first answer only."""
        holder, fresh = holder_of(command.installation_id, command.meter_id), new_id()
        keyring = self._parts.passes.keyring
        meter = await self._meter(command)
        made = None
        if isinstance(command, IssueMeterToken):
            made = await keyring.make(fresh, holder)
        stream = meter_tokens.stream_of(holder)
        decider = _decider(meter, fresh)
        answer = await transact(self._parts.store, stream, decider, command, context)
        if made is None:
            return answer
        state = await self._parts.tokens.of(holder)
        if any(it.credential_id == fresh for it in state.live):
            shown = (ShownOnce(about=command.meter_id, secret=made),)
            return answer.model_copy(update={"shown_once": shown})
        await keyring.forget([fresh])
        return answer.model_copy(update={"detail": SHOWN_BEFORE}) if answer.accepted else answer

    async def _meter(self, command: MeterTokenCommand) -> BreakerMeter | None:
        """Find a meter; one that was entered just now is waited for."""

        def found() -> BreakerMeter | None:
            return self._assignments.meter(command.installation_id, command.meter_id)

        await self._assignments.until(lambda: found() is not None, ASSIGNED_S_MAX)
        return found()


def _decider(
    meter: BreakerMeter | None, fresh: str
) -> Decider[MeterTokenCommand, Credentials, MeterTokenFact]:
    def decide(wish: MeterTokenCommand, state: Credentials) -> tuple[MeterTokenFact, ...]:
        if meter is None:
            raise MeterNotThere(
                f"there is no meter {wish.meter_id} in installation {wish.installation_id}; enter it "
                f"first: ampledger meter add {wish.installation_id} {wish.meter_id}"
            )
        match wish:
            case IssueMeterToken():
                return meter_tokens.issue(state, meter, fresh)
            case WithdrawMeterToken():
                return meter_tokens.withdraw(wish, state, meter)
            case _:
                raise TypeError(f"{type(wish).__name__} is not decided here")

    return Decider(NONE_YET, decide, meter_tokens.evolve)


def routes(parts: Parts, assignments: Assignments) -> NatsRouter:
    """Answer the commands about tokens of meters."""
    desk = TokenDesk(parts, assignments)
    return command_routes(COMMANDS, QUEUE, desk.execute, parts.rights.check)
