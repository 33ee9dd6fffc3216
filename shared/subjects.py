"""
Every name on NATS, spelled here and nowhere else.

    events.<service>.<partition>.<aggregate id>.<EventType>     one jetstream per log
    telemetry.<partition>.<installation id>.<source id>.<Kind>  jetstream TELEMETRY
    commands.<service>.<aggregate id>.<Command>                 request and reply
    charger.<charger id>.<Command>                              request and reply, to the gateway
                                                                that holds the charger's socket
"""

from typing import Final
from zlib import crc32

from shared.messages import Command, Event, Message

PARTITIONS: Final = 64
TELEMETRY_JETSTREAM: Final = "TELEMETRY"
TELEMETRY_ALL: Final = "telemetry.>"


def partition_of(aggregate_id: str) -> int:
    """
    Name the bucket of an aggregate: stable, and equal in every language that has CRC-32.

    >>> partition_of("garage-1"), partition_of("garage-2")
    (9, 51)
    """
    return crc32(aggregate_id.encode()) % PARTITIONS


def event(of: Event) -> str:
    """Spell the subject on which the relay announces an event."""
    kind = type(of)
    aggregate_id = of.aggregate_id
    return f"events.{kind.service}.{partition_of(aggregate_id)}.{aggregate_id}.{kind.__name__}"


def events_of(service: str) -> str:
    """Match every event of a service."""
    return f"events.{service}.>"


def jetstream_of(service: str) -> str:
    """Name the jetstream that copies a service's log."""
    return f"EVENTS_{service.upper()}"


def command(of: type[Command], aggregate_id: str = "*") -> str:
    """Spell the subject of a command; with no aggregate, the one its service listens to."""
    return f"commands.{of.service}.{aggregate_id}.{of.__name__}"


def charger_command(of: type[Command], charger_id: str) -> str:
    """Spell the subject of a command to one charger."""
    return f"charger.{charger_id}.{of.__name__}"


def telemetry(of: type[Message], installation_id: str, source_id: str) -> str:
    """Spell the subject of a reading; the source is a charger's id, or `site` for all of it."""
    partition = partition_of(installation_id)
    return f"telemetry.{partition}.{installation_id}.{source_id}.{of.__name__}"


def telemetry_all(of: type[Message]) -> str:
    """Match every reading of a kind."""
    return f"telemetry.*.*.*.{of.__name__}"
