"""
Every name on NATS, spelled here and nowhere else.

    events.<service>.<partition>.<aggregate id>.<EventType>     one jetstream per log and epoch
    retired.<service>.<epoch>                                   what the jetstreams of earlier epochs
                                                                listen to: nothing comes there
    telemetry.<partition>.<installation id>.<source id>.<Kind>  jetstream TELEMETRY
    commands.<service>.<aggregate id>.<Command>                 request and reply, for the operator of
                                                                the platform and between services
    asked.<service>.<aggregate id>.<Command>                    request and reply, for what a person asks
                                                                for: only the portal may, and the
                                                                service checks that person's roles
    queries.<service>.<Query>                                   request and reply: nothing changes, or
                                                                nothing that a log should have
    operator.<service>.<Query>                                  the same, for the operator alone
    charger.<charger id>.<Command>                              request and reply, to the gateway
                                                                that holds the charger's socket
    charger.<charger id>.LetGo                                  request and reply, to the same one, from
                                                                the gateway that has its new socket
    gateways.<Word>                                             from one gateway to all others
"""

import re
from typing import Final
from zlib import crc32

from shared.messages import Command, Event, Message

PARTITIONS: Final = 64
TELEMETRY_JETSTREAM: Final = "TELEMETRY"
TELEMETRY_ALL: Final = "telemetry.>"
ASKED: Final = "asked."

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_=+~-]")
"""What would not be one plain token of a subject; ids of ours contain nothing of it."""


def partition_of(aggregate_id: str) -> int:
    """
    Name the bucket of an aggregate: stable, and equal in every language that has CRC-32.

    >>> partition_of("garage-1"), partition_of("garage-2")
    (9, 51)
    """
    return crc32(aggregate_id.encode()) % PARTITIONS


def event(of: Event) -> str:
    """Spell the subject on which the relay announces an event."""
    return event_named(type(of).service, type(of).__name__, of.aggregate_id)


def event_named(service: str, type_name: str, aggregate_id: str) -> str:
    """Spell the subject of an event that is known by name only."""
    token = _UNSAFE.sub("_", aggregate_id)
    return f"events.{service}.{partition_of(aggregate_id)}.{token}.{type_name}"


def events_about(service: str, aggregate_id: str) -> str:
    """
    Match every event of a service about one thing.

    >>> events_about("balancer", "garage-1")
    'events.balancer.9.garage-1.*'
    """
    return event_named(service, "*", aggregate_id)


def events_of(service: str) -> str:
    """Match every event of a service."""
    return f"events.{service}.>"


def jetstream_of(service: str, epoch: int = 1) -> str:
    """
    Name the jetstream that copies a service's log in one of its epochs.

    >>> jetstream_of("balancer"), jetstream_of("balancer", 2)
    ('EVENTS_BALANCER', 'EVENTS_BALANCER_2')
    """
    name = f"EVENTS_{service.upper()}"
    return name if epoch == 1 else f"{name}_{epoch}"


def epoch_of(service: str, jetstream: str) -> int:
    """
    Name the epoch of a service's log that a jetstream copies.

    Raises:
        ValueError: it is not a jetstream of that log.

    >>> epoch_of("balancer", "EVENTS_BALANCER"), epoch_of("balancer", "EVENTS_BALANCER_12")
    (1, 12)
    """
    number = jetstream.removeprefix(f"{jetstream_of(service)}_")
    epoch = (
        1 if jetstream == jetstream_of(service) else int(number) if number.isdecimal() else 0
    )
    if epoch < 1 or jetstream_of(service, epoch) != jetstream:
        raise ValueError(f"{jetstream} is not a jetstream of the log of {service}")
    return epoch


def retired_of(service: str, epoch: int) -> str:
    """Spell the subject that a jetstream keeps when its epoch is over."""
    return f"retired.{service}.{epoch}"


def command(of: type[Command], aggregate_id: str = "*") -> str:
    """Spell the subject of a command; with no aggregate, the one its service listens to."""
    return f"commands.{of.service}.{aggregate_id}.{of.__name__}"


def commands_of(service: str) -> str:
    """Match every command to a service at the operator's door."""
    return f"commands.{service}.>"


def asked_of(service: str) -> str:
    """Match every command to a service at the door of people."""
    return f"{ASKED}{service}.>"


def asked(of: type[Command], aggregate_id: str = "*") -> str:
    """Spell the subject of a command that a person asks for; with no aggregate, what is listened to."""
    return f"{ASKED}{of.service}.{aggregate_id}.{of.__name__}"


def query(service: str, name: str) -> str:
    """Spell the subject of a question to a service."""
    return f"queries.{service}.{name}"


def operator_query(service: str, name: str) -> str:
    """Spell the subject of a question that only the operator of the platform may ask."""
    return f"operator.{service}.{name}"


def charger_commands(charger_id: str) -> str:
    """
    Match every command to one charger.

    >>> charger_commands("bay-1")
    'charger.bay-1.*'
    """
    return f"charger.{charger_id}.*"


def charger_command(of: type[Command], charger_id: str) -> str:
    """Spell the subject of a command to one charger."""
    return f"charger.{charger_id}.{of.__name__}"


def let_go(charger_id: str) -> str:
    """Spell the subject on which a gateway is asked to let go of a charger that came to another one."""
    return f"charger.{charger_id}.LetGo"


def gateways(word: str) -> str:
    """Spell the subject of what gateways tell one another."""
    return f"gateways.{word}"


def telemetry(of: type[Message], installation_id: str, source_id: str) -> str:
    """Spell the subject of a reading; the source is a charger's id, or `site` for all of it."""
    partition = partition_of(installation_id)
    return f"telemetry.{partition}.{installation_id}.{source_id}.{of.__name__}"


def partition_in(telemetry_subject: str) -> int:
    """
    Read the partition in the subject of a reading.

    >>> partition_in("telemetry.9.garage-1.bay-1.MeterReading")
    9
    """
    return int(telemetry_subject.split(".", 2)[1])


def telemetry_all(of: type[Message]) -> str:
    """Match every reading of a kind."""
    return f"telemetry.*.*.*.{of.__name__}"


def within(subject: str, whole: str) -> bool:
    """
    Whether everything that one subject matches is matched by another.

    >>> within("charger.c-1.SetCurrentLimit", "charger.*.SetCurrentLimit"), within("a.>", "a.*")
    (True, False)
    """
    parts, wholes = subject.split("."), whole.split(".")
    for index, wanted in enumerate(wholes):
        if wanted == ">":
            return len(parts) > index
        if index >= len(parts) or parts[index] == ">" or wanted not in {"*", parts[index]}:
            return False
    return len(parts) == len(wholes)
