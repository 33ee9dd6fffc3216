"""
Taking commands: request and reply over NATS, described by FastStream.

A command that cannot be read, and one that the log could not take, are answered as well: nobody is
left waiting, and every refusal says what to do.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog
from faststream import ExceptionMiddleware
from faststream.nats import NatsBroker, NatsRouter
from pydantic import ValidationError

from shared.denials import hear_denials
from shared.event_store import StoreFault
from shared.messages import Answer, Verdict
from shared.messaging import CONNECT_OPTIONS
from shared.nats_options import sign_in

INVALID: Final = "InvalidCommand"
UNAVAILABLE: Final = "LogUnavailable"
SHUTDOWN_S_MAX: Final = 3.0

log = structlog.get_logger()


def invalid(error: ValidationError) -> Answer:
    """Answer a command that cannot be read: which field, what is wrong with it."""
    faults = [
        f"{'.'.join(str(part) for part in fault['loc'][1:]) or 'command'}: {fault['msg']}"
        for fault in error.errors()
    ]
    log.info("command refused", refusal=INVALID, faults=faults)
    return Answer(verdict=Verdict.REFUSED, refusal=INVALID, detail="; ".join(faults))


def unavailable(fault: StoreFault) -> Answer:
    """Answer a command that the log could not take; it may be sent again under the same id."""
    log.error("command not taken", fault=repr(fault))
    detail = f"the log could not take the command ({fault}); send it again under the same id"
    return Answer(verdict=Verdict.REFUSED, refusal=UNAVAILABLE, detail=detail)


@asynccontextmanager
async def taking_commands(
    nats_url: str, name: str, *routers: NatsRouter
) -> AsyncIterator[None]:
    """Listen for commands for as long as the context is open."""
    faults = ExceptionMiddleware()
    faults.add_handler(ValidationError, publish=True)(invalid)
    faults.add_handler(StoreFault, publish=True)(unavailable)
    broker = NatsBroker(
        nats_url,
        name=name,
        middlewares=[faults],
        logger=None,
        security=sign_in(nats_url).of_broker(),
        error_cb=hear_denials,
        graceful_timeout=SHUTDOWN_S_MAX,
        **CONNECT_OPTIONS,
    )
    for router in routers:
        broker.include_router(router)
    await broker.start()
    try:
        yield
    finally:
        await broker.stop()
