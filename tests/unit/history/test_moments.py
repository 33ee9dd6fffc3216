"""How people name a moment, and where it cuts several logs."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared.history.moments import (
    AtPosition,
    AtTime,
    AtVersion,
    Moment,
    UnknownMoment,
    cut,
    parse,
)
from tests.unit.history.facts import (
    BEGIN,
    ELSEWHERE,
    GARAGE,
    connected,
    created,
    garage_with_a_charger,
    telemetry,
)

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
OSLO = ZoneInfo("Europe/Oslo")
SERVICES = ["installation", "telemetry"]
STREAM = f"installation-{GARAGE}"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22T14:05", AtTime(datetime(2026, 11, 22, 13, 5, tzinfo=UTC))),
        ("2026-11-22", AtTime(datetime(2026, 11, 21, 23, 0, tzinfo=UTC))),
        ("2026-07-01T14:05", AtTime(datetime(2026, 7, 1, 12, 5, tzinfo=UTC))),
        ("2026-11-22T14:05+00:00", AtTime(datetime(2026, 11, 22, 14, 5, tzinfo=UTC))),
        ("90m", AtTime(NOW - timedelta(minutes=90))),
        ("3d", AtTime(NOW - timedelta(days=3))),
        ("position:12", AtPosition("installation", 12)),
        ("telemetry:12", AtPosition("telemetry", 12)),
        ("version:7", AtVersion(7)),
    ],
)
def test_moments_are_read_in_the_local_time_of_the_installation(
    text: str, moment: Moment
) -> None:
    assert parse(text, SERVICES, NOW, OSLO) == moment


@pytest.mark.parametrize(
    "text", ["", "yesterday", "balancer:12", "version:", "version:-1", "12"]
)
def test_what_is_no_moment_is_refused_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(UnknownMoment, match="position:123"):
        parse(text, SERVICES, NOW, OSLO)


def test_what_happened_at_the_moment_itself_belongs_to_it() -> None:
    log = garage_with_a_charger()

    kept = cut({"installation": log.events}, AtTime(BEGIN + timedelta(minutes=2)), STREAM)

    assert [it.position for it in kept["installation"]] == [1, 2]


def test_a_version_cuts_the_other_logs_at_its_time() -> None:
    log, reports = garage_with_a_charger(), telemetry()
    for _ in range(5):
        reports.act(connected())

    kept = cut({"installation": log.events, "telemetry": reports.events}, AtVersion(3), STREAM)

    assert [it.version for it in kept["installation"]] == [1, 2, 3]
    assert len(kept["telemetry"]) == 3


def test_a_position_of_another_installation_cuts_at_its_own_time() -> None:
    log, reports = garage_with_a_charger(), telemetry()
    for _ in range(6):
        reports.act(connected())
    [other] = log.act(created(ELSEWHERE))
    mine = [it for it in log.events if it.stream == STREAM]

    kept = cut(
        {"installation": mine, "telemetry": reports.events},
        AtPosition("installation", other.position, other.recorded_at),
        STREAM,
    )

    assert kept["installation"] == mine
    assert len(kept["telemetry"]) == 5


def test_a_version_that_does_not_exist_says_which_do() -> None:
    log = garage_with_a_charger()

    with pytest.raises(UnknownMoment, match="is at version 4, there is no version 9"):
        cut({"installation": log.events}, AtVersion(9), STREAM)
