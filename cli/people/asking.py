"""Questions to permissions and notifications, as the platform's operator."""

import asyncio
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer
from nats.aio.client import Client
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError
from pydantic import ValidationError

from cli.layout.places import nats_url
from cli.services import PERMISSIONS
from cli.setting_up import connected
from shared import subjects
from shared.context import ACTOR_HEADER
from shared.ids import Grantee, PersonId
from shared.messages import Message
from shared.messages.people import PersonByEmail, PersonByEmailAnswer, Query
from shared.messages.signing_in import Query as SignInQuery
from shared.messaging import REQUEST_TIMEOUT_S, ServiceUnavailable

OPERATOR: Final = "operator"
PersonArg = Annotated[
    str, typer.Argument(metavar="PERSON", help="Their id, or their e-mail address.")
]
GranteeArg = Annotated[
    str,
    typer.Argument(metavar="WHO", help="A person's id or address; or group/ID, or client/ID."),
]

M = TypeVar("M", bound=Message)


class NobodyThere(ValueError):
    """Nobody goes by that name."""


async def question(
    client: Client,
    asked: Query | SignInQuery,
    answer: type[M],
    *,
    of_operator: bool,
    service: str = PERMISSIONS,
) -> M:
    """
    Ask a service; by default permissions, since nobody else can unseal what people are called.

    Raises:
        ServiceUnavailable: it does not answer.
    """
    spelled = subjects.operator_query if of_operator else subjects.query
    try:
        reply = await client.request(
            spelled(service, type(asked).__name__),
            asked.model_dump_json().encode(),
            timeout=REQUEST_TIMEOUT_S,
            headers={ACTOR_HEADER: OPERATOR},
        )
        return answer.model_validate_json(reply.data)
    except (NoRespondersError, NatsTimeoutError) as error:
        raise ServiceUnavailable(
            f"{service} does not answer; look at it: ampledger status"
        ) from error
    except ValidationError as error:
        raise ServiceUnavailable(f"{service} answers what cannot be read") from error


def asked_once(
    data_folder: Path | None,
    asked: Query,
    answer: type[M],
    *,
    of_operator: bool,
    service: str = PERMISSIONS,
) -> M:
    """Connect, ask one question, and leave."""

    async def work() -> M:
        async with connected(nats_url(data_folder)) as client:
            return await question(
                client, asked, answer, of_operator=of_operator, service=service
            )

    return asyncio.run(work())


async def person_named(client: Client, name: str) -> PersonId:
    """
    Name the person that somebody means: by address, or by id.

    Raises:
        NobodyThere: nobody has that address.
    """
    if "@" not in name:
        return name
    try:
        asked = PersonByEmail(email=name)
    except ValidationError as error:
        raise NobodyThere(f"{name} is no e-mail address") from error
    found = await question(client, asked, PersonByEmailAnswer, of_operator=True)
    if found.person_id is None:
        raise NobodyThere(
            f"nobody is known by {name}; invite them first: ampledger person invite {name}"
        )
    return found.person_id


async def grantee_named(client: Client, name: str) -> Grantee:
    """
    Name whoever is to have a role.

    Raises:
        NobodyThere: nobody has that address.
    """
    if "/" in name:
        return name
    return f"person/{await person_named(client, name)}"
