"""Whether a limit may be sent to a charger, and what its answer means: refusals, then decisions."""

from dataclasses import dataclass
from datetime import datetime

from services.telemetry.charger import ACCEPTED, Charger
from shared.decider import Refused
from shared.messages.telemetry import (
    CurrentLimitApplied,
    CurrentLimitRejected,
    SetCurrentLimit,
)
from shared.units import offerable

# --- Refusals ---


class StaleEpoch(Refused):
    """A newer balancer has spoken for the partition; the older one may no longer."""


class StaleSequence(Refused):
    """A newer limit was sent to the charger already."""


class Superseded(Refused):
    """A newer limit came while this one waited its turn."""


class ChargerNotReady(Refused):
    """The charger is not accepted (yet): its fail-safe is not known to be in force."""


class ChargerBarred(Refused):
    """The charger gets no current at all: its serial is locked, or it was removed."""


class LimitExpired(Refused):
    """The limit's lease is over before it could begin."""


class RejectedByCharger(Refused):
    """The charger did not take the limit; what it had before stays in force."""


class PhaseNotTellable(Refused):
    """The charger's protocol cannot say from which terminal it is to charge."""


class LimitNotHeld(Refused):
    """The charger can hold nothing but its fail-safe."""


class NoAnswer(Refused):
    """The charger did not answer in time: it is unknown whether the limit is in force."""


# --- Decide ---


@dataclass(frozen=True, slots=True)
class LimitContext:
    """What there is to know when a limit is about to be sent."""

    newest_epoch: int
    """The newest epoch seen in the installation's partition; 0 for none."""
    newest_sent: tuple[int, int]
    """Epoch and sequence of the newest limit sent to the charger, answered or not; zeros for
    none.
    """
    ready: bool
    now: datetime
    barred: str | None = None
    """Why the charger gets no current at all; none: it may charge."""


def limit_answered_before(
    state: Charger, command: SetCurrentLimit, known: LimitContext
) -> str | None:
    """
    Decide whether a limit is sent: none if it is, or what the charger has answered to it
    before.

    A limit that was sent and never answered may be sent again.

    Raises:
        StaleEpoch, StaleSequence, ChargerBarred, ChargerNotReady, LimitExpired: it may not be
        sent.
    """
    _check_order(state, command, known)
    last = state.limit
    if last is not None and (last.epoch, last.sequence) == (command.epoch, command.sequence):
        return last.status
    _check_sendable(command, known)
    return None


def _check_order(state: Charger, command: SetCurrentLimit, known: LimitContext) -> None:
    if command.epoch < known.newest_epoch:
        raise StaleEpoch(
            f"epoch {command.epoch} is over, a balancer of epoch {known.newest_epoch} has "
            "spoken; stop sending limits"
        )
    answered = (0, 0) if state.limit is None else (state.limit.epoch, state.limit.sequence)
    newest = max(answered, known.newest_sent)
    if (command.epoch, command.sequence) < newest:
        raise StaleSequence(
            f"limit {command.sequence} of epoch {command.epoch} comes after limit {newest[1]} "
            f"of epoch {newest[0]}; count on"
        )


def _check_sendable(command: SetCurrentLimit, known: LimitContext) -> None:
    if known.barred is not None:
        raise ChargerBarred(
            f"charger {command.charger_id} gets no current: {known.barred}; send it no limits"
        )
    if not known.ready:
        raise ChargerNotReady(
            f"charger {command.charger_id} is not accepted yet; wait for ChargerConnected"
        )
    if command.valid_until <= known.now:
        raise LimitExpired(
            f"the lease ended at {command.valid_until.isoformat()}, before it could be sent; "
            "send a limit with a later end"
        )


def limit_answered(
    command: SetCurrentLimit, status: str, answered_at: datetime
) -> CurrentLimitApplied | CurrentLimitRejected:
    """The charger has answered a limit."""
    if status == ACCEPTED:
        return CurrentLimitApplied(
            installation_id=command.installation_id,
            charger_id=command.charger_id,
            limit_a=offerable(command.limit_a),
            valid_until=command.valid_until,
            sequence=command.sequence,
            epoch=command.epoch,
            applied_at=answered_at,
        )
    return CurrentLimitRejected(
        installation_id=command.installation_id,
        charger_id=command.charger_id,
        limit_a=offerable(command.limit_a),
        sequence=command.sequence,
        epoch=command.epoch,
        status=status,
        terminals=command.terminals,
    )
