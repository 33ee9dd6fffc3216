"""One serial, one place: told from the events alone."""

from shared.history.claims import Claims, reservation_faults
from tests.unit.history.facts import (
    BAY,
    ELSEWHERE,
    GARAGE,
    SERIAL,
    Log,
    assigned,
    garage_with_a_charger,
    garage_with_a_locked_charger,
    locked,
    removed,
    unlocked,
)


def claims_of(log: Log) -> Claims:
    claims = Claims()
    for recorded in log.events:
        claims.hear(recorded, recorded.event)
    return claims


def test_a_serial_that_is_assigned_is_held() -> None:
    found = claims_of(garage_with_a_charger())

    assert found.faults == []
    assert found.holders == {
        ("serial", SERIAL): f"{GARAGE}/{BAY}",
        ("charger", BAY): f"{GARAGE}/{BAY}",
    }


def test_a_serial_given_to_a_second_charger_is_a_fault() -> None:
    log = garage_with_a_charger()
    log.act(assigned(charger_id="bay-9"))

    assert [str(it) for it in claims_of(log).faults] == [
        (
            "position 5 (ChargerAssigned of stream installation-harbour-garage): serial ZAP000123 is "
            "given to harbour-garage/bay-9, harbour-garage/bay-3 has it"
        )
    ]


def test_a_move_is_none_when_it_leaves_before_it_arrives() -> None:
    leaves = removed(moved_to=ELSEWHERE)
    arrives = assigned(installation_id=ELSEWHERE, moved_from=GARAGE)
    right, wrong = garage_with_a_charger(), garage_with_a_charger()
    right.act(leaves, arrives)
    wrong.act(arrives, leaves)

    assert claims_of(right).faults == []
    assert claims_of(wrong).faults != []


def test_a_locked_serial_stays_held_until_it_is_removed() -> None:
    log = garage_with_a_locked_charger()

    assert ("serial", SERIAL) in claims_of(log).holders

    log.act(unlocked("sold"), removed())

    assert claims_of(log).holders == {}
    assert claims_of(log).faults == []


def test_what_is_locked_must_stand_where_it_is_locked() -> None:
    log = garage_with_a_charger()
    log.act(removed())
    log.act(locked())

    assert [it.position for it in claims_of(log).faults] == [6]


def test_reservations_are_compared_with_the_log_kind_by_kind() -> None:
    key = ("serial", SERIAL)

    assert reservation_faults({key: "a/b"}, {key: ("a/b", 3)}) == []
    assert [it.what for it in reservation_faults({key: "a/b"}, {key: ("c/d", 3)})] == [
        "serial ZAP000123 is kept for c/d, the log says a/b"
    ]
    assert len(reservation_faults({key: "a/b"}, {})) == 1
    assert len(reservation_faults({}, {key: ("a/b", 3)})) == 1
    assert reservation_faults({}, {("card", "x"): ("a/b", 3)}) == []
