"""The published language, class by class, for the tests that keep its papers complete."""

from collections.abc import Iterator

from shared.messages import (
    Command,
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

MODULES = (
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

READINGS: dict[str, type[Message]] = {
    reading.__name__: reading
    for reading in (telemetry.MeterReading, telemetry.BreakerReading, balancer.SiteBalance)
}
"""What is announced on the jetstream of readings. Messages within messages are not listed."""


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


COMMANDS: dict[str, type[Command]] = {command.__name__: command for command in _commands()}
