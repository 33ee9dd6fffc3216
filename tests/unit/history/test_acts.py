"""Every command counts once, and nothing that was acknowledged is lost."""

from shared.history.acts import (
    Acknowledged,
    Commands,
    Span,
    acknowledged_faults,
    command_faults,
)
from tests.unit.history.facts import garage_with_a_locked_charger

ANSWERED = {"a": 1, "b": 3, "already-so": 0}
SPANS = {"a": Span(1, 1, 1), "b": Span(2, 3, 2)}


def test_the_events_of_a_command_lie_together() -> None:
    commands = Commands()
    for event in garage_with_a_locked_charger().stored():
        commands.hear(event)

    assert commands.spans["assign"] == Span(4, 4, 1)
    assert commands.spans["down"] == Span(5, 7, 3)
    assert all(it.whole for it in commands.spans.values())


def test_a_log_that_holds_every_command_once_is_good() -> None:
    assert command_faults(SPANS, ANSWERED) == []


def test_a_command_that_was_taken_twice_is_found() -> None:
    [fault] = command_faults(SPANS | {"b": Span(2, 9, 4)}, ANSWERED | {"b": 9})

    assert "taken twice" in fault.what


def test_events_without_an_answer_and_answers_without_events_are_found() -> None:
    assert [
        "no answer" in it.what for it in command_faults(SPANS, {"a": 1, "already-so": 0})
    ] == [True]
    assert len(command_faults({"a": Span(1, 1, 1)}, ANSWERED)) == 1
    assert len(command_faults(SPANS | {"already-so": Span(4, 4, 1)}, ANSWERED)) == 1


def acknowledged(command_id: str, position: int | None) -> list[str]:
    heard = [Acknowledged("installation", command_id, position)]
    found = acknowledged_faults(heard, {"installation": ANSWERED}, {"installation": SPANS})
    return [it.what for it in found]


def test_what_was_acknowledged_must_be_where_it_was_said_to_be() -> None:
    assert acknowledged("b", 3) == []
    assert acknowledged("b", None) == []
    assert acknowledged("already-so", 0) == []
    assert acknowledged("b", 2) == [
        "command b to installation was acknowledged here, it is at 3"
    ]
    assert acknowledged("lost", 4) == [
        "command lost to installation was acknowledged and is lost"
    ]


def test_an_answer_whose_events_are_gone_is_no_proof() -> None:
    heard = [Acknowledged("installation", "b", 3)]

    assert acknowledged_faults(heard, {"installation": ANSWERED}, {"installation": {}}) != []
