"""What people are called: asked of permissions, which alone can read it, and tells who may know it."""

from collections.abc import Collection, Mapping
from typing import Final

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from pydantic import ValidationError

from shared import subjects
from shared.context import ACTOR_HEADER
from shared.ids import PersonId
from shared.messages import sent
from shared.messages.people import PEOPLE_MAX, People, PeopleAnswer

SERVICE: Final = "permissions"
WAIT_S: Final = 2.0
"""How long names are waited for: without them, people are told by their ids."""

log = structlog.get_logger()


async def names_of(
    client: Client, people: Collection[PersonId], actor: str
) -> Mapping[PersonId, str]:
    """
    Ask what people are called, as far as somebody may know it; nothing, if nobody answers.

    Args:
        client: whom to ask by.
        people: whose names; of very many, the first `PEOPLE_MAX`.
        actor: who wants to know.
    """
    if not people:
        return {}
    query = People(person_ids=tuple(sorted(people))[:PEOPLE_MAX])
    try:
        reply = await client.request(
            subjects.query(SERVICE, People.__name__),
            sent(query),
            timeout=WAIT_S,
            headers={ACTOR_HEADER: actor},
        )
        found = PeopleAnswer.model_validate_json(reply.data).people
    except (NatsError, ValidationError) as fault:
        log.warning("names not known, people are told by their ids", fault=repr(fault))
        return {}
    return {it.person_id: it.name for it in found if it.name}
