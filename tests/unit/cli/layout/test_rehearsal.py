"""A rehearsal decides as the service would, over all installations, and changes nothing."""

from dataclasses import replace

from cli.layout.importing import bad_lines, commands_of
from cli.layout.rehearsal import rehearse
from shared.charger_file import Line
from shared.messages.installation import ChargerAssigned, ChargerRemoved
from shared.messages.installation_commands import (
    DeactivateCircuit,
    MoveCharger,
    RemoveCharger,
    UnlockSerial,
)
from tests.unit.cli.layout.recording import (
    GARAGE,
    add,
    assign,
    charger,
    create,
    world_after,
)

PIER = (create("pier"), add("quay", installation_id="pier"))
LOCK_LEVEL_2 = DeactivateCircuit(
    command_id="lock", installation_id="harbour", circuit_id="level-2", lock_serials=True
)


def test_a_rehearsal_shows_the_events_and_leaves_the_world_as_it_was() -> None:
    world = world_after(*GARAGE)
    rehearsal = rehearse(assign("level-1", charger(20)), world)

    assert rehearsal.answer.accepted
    assert [type(it) for it in rehearsal.events] == [ChargerAssigned]
    assert "ZAP000020" not in world.state("harbour").chargers
    assert "ZAP000020" in rehearsal.world.state("harbour").chargers


def test_a_serial_that_stands_in_another_installation_is_taken() -> None:
    world = world_after(*GARAGE, *PIER)
    there = assign("quay", charger(12, "quay-1"), installation_id="pier")

    assert rehearse(there, world).answer.refusal == "SerialTaken"
    gone = RemoveCharger(command_id="r", installation_id="harbour", charger_id="ZAP000012")
    assert rehearse(there, rehearse(gone, world).world).answer.accepted


def test_a_locked_serial_is_refused_anywhere_until_support_unlocks_it() -> None:
    world = world_after(*GARAGE, *PIER, LOCK_LEVEL_2)
    there = assign("quay", charger(13), installation_id="pier")

    assert rehearse(there, world).answer.refusal == "SerialIsLocked"
    unlock = UnlockSerial(
        command_id="u",
        installation_id="harbour",
        serial="ZAP000013",
        reason="moved to the pier",
    )
    assert rehearse(there, rehearse(unlock, world).world).answer.accepted


def test_a_move_to_another_installation_is_rehearsed_on_both() -> None:
    world = world_after(*GARAGE, *PIER)
    move = MoveCharger(
        command_id="m",
        installation_id="harbour",
        charger_id="ZAP000012",
        circuit_id="quay",
        to_installation_id="pier",
    )
    rehearsal = rehearse(move, world)

    assert [type(it) for it in rehearsal.events] == [ChargerRemoved, ChargerAssigned]
    assert "ZAP000012" in rehearsal.world.state("pier").chargers
    assert "ZAP000012" not in rehearsal.world.state("harbour").chargers


# --- Files of chargers ---


def test_chargers_of_a_file_are_assigned_by_circuit_under_ids_of_their_content() -> None:
    lines = [
        Line(2, "harbour", "level-2", charger(20)),
        Line(3, "harbour", "level-1", charger(21)),
        Line(4, "harbour", "level-2", charger(22)),
    ]
    first, second = commands_of(lines)

    assert [it.serial for it in first.chargers] == ["ZAP000020", "ZAP000022"]
    assert (first.circuit_id, second.circuit_id) == ("level-2", "level-1")
    assert [it.command_id for it in commands_of(lines)] == [
        first.command_id,
        second.command_id,
    ]
    assert first.command_id != commands_of(lines[1:])[1].command_id
    at_pier = [replace(it, installation_id="pier") for it in lines]
    assert first.command_id != commands_of(at_pier)[0].command_id


def test_lines_are_refused_by_what_is_in_the_log_and_the_others_are_not() -> None:
    world = world_after(*GARAGE, LOCK_LEVEL_2, *PIER)
    lines = [
        Line(2, "pier", "quay", charger(20)),
        Line(3, "pier", "quay", charger(12)),
        Line(4, "pier", "level-9", charger(21)),
        Line(5, "pier", "quay", charger(13)),
        Line(6, "pier", "quay", charger(22)),
    ]
    bad = bad_lines(lines, world)

    assert [it.number for it in bad] == [3, 4, 5]
    assert "stands in installation harbour" in bad[0].text
    assert "there is no circuit level-9" in bad[1].text
    assert "is locked since circuit 'Level 2' was deactivated" in bad[2].text
