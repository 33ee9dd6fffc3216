"""Serial numbers as they are pasted: each line is understood, or it is said why not."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.portal.documents import Layout, Lock
from services.portal.setup.pasting import Manner, Row, Wirings, World, addable, rows_of
from shared.phases import GridType
from tests.unit.portal.facts import AT, LAYOUT

MANNER = Manner(prefix="Bay")


def world(layout: Layout = LAYOUT) -> World:
    told = {"ZAP000777": "It is at another installation."}
    return World(layout, layout.circuits[0], told.get)


def read(text: str, manner: Manner = MANNER, layout: Layout = LAYOUT) -> list[Row]:
    return rows_of(text, manner, world(layout))


def serials(rows: list[Row]) -> list[str]:
    return [it.charger.serial for it in rows if it.charger is not None]


@pytest.mark.parametrize(
    "text",
    [
        "ZAP000012\nzap000013\r\n\n ZAP000014 \n",
        "ZAP000012, ZAP000013; ZAP000014",
        "ZAP000012 ZAP000013\tZAP000014",
        "serial\nZAP000012\nZAP000013\nZAP000014",
        "name;serial\nA;ZAP000012\nB;zap000013\nC;ZAP000014",
        "ZAP000012\tA\nZAP000013\tB\nZAP000014\tC",
    ],
)
def test_lists_are_understood_however_they_are_written(text: str) -> None:
    rows = read(text)

    assert serials(rows) == ["ZAP000012", "ZAP000013", "ZAP000014"]
    assert len(addable(rows)) == 3


def test_columns_are_serial_name_wiring_and_highest_current() -> None:
    (row,) = read("ZAP000012; Guest 1; l2 l3 l1; 16,5")

    assert row.charger is not None
    assert row.charger.name == "Guest 1"
    assert " ".join(row.charger.wiring) == "L2 L3 L1"
    assert row.charger.max_a == 16.5


def test_what_a_line_leaves_out_is_filled_in() -> None:
    rows = read("ZAP000012\nZAP000013, Guest\nZAP000014", Manner("Bay", 1, max_a=20.0))
    chargers = addable(rows)

    assert [it.name for it in chargers] == ["Bay 3", "Guest", "Bay 4"]  # Bay 1 and 2 are there
    assert ["".join(it.wiring) for it in chargers] == ["L3L1L2", "L1L2L3", "L2L3L1"]
    assert {it.max_a for it in chargers} == {20.0}
    assert [it.charger_id for it in chargers] == [it.serial for it in chargers]


@pytest.mark.parametrize(
    ("wirings", "expected"),
    [
        (Wirings.ALIKE, ["L1L2L3", "L1L2L3", "L1L2L3"]),
        (Wirings.ONE_PHASE, ["L3", "L1", "L2"]),
    ],
)
def test_wiring_is_turned_only_where_it_is(wirings: Wirings, expected: list[str]) -> None:
    rows = read("ZAP000012 ZAP000013 ZAP000014", Manner(wirings=wirings))

    assert ["".join(it.wiring) for it in addable(rows)] == expected


def test_in_a_one_phase_grid_there_is_one_wiring() -> None:
    layout = LAYOUT.model_copy(update={"grid_type": GridType.TN_1_PHASE})
    plain, wired = read("ZAP000012\nZAP000013; B; L2", layout=layout)

    assert plain.charger is not None
    assert "".join(plain.charger.wiring) == "L1"
    assert wired.faults == ("This grid has one phase: wire it to L1.",)


@pytest.mark.parametrize(
    ("text", "number", "said"),
    [
        ("ZAP000012\n??", 2, "'??' is not a serial number"),
        ("ZAP000012\n\nZAP000012", 3, "stands in line 1 already"),
        ("ZAP000777", 1, "It is at another installation."),
        ("ZAP000001", 1, "It is “Bay 1” here already."),
        ("ZAP000012; A; L4", 1, "'L4' is no phase"),
        ("ZAP000012; A; L1; 900", 1, "80"),
        ("serial,what\nZAP000012,x", 1, "unknown column 'what'"),
        ("serial,circuit_id\nZAP000012,guests", 2, "It names another circuit: guests."),
        ("serial,name\nZAP000012,x,y", 2, "3 values for 2 columns"),
    ],
)
def test_what_is_wrong_is_said_of_its_line_and_nothing_is_added(
    text: str, number: int, said: str
) -> None:
    rows = read(text)
    wrong = {it.number: it.faults for it in rows if it.faults}

    assert list(wrong) == [number]
    assert any(said in it for it in wrong[number])
    assert addable(rows) == []


def test_a_locked_one_says_so() -> None:
    first, second = LAYOUT.chargers
    locked = first.model_copy(update={"lock": Lock(circuit_id="level-1", at=AT)})
    (row,) = read("ZAP000001", layout=LAYOUT.model_copy(update={"chargers": (locked, second)}))

    assert "locked: take its circuit into use again" in row.faults[0]


def test_what_is_unusual_is_remarked_and_is_added_all_the_same() -> None:
    (row,) = read("ZAP000012; Bay 1; L1; 63")

    assert row.remarks == (
        "There is a charger of this name already.",
        "The circuit gives it 50 A at most.",
    )
    assert len(addable([row])) == 1


def test_nothing_is_nothing() -> None:
    assert read(" \n\n") == []


LETTERS = st.text(alphabet="ZAP01;,\t\n\r \"'serial_name-\u2028", max_size=120)


@given(st.one_of(st.text(max_size=300), LETTERS))
@example(",")
@example("serial\n;;\nZAP000012")
def test_whatever_is_pasted_every_line_is_answered(text: str) -> None:
    rows = read(text)

    assert bool(rows) or not text.strip() or "serial" in text.lower()
    assert all(it.charger or it.faults for it in rows)
    numbers = {it.number for it in rows}
    assert numbers <= set(range(1, len(text.splitlines()) + 1))
