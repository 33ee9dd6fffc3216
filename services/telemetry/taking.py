"""
How a charger comes from one gateway to another.

Whoever has its new socket asks whoever holds the former one to let go, and waits until that is on record.
One that does not answer within `LET_GO_S_MAX` is dead, stopped or cut off: the charger is taken from it,
and what it does from then on counts for nothing.
"""

from dataclasses import dataclass
from typing import Final

import structlog
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError

from services.telemetry.burials import RESTARTED
from services.telemetry.charger import AssignedCharger, Charger, ChargerFact
from services.telemetry.decider import disconnected
from services.telemetry.histories import Histories, History
from services.telemetry.holds import Holder, Holding
from services.telemetry.parts import Parts
from shared import subjects
from shared.context import acting

LET_GO_S_MAX: Final = 0.6
"""How long a gateway is waited for that is asked to let a charger go."""
TAKES_MAX: Final = 4
"""How often others may be first before a charger is sent away, to try again."""
SILENT: Final = "its gateway does not answer"

log = structlog.get_logger()


class InTheWay(Exception):
    """Other hardware still stands at the place, or others take the charger all the time."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A charger that is held here, and its history as it is now."""

    history: History
    holding: Holding


async def take(parts: Parts, histories: Histories, assigned: AssignedCharger) -> Taken:
    """
    Hold a charger, once no other gateway does, and put on record that its former connection is gone.

    Raises:
        InTheWay: it cannot be held now.
        LOG_FAULTS: the database is away.
    """
    holding, why = await _hold(parts, assigned)
    try:
        await parts.whereabouts.look(parts.store.pool, assigned.serial)
        history = await histories.of(assigned)
        history.holding = holding
        if holding.others_between:
            # What the charger was told since, this gateway does not know.
            parts.lists.pop(assigned.serial, None)

        def elsewhere(state: Charger) -> tuple[ChargerFact, ...]:
            if state.connected_to in {None, parts.gateway_id}:
                return ()
            return disconnected(state, assigned, why)

        with acting("system"):
            await history.decide(elsewhere)
    except BaseException:
        await holding.end()
        raise
    return Taken(history, holding)


async def _hold(parts: Parts, assigned: AssignedCharger) -> tuple[Holding, str]:
    """Hold a charger; say as well what became of the connection that it had elsewhere."""
    why = RESTARTED
    for _ in range(TAKES_MAX):
        found = await parts.holds.take(assigned.charger_id, assigned.serial)
        if isinstance(found, Holding):
            return found, why
        for other in found:
            if other.serial != assigned.serial:
                raise InTheWay("another charger takes its leave here")
            why = await _ask_to_let_go(parts, other)
    raise InTheWay("several gateways take this charger at once")


async def _ask_to_let_go(parts: Parts, other: Holder) -> str:
    """Have a gateway let a charger go; say what became of the connection if it does not answer."""
    who = f"{other.gateway_id} {other.number}".encode()
    try:
        await parts.client.request(subjects.let_go(other.charger_id), who, timeout=LET_GO_S_MAX)
    except NoRespondersError:
        why = RESTARTED
    except NatsError as fault:
        why = SILENT
        log.warning("gateway does not let go", gateway_id=other.gateway_id, fault=repr(fault))
    else:
        return RESTARTED  # it has put on record itself what became of it
    await parts.holds.take_away(other)
    return why
