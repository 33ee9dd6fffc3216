"""What must hold of a run: one line for every check, and every breach of it is found."""

import pytest

from cli.support.checker import History, Line, ReadModel, check, read_acknowledged
from cli.support.comparing import compare
from cli.support.reports import Check, Report
from shared.history.acts import Acknowledged, Span
from shared.history.integrity import Fault


def log(*faults: Fault) -> Report:
    report = Report("installation", 3, "0@3", None)
    report.checks.append(Check("hash chain", "3 hashes computed anew", faults))
    report.answered, report.spans = {"a": 1}, {"a": Span(1, 1, 1)}
    return report


def model(kept: str, folded: str) -> ReadModel:
    key = ("layout", "garage")
    return ReadModel("portal/installation", 3, compare({key: kept}, {key: folded}, 0), {})


def bad(lines: list[Line]) -> list[Line]:
    return [it for it in lines if it.faults]


def test_a_good_past_has_a_line_for_every_check_and_no_fault() -> None:
    lines = check(History([log()], [model("{}", "{}")], [Acknowledged("installation", "a", 1)]))

    assert [it.name for it in lines] == [
        "installation: hash chain",
        "acknowledged commands",
        "portal/installation: read model",
    ]
    assert bad(lines) == []
    assert lines[1].told == "1 acknowledged, each is there once"


def test_a_fault_of_a_log_is_told_with_its_event() -> None:
    fault = Fault(2, "its content was changed", "installation-garage", "CircuitAdded")

    [line] = bad(check(History([log(fault)], [])))

    assert line.faults == (
        "position 2 (CircuitAdded of stream installation-garage): its content was changed",
    )


def test_a_lost_acknowledged_command_is_found() -> None:
    [line] = bad(check(History([log()], [], [Acknowledged("installation", "gone", 9)])))

    assert line.faults == (
        "position 9: command gone to installation was acknowledged and is lost",
    )


def test_a_read_model_that_is_not_the_fold_is_found() -> None:
    [line] = bad(check(History([log()], [model('{"a":1}', '{"a":2}')])))

    assert line.faults == ("layout garage is not what the log says",)


def test_acknowledged_commands_are_read_line_by_line() -> None:
    lines = [
        b'{"command_id": "a", "service": "installation", "position": 7}',
        b"",
        b'{"command_id": "b", "service": "installation"}',
    ]

    assert read_acknowledged(lines) == [
        Acknowledged("installation", "a", 7),
        Acknowledged("installation", "b", None),
    ]


@pytest.mark.parametrize("line", [b"nonsense", b"[]", b'{"service": "installation"}'])
def test_a_line_that_names_no_command_is_refused_by_its_number(line: bytes) -> None:
    with pytest.raises(ValueError, match="line 1"):
        read_acknowledged([line])
