"""Where a serial is, why it is locked, whether its charger was carried away, and how it gets free."""

from zoneinfo import ZoneInfo

import pytest

from shared.history.merging import merge
from shared.history.serial_story import story_of
from shared.history.serial_words import where_lines, why_lines
from shared.history.serials import SerialStory, Standing
from shared.history.unlocking import Moved, why_locked
from shared.messages.installation import (
    ChargerMoved,
    CircuitReactivated,
    InstallationDeactivated,
)
from shared.messages.telemetry import Place
from tests.unit.history.facts import (
    BAY,
    ELSEWHERE,
    GARAGE,
    HOME_ADDRESS,
    SERIAL,
    Log,
    added,
    assigned,
    connected,
    created,
    deactivated,
    garage_with_a_charger,
    garage_with_a_locked_charger,
    layouts,
    locked,
    refused,
    removed,
    telemetry,
    unlocked,
)

OSLO = ZoneInfo("Europe/Oslo")


def story(*logs: Log, serial: str = SERIAL) -> SerialStory:
    return story_of(serial, merge({it.service: it.events for it in logs}))


def answer(found: SerialStory) -> str:
    return where_lines(found, OSLO)[0]


# --- Where it is ---


def test_a_serial_that_nobody_has_seen() -> None:
    found = story(layouts())

    assert found.standing is Standing.NEVER_SEEN
    assert answer(found) == (
        "ZAP000123 was never seen: nobody has assigned it, and it has never tried to connect."
    )


def test_a_serial_that_only_knocked() -> None:
    knocks = telemetry()
    knocks.act(refused("10.9.9.9", Place.UNKNOWN))

    assert answer(story(knocks)) == (
        "ZAP000123 was never assigned; it tried to connect 2026-11-22 14:01:00 from 10.9.9.9."
    )


def test_a_serial_in_use_is_named_with_circuit_and_charger() -> None:
    assert answer(story(garage_with_a_charger())) == (
        "ZAP000123 is in use in Harbour garage (harbour-garage), circuit Level 2, as Bay 3 (bay-3), "
        "since 2026-11-22 14:04:00, by nina."
    )


def test_a_charger_that_moved_within_the_garage_is_where_it_moved_to() -> None:
    log = garage_with_a_charger()
    log.act(
        ChargerMoved(
            installation_id=GARAGE,
            charger_id=BAY,
            from_circuit_id="level-2",
            circuit_id="level-1",
        )
    )

    assert "circuit Level 1, as Bay 3" in answer(story(log))


def test_a_charger_that_moved_to_another_installation_was_in_both() -> None:
    log = garage_with_a_charger()
    log.act(created(ELSEWHERE, name="Hill garage"))
    log.act(added("yard", installation_id=ELSEWHERE))
    log.act(
        removed(moved_to=ELSEWHERE),
        assigned(circuit_id="yard", installation_id=ELSEWHERE, moved_from=GARAGE),
        actor="ola",
    )

    now, connection, before = where_lines(story(log), OSLO)

    assert now.startswith("ZAP000123 is in use in Hill garage (hill-garage), circuit Yard")
    assert connection == "Its charger has not connected there yet."
    assert before == (
        "Before: it was in Harbour garage (harbour-garage), circuit Level 2, as Bay 3 (bay-3), from "
        "2026-11-22 14:04:00 until 2026-11-22 14:07:00, when ola moved it to hill-garage."
    )


def test_a_removed_serial_can_be_assigned_anywhere() -> None:
    log = garage_with_a_charger()
    log.act(removed())

    found = story(log)

    assert found.standing is Standing.REMOVED
    assert answer(found).startswith(
        "ZAP000123 is nowhere and can be assigned anywhere; it was in"
    )
    assert "when nina removed it" in answer(found)


def test_another_serial_under_the_same_id_is_another_story() -> None:
    log = garage_with_a_charger()
    log.act(removed())
    log.act(assigned(serial="ZAP000999"))

    assert story(log).standing is Standing.REMOVED
    assert story(log, serial="ZAP000999").standing is Standing.IN_USE


def test_a_charger_that_connected_after_the_stay_is_not_its_contact() -> None:
    log, reports = garage_with_a_charger(), telemetry()
    log.act(removed())
    log.act(assigned(serial="ZAP000999"))
    reports.at = log.at
    reports.act(connected(serial="ZAP000999"))

    assert story(log, reports).contacts == ()


# --- Why it is locked ---


def test_what_is_not_locked_has_no_why() -> None:
    assert why_locked(story(garage_with_a_charger())) is None


def test_a_lock_names_who_when_with_what_and_why() -> None:
    found = story(garage_with_a_locked_charger())
    why = why_locked(found)
    assert why is not None

    told = why_lines(found, why, OSLO)

    assert found.standing is Standing.LOCKED
    assert told[0] == (
        "ZAP000123 is locked since 2026-11-22 14:05:00: circuit Level 2 of Harbour garage "
        "(harbour-garage) was deactivated by ola."
    )
    assert told[1] == "The reason given: water in the garage (position 5, command down)"


def test_the_ways_on_are_commands() -> None:
    why = why_locked(story(garage_with_a_locked_charger()))
    assert why is not None

    assert [it.command for it in why.ways] == [
        "ampledger circuit reactivate harbour-garage level-2",
        'ampledger serial unlock ZAP000123 --reason "..."',
    ]


def test_what_lies_above_must_be_reactivated_first() -> None:
    log = layouts()
    log.act(created())
    log.act(added("level-2"))
    log.act(added("wing", parent_id="level-2"))
    log.act(assigned(circuit_id="wing"))
    log.act(locked("wing"), deactivated("wing"))
    log.act(deactivated("level-2"))
    why = why_locked(story(log))
    assert why is not None

    assert why.ways[0].command == (
        "ampledger circuit reactivate harbour-garage level-2; "
        "ampledger circuit reactivate harbour-garage wing"
    )


def test_a_circuit_beneath_what_locked_it_need_not_come_first() -> None:
    """The whole level went down with the charger; its wing was down before, and stays so."""
    log = layouts()
    log.act(created())
    log.act(added("level-2"))
    log.act(added("wing", parent_id="level-2"))
    log.act(assigned(circuit_id="wing"))
    log.act(deactivated("wing"))
    log.act(locked("level-2"), deactivated("level-2"))
    why = why_locked(story(log))
    assert why is not None

    assert why.ways[0].command == "ampledger circuit reactivate harbour-garage level-2"


def test_a_whole_installation_that_is_out_of_use_locks_too() -> None:
    log = garage_with_a_charger()
    log.act(
        locked(None),
        InstallationDeactivated(installation_id=GARAGE, reason="sold"),
    )
    found = story(log)
    why = why_locked(found)
    assert why is not None

    assert "Harbour garage of Harbour garage" not in why_lines(found, why, OSLO)[0]
    assert why.ways[0].command == "ampledger installation reactivate harbour-garage"


def test_reactivating_unlocks_and_the_stay_goes_on() -> None:
    log = garage_with_a_locked_charger()
    log.act(
        CircuitReactivated(installation_id=GARAGE, circuit_id="level-2"),
        unlocked("circuit Level 2 was reactivated"),
    )
    found = story(log)

    assert found.standing is Standing.IN_USE
    assert found.stay is not None
    assert not found.stay.freed


def test_support_unlocking_ends_the_stay_with_its_reason() -> None:
    log = garage_with_a_locked_charger()
    log.act(unlocked("sold to the neighbours", "SUP-7"), removed(), actor="kim")
    found = story(log)

    assert found.standing is Standing.REMOVED
    assert "when kim unlocked and removed it (sold to the neighbours, ticket SUP-7)" in answer(
        found
    )


def test_an_earlier_unlocking_is_not_the_reason_of_a_later_removal() -> None:
    log = garage_with_a_locked_charger()
    log.act(
        CircuitReactivated(installation_id=GARAGE, circuit_id="level-2"),
        unlocked("circuit Level 2 was reactivated"),
    )
    log.act(removed(), actor="kim")

    assert "when kim removed it." in answer(story(log))


# --- Whether it was carried away ---


@pytest.mark.parametrize(
    ("knocks", "moved"),
    [
        ([], Moved.SILENT),
        ([(HOME_ADDRESS, Place.AS_BEFORE)], Moved.NO),
        ([("10.9.9.9", Place.ELSEWHERE)], Moved.ELSEWHERE),
        ([(HOME_ADDRESS, Place.AS_BEFORE), ("10.9.9.9", Place.ELSEWHERE)], Moved.ELSEWHERE),
        ([("10.9.9.9", Place.ELSEWHERE), (HOME_ADDRESS, Place.AS_BEFORE)], Moved.NO),
    ],
)
def test_its_network_address_tells_whether_a_locked_charger_was_moved(
    knocks: list[tuple[str, Place]], moved: Moved
) -> None:
    log, reports = garage_with_a_locked_charger(), telemetry()
    reports.at = log.at
    for remote, place in knocks:
        reports.act(refused(remote, place))
    why = why_locked(story(log, reports))
    assert why is not None

    assert why.moved is moved


def test_where_telemetry_could_not_tell_the_log_of_connections_may() -> None:
    log, reports = garage_with_a_charger(), telemetry()
    reports.at = log.at
    reports.act(connected(HOME_ADDRESS))
    log.at = reports.at
    log.act(locked(), deactivated())
    reports.at = log.at
    reports.act(refused("10.9.9.9", Place.UNKNOWN))
    found = story(log, reports)
    why = why_locked(found)
    assert why is not None

    told = "\n".join(why_lines(found, why, OSLO))

    assert why.moved is Moved.ELSEWHERE
    assert (
        "ELSEWHERE: 10.9.9.9 (before: 10.0.0.5). It may have been carried to another place"
        in told
    )


def test_without_any_earlier_address_nothing_is_claimed() -> None:
    log, reports = garage_with_a_locked_charger(), telemetry()
    reports.at = log.at
    reports.act(refused("10.9.9.9", Place.UNKNOWN))
    why = why_locked(story(log, reports))

    assert why is not None
    assert why.moved is Moved.UNKNOWN


def test_knocks_before_the_lock_do_not_count() -> None:
    log, reports = garage_with_a_charger(), telemetry()
    reports.at = log.at
    reports.act(refused("10.9.9.9", Place.ELSEWHERE))
    log.at = reports.at
    log.act(locked(), deactivated())
    why = why_locked(story(log, reports))

    assert why is not None
    assert why.moved is Moved.SILENT
