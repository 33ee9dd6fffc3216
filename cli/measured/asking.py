"""Questions to telemetry about what was measured, as the platform's operator."""

from typing import Final, TypeVar

from nats.aio.client import Client

from cli.people.asking import question
from shared.clock import utc_now
from shared.history.moments import AtTime, parse
from shared.messages.people import Query
from shared.messages.readings import Fallible
from shared.messaging import ServiceUnavailable

TELEMETRY: Final = "telemetry"

M = TypeVar("M", bound=Fallible)


async def ask_telemetry(client: Client, query: Query, answer: type[M]) -> M:
    """
    Ask a question.

    Raises:
        ServiceUnavailable: there is no answer now.
    """
    told = await question(client, query, answer, of_operator=False, service=TELEMETRY)
    if told.fault is not None:
        raise ServiceUnavailable(told.fault)
    return told


def time_of(text: str) -> AtTime:
    """
    Read a time as people write it: with its offset, by this machine's clock, or how long ago.

    Raises:
        ValueError: it is none.
    """
    found = parse(text, (), utc_now(), None)
    if not isinstance(found, AtTime):
        raise ValueError(  # noqa: TRY004  # what somebody has typed
            f"{text!r} is no time; write 2026-11-22T18:00+01:00, 2026-11-22, or 15m, 2h, 3d ago"
        )
    return found
