"""What may become of an installation: where a command finds its decision, and what holds for all."""

from dataclasses import replace
from datetime import datetime
from typing import Final, assert_never

from services.installation import (
    chargers,
    circuits,
    installations,
    limits,
    meters,
    moves,
    tariffs,
    use,
)
from services.installation.checks import check_whole
from services.installation.claims import claims_of, stream_of, taken
from services.installation.evolve import evolve, fold
from services.installation.fail_safes import adjusted
from services.installation.language import (
    ChargerWish,
    CircuitWish,
    InstallationCommand,
    InstallationEvent,
    InstallationWish,
    LimitWish,
    MeterWish,
    UseWish,
)
from services.installation.notes import notes_of
from services.installation.state import Installation
from shared.decider import Across, Decider
from shared.messages.installation_commands import MoveCharger, SetChargingWish, SetTariff


def decide(command: InstallationCommand, state: Installation) -> tuple[InstallationEvent, ...]:
    """
    Turn a command into events; none when it is already so.

    Whatever was decided, the installation has to hold as a whole, and the fail-safes follow the layout.
    """
    events = _decided(command, state)
    if not events:
        return ()
    after = fold(events, state)
    check_whole(after)
    return (*events, *adjusted(after, command.installation_id))


def _decided(
    command: InstallationCommand, state: Installation
) -> tuple[InstallationEvent, ...]:
    if isinstance(command, InstallationWish):
        return installations.decide(command, state)
    if isinstance(command, CircuitWish):
        return circuits.decide(command, state)
    if isinstance(command, ChargerWish):
        return chargers.decide(command, state)
    if isinstance(command, MoveCharger):
        return moves.decide(command, state)
    if isinstance(command, UseWish):
        return use.decide(command, state)
    if isinstance(command, MeterWish):
        return meters.decide(command, state)
    if isinstance(command, LimitWish):
        return limits.decide(command, state)
    if isinstance(command, SetTariff):
        return tariffs.decide(command, state)
    assert_never(command)


installation: Final = Decider(
    initial=Installation(),
    decide=decide,
    evolve=evolve,
    fold_many=fold,
    claims_of=claims_of,
    when_taken=taken,
    stream_of=stream_of,
    notes_of=notes_of,
)


def installation_at(
    now: datetime,
) -> Decider[InstallationCommand, Installation, InstallationEvent]:
    """Decide what is wished now: what is to come must not have passed."""

    def decide_now(
        command: InstallationCommand, state: Installation
    ) -> tuple[InstallationEvent, ...]:
        if isinstance(command, SetChargingWish):
            chargers.check_to_come(command, now)
        return decide(command, state)

    return replace(installation, decide=decide_now)


moving: Final = Across(installation, moves.decide_across)
"""A charger's move from one installation to another one."""
