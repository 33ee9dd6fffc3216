"""The published language: every command, event and reading by its name."""

from collections.abc import Iterator
from typing import Final

from shared.messages import (
    Command,
    Event,
    Message,
    balancer,
    credentials,
    holding,
    installation,
    installation_commands,
    notifications,
    permissions,
    telemetry,
    upkeep,
)
from shared.messages.registry import EVENTS

MODULES: Final = (
    installation,
    installation_commands,
    permissions,
    telemetry,
    credentials,
    holding,
    upkeep,
    balancer,
    notifications,
)

READINGS: Final[dict[str, type[Message]]] = {
    reading.__name__: reading
    for reading in (telemetry.MeterReading, telemetry.BreakerReading, balancer.SiteBalance)
}
"""What is announced on the jetstream of readings; other messages are parts of these."""


def _commands() -> Iterator[type[Command]]:
    for module in MODULES:
        for member in vars(module).values():
            if (
                isinstance(member, type)
                and issubclass(member, Command)
                and member.__module__ == module.__name__
                and not member.__subclasses__()
            ):
                yield member


COMMANDS: Final[dict[str, type[Command]]] = {it.__name__: it for it in _commands()}

HEARD: Final[dict[str, type[Message]]] = {**EVENTS, **READINGS}
"""What can be subscribed to."""


def owner_of(kind: type[Message]) -> str:
    """
    Name the service that takes or announces a message.

    >>> owner_of(balancer.SiteBalance)
    'balancer'
    """
    if issubclass(kind, Command | Event):
        return kind.service
    return kind.__module__.rpartition(".")[2]
