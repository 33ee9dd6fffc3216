"""
What an electrician would say of an installation as it is set up now: `queries.installation.Notes`.

The answers to commands carry notes once; whoever shows a set-up asks for those that still hold. The
installation service alone makes them, out of its log. The portal asks, and shows the answer to whom
the table of rights gives the live status there; notifications asks, and warns of what is to be mended.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError
from pydantic import BaseModel, ConfigDict, ValidationError

from shared import subjects
from shared.event_store import DATABASE_FAULTS
from shared.ids import InstallationId
from shared.messages import Note
from shared.messaging import REQUEST_TIMEOUT_S, ServiceUnavailable

SERVICE: Final = "installation"
QUERY: Final = "Notes"

NotesOf = Callable[[InstallationId], Awaitable[tuple[Note, ...]]]
"""Looks an installation over; of one that is not there nothing is said."""

log = structlog.get_logger()


class NotesQuery(BaseModel):
    """Which installation is to be looked over."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    installation_id: InstallationId


class Notes(BaseModel):
    """What there is to say, or why nothing can be said now."""

    model_config = ConfigDict(frozen=True)

    notes: tuple[Note, ...] = ()
    fault: str | None = None


async def answer_notes(client: Client, notes_of: NotesOf) -> None:
    """Answer questions for as long as the connection is open."""

    async def on_question(message: Msg) -> None:
        try:
            query = NotesQuery.model_validate_json(message.data)
            answer = Notes(notes=await notes_of(query.installation_id))
        except ValidationError as error:
            log.warning("question refused", query=QUERY, error=str(error))
            answer = Notes(
                fault=f"this is no question for {QUERY}: {error.error_count()} faults"
            )
        except DATABASE_FAULTS as error:
            log.warning("question not answered", query=QUERY, error=repr(error))
            answer = Notes(fault="the log cannot be read now; try again")
        await message.respond(answer.model_dump_json().encode())

    await client.subscribe(subjects.query(SERVICE, QUERY), queue=SERVICE, cb=on_question)


async def ask_notes(client: Client, installation_id: InstallationId) -> tuple[Note, ...]:
    """
    Ask what there is to say of an installation.

    Raises:
        ServiceUnavailable: the installation service does not answer, or cannot read its log now.
    """
    question = NotesQuery(installation_id=installation_id).model_dump_json().encode()
    try:
        reply = await client.request(
            subjects.query(SERVICE, QUERY), question, timeout=REQUEST_TIMEOUT_S
        )
    except (NoRespondersError, NatsTimeoutError) as error:
        raise ServiceUnavailable(f"{SERVICE} does not answer questions now") from error
    answer = Notes.model_validate_json(reply.data)
    if answer.fault is not None:
        raise ServiceUnavailable(f"{SERVICE}: {answer.fault}")
    return answer.notes
