"""Each service walks past every subject of the published language; a row of the table opens a door."""

from collections.abc import Iterator

import pytest

from cli.published.language import COMMANDS, READINGS, owner_of
from shared import subjects
from shared.messages import Command
from shared.messages.notices import SetUpNotes
from shared.messages.people import CardsOf, People, Standing
from shared.messages.permissions import RecordRefusal
from shared.messages.registry import EVENTS
from shared.messages.telemetry import SetCurrentLimit, StartCharging, StopCharging
from shared.service_grants import SERVICES
from tests.support.servers import EmbeddedServers
from tests.support.signed_in import listening, may_say, signed_in

pytestmark = pytest.mark.integration

INSTALLATION = "garage-1"
CHARGER = "bay-1"
REMOTE = (StartCharging, StopCharging)
LOGS = tuple(name for name, row in SERVICES.items() if row.has_log)


def said() -> Iterator[tuple[str, frozenset[str]]]:
    """Every subject, and which services may publish to it; the operator is none."""
    for event in EVENTS.values():
        subject = subjects.event_named(event.service, event.__name__, INSTALLATION)
        yield subject, frozenset({event.service})
    for reading in READINGS.values():
        subject = subjects.telemetry(reading, INSTALLATION, CHARGER)
        yield subject, frozenset({owner_of(reading)})
    for command in COMMANDS.values():
        yield from _knocks(command)
    for name in LOGS:
        yield subjects.query(name, "Anything"), frozenset({"portal"})
    for query in (CardsOf, Standing):
        asked = subjects.query("permissions", query.__name__)
        yield asked, frozenset({"portal", "telemetry"})
    yield subjects.query("permissions", People.__name__), frozenset({"notifications", "portal"})
    asked = subjects.query("installation", SetUpNotes.__name__)
    yield asked, frozenset({"notifications", "portal"})
    for name in ("permissions", "notifications"):
        yield subjects.operator_query(name, "Anything"), frozenset()
    yield subjects.let_go(CHARGER), frozenset({"telemetry"})
    yield subjects.gateways("WrongAttempt"), frozenset({"telemetry"})
    yield "anything.else", frozenset()
    yield subjects.retired_of("installation", 1), frozenset()


def _knocks(command: type[Command]) -> Iterator[tuple[str, frozenset[str]]]:
    if command is SetCurrentLimit:
        yield subjects.charger_command(command, CHARGER), frozenset({"balancer"})
        return
    if command in REMOTE:
        yield subjects.charger_command(command, CHARGER), frozenset({"telemetry"})
    excepted = {"portal"} if command is RecordRefusal else set()
    yield subjects.command(command, INSTALLATION), frozenset(excepted)
    yield subjects.asked(command, INSTALLATION), frozenset({"portal"})


def heard() -> Iterator[tuple[str, frozenset[str]]]:
    """Every subject, and which services may subscribe to it."""
    for event in EVENTS.values():
        yield subjects.event_named(event.service, event.__name__, INSTALLATION), frozenset()
    meter, breaker, balance = (subjects.telemetry_all(it) for it in READINGS.values())
    yield meter, frozenset({"balancer", "portal"})
    yield breaker, frozenset({"balancer"})
    yield balance, frozenset({"notifications", "portal"})
    for command in COMMANDS.values():
        if command is SetCurrentLimit:
            own = subjects.charger_command(command, CHARGER)
            yield own, frozenset({"telemetry"})
            continue
        if command in REMOTE:
            within = subjects.charger_command(command, CHARGER)
            yield within, frozenset({"telemetry"})
        yield subjects.command(command), frozenset({command.service})
        yield subjects.asked(command), frozenset({command.service})
    for name in LOGS:
        yield subjects.query(name, "Anything"), frozenset({name})
    for name in ("permissions", "notifications"):
        yield subjects.operator_query(name, "Anything"), frozenset({name})
    yield subjects.charger_commands(CHARGER), frozenset({"telemetry"})
    yield subjects.let_go(CHARGER), frozenset({"telemetry"})
    yield subjects.gateways("WrongAttempt"), frozenset({"telemetry"})
    yield "$JS.>", frozenset()
    yield "$SYS.>", frozenset()
    yield ">", frozenset()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_says_what_is_its_own_and_is_denied_the_rest(
    own_servers: EmbeddedServers, service: str
) -> None:
    async with signed_in(own_servers, service) as client:
        through = {subject for subject, _ in said() if await may_say(client, subject)}

    assert through == {subject for subject, may in said() if service in may}


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_hears_what_is_its_own_and_is_denied_the_rest(
    own_servers: EmbeddedServers, service: str
) -> None:
    async with listening(own_servers, service) as ear:
        through = {subject for subject, _ in heard() if await ear.may_hear(subject)}

    assert through == {subject for subject, may in heard() if service in may}


def test_the_walk_passes_every_kind_of_subject_there_is() -> None:
    """Whoever spells a new kind of subject says here who may publish to it, and lets the walk pass it."""
    spelled = {
        name
        for name, it in vars(subjects).items()
        if callable(it) and getattr(it, "__module__", "") == subjects.__name__
    }

    about_names = {"partition_of", "partition_in", "jetstream_of", "epoch_of", "within"}
    patterns = {"events_about", "events_of", "commands_of", "asked_of", "telemetry_all"}
    patterns |= {"charger_commands"}
    passed = {
        "event",
        "event_named",
        "retired_of",
        "command",
        "asked",
        "query",
        "operator_query",
    }
    passed |= {"charger_command", "gateways", "let_go", "telemetry"}
    assert spelled == about_names | patterns | passed


def test_every_message_has_a_service_with_a_row() -> None:
    assert {it.service for it in EVENTS.values()} <= {
        name for name, row in SERVICES.items() if row.has_log
    }
    for reading in READINGS.values():
        says = [
            it for it, row in SERVICES.items() if subjects.telemetry_all(reading) in row.says
        ]
        assert says == [owner_of(reading)]
    for command in COMMANDS.values():
        takes = SERVICES[command.service].takes
        assert (
            takes
            if command is SetCurrentLimit
            else subjects.commands_of(command.service) in takes
        )
