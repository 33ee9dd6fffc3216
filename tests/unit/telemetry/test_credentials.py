"""What chargers show who they are with: given what happened, when something is wished, then events."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.telemetry import credentials
from services.telemetry.credentials import (
    LIVE_MAX,
    NONE_YET,
    CredentialFact,
    Credentials,
    HasPassword,
    NoPassword,
    TooManyPasswords,
    evolve,
    folded,
)
from shared.messages.credentials import (
    ChargerCredentialDelivered,
    ChargerCredentialEnded,
    ChargerCredentialIssued,
    CredentialEnd,
    WithdrawChargerCredential,
)
from tests.unit.telemetry.facts import ASSIGNED, BAY_12

HERE = ASSIGNED.model_copy(update={"assignment": "a-1", "tenure": "a-1"})
LATER = ASSIGNED.model_copy(update={"assignment": "a-2", "tenure": "a-2"})
WHOSE: dict[str, Any] = {**BAY_12, "serial": "ZAP000012"}
WITHDRAW = WithdrawChargerCredential(
    command_id="c-1", installation_id="garage", serial="ZAP000012"
)
WAIVE = WITHDRAW.model_copy(update={"let_in_without": True})


def issued(credential_id: str, tenure: str = "a-1") -> ChargerCredentialIssued:
    return ChargerCredentialIssued(**WHOSE, credential_id=credential_id, assignment=tenure)


def ended(credential_id: str, why: CredentialEnd, detail: str = "") -> ChargerCredentialEnded:
    return ChargerCredentialEnded(**WHOSE, credential_id=credential_id, why=why, detail=detail)


def after(*events: CredentialFact) -> Credentials:
    return folded(events)


def test_nothing_is_asked_of_a_charger_that_was_issued_nothing() -> None:
    assert not NONE_YET.demanded("a-1")
    assert NONE_YET.good("a-1") == ()


def test_a_password_that_was_issued_is_good_and_asked_for() -> None:
    assert credentials.issue(NONE_YET, HERE, "p-1") == (issued("p-1"),)

    state = after(issued("p-1"))

    assert state.demanded("a-1")
    assert state.good("a-1") == ("p-1",)


def test_another_one_is_good_beside_the_first_until_it_is_shown() -> None:
    state = after(issued("p-1"), issued("p-2"))

    assert state.good("a-1") == ("p-1", "p-2")
    assert credentials.shown(state, HERE, "p-1") == ()
    assert credentials.shown(state, HERE, "p-2") == (ended("p-1", CredentialEnd.REPLACED),)


def test_no_more_than_a_few_are_good_side_by_side() -> None:
    state = after(*(issued(f"p-{number}") for number in range(LIVE_MAX)))

    with pytest.raises(TooManyPasswords, match="withdraw ZAP000012"):
        credentials.issue(state, HERE, "p-9")


def test_what_was_issued_before_a_removal_opens_nothing_after_it() -> None:
    state = after(issued("p-1"))

    assert state.good("a-2") == ()
    assert not state.demanded("a-2")
    assert credentials.issue(state, LATER, "p-2") == (
        ended("p-1", CredentialEnd.REMOVED),
        issued("p-2", "a-2"),
    )
    assert credentials.removed(state, HERE) == (ended("p-1", CredentialEnd.REMOVED),)


def test_a_removal_that_is_heard_late_ends_nothing_of_the_next_tenure() -> None:
    state = after(issued("p-1"), ended("p-1", CredentialEnd.REMOVED), issued("p-2", "a-2"))

    assert credentials.removed(state, HERE) == ()
    assert state.good("a-2") == ("p-2",)


def test_a_withdrawn_password_leaves_the_charger_outside() -> None:
    state = after(issued("p-1"), issued("p-2"))

    events = credentials.withdraw(WITHDRAW, state, HERE)

    assert events == tuple(ended(it, CredentialEnd.WITHDRAWN) for it in ("p-1", "p-2"))
    outside = after(issued("p-1"), issued("p-2"), *events)
    assert (outside.demanded("a-1"), outside.good("a-1")) == (True, ())
    assert credentials.withdraw(WITHDRAW, outside, HERE) == ()


def test_a_charger_may_be_let_in_without_at_once_or_later() -> None:
    at_once = credentials.withdraw(WAIVE, after(issued("p-1")), HERE)
    assert at_once == (ended("p-1", CredentialEnd.WAIVED),)

    outside = after(issued("p-1"), ended("p-1", CredentialEnd.WITHDRAWN))
    later = credentials.withdraw(WAIVE, outside, HERE)

    assert later == (ended("p-1", CredentialEnd.WAIVED),)
    assert not evolve(outside, later[0]).demanded("a-1")
    assert credentials.withdraw(WAIVE, evolve(outside, later[0]), HERE) == ()


def test_a_password_is_exchanged_only_where_one_was_shown() -> None:
    with pytest.raises(NoPassword, match="issue ZAP000012"):
        credentials.rotate(NONE_YET, HERE, "p-2")
    assert credentials.rotate(after(issued("p-1")), HERE, "p-2") == (issued("p-2"),)


def test_the_first_password_may_be_taken_over_a_connection_somebody_vouches_for() -> None:
    taken = ChargerCredentialDelivered(**WHOSE, credential_id="p-1")

    assert credentials.introduce(NONE_YET, HERE, "p-1") == (issued("p-1"), taken)
    with pytest.raises(HasPassword, match="issue ZAP000012"):
        credentials.introduce(after(issued("p-1")), HERE, "p-2")
    outside = after(issued("p-1"), ended("p-1", CredentialEnd.WITHDRAWN))
    with pytest.raises(HasPassword):
        credentials.introduce(outside, HERE, "p-2")


def test_a_charger_that_does_not_take_one_keeps_what_it_has() -> None:
    state = after(issued("p-1"), issued("p-2"))

    events = credentials.rejected(state, HERE, "p-2", "Rejected")

    assert events == (ended("p-2", CredentialEnd.REJECTED, "Rejected"),)
    assert after(issued("p-1"), issued("p-2"), *events).good("a-1") == ("p-1",)


def test_what_the_charger_has_taken_is_remembered_while_it_is_good() -> None:
    state = after(issued("p-1"), issued("p-2"))
    taken = ChargerCredentialDelivered(**WHOSE, credential_id="p-2")

    assert credentials.delivered(state, HERE, "p-2") == (taken,)
    assert [it.delivered for it in evolve(state, taken).live] == [False, True]
    assert credentials.delivered(replace(state, live=()), HERE, "p-2") == ()


@given(st.lists(st.sampled_from(["issue", "shown", "withdraw", "waive", "removed"])))
def test_a_charger_is_never_let_in_without_what_is_asked_for(wishes: list[str]) -> None:
    state, waived = NONE_YET, True
    for number, wish in enumerate(wishes):
        events: tuple[CredentialFact, ...] = ()
        if wish == "issue" and len(state.live) < LIVE_MAX:
            events, waived = credentials.issue(state, HERE, f"p-{number}"), False
        elif wish == "shown" and state.live:
            events = credentials.shown(state, HERE, state.live[-1].credential_id)
        elif wish == "withdraw":
            events = credentials.withdraw(WITHDRAW, state, HERE)
        elif wish == "waive":
            events, waived = credentials.withdraw(WAIVE, state, HERE), True
        elif wish == "removed" and state.live:
            events, waived = credentials.removed(state, HERE), True
        for event in events:
            state = evolve(state, event)
        assert state.demanded("a-1") is not waived
        assert len({it.credential_id for it in state.live}) == len(state.live) <= LIVE_MAX
