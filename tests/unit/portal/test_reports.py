"""What was charged, session by session, and nothing that a spreadsheet would calculate."""

from datetime import UTC, datetime, timedelta

from services.portal.api.reports import as_csv, report_of
from services.portal.charging import ChargingSession

BEGINS = datetime(2026, 11, 1, tzinfo=UTC)
ENDS = BEGINS + timedelta(days=30)


def session(
    number: int, ended_at: datetime | None, charger_id: str = "bay-1"
) -> ChargingSession:
    return ChargingSession(
        session_id=f"s-{number}",
        installation_id="garage",
        charger_id=charger_id,
        started_at=BEGINS,
        ended_at=ended_at,
        energy_wh=None if ended_at is None else 1_000 * number,
    )


def test_a_session_belongs_to_the_span_in_which_it_ended() -> None:
    sessions = [
        session(1, BEGINS),
        session(2, ENDS - timedelta(seconds=1), "bay-2"),
        session(4, ENDS),
        session(8, None),
    ]

    report = report_of("garage", sessions, {}, BEGINS, ENDS)

    assert [it.session_id for it in report.sessions] == ["s-1", "s-2"]
    assert (report.energy_wh, report.energy_by_charger_wh) == (
        3_000,
        {"bay-1": 1_000, "bay-2": 2_000},
    )


def test_a_name_that_looks_like_a_formula_is_a_text_in_a_sheet() -> None:
    names = {"bay-1": '=HYPERLINK("https://evil.example")'}
    report = report_of("garage", [session(1, BEGINS)], names, BEGINS, ENDS)

    row = as_csv(report).splitlines()[1]

    assert ",\"'=HYPERLINK(" in row
