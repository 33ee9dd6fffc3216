"""Why a charger gives what it gives, and what would give it more: what its page says, cause by cause."""

from pathlib import Path

import pytest

from services.portal.one_charger.about import lines_of
from services.portal.one_charger.picture import picture_of
from services.portal.one_charger.rule_remedies import REMEDIES
from services.portal.one_charger.wishes import WishUnclear, wish_of
from shared.messages.balancer import Rule
from tests.unit.portal.facts import AT, CHARGING, GARAGE, LAYOUT, OSLO, at, known, share
from tests.unit.portal.why_cases import CASES, Case

BOOK = Path(__file__).parents[3] / "docs" / "why.md"
HEAD = """# Why this current?

What the page of a charger says, cause by cause: why it gives what it gives, and what would give it more. A
test writes this document with the code that writes the portal's page, so that it is never out of date.
`ampledger explain` tells the same of any moment in the past.

The example is a garage whose main breaker carries 160 A, with a circuit “Level 1” (63 A, set to 50 A).
"""


def written() -> str:
    """Write the whole document."""
    return "\n".join([HEAD, *(section(it) for it in CASES)])


def section(case: Case) -> str:
    picture = case.picture
    more = [it for it in (*picture.more, picture.then) if it]
    waits = f"\n\n> {picture.waits}" if picture.waits else ""
    return (
        f"## {case.cause}\n\n> **{picture.limit} allowed.** {picture.sentence}{waits}\n\n"
        "What would give it more:\n\n" + "\n".join(f"- {it}" for it in more) + "\n"
    )


def test_the_document_says_what_the_page_says() -> None:
    told = BOOK.read_text()

    assert told == written(), (
        "write tests.unit.portal.test_one_charger.written() to docs/why.md"
    )


@pytest.mark.parametrize("case", CASES, ids=lambda it: it.cause)
def test_every_cause_is_told_in_full_sentences_with_a_way_on(case: Case) -> None:
    picture = case.picture
    told = [it for it in picture.more if it]

    assert picture.sentence[0].isupper() or picture.sentence[0].isdigit()
    assert picture.sentence.endswith(".")
    assert ".." not in picture.sentence
    assert told
    assert all(it[0].isupper() and it[-1] == "." for it in told)


def test_no_two_causes_are_told_alike() -> None:
    assert len({it.picture.sentence for it in CASES}) == len(CASES)


def test_every_rule_has_a_case_and_a_way_on() -> None:
    shares = [it.facts.shares.get(it.charger_id) for it in CASES]
    told = {it.limited_by.rule for it in shares if it is not None}

    assert set(REMEDIES) == set(Rule)
    # A locked charger is told by its lock, before the balancer has said anything of it.
    assert told == set(Rule) - {Rule.LOCKED}


def test_the_breaker_that_holds_the_current_down_is_marked_on_the_way_up() -> None:
    picture = CASES[0].picture

    assert [(it.view.id, it.holds) for it in picture.steps] == [
        ("level-1", "holds it down on L1"),
        ("main", ""),
    ]


def test_a_decision_is_named_by_its_place_in_the_log() -> None:
    decided = share().model_copy(update={"position": 4711, "decided_at": at(-30)})
    picture = picture_of(known(shares={"bay-1": decided}), "bay-1", AT)

    assert picture is not None
    assert picture.decided == "Decision 4711 in the balancer's log, at 07:59"


def test_figures_of_the_moment_come_with_the_picture() -> None:
    picture = picture_of(known(), "bay-1", AT)

    assert picture is not None
    assert (picture.limit, picture.draw) == ("12.0 A", "L1 11.4 · L2 0 · L3 0 A")
    assert (picture.at_s, picture.current_a) == (AT.timestamp(), (11.4, 0.0, 0.0))
    assert picture.fallback == "6.0 A, if nothing is heard until 08:01"


def test_a_reading_of_an_earlier_car_is_no_figure_of_this_moment() -> None:
    later = CHARGING.model_copy(
        update={"session": CHARGING.session and CHARGING.session.model_copy(
            update={"session_id": "s-2"}
        )}
    )  # fmt: skip
    picture = picture_of(known(conditions={"bay-1": later}), "bay-1", AT)

    assert picture is not None
    assert (picture.draw, picture.current_a, picture.at_s) == ("–", None, None)


def test_there_is_no_picture_of_a_charger_that_is_not_there() -> None:
    assert picture_of(known(), "bay-9", AT) is None


def test_a_charger_that_has_not_been_heard_of_for_long_says_so() -> None:
    silent = picture_of(known(readings={}), "bay-1", AT)

    assert silent is not None
    assert silent.sentence.endswith("It has sent no reading for 10 min.")


def test_a_charger_is_described_with_its_place_and_wiring() -> None:
    told = {it.name: it.value for it in lines_of(known(), LAYOUT.chargers[1], AT)}

    assert told["Serial number"] == "ZAP000002"
    assert told["Circuit"] == "Guests ‹ Level 1"
    assert told["Wiring"] == "L1 L2 L3"
    assert told["Gives"] == "6 to 32 A"
    assert told["Connection"] == "online since 07:00"
    assert LAYOUT.installation_id == GARAGE


# --- Wishes ---


def test_a_wish_is_for_the_next_time_that_the_clock_shows() -> None:
    morning, later = (wish_of(it, "30,5", AT, OSLO) for it in ("07:00", "10:00"))

    assert str(morning["departure_at"]) == "2026-11-23 07:00:00+01:00"  # it is 9 o'clock there
    assert str(later["departure_at"]) == "2026-11-22 10:00:00+01:00"
    assert morning["energy_wh"] == 30_500


def test_nothing_filled_in_is_no_wish_any_more() -> None:
    assert wish_of("", "", AT, OSLO) == {"departure_at": None, "energy_wh": None}


@pytest.mark.parametrize(
    ("clock", "kwh", "field"),
    [
        ("7 o'clock", "30", "ready_by"),
        ("25:00", "30", "ready_by"),
        ("07:00", "much", "kwh"),
        ("07:00", "", "kwh"),
        ("", "30", "ready_by"),
        ("07:00", "-3", "kwh"),
        ("07:00", "nan", "kwh"),
        ("07:00", "1001", "kwh"),
    ],
)
def test_what_is_no_wish_is_refused_where_it_was_written(
    clock: str, kwh: str, field: str
) -> None:
    with pytest.raises(WishUnclear) as refused:
        wish_of(clock, kwh, AT, OSLO)

    assert refused.value.field == field
