"""Answers to commands that come to the process which holds a charger's socket."""

import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from pydantic import ValidationError

from shared.commands import INVALID
from shared.messages import Answer, Verdict

log = structlog.get_logger()


async def send_answer(message: Msg, answer: Answer) -> None:
    """Answer a command; whoever asked may be gone by then."""
    try:
        await message.respond(answer.model_dump_json(exclude_none=True).encode())
    except NatsError as error:
        log.warning("answer not sent", error=repr(error))


def unreadable(error: ValidationError) -> Answer:
    """Answer a command that cannot be read: which field, what is wrong with it."""
    faults = [
        f"{'.'.join(str(part) for part in fault['loc']) or 'command'}: {fault['msg']}"
        for fault in error.errors()
    ]
    log.info("command refused", refusal=INVALID, faults=faults)
    return Answer(verdict=Verdict.REFUSED, refusal=INVALID, detail="; ".join(faults))
