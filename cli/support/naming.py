"""What people are called, and who is meant by an address: asked of permissions, if it runs."""

from collections.abc import Collection, Mapping
from typing import Final

from cli.people.asking import person_named
from cli.setting_up import connected
from cli.support.places import Place
from shared.history.deeds import PERSON
from shared.ids import PersonId
from shared.messaging import ServiceUnavailable
from shared.naming import names_of

OPERATOR: Final = "operator"


async def names(place: Place, people: Collection[PersonId]) -> Mapping[PersonId, str]:
    """Ask what people are called; logs are told of a stack that does not run, too, by ids then."""
    if place.nats_url is None or not people:
        return {}
    try:
        async with connected(place.nats_url) as client:
            return await names_of(client, people, OPERATOR)
    except ServiceUnavailable:
        return {}


async def meant_by(place: Place, name: str) -> str:
    """
    Put the actor in place of an e-mail address; any other name stays as it is.

    Raises:
        NobodyThere: nobody has that address.
        ServiceUnavailable: permissions does not answer, and nobody else knows addresses.
    """
    if "@" not in name:
        return name
    async with connected(place.nats()) as client:
        return f"{PERSON}{await person_named(client, name)}"
