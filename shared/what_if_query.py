"""
What would be if an installation were otherwise, or at another time: `queries.balancer.WhatIf`.

The balancer that decides for it answers, out of what it knows now and with the decisions it takes in
earnest; nothing comes of it. Balancers that decide for others stay silent. Only the portal may publish the
question, and shows the answer to whom the table of rights gives power management there.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared import subjects
from shared.ids import ChargerId, CircuitId, InstallationId
from shared.messages import Moment
from shared.messages.balancer import LimitedBy
from shared.messaging import ServiceUnavailable
from shared.phases import Phase, PhaseAmperes, PhaseCurrents
from shared.units import BreakerAmperes, ChargerAmperes

SERVICE: Final = "balancer"
QUERY: Final = "WhatIf"
ANSWER_S_MAX: Final = 15.0
"""How long an answer may take: it is worked out beside decisions, which go first."""
MORE_MAX: Final = 200

log = structlog.get_logger()


class MoreCars(BaseModel):
    """Cars that come, each to a charger that nobody else uses."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: int = Field(ge=1, le=MORE_MAX)
    circuit_id: CircuitId
    three_phases: bool = True
    max_a: ChargerAmperes = 32.0


class OtherSetting(BaseModel):
    """What may be used of a breaker."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    circuit_id: CircuitId
    set_a: BreakerAmperes


class WhatIf(BaseModel):
    """What is to be otherwise; what is left out is as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    installation_id: InstallationId
    at: Moment | None = None
    """None: now."""
    more: Annotated[tuple[MoreCars, ...], Field(max_length=3)] = ()
    available_a: PhaseAmperes | None = None
    other: OtherSetting | None = None


class BreakerThen(BaseModel):
    """What a breaker would carry on L1, L2 and L3, and what of it could be used for cars."""

    model_config = ConfigDict(frozen=True)

    circuit_id: CircuitId
    set_a: float
    usable_a: PhaseCurrents
    load_a: PhaseCurrents


class CarThen(BaseModel):
    """What a car at a charger would have, and why; a place in the queue, if it would wait."""

    model_config = ConfigDict(frozen=True)

    charger_id: ChargerId
    circuit_id: CircuitId
    is_new: bool
    limit_a: float
    phases: tuple[Phase, ...]
    waits: bool
    limited_by: LimitedBy


class Picture(BaseModel):
    """An installation when limits have settled."""

    model_config = ConfigDict(frozen=True)

    breakers: tuple[BreakerThen, ...] = ()
    cars: tuple[CarThen, ...] = ()


class WhatIfAnswer(BaseModel):
    """How it would be as things are, and how otherwise; or why that was not worked out."""

    model_config = ConfigDict(frozen=True)

    as_is: Picture = Picture()
    otherwise: Picture = Picture()
    settled: bool = True
    """Limits came to rest within the time that was looked at."""
    refusal: str | None = None


Answerer = Callable[[WhatIf], Awaitable[WhatIfAnswer | None]]
"""Works it out; none: somebody else decides for that installation."""


async def answer_what_if(client: Client, answerer: Answerer) -> None:
    """Answer questions for as long as the connection is open."""

    async def on_question(message: Msg) -> None:
        answer: WhatIfAnswer | None
        try:
            answer = await answerer(WhatIf.model_validate_json(message.data))
        except ValidationError as error:
            log.warning("question refused", query=QUERY, error=str(error))
            answer = WhatIfAnswer(
                refusal=f"this is no question for {QUERY}: {error.error_count()} faults"
            )
        if answer is not None:
            await message.respond(answer.model_dump_json().encode())

    await client.subscribe(subjects.query(SERVICE, QUERY), cb=on_question)


async def ask_what_if(client: Client, question: WhatIf) -> WhatIfAnswer:
    """
    Ask what would be.

    Raises:
        ServiceUnavailable: no balancer decides for that installation now, or it is too busy.
    """
    try:
        reply = await client.request(
            subjects.query(SERVICE, QUERY),
            question.model_dump_json().encode(),
            timeout=ANSWER_S_MAX,
        )
    except (NoRespondersError, NatsTimeoutError) as error:
        raise ServiceUnavailable(f"{SERVICE} does not answer questions now") from error
    return WhatIfAnswer.model_validate_json(reply.data)
