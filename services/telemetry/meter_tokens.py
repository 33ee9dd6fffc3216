"""
What a meter at a breaker shows who it is with: decided on the history of its tokens.

They go the way of chargers' passwords (`credentials.py`): a new one is good beside the old ones until a
reading has come with it, and all of them end when the meter is removed.
"""

from collections.abc import Sequence
from typing import assert_never

from services.telemetry.breaker_meters import BreakerMeter
from services.telemetry.credentials import LIVE_MAX, NONE_YET, Credential, Credentials
from shared.decider import Refused
from shared.messages.credentials import (
    CredentialEnd,
    MeterTokenEnded,
    MeterTokenIssued,
    WithdrawMeterToken,
)

MeterTokenFact = MeterTokenIssued | MeterTokenEnded


class MeterNotThere(Refused):
    """No such meter is entered in that installation."""


class TooManyTokens(Refused):
    """The meter has been given several tokens and has sent nothing with any of them."""


def holder_of(installation_id: str, meter_id: str) -> str:
    """Name a meter among all that hold secrets; no serial number has a slash."""
    return f"{installation_id}/{meter_id}"


def stream_of(holder: str) -> str:
    """Name the stream of a meter's tokens."""
    return f"token-{holder}"


def evolve(state: Credentials, event: MeterTokenFact) -> Credentials:
    """Fold an event into what is known; history is not up for debate."""
    match event:
        case MeterTokenIssued():
            return state.with_issued(event.credential_id, event.entered)
        case MeterTokenEnded():
            return state.without(event.credential_id, event.why)
        case _:
            assert_never(event)


def folded(history: Sequence[MeterTokenFact]) -> Credentials:
    """Fold a whole history."""
    state = NONE_YET
    for event in history:
        state = evolve(state, event)
    return state


def issue(
    state: Credentials, meter: BreakerMeter, credential_id: str
) -> tuple[MeterTokenFact, ...]:
    """
    Issue a token; those of a meter that stood there before end.

    Raises:
        TooManyTokens: so many are good already that nothing has come with.
    """
    former = [it for it in state.live if it.tenure != meter.entered]
    if len(state.live) - len(former) >= LIVE_MAX:
        raise TooManyTokens(
            f"meter {meter.meter_id} has been given {LIVE_MAX} tokens and has sent nothing with the "
            "newest one; enter that at the meter, or withdraw them: ampledger meter token withdraw "
            f"{meter.installation_id} {meter.meter_id}"
        )
    issued = MeterTokenIssued(
        installation_id=meter.installation_id,
        meter_id=meter.meter_id,
        credential_id=credential_id,
        entered=meter.entered,
    )
    return (*_ended(meter, former, CredentialEnd.REMOVED), issued)


def withdraw(
    command: WithdrawMeterToken, state: Credentials, meter: BreakerMeter
) -> tuple[MeterTokenFact, ...]:
    """End all tokens of a meter; nothing, if it is so already."""
    waived = command.let_in_without
    why = CredentialEnd.WAIVED if waived else CredentialEnd.WITHDRAWN
    return _ended(meter, state.withdrawable(meter.entered, let_in_without=waived), why)


def shown(
    state: Credentials, meter: BreakerMeter, credential_id: str
) -> tuple[MeterTokenFact, ...]:
    """A reading has come with one of its tokens: those before it end."""
    return _ended(meter, state.before(credential_id), CredentialEnd.REPLACED)


def _ended(
    meter: BreakerMeter, ending: Sequence[Credential], why: CredentialEnd
) -> tuple[MeterTokenEnded, ...]:
    return tuple(
        MeterTokenEnded(
            installation_id=meter.installation_id,
            meter_id=meter.meter_id,
            credential_id=it.credential_id,
            why=why,
        )
        for it in ending
    )
