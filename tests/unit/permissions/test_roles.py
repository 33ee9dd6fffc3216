"""Who may be given what, and where; requests; and the right to ask for it."""

from datetime import timedelta

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from services.permissions.language import EndRoles
from services.permissions.refusals import (
    EndHasPassed,
    LastOwner,
    NotAnInstaller,
    NotAtCharger,
    RequestClosed,
    RequestExists,
    TooManyRequests,
    UnknownClient,
    UnknownGroup,
    UnknownPerson,
    UnknownPlace,
    UnknownRequest,
)
from services.permissions.requests import OPEN_MAX
from services.permissions.rights import check
from shared.decider import Refused
from shared.messages.permissions import (
    AccessRequested,
    AnswerRequest,
    ForgetPerson,
    GrantPlatformRole,
    GrantRole,
    InvitePerson,
    PlatformRole,
    PlatformRoleGranted,
    PlatformRoleRevoked,
    RecordRefusal,
    RegisterCard,
    RenamePerson,
    RequestAccess,
    RequestAnswered,
    RevokePlatformRole,
    RevokeRole,
    Role,
    RoleGranted,
    RoleRevoked,
)
from shared.rights.guard import Forbidden
from tests.unit.permissions.facts import (
    BAY,
    GARAGE,
    HARBOUR,
    NOW,
    firm,
    given,
    installer,
    invited,
    register_of,
    role,
    wish,
)

PEOPLE = invited("ada", "bob")


def grant(who: str, what: Role, charger_id: str | None = None, **further: object) -> GrantRole:
    fields = {"installation_id": GARAGE, "charger_id": charger_id, "role": what}
    return wish(GrantRole, grantee=who, **(fields | further))


def revoke(who: str, what: Role, charger_id: str | None = None) -> RevokeRole:
    return wish(
        RevokeRole, installation_id=GARAGE, charger_id=charger_id, grantee=who, role=what
    )


def test_a_role_is_given_to_somebody_known_at_a_place_that_exists() -> None:
    there = given(*PEOPLE)
    there.then(grant("person/ada", Role.USER, BAY), role("ada", Role.USER, BAY))
    there.then_refused(grant("person/eve", Role.USER), UnknownPerson)
    there.then_refused(grant("group/eve", Role.USER), UnknownGroup)
    there.then_refused(grant("client/eve", Role.USER), UnknownClient)
    nowhere = grant("person/ada", Role.USER, installation_id="nowhere")
    there.then_refused(nowhere, UnknownPlace, "installation nowhere")
    there.then_refused(grant("person/ada", Role.USER, "bay-9"), UnknownPlace, "bay-9")


def test_a_role_ends_in_the_future_and_another_end_is_a_change() -> None:
    later = NOW + timedelta(days=1)
    given(*PEOPLE).then_refused(grant("person/ada", Role.USER, until=NOW), EndHasPassed)
    given(*PEOPLE, role("ada", Role.USER)).then(
        grant("person/ada", Role.USER, until=later), role("ada", Role.USER, until=later)
    )


def test_service_is_for_authorised_installers_at_whole_installations() -> None:
    serve = grant("person/ada", Role.SERVICE)
    given(*PEOPLE).then_refused(serve, NotAnInstaller, "operator names them")
    given(*PEOPLE, installer("person/ada")).then(serve, role("ada", Role.SERVICE))
    through_firm = given(*PEOPLE, *firm("ada"), installer("group/firm"))
    through_firm.then(serve, role("ada", Role.SERVICE))
    through_firm.then(grant("group/firm", Role.SERVICE), role("group/firm", Role.SERVICE))
    through_firm.then_refused(grant("person/ada", Role.SERVICE, BAY), NotAtCharger)


def test_people_do_not_revoke_the_last_owner_and_the_operator_may() -> None:
    wished = revoke("person/ada", Role.OWNER)
    gone = RoleRevoked(installation_id=GARAGE, grantee="person/ada", role=Role.OWNER)
    alone = given(*PEOPLE, role("ada", Role.OWNER), role("bob", Role.OWNER, BAY))
    alone.by_people().then_refused(wished, LastOwner, "another one first")
    alone.then(wished, gone)
    two = given(*PEOPLE, role("ada", Role.OWNER), role("bob", Role.OWNER))
    two.by_people().then(wished, gone)
    ended = given(*PEOPLE, role("ada", Role.OWNER), role("bob", Role.OWNER, until=NOW))
    ended.by_people().then_refused(wished, LastOwner)


def test_roles_at_a_charger_end_with_it_or_follow_it() -> None:
    there = given(
        *PEOPLE, role("ada", Role.OWNER, BAY), role("bob", Role.OWNER), role("bob", Role.USER)
    )
    ended = {"installation_id": GARAGE, "charger_id": BAY}
    held = {"charger_id": BAY, "grantee": "person/ada", "role": Role.OWNER}
    there.then(
        wish(EndRoles, **ended),
        RoleRevoked(installation_id=GARAGE, **held, reason="the charger was removed"),
    )
    moved = "the charger was moved to installation harbour"
    there.then(
        wish(EndRoles, **ended, to_installation_id=HARBOUR),
        RoleRevoked(installation_id=GARAGE, **held, reason=moved),
        RoleGranted(installation_id=HARBOUR, **held),
    )


def test_platform_roles_are_given_once_and_taken_once() -> None:
    fields = {"grantee": "person/ada", "role": PlatformRole.SUPPORT}
    given(*PEOPLE).then(wish(GrantPlatformRole, **fields), PlatformRoleGranted(**fields))
    given(*PEOPLE).then(wish(RevokePlatformRole, **fields))
    given(*PEOPLE, PlatformRoleGranted(**fields)).then(
        wish(RevokePlatformRole, **fields), PlatformRoleRevoked(**fields)
    )
    given().then_refused(wish(GrantPlatformRole, **fields), UnknownPerson)


# --- Requests ---


def asked(request_id: str = "r", what: Role = Role.USER) -> AccessRequested:
    return AccessRequested(
        installation_id=GARAGE, request_id=request_id, person_id="ada", role=what, sealed="s"
    )


def ask(request_id: str = "r", what: Role = Role.USER) -> RequestAccess:
    return wish(
        RequestAccess, request_id=request_id, person_id="ada", installation_id=GARAGE, role=what
    )


def answer(granted: bool, request_id: str = "r") -> AnswerRequest:
    return wish(AnswerRequest, installation_id=GARAGE, request_id=request_id, granted=granted)


def test_a_person_asks_once_for_what_they_have_not() -> None:
    given(*PEOPLE).then(ask(), asked())
    given(*PEOPLE, asked("other")).then(ask())
    given(*PEOPLE, role("ada", Role.USER)).then(ask())
    given(*PEOPLE, asked(what=Role.OWNER)).then_refused(ask(), RequestExists)
    given().then_refused(ask(), UnknownPerson)


def test_nobody_pesters_owners_with_many_requests() -> None:
    layout = {f"place-{it}": frozenset[str]() for it in range(OPEN_MAX)} | {
        GARAGE: frozenset[str]()
    }
    many = [
        AccessRequested(installation_id=name, request_id=name, person_id="ada", role=Role.USER)
        for name in layout
        if name != GARAGE
    ]
    given(*PEOPLE, *many).knowing(layout=layout).then_refused(ask(), TooManyRequests)


def test_an_answer_gives_the_role_or_does_not_and_is_the_only_one() -> None:
    answered = {"installation_id": GARAGE, "request_id": "r", "person_id": "ada"}
    yes, no = (RequestAnswered(**answered, granted=it) for it in (True, False))
    given(*PEOPLE, asked()).then(answer(True), role("ada", Role.USER), yes)
    given(*PEOPLE, asked()).then(answer(False), no)
    given(*PEOPLE, asked(), no).then_refused(answer(True), RequestClosed, "turned down")
    given(*PEOPLE).then_refused(answer(True), UnknownRequest)


# --- The right to ask ---

REGISTER = register_of(
    *invited("ada", "bob", "serge", "eve"),
    installer("person/serge"),
    role("ada", Role.OWNER),
    role("serge", Role.SERVICE),
    role("bob", Role.USER, BAY),
    asked(),
)


@pytest.mark.parametrize(
    ("who", "command", "allowed"),
    [
        ("ada", grant("person/bob", Role.USER), "owner at installation garage"),
        ("ada", grant("person/bob", Role.SERVICE), None),
        ("serge", grant("person/bob", Role.SERVICE), "service at installation garage"),
        ("serge", grant("person/bob", Role.OWNER), None),
        ("bob", grant("person/eve", Role.USER), None),
        ("eve", grant("person/eve", Role.OWNER), None),
        ("ada", revoke("person/serge", Role.SERVICE), None),
        ("ada", wish(InvitePerson, person_id="x", email="x@example.com"), "may give roles"),
        ("bob", wish(InvitePerson, person_id="x", email="x@example.com"), None),
        ("bob", wish(RenamePerson, person_id="bob", name="B"), "oneself"),
        ("ada", wish(RenamePerson, person_id="bob", name="B"), None),
        ("bob", wish(ForgetPerson, person_id="bob"), "oneself"),
        ("ada", wish(ForgetPerson, person_id="bob"), None),
        ("eve", wish(RegisterCard, card_id="k", person_id="eve", number="1"), "oneself"),
        ("ada", wish(RegisterCard, card_id="k", person_id="bob", number="1"), "owner at"),
        ("ada", wish(RegisterCard, card_id="k", person_id="eve", number="1"), None),
        ("serge", wish(RegisterCard, card_id="k", person_id="bob", number="1"), None),
        ("ada", answer(True), "owner at installation garage"),
        ("serge", answer(True), None),
        ("eve", answer(True, "unknown"), None),
        ("ada", wish(GrantPlatformRole, grantee="person/ada", role="SUPPORT"), None),
        ("ada", wish(RecordRefusal, asked_for="x", refusal="y"), None),
    ],
)
def test_people_ask_for_what_is_theirs_to_ask_for(
    who: str, command: object, allowed: str | None
) -> None:
    if allowed is None:
        with pytest.raises(Forbidden, match=r"."):
            check(command, f"person/{who}", REGISTER, NOW)  # type: ignore[arg-type]  # each is one
    else:
        assert allowed in check(command, f"person/{who}", REGISTER, NOW)  # type: ignore[arg-type]


# --- Whatever is wished ---

WHO = st.sampled_from(["person/ada", "person/bob", "group/firm"])
WHAT = st.sampled_from(list(Role))
WHERE = st.sampled_from([None, BAY])
ANY = st.one_of(
    st.builds(grant, WHO, WHAT, WHERE),
    st.builds(revoke, WHO, WHAT, WHERE),
    st.sampled_from([ask(), answer(True), answer(False)]),
    st.sampled_from([wish(ForgetPerson, person_id=it) for it in ("ada", "bob")]),
    st.just(wish(EndRoles, installation_id=GARAGE, charger_id=BAY)),
)


@for_all(st.lists(ANY, max_size=25))
def test_whatever_people_wish_an_owner_stays_and_nobody_forgotten_has_a_role(
    wishes: list[object],
) -> None:
    history = [*PEOPLE, *firm("bob"), installer("group/firm"), role("group/firm", Role.OWNER)]
    for command in wishes:
        try:
            history += given(*history).by_people().decided(command)  # type: ignore[arg-type]
        except Refused:
            continue
        register = register_of(*history)
        assert register.owned(GARAGE, NOW)
        for held in register.at(GARAGE):
            kind, _, name = held.grantee.partition("/")
            assert kind == "group" or register.person(name) is not None
            assert held.role is not Role.SERVICE or held.charger_id is None
