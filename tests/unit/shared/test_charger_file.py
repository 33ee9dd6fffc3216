"""A file of chargers is read as a whole, and whatever is wrong with it is named by its line."""

import pytest

from shared.charger_file import COLUMNS, PER_COMMAND_MAX, read_chargers, wiring_of
from shared.phases import PHASES, Phase, PhaseSwitching

TURNED = (Phase.L2, Phase.L3, Phase.L1)


def bad_of(text: str, circuit_id: str | None = "level-1") -> list[str]:
    _lines, bad = read_chargers(text, circuit_id, "harbour")
    assert bad
    return [str(it) for it in bad]


def test_a_file_of_serials_is_enough() -> None:
    lines, bad = read_chargers("serial\nzap000012\nZAP000013\n", "level-1", "harbour")

    assert bad == []
    assert [(it.number, it.circuit_id, it.charger.serial) for it in lines] == [
        (2, "level-1", "ZAP000012"),
        (3, "level-1", "ZAP000013"),
    ]
    first = lines[0].charger
    assert (first.charger_id, first.name, first.wiring) == ("ZAP000012", "ZAP000012", PHASES)


def test_every_column_is_taken_in_whatever_order() -> None:
    text = (
        "Charger ID,min-a,max_a,breaker_a,Phase switching,wiring,circuit_id,name,serial,installation_id\n"
        'bay-12,8,16.5,20,any terminal,"L2,L3,L1",level-2,"Bay 12, left",ZAP000012,pier\n'
    )
    lines, bad = read_chargers(text, "level-1", "harbour")

    assert bad == []
    charger = lines[0].charger
    assert lines[0].circuit_id == "level-2"
    assert (charger.charger_id, charger.name) == ("bay-12", "Bay 12, left")
    assert (charger.min_a, charger.max_a, charger.breaker_a) == (8.0, 16.5, 20.0)
    assert charger.wiring == TURNED
    assert charger.phase_switching is PhaseSwitching.ANY_TERMINAL
    assert lines[0].installation_id == "pier"
    assert len(COLUMNS) == 10


def test_semicolons_go_with_decimal_commas() -> None:
    lines, bad = read_chargers(
        "serial;name;max_a\nZAP000012;Bay, 12;16,5\n", "level-1", "harbour"
    )

    assert bad == []
    assert (lines[0].charger.max_a, lines[0].charger.name) == (16.5, "Bay, 12")


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    text = 'serial,name\n\nZAP000012,"Bay 12\nupper"\nbad,Bay 13\n'

    assert bad_of(text)[0].startswith("line 5: serial: 'bad' is not a serial number")


def test_the_bytes_that_windows_puts_first_are_the_readers_business() -> None:
    lines, bad = read_chargers("serial\r\nZAP000012\r\n", "level-1", "harbour")

    assert (len(lines), bad) == (1, [])


@pytest.mark.parametrize("word", ["FIRST_TERMINAL", "first terminal", "First-terminal"])
def test_a_line_says_whether_a_charger_can_switch_phases(word: str) -> None:
    text = f"serial,phase_switching\nZAP000012,{word}\nZAP000013,\n"
    (switches, does_not), bad = read_chargers(text, "level-1", "harbour")

    assert bad == []
    assert switches.charger.phase_switching is PhaseSwitching.FIRST_TERMINAL
    assert does_not.charger.phase_switching is PhaseSwitching.NONE


# --- What is wrong ---


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: the file is empty; begin it with a header such as serial,name"),
        ("name\nBay 1\n", "line 1: there is no column serial"),
        ("serial,serial\n", "line 1: column 'serial' stands there more than once"),
        (
            "serial,breaker\nZAP000012,16\n",
            (
                "line 1: unknown column 'breaker'; known are serial, name, installation_id, "
                "circuit_id, wiring, max_a, min_a, breaker_a, phase_switching, charger_id"
            ),
        ),
        ("serial\nZAP000012,Bay\n", "line 2: 2 values for 1 columns"),
        (
            "serial,wiring\nZAP000012,L4\n",
            (
                "line 2: wiring: 'L4' is no phase; write L1, or all three in the order of the "
                "charger's terminals, such as L2 L3 L1"
            ),
        ),
        (
            "serial,wiring\nZAP000012,L1 L2\n",
            (
                "line 2: wiring: the wiring order names one phase, or all three in the order of the "
                "charger's terminals, such as L2 L3 L1"
            ),
        ),
        (
            "serial,max_a\nZAP000012,4\n",
            "line 2: max_a: Input should be greater than or equal to 6, and not '4'",
        ),
        (
            "serial,circuit_id\nZAP000012,level 1\n",
            "line 2: circuit_id: 'level 1' is no id; it has letters, digits, dashes, underscores",
        ),
        (
            "serial\nZAP000012\nzap000012\n",
            "line 3: serial ZAP000012 stands in line 2 already",
        ),
        (
            "serial,charger_id\nZAP000012,bay\nZAP000013,bay\n",
            "line 3: charger_id bay stands in line 2 already",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, said: str) -> None:
    assert bad_of(text) == [said]


def test_a_line_without_a_circuit_needs_one_for_the_whole_file() -> None:
    text = "serial,circuit_id\nZAP000012,level-1\nZAP000013,\n"

    assert bad_of(text, None) == [
        "line 3: no circuit; fill in circuit_id, or name one with --circuit"
    ]
    assert read_chargers(text, "level-2", "harbour")[1] == []


def test_everything_wrong_with_a_file_is_told_at_once() -> None:
    text = "serial,wiring,max_a\nbad,L9,4\nZAP000012,,\nworse!,,\nZAP000012,,\n"

    assert [it.partition(":")[0] for it in bad_of(text)] == [
        *("line 2", "line 2", "line 2", "line 4", "line 5"),
    ]


def test_more_chargers_than_a_command_can_assign_are_too_many_for_a_circuit() -> None:
    rows = "".join(f"ZAP{it:06}\n" for it in range(PER_COMMAND_MAX + 2))

    assert bad_of(f"serial\n{rows}") == [
        (
            f"line {PER_COMMAND_MAX + 2}: from here on more than {PER_COMMAND_MAX} chargers for "
            "circuit level-1; split the file"
        )
    ]


@pytest.mark.parametrize("text", ["L2 L3 L1", "l2,l3,l1", "L2-L3-L1", "L2L3L1", "L2/L3/L1"])
def test_phases_are_read_however_people_write_them(text: str) -> None:
    assert wiring_of(text) == TURNED
