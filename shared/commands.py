"""
Taking commands: request and reply over NATS, described by FastStream.

A command that cannot be read, and one that the log could not take, are answered as well: nobody is
left waiting, and every refusal says what to do.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import structlog
from faststream import ExceptionMiddleware
from faststream.nats import NatsBroker, NatsRouter
from faststream.nats.subscriber.usecases import CoreSubscriber
from nats.errors import Error as NatsError
from pydantic import ValidationError

from shared.denials import hear_denials
from shared.event_store import StoreFault
from shared.messages import Answer, Verdict
from shared.messages.registry import UnknownEvent
from shared.messaging import CONNECT_OPTIONS, subscribed
from shared.nats_options import sign_in
from shared.persevering import persevere
from shared.runtime import Drain

INVALID: Final = "InvalidCommand"
UNAVAILABLE: Final = "LogUnavailable"
TOO_OLD: Final = "ProgramTooOld"
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


def too_old(fault: UnknownEvent) -> Answer:
    """Answer a command that cannot be decided here, because a newer version has decided before."""
    log.error("command not decided", refusal=TOO_OLD, fault=str(fault))
    detail = (
        f"a newer version of Ampledger has decided here before, and this one cannot: {fault}"
    )
    return Answer(verdict=Verdict.REFUSED, refusal=TOO_OLD, detail=detail)


@asynccontextmanager
async def taking_commands(
    nats_url: str, name: str, *routers: NatsRouter, drains: list[Drain]
) -> AsyncIterator[None]:
    """
    Listen for commands for as long as the context is open.

    Args:
        nats_url: where.
        name: what the server shows this connection as.
        routers: what is listened for, and who answers.
        drains: what the service does when it is asked to stop: from then on it hears nothing more, and
            answers what it has heard.
    """
    faults = ExceptionMiddleware()
    faults.add_handler(ValidationError, publish=True)(invalid)
    faults.add_handler(StoreFault, publish=True)(unavailable)
    faults.add_handler(UnknownEvent, publish=True)(too_old)
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
    await broker.connect()
    persevere(broker.connection, hear_denials)
    await broker.start()
    await subscribed(await broker.connect())
    drains.append(partial(_hear_no_more, broker))
    try:
        yield
    finally:
        await broker.stop()


async def _hear_no_more(broker: NatsBroker, _: asyncio.Event) -> None:
    """
    Leave what comes from now on to others, and answer what has come.

    FastStream's own end drops what comes between its end and the server's hearing of it, and whoever had
    asked would wait for an answer in vain.
    """
    left = []
    for subscriber in broker.subscribers:
        if isinstance(subscriber, CoreSubscriber) and subscriber.subscription is not None:
            left.append(subscriber.subscription.drain())  # type: ignore[no-untyped-call]  # nats-py's
            subscriber.subscription = None
    try:
        async with asyncio.timeout(SHUTDOWN_S_MAX):
            await asyncio.gather(*left)
    except (TimeoutError, NatsError) as error:
        log.warning("not everything heard was answered", error=repr(error))
