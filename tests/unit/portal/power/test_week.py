"""A week of a schedule, drawn and filled in."""

import pytest

from services.portal.doing import Filled
from services.portal.power.amounts import Unclear, currents_of, written
from services.portal.power.week import Block, read_rows, rows_of, week_of
from shared.messages.installation_terms import WEEK, ScheduleRule
from shared.messages.signing_in import Asker
from shared.phases import GridType
from shared.weekly import DAY_MINUTES, CurrentSchedule

DAY = ScheduleRule(days=WEEK[:5], begins="06:00", ends="22:00", available_a=(80.0, 80.0, 80.0))
NIGHT = ScheduleRule(
    days=(WEEK[6],), begins="22:00", ends="06:00", available_a=(16.0, 8.0, 16.0)
)


def filled(**values: list[str]) -> Filled:
    named = {name.replace("_", "-"): it for name, it in values.items()}
    return Filled(Asker(actor="person/ina", name="Ina"), named)


def test_a_day_has_what_holds_and_what_is_otherwise() -> None:
    week = week_of(CurrentSchedule((DAY,), None, "Etc/UTC"), 160.0, GridType.TN_3_PHASE)

    assert [it.name for it in week] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    assert week[0].blocks == (
        Block(0, 360, "all", 10, by_rule=False),
        Block(360, 960, "80 A", 5, by_rule=True),
        Block(1320, 120, "all", 10, by_rule=False),
    )
    assert week[5].blocks == (Block(0, DAY_MINUTES, "all", 10, by_rule=False),)


def test_a_rule_over_the_end_of_the_week_goes_on_at_its_beginning() -> None:
    kept = CurrentSchedule((NIGHT,), (32.0, 32.0, 32.0), "Etc/UTC")

    week = week_of(kept, 32.0, GridType.TN_3_PHASE)

    assert week[0].blocks[0] == Block(0, 360, "L1 16 A, L2 8 A, L3 16 A", 2, by_rule=True)
    assert week[6].blocks[-1] == Block(1320, 120, "L1 16 A, L2 8 A, L3 16 A", 2, by_rule=True)
    assert all(sum(it.minutes for it in day.blocks) == DAY_MINUTES for day in week)


def test_what_is_written_into_a_form_is_read_from_it_again() -> None:
    rows = rows_of((DAY, NIGHT))
    form = filled(
        **{
            f"{name}_{number}": value
            for number, row in enumerate(rows)
            for name, value in (
                ("days", [str(it) for it in row.days]),
                ("begins", [row.begins]),
                ("ends", [row.ends]),
                ("available", [row.available]),
            )
        }
    )

    read = read_rows(form)

    assert not read.wrong
    assert tuple(ScheduleRule.model_validate(it) for it in read.rules) == (DAY, NIGHT)


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"begins_0": ["06:00"], "ends_0": ["07:00"], "available_0": ["8"]}, "Tick the days"),
        ({"days_0": ["MON"], "available_0": ["8"]}, "from when until when"),
        ({"days_0": ["MON"], "begins_0": ["06:00"], "ends_0": ["07:00"]}, "Enter the current"),
        (
            {
                "days_0": ["MON"],
                "begins_0": ["06:00"],
                "ends_0": ["07:00"],
                "available_0": ["x"],
            },
            "one current for every phase",
        ),
        (
            {"days_0": ["MON"], "begins_0": ["6"], "ends_0": ["07:00"], "available_0": ["8"]},
            "pattern",
        ),
        (
            {
                "days_0": ["MON"],
                "begins_0": ["06:00"],
                "ends_0": ["07:00"],
                "available_0": ["-8"],
            },
            "At least 0",
        ),
    ],
)
def test_what_is_missing_in_a_row_is_said_of_it(
    values: dict[str, list[str]], wrong: str
) -> None:
    read = read_rows(filled(**values))

    assert read.wrong
    assert wrong in read.rows[0].wrong


def test_empty_rows_are_left_out_and_others_keep_what_was_filled_in() -> None:
    read = read_rows(filled(days_3=["MON"], begins_3=["06:00"]))

    (row,) = read.rows
    assert (row.days, row.begins) == (("MON",), "06:00")


@pytest.mark.parametrize("text", ["", "80 80", "many", "80 / / 63"])
def test_what_is_no_current_is_said_to_be_none(text: str) -> None:
    with pytest.raises(Unclear):
        currents_of(text)


def test_currents_that_are_written_can_be_read_again() -> None:
    for currents_a in ((80.0, 80.0, 80.0), (80.0, 63.5, 6.0)):
        assert currents_of(written(currents_a)) == currents_a
