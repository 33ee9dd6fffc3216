"""Whether a driver may charge: what is shown, what is known, what is answered and put on record."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.telemetry.authorising import (
    Known,
    Shown,
    Status,
    decide,
    decide_end,
    may_end,
    parent_of,
)
from services.telemetry.charger import AssignedCharger, Session
from services.telemetry.ocpp16 import OCPP_16
from shared.messages.permissions import Role
from shared.messages.telemetry import DriverAuthorized, DriverRefused
from shared.rights.cards import Card
from shared.rights.grants import Grant, Grants, Memberships, PlaceGrants, PlatformGrants
from tests.unit.telemetry.facts import ASSIGNED, AT, later

GUARDED = ASSIGNED.model_copy(update={"authentication_required": True})
HERE, BAY, OTHER_BAY = GUARDED.installation_id, GUARDED.charger_id, "bay-13"
MARK = "a" * 64
ADAS = Shown.of_card(MARK, Card(card_id="card-1", person_id="ada"))
STRANGERS = Shown.of_card(MARK, None)
IN_APP = Shown.of_app("b" * 64, "ada")


def known(*grants: Grant, memberships: dict[str, Memberships] | None = None) -> Known:
    places = {HERE: PlaceGrants(grants=grants)}
    return Known(Grants(places, PlatformGrants(), memberships or {}), 31, AT)


def granted(role: Role = Role.USER, **more: Any) -> Grant:
    return Grant(**{"grantee": "person/ada", "role": role, "position": 12, **more})


NOTHING = known()


@pytest.mark.parametrize(
    ("assigned", "shown", "knows", "status", "said"),
    [
        (GUARDED, STRANGERS, NOTHING, Status.INVALID, "no person has this card"),
        (GUARDED, ADAS, NOTHING, Status.INVALID, "takes the role user or owner"),
        (GUARDED, ADAS, known(granted()), Status.ACCEPTED, "user at installation"),
        (GUARDED, ADAS, known(granted(charger_id=BAY)), Status.ACCEPTED, "at charger bay-12"),
        (GUARDED, ADAS, known(granted(charger_id=OTHER_BAY)), Status.INVALID, "takes the role"),
        (GUARDED, ADAS, known(granted(Role.OWNER)), Status.ACCEPTED, "owner at"),
        (GUARDED, ADAS, known(granted(Role.SERVICE)), Status.INVALID, "takes the role"),
        (GUARDED, ADAS, known(granted(until=AT)), Status.EXPIRED, "ended at 2026-11-22T08:00"),
        (GUARDED, IN_APP, known(granted()), Status.ACCEPTED, "user at installation"),
        (GUARDED, IN_APP, NOTHING, Status.INVALID, "takes the role"),
        (ASSIGNED, STRANGERS, NOTHING, Status.ACCEPTED, "nobody is asked"),
        (ASSIGNED, ADAS, NOTHING, Status.ACCEPTED, "nobody is asked"),
        (
            GUARDED.barred_because("its serial is locked"),
            ADAS,
            known(granted()),
            Status.BLOCKED,
            "its serial is locked",
        ),
    ],
)
def test_who_may_charge(
    assigned: AssignedCharger, shown: Shown, knows: Known, status: Status, said: str
) -> None:
    decision = decide(assigned, shown, knows, AT)

    assert decision.status is status
    assert said in decision.reason


@pytest.mark.parametrize("assigned", [ASSIGNED, GUARDED])
def test_a_blocked_card_is_blocked_wherever_it_is_shown(assigned: AssignedCharger) -> None:
    blocked = Shown.of_card(MARK, Card(card_id="card-1", person_id="ada", blocked=True))

    assert decide(assigned, blocked, known(granted()), AT).status is Status.BLOCKED


def test_a_right_of_a_group_is_every_member_s() -> None:
    knows = known(
        granted(grantee="group/firm"),
        memberships={"ada": Memberships(groups=frozenset({"firm"}))},
    )

    assert "through group/firm" in decide(GUARDED, ADAS, knows, AT).reason


def test_the_charger_is_told_when_the_right_ends_unless_another_one_goes_on() -> None:
    soon, late = granted(until=later(10)), granted(Role.OWNER, until=later(20))
    for_ever = granted(Role.OWNER, charger_id=BAY)

    assert decide(GUARDED, ADAS, known(soon), AT).standing.until == later(10)
    assert decide(GUARDED, ADAS, known(soon, late), AT).until == later(20)
    assert decide(GUARDED, ADAS, known(soon, for_ever), AT).standing.until is None


def test_all_cards_of_a_person_have_one_parent_and_nobody_else_has_it() -> None:
    second = Shown.of_card("c" * 64, Card(card_id="card-2", person_id="ada"))
    bobs = Shown.of_card("d" * 64, Card(card_id="card-3", person_id="bob"))
    knows = known(granted(), granted(grantee="person/bob"))

    parents = [decide(GUARDED, it, knows, AT).standing.parent for it in (ADAS, second, bobs)]

    assert parents[0] == parents[1] == parent_of("ada") != parents[2]


def test_what_is_decided_is_on_record_with_what_was_known() -> None:
    yes = decide(GUARDED, ADAS, known(granted(until=later(10))), AT)
    no = decide(GUARDED, STRANGERS, NOTHING, AT)

    assert yes.event(GUARDED, NOTHING) == DriverAuthorized(
        installation_id=HERE,
        charger_id=BAY,
        through="CARD",
        card_mark=MARK,
        person_id="ada",
        reason=yes.reason,
        known_position=31,
        known_as_of=AT,
        until=later(10),
    )
    refused = no.event(GUARDED, NOTHING)
    assert isinstance(refused, DriverRefused)
    assert (refused.status, refused.person_id) == ("Invalid", None)


# --- Ends ---


def session(person_id: str | None = "ada", card_mark: str | None = MARK) -> Session:
    return Session("s-1", 41, AT, 1000, person_id, card_mark)


@pytest.mark.parametrize(
    ("running", "shown", "knows", "status"),
    [
        (session(), ADAS, NOTHING, Status.ACCEPTED),
        (session(), Shown("c" * 64, "ada"), NOTHING, Status.ACCEPTED),
        (
            session(),
            Shown("c" * 64, "bob"),
            known(granted(grantee="person/bob")),
            Status.INVALID,
        ),
        (
            session(),
            Shown("c" * 64, "bob"),
            known(granted(Role.OWNER, grantee="person/bob", charger_id=BAY)),
            Status.ACCEPTED,
        ),
        (
            session(),
            Shown("c" * 64, "bob"),
            known(granted(Role.OWNER, grantee="person/bob", charger_id=OTHER_BAY)),
            Status.INVALID,
        ),
        (session(), Shown("c" * 64), NOTHING, Status.INVALID),
        (session(None, None), Shown("c" * 64), NOTHING, Status.ACCEPTED),
        (None, Shown("c" * 64), NOTHING, Status.ACCEPTED),
    ],
)
def test_whoever_began_a_session_ends_it_or_an_owner(
    running: Session | None, shown: Shown, knows: Known, status: Status
) -> None:
    assert decide_end(GUARDED, running, shown, knows, AT).status is status


def test_a_session_of_nobody_is_no_stranger_s_to_end_from_afar() -> None:
    assert not may_end(GUARDED, session(None), "bob", NOTHING.grants, AT)
    assert may_end(GUARDED, session(), "ada", NOTHING.grants, AT)


# --- Whatever is known ---

MOMENTS = st.integers(-100, 100).map(later)
GRANTS = st.builds(
    Grant,
    grantee=st.sampled_from(["person/ada", "person/bob", "group/firm"]),
    role=st.sampled_from(Role),
    charger_id=st.sampled_from([None, BAY, OTHER_BAY]),
    until=st.none() | MOMENTS,
)
SHOWN = st.builds(
    Shown,
    mark=st.just(MARK),
    person_id=st.sampled_from([None, "ada", "bob"]),
    blocked=st.booleans(),
)
FIRM = {"ada": Memberships(groups=frozenset({"firm"}))}


@given(st.lists(GRANTS, max_size=6), SHOWN, st.booleans(), MOMENTS)
def test_the_answer_is_the_table_s_and_has_the_shape_that_chargers_read(
    grants: list[Grant], shown: Shown, required: bool, now: Any
) -> None:
    assigned = GUARDED.model_copy(update={"authentication_required": required})

    decision = decide(assigned, shown, known(*grants, memberships=FIRM), now)

    names = {f"person/{shown.person_id}"} | (
        {"group/firm"} if shown.person_id == "ada" else set()
    )
    charging = [
        it
        for it in grants
        if it.grantee in names
        and it.role in {Role.USER, Role.OWNER}
        and it.charger_id in {None, BAY}
        and (it.until is None or now < it.until)
    ]
    assert decision.accepted is (not shown.blocked and (not required or bool(charging)))
    assert decision.reason
    assert decision.until is None or decision.until > now
    answer = OCPP_16.answer("Authorize", [decision.standing])
    assert OCPP_16.violation_of_answer("Authorize", answer) is None
    assert decision.accepted or set(answer["idTagInfo"]) == {"status"}


@given(st.lists(GRANTS, max_size=6), MOMENTS)
def test_nobody_s_right_outlasts_its_end(grants: list[Grant], now: Any) -> None:
    knows = known(*grants, memberships=FIRM)
    decision = decide(GUARDED, ADAS, knows, now)

    if decision.until is not None:
        at_the_end = decide(GUARDED, ADAS, knows, decision.until)
        assert at_the_end.status is Status.EXPIRED
        just_before = decision.until - timedelta(milliseconds=1)
        assert just_before <= now or decide(GUARDED, ADAS, knows, just_before).accepted
