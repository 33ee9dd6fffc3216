"""
What would become of a command, asked of the service that decides it: `queries.<service>.Rehearse`.

Nothing becomes of it. It is told to those only who may ask for the command itself.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError
from pydantic import ValidationError

from shared import subjects
from shared.commands import too_old
from shared.context import ACTOR_HEADER, context_of
from shared.decider import Refused
from shared.event_store import DATABASE_FAULTS
from shared.messages import Answer, Command, Event, sent
from shared.messages.people import Rehearse, RehearseAnswer, Rehearsed
from shared.messages.registry import EVENTS, UnknownEvent
from shared.messaging import REQUEST_TIMEOUT_S, ServiceUnavailable
from shared.transact import ACCEPTED, refusal_of

QUERY: Final = Rehearse.__name__
NOBODY: Final = "anonymous"

Decide = Callable[[Command, str], Awaitable[Sequence[Event]]]
"""Decides a command for an actor, and appends nothing; or refuses."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The answer that a command would get, and the events that it would lead to."""

    answer: Answer
    events: tuple[Event, ...] = ()


class UnknownCommand(Refused):
    """There is no such command, or not with such a content."""


async def answer_rehearsals(
    client: Client, service: str, kinds: Sequence[type[Command]], decide: Decide
) -> None:
    """Answer what would become of commands, for as long as the connection is open."""
    by_name = {it.__name__: it for it in kinds}

    async def on_question(message: Msg) -> None:
        actor = context_of(message.headers, default_actor=NOBODY).actor
        try:
            query = Rehearse.model_validate_json(message.data)
            kind = by_name[query.command]
            events = await decide(kind.model_validate(query.content), actor)
            told = tuple(
                Rehearsed(type=type(it).__name__, data=it.model_dump(mode="json"))
                for it in events
            )
            answer = RehearseAnswer(answer=ACCEPTED, events=told)
        except (ValidationError, KeyError) as error:
            log.warning("question refused", query=QUERY, error=repr(error))
            unknown = UnknownCommand("this is no command of ours, or not with such a content")
            answer = RehearseAnswer(answer=refusal_of(unknown))
        except Refused as refusal:
            answer = RehearseAnswer(answer=refusal_of(refusal))
        except UnknownEvent as fault:
            answer = RehearseAnswer(answer=too_old(fault))
        except DATABASE_FAULTS as error:
            log.warning("question not answered", query=QUERY, error=repr(error))
            return  # whoever asks sees that nobody answers
        await message.respond(answer.model_dump_json().encode())

    await client.subscribe(subjects.query(service, QUERY), queue=service, cb=on_question)


async def ask_rehearsal(client: Client, command: Command, actor: str) -> Rehearsal:
    """
    Ask what would become of a command.

    Raises:
        ServiceUnavailable: nobody answers, or nothing that can be read.
    """
    content = command.model_dump(mode="json", exclude_defaults=True)
    query = Rehearse(command=type(command).__name__, content=content)
    try:
        reply = await client.request(
            subjects.query(command.service, QUERY),
            sent(query),
            timeout=REQUEST_TIMEOUT_S,
            headers={ACTOR_HEADER: actor},
        )
        found = RehearseAnswer.model_validate_json(reply.data)
        events = tuple(EVENTS[it.type].model_validate(it.data) for it in found.events)
    except (NoRespondersError, NatsTimeoutError) as error:
        raise ServiceUnavailable(f"{command.service} does not answer questions now") from error
    except (ValidationError, KeyError) as error:
        raise ServiceUnavailable(f"{command.service} answers what cannot be read") from error
    return Rehearsal(answer=found.answer, events=events)
