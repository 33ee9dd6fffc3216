"""A log of the installation service, as tests of the command line tell it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from cli.layout.rehearsal import World, rehearse, world_of
from services.installation.language import InstallationCommand
from shared.messages import Event
from shared.messages.installation_commands import (
    AddCircuit,
    AssignChargers,
    CreateInstallation,
    NewCharger,
)
from shared.messages.installation_terms import Category, InstallationType
from shared.phases import GridType
from shared.recorded import Meta, Recorded

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def recorded(events: Iterable[Event]) -> list[Recorded]:
    """Record events a minute apart, each on the stream of its installation."""
    return [
        Recorded(
            position=position,
            stream=f"installation-{event.aggregate_id}",
            version=position,
            event_id=UUID(int=position),
            recorded_at=AT + timedelta(minutes=position),
            type=type(event).__name__,
            schema_version=event.schema_version,
            data=event.model_dump_json().encode(),
            meta=Meta(actor="kari", command_id=f"c-{position}", correlation_id="c"),
        )
        for position, event in enumerate(events, start=1)
    ]


def create(installation_id: str = "harbour") -> CreateInstallation:
    return CreateInstallation(
        command_id=f"create-{installation_id}",
        installation_id=installation_id,
        name=f"{installation_id.title()} garage",
        address="Strandgata 1",
        category=Category.COMMUNITY,
        country="NO",
        type=InstallationType.GARAGE,
        grid_type=GridType.TN_3_PHASE,
        breaker_a=160.0,
    )


def add(
    circuit_id: str, parent_id: str | None = None, installation_id: str = "harbour"
) -> AddCircuit:
    return AddCircuit(
        command_id=f"add-{circuit_id}",
        installation_id=installation_id,
        circuit_id=circuit_id,
        parent_id=parent_id,
        name=circuit_id.replace("-", " ").capitalize(),
        breaker_a=63.0 if parent_id is None else 32.0,
        set_a=50.0 if parent_id is None else None,
    )


def charger(number: int, charger_id: str | None = None) -> NewCharger:
    serial = f"ZAP{number:06}"
    return NewCharger(
        charger_id=charger_id or serial, serial=serial, name=f"Bay {number}", wiring=("L1",)
    )


def assign(
    circuit_id: str, *chargers: NewCharger, installation_id: str = "harbour"
) -> AssignChargers:
    return AssignChargers(
        command_id=f"assign-{circuit_id}",
        installation_id=installation_id,
        circuit_id=circuit_id,
        chargers=chargers,
    )


GARAGE: tuple[InstallationCommand, ...] = (
    create(),
    add("level-1"),
    add("level-2"),
    add("level-2-east", "level-2"),
    assign("level-1", charger(12)),
    assign("level-2", charger(13), charger(14, "corner")),
    assign("level-2-east", charger(15)),
)
"""Two levels, the second one with a wing, and four chargers."""


def log_after(*commands: InstallationCommand) -> list[Recorded]:
    """The log to which commands lead, each accepted."""
    events: list[Event] = []
    world = World({}, {})
    for command in commands:
        rehearsal = rehearse(command, world)
        assert rehearsal.answer.accepted, rehearsal.answer
        world = rehearsal.world
        events += rehearsal.events
    return recorded(events)


def world_after(*commands: InstallationCommand) -> World:
    return world_of(log_after(*commands))
