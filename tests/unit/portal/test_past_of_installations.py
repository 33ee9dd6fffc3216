"""The past of an installation: its timeline, and any moment of it."""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from services.portal.past import Logs
from services.portal.support.replay import Asked, Moment, moment_of
from services.portal.support.telling import SHOWN, Kind, Page, Wanted, page_of
from services.portal.support.trees import Leaf, Mark, Node
from shared.messages.installation import (
    ChargerRemoved,
    CircuitDeactivated,
    PrioritySet,
    SerialLocked,
)
from shared.messages.permissions import AccessRefused
from shared.speech import speaking
from tests.unit.history.facts import (
    BAY,
    BEGIN,
    GARAGE,
    SERIAL,
    Log,
    garage_with_a_charger,
    narrowed,
)

OSLO = ZoneInfo("Europe/Oslo")
NOW = BEGIN + timedelta(days=1)
EVERYTHING = Wanted()
PEOPLE = {"nina": "Nina Berg"}


def logs() -> Logs:
    """A garage whose second level is narrowed, and then taken down with its charger."""
    layout, access = garage_with_a_charger(), Log("permissions", number=4)
    layout.act(narrowed(), actor="person/nina", allowed_by="service")
    layout.act(
        SerialLocked(
            installation_id=GARAGE, circuit_id="level-2", charger_id=BAY, serial=SERIAL
        ),
        CircuitDeactivated(installation_id=GARAGE, circuit_id="level-2", reason="dredging"),
        actor="person/nina",
    )
    access.act(
        AccessRefused(
            installation_id=GARAGE, asked_for="UnlockSerial", refusal="Forbidden", detail="no"
        ),
        actor="person/ola",
        minutes=90,
    )
    return {it.service: it.events for it in (layout, access)}


def moment(at: str = "", since: str = "", of: Logs | None = None) -> Moment:
    asked = Asked(GARAGE, at, since, NOW, OSLO)
    found = moment_of(asked, logs() if of is None else of, PEOPLE)
    assert found is not None
    return found


def page(wanted: Wanted = EVERYTHING) -> Page:
    return page_of(GARAGE, wanted, OSLO, logs(), PEOPLE)


def leaves(node: Node) -> Iterator[Leaf]:
    yield from node.chargers
    for it in node.beneath:
        yield from leaves(it)


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for it in node.beneath:
        yield from nodes(it)


def test_the_timeline_tells_who_and_why_and_what_changed_the_latest_first() -> None:
    refused, taken_down, narrow, *_ = page().rows

    assert refused.refused
    assert refused.day == "Sunday, 22 November 2026"
    assert (taken_down.day, taken_down.who, taken_down.reason) == ("", "Nina Berg", "dredging")
    assert len(taken_down.lines) == 2
    assert any("set value" in it for line in narrow.lines for it in line.changes)
    assert "UTC" in narrow.at.utc


def test_days_are_in_the_readers_language() -> None:
    with speaking("nb"):
        assert page().rows[0].day == "søndag 22. november 2026"


@pytest.mark.parametrize(
    ("kind", "services"),
    [
        (Kind.LAYOUT, {"installation"}),
        (Kind.PEOPLE, {"permissions"}),
        (Kind.REFUSED, {"permissions"}),
        (Kind.CHARGERS, set()),
    ],
)
def test_one_kind_is_told_alone(kind: Kind, services: set[str]) -> None:
    rows = page(Wanted(kind)).rows

    assert {it.where.partition(":")[0] for it in rows} == services


def test_what_is_about_one_charger_is_told_alone() -> None:
    rows = page(Wanted(charger_id=BAY, serial=SERIAL)).rows
    other = page(Wanted(charger_id="bay-9", serial="ZAP000999")).rows

    assert len(rows) >= 2
    assert all(SERIAL in str(it.lines) for it in rows)
    assert other == ()


def test_pages_go_on_where_the_one_before_ended_whatever_happens_meanwhile() -> None:
    log = garage_with_a_charger()
    for it in range(SHOWN + 10):
        log.act(PrioritySet(installation_id=GARAGE, charger_id=BAY, priority=it % 9))
    first = page_of(GARAGE, Wanted(), OSLO, {"installation": log.events}, {})
    log.act(PrioritySet(installation_id=GARAGE, charger_id=BAY, priority=9))

    second = page_of(
        GARAGE, Wanted(before=first.before), OSLO, {"installation": log.events}, {}
    )

    assert len(first.rows) == SHOWN
    assert second.before is None
    shown = [it.where for it in (*first.rows, *second.rows)]
    assert len(shown) == len(set(shown))
    assert second.rows[-1].where == "installation:1"


def test_a_moment_is_the_installation_right_behind_it_with_what_it_changed_marked() -> None:
    at = moment("5")
    level = next(it for it in nodes(at.tree) if it.id == "level-2")

    assert at.who == "Nina Berg"
    assert level.mark is Mark.CHANGED
    assert level.mark_word == "changed"
    assert any("set value" in it for it in at.changes)
    assert [it.mark for it in leaves(at.tree)] == [Mark.SAME]
    assert not any(it.words for it in leaves(at.tree))


def test_the_latest_moment_is_shown_unless_another_one_is_asked_for() -> None:
    latest = moment()
    [bay] = leaves(latest.tree)
    level = next(it for it in nodes(latest.tree) if it.id == "level-2")

    assert latest.at == latest.last
    assert [it.text for it in level.words] == ["deactivated"]
    assert [it.text for it in bay.words] == ["locked with Level 2"]
    assert latest.reason == "dredging"


def test_two_moments_are_compared() -> None:
    compared = moment(since="1")
    marks = {it.id: it.mark for it in nodes(compared.tree)}

    assert compared.since == 1
    assert marks["level-2"] is Mark.ADDED
    assert [it.mark for it in leaves(compared.tree)] == [Mark.ADDED]


def test_what_is_gone_is_drawn_where_it_was() -> None:
    log = garage_with_a_charger()
    log.act(ChargerRemoved(installation_id=GARAGE, charger_id=BAY, serial=SERIAL))

    [bay] = leaves(moment(of={"installation": log.events}).tree)

    assert (bay.mark, bay.serial) == (Mark.GONE, SERIAL)


def test_a_moment_may_be_named_by_its_time() -> None:
    first = moment(BEGIN.astimezone(OSLO).replace(tzinfo=None).isoformat()[:16])
    then = moment((BEGIN + timedelta(minutes=1)).isoformat())

    assert "Nothing had happened" in first.fault
    assert first.at == first.last
    assert (then.at, then.fault) == (1, "")
    assert then.when.iso == "2026-11-22T14:01:00+01:00"


@pytest.mark.parametrize("text", ["0", "99", "yesterday-ish", "position:0"])
def test_a_moment_that_there_is_not_is_said(text: str) -> None:
    found = moment(text)

    assert found.fault
    assert found.at == found.last


def test_a_log_without_its_beginning_cannot_be_replayed() -> None:
    cut = {"installation": logs()["installation"][1:]}

    assert moment_of(Asked(GARAGE, "", "", NOW, OSLO), cut, {}) is None
