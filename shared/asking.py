"""
Commands come in at two doors, which NATS keeps apart: the operator's, and that of people.

    commands.<service>.<aggregate>.<Command>    from the operator of the platform, or another service
    asked.<service>.<aggregate>.<Command>       from a person, through the portal: their roles are checked

The same decision follows behind both.
"""

import re
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

import structlog
from faststream.nats import NatsMessage, NatsRouter

from shared import subjects, tracing
from shared.context import Context, acting, context_of
from shared.messages import Answer, Command
from shared.metrics import COMMANDS
from shared.rights.guard import Check, Forbidden
from shared.transact import refusal_of

C = TypeVar("C", bound=Command)
Execute = Callable[[C, Context], Awaitable[Answer]]
Handler = Callable[[C, NatsMessage], Awaitable[Answer]]

ANONYMOUS: Final = "anonymous"

log = structlog.get_logger()


def command_routes(
    kinds: Sequence[type[C]], queue: str, execute: Execute[C], check: Check
) -> NatsRouter:
    """
    Answer commands at both doors.

    Args:
        kinds: the commands.
        queue: shared by the processes of the service: one of them takes each command.
        execute: decides and appends.
        check: says by what right a person asks, or raises `Forbidden`.
    """
    router = NatsRouter()

    async def commanded(command: C, message: NatsMessage) -> Answer:
        given = context_of(message.headers, default_actor=ANONYMOUS)
        with acting(
            given.actor,
            given.correlation_id,
            given.causation_id,
            expected_version=given.expected_version,
        ) as context:
            return await execute(command, context)

    async def asked(command: C, message: NatsMessage) -> Answer:
        given = context_of(message.headers, default_actor=ANONYMOUS)
        try:
            right = check(command, given.actor)
        except Forbidden as refusal:
            log.warning(
                "person refused",
                actor=given.actor,
                command=type(command).__name__,
                detail=refusal.detail,
            )
            return refusal_of(refusal)
        with acting(
            given.actor, given.correlation_id, given.causation_id, right, given.expected_version
        ) as context:
            return await execute(command, context)

    for kind in kinds:
        router.subscriber(subjects.command(kind), queue=queue)(_named(kind, commanded))
        router.subscriber(subjects.asked(kind), queue=queue)(_named(kind, asked, "asked_"))
    return router


def _named(kind: type[C], take: Handler[C], prefix: str = "") -> Handler[C]:
    """Make the handler of one command. FastStream reads the annotation to check what comes in and to
    describe it, and the name and the docstring to describe it.
    """

    async def handler(command: kind, message: NatsMessage) -> Answer:  # type: ignore[valid-type]  # a class at run time
        begun_s, verdict = time.perf_counter(), "failed"
        handed_on = tracing.handed_on(message.headers)
        try:
            with tracing.following(handed_on, f"command {kind.__name__}"):
                answer = await take(command, message)
            verdict = answer.verdict
            return answer
        finally:
            took_s = time.perf_counter() - begun_s
            COMMANDS.labels(kind.__name__, verdict).observe(took_s)

    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()
    handler.__name__ = handler.__qualname__ = f"{prefix}{name}"
    handler.__doc__ = kind.__doc__
    return handler
