"""Which class reads an event, by the name under which it is stored and announced."""

from collections.abc import Callable, Iterator
from typing import Final

import orjson

from shared.messages import (
    Event,
    balancer,
    credentials,
    holding,
    installation,
    notifications,
    permissions,
    telemetry,
    upkeep,
)


class UnknownEvent(ValueError):
    """The log holds an event that this version of the program does not know; update it."""


def _events_in(*modules: object) -> Iterator[type[Event]]:
    for module in modules:
        for name, member in vars(module).items():
            if (
                isinstance(member, type)
                and issubclass(member, Event)
                and hasattr(member, "service")
            ):
                if member.__subclasses__() or member.__module__ != getattr(module, "__name__"):  # noqa: B009
                    continue
                yield member
                assert name == member.__name__  # noqa: S101  # an alias would hide an event


EVENTS: Final[dict[str, type[Event]]] = {
    event.__name__: event
    for event in _events_in(
        installation,
        telemetry,
        credentials,
        holding,
        upkeep,
        balancer,
        permissions,
        notifications,
    )
}

_PRESENT: Final[dict[tuple[str, int], Callable[[bytes], Event]]] = {
    (name, event.schema_version): event.__pydantic_validator__.validate_json
    for name, event in EVENTS.items()
}
"""What reads the newest versions. A replay decodes millions of events, and the way through
`model_validate_json` would take a third of its time."""


def check_known(type_name: str, schema_version: int) -> type[Event]:
    """
    Find an event by its name, if this program reads it as it was written.

    Raises:
        UnknownEvent: its type is unknown here, or its schema is newer than this program.
    """
    known = EVENTS.get(type_name)
    if known is None:
        raise UnknownEvent(
            f"{type_name} is not an event this version knows; update the program"
        )
    if schema_version > known.schema_version:
        raise UnknownEvent(
            f"{type_name} has schema {schema_version}, this version knows up to "
            f"{known.schema_version}; update the program"
        )
    return known


def decode(type_name: str, schema_version: int, data: bytes) -> Event:
    """
    Read a stored event; an older version is brought up to the newest one first.

    Raises:
        UnknownEvent: its type is unknown here, or its schema is newer than this program.
    """
    present = _PRESENT.get((type_name, schema_version))
    if present is not None:
        return present(data)
    known = check_known(type_name, schema_version)
    content = orjson.loads(data)
    for version in range(schema_version, known.schema_version):
        content = known.upcasts[version](content)
    return known.model_validate_json(orjson.dumps(content))
