"""For whom a charger is kept: given, when, then."""

from dataclasses import replace
from datetime import datetime

import pytest

from services.telemetry import reserving
from services.telemetry.authorising import Known, Shown, Status, decide
from services.telemetry.charger import Charger, Reservation, evolve
from shared.messages.permissions import Role
from shared.messages.upkeep import ReservationEnded, WhyReservationEnded
from shared.rights.grants import Grant, Grants, PlaceGrants, PlatformGrants
from tests.unit.telemetry.facts import ASSIGNED, AT, connected, later, session_started, start

MINE, THEIRS = Shown("a" * 64, "ada"), Shown("b" * 64, "bob")
NO_GRANTS = Grants({}, PlatformGrants(), {})
NOBODY = Known(NO_GRANTS, 0, None)
FREE = evolve(Charger(), connected)
UNTIL = later(60)
KEPT = evolve(FREE, reserving.reserved(ASSIGNED, 7, MINE, UNTIL))


def kept_by(state: Charger) -> Reservation:
    assert state.reservation is not None
    return state.reservation


def judged(shown: Shown, at: datetime, state: Charger = KEPT) -> Status:
    return decide(ASSIGNED, shown, NOBODY, at, state.reservation).status


# --- Reserving ---


def test_a_free_charger_is_reserved_under_a_number_of_its_own() -> None:
    assert reserving.reserve(FREE, MINE, 9, UNTIL, AT) == 9


def test_who_has_it_already_keeps_its_number() -> None:
    assert reserving.reserve(KEPT, MINE, 9, later(90), AT) == 7
    assert reserving.reserve(KEPT, Shown("c" * 64, "ada"), 9, later(90), AT) == 7


def test_what_is_kept_for_somebody_is_not_reserved_by_another_until_it_is_over() -> None:
    with pytest.raises(reserving.KeptForAnother):
        reserving.reserve(KEPT, THEIRS, 9, later(90), AT)

    assert reserving.reserve(KEPT, THEIRS, 9, later(90), UNTIL) == 9


@pytest.mark.parametrize("minutes", [-1, 0, 24 * 60 + 1])
def test_a_reservation_ends_within_a_day(minutes: int) -> None:
    with pytest.raises(reserving.NotInTime):
        reserving.reserve(FREE, MINE, 9, later(minutes), AT)


def test_while_a_session_runs_nothing_is_reserved() -> None:
    with pytest.raises(reserving.ChargerInUse):
        reserving.reserve(evolve(FREE, session_started), MINE, 9, UNTIL, AT)


# --- Who may charge ---


def test_only_whom_it_is_kept_for_may_charge_where_nobody_else_is_asked() -> None:
    assert judged(MINE, AT) is Status.ACCEPTED
    assert judged(THEIRS, AT) is Status.INVALID
    assert judged(Shown("c" * 64), AT) is Status.INVALID


def test_by_any_card_of_theirs_or_the_one_that_it_is_kept_for() -> None:
    by_card = evolve(FREE, reserving.reserved(ASSIGNED, 7, Shown("c" * 64), UNTIL))

    assert judged(Shown("d" * 64, "ada"), AT) is Status.ACCEPTED
    assert judged(Shown("c" * 64), AT, by_card) is Status.ACCEPTED
    assert judged(Shown("d" * 64), AT, by_card) is Status.INVALID


def test_when_it_is_over_everybody_may() -> None:
    ended = evolve(KEPT, reserving.over(ASSIGNED, kept_by(KEPT), WhyReservationEnded.CANCELLED))

    assert judged(THEIRS, UNTIL) is Status.ACCEPTED
    assert judged(THEIRS, AT, ended) is Status.ACCEPTED


# --- Ending ---


def used(shown: Shown, state: Charger = KEPT, **said: int) -> tuple[ReservationEnded, ...]:
    return reserving.used(state, ASSIGNED, start(**said), shown, "s-1")


def test_a_session_of_theirs_ends_it() -> None:
    (event,) = used(MINE)

    assert (event.why, event.session_id) == (WhyReservationEnded.USED, "s-1")
    assert used(MINE, evolve(KEPT, event)) == ()


def test_so_does_one_that_the_charger_began_for_it() -> None:
    (event,) = used(THEIRS, reservationId=7)

    assert event.reservation_id == 7
    assert used(THEIRS) == ()
    assert used(THEIRS, reservationId=8) == ()


def test_it_is_over_when_its_time_is_and_that_is_said_once() -> None:
    (event,) = reserving.expired(KEPT, ASSIGNED, UNTIL)

    assert event.why is WhyReservationEnded.EXPIRED
    assert reserving.expired(KEPT, ASSIGNED, AT) == ()
    assert reserving.expired(evolve(KEPT, event), ASSIGNED, UNTIL) == ()


def test_they_cancel_it_or_an_owner_and_the_operator() -> None:
    given = (Grant(grantee="person/owner", role=Role.OWNER),)
    owner = Grants({"garage": PlaceGrants(grants=given)}, PlatformGrants(), {})
    for who in ("ada", "owner", None):
        assert reserving.cancel(KEPT, ASSIGNED, who, owner, AT) == KEPT.reservation
    with pytest.raises(reserving.NotYourReservation):
        reserving.cancel(KEPT, ASSIGNED, "bob", owner, AT)
    with pytest.raises(reserving.NotReserved):
        reserving.cancel(KEPT, ASSIGNED, "ada", owner, UNTIL)


def test_other_hardware_under_the_same_id_is_kept_for_nobody() -> None:
    other = connected.model_copy(update={"serial": "ZAP000099"})

    assert evolve(KEPT, other).reservation is None


def test_the_end_of_an_earlier_one_changes_nothing() -> None:
    earlier = replace(kept_by(KEPT), reservation_id=6)
    ended = reserving.over(ASSIGNED, earlier, WhyReservationEnded.EXPIRED)

    assert evolve(KEPT, ended) == KEPT


# --- What the charger is told ---


def test_a_tag_is_of_one_reservation_at_one_charger_and_fits() -> None:
    def mark_of(text: str) -> str:
        return text[::-1].encode().hex()

    elsewhere = ASSIGNED.model_copy(update={"charger_id": "bay-13"})
    tags = {
        reserving.tag_of(7, ASSIGNED, mark_of),
        reserving.tag_of(8, ASSIGNED, mark_of),
        reserving.tag_of(7, elsewhere, mark_of),
    }

    assert all(len(it) == 20 and reserving.is_tag(it) for it in tags)
    assert reserving.tag_of(7, ASSIGNED, mark_of) in tags
