"""
What would be if an installation were otherwise, or at another time: `queries.balancer.WhatIf`.

The balancer that decides for it answers, out of what it knows now and with the decisions it takes in
earnest; nothing comes of it. Balancers that decide for others stay silent. Only the portal may publish the
question, and shows the answer to whom the table of rights gives power management there.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError
from pydantic import ValidationError

from shared import subjects
from shared.messages import sent
from shared.messages.what_if import WhatIf, WhatIfAnswer
from shared.messaging import ServiceUnavailable

SERVICE: Final = "balancer"
QUERY: Final = "WhatIf"
ANSWER_S_MAX: Final = 15.0
"""How long an answer may take: it is worked out beside decisions, which go first."""

log = structlog.get_logger()


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
            sent(question),
            timeout=ANSWER_S_MAX,
        )
    except (NoRespondersError, NatsTimeoutError) as error:
        raise ServiceUnavailable(f"{SERVICE} does not answer questions now") from error
    return WhatIfAnswer.model_validate_json(reply.data)
