"""How far a way of asking reaches: tokens by their scopes, sessions by their latest proof."""

from datetime import timedelta

import pytest

from shared.messages.signing_in import Asker, Scope, SignInWithPassword
from shared.rights.reach import SCOPE_OF, STEP_UP, OutOfScope, StepUpNeeded, reaches
from shared.rights.table import Action
from tests.unit.portal.facts import AT


def session(**changes: object) -> Asker:
    return Asker.model_validate({"actor": "person/ada", "name": "Ada", **changes})


def test_every_action_has_a_scope() -> None:
    assert set(SCOPE_OF) == set(Action)


@pytest.mark.parametrize("action", Action)
def test_a_token_reaches_what_its_scope_is_for_and_nothing_else(action: Action) -> None:
    reaches(session(scopes=frozenset({SCOPE_OF[action]})), action, AT)

    with pytest.raises(OutOfScope, match=SCOPE_OF[action].value):
        reaches(session(scopes=frozenset(Scope) - {SCOPE_OF[action]}), action, AT)


@pytest.mark.parametrize("action", Action)
def test_a_session_needs_a_recent_proof_for_what_is_weighty(action: Action) -> None:
    recent = session(stepped_up_until=AT + timedelta(minutes=1))
    old = session(stepped_up_until=AT - timedelta(seconds=1))

    reaches(recent, action, AT)
    for asker in (old, session()):
        if action in STEP_UP:
            with pytest.raises(StepUpNeeded, match="/step-up"):
                reaches(asker, action, AT)
        else:
            reaches(asker, action, AT)


def test_what_is_secret_is_in_no_log_line() -> None:
    query = SignInWithPassword(email="ada@example.com", password="walrus ladder violin")  # noqa: S106

    for text in (repr(query), str(query), f"{query}"):
        assert "walrus" not in text
        assert "ada@" not in text
