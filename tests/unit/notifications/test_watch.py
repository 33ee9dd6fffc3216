"""Warnings: given what happened, when something is observed or said, then this is appended."""

from hypothesis import given
from hypothesis import strategies as st

from services.notifications.language import Observe, WarningFact
from services.notifications.refusals import NoSuchWarning, WarningOver
from services.notifications.standing import Stands
from services.notifications.watch import WATCH
from shared.decider import Refused
from shared.messages.notifications import (
    AcknowledgeWarning,
    WarningAcknowledged,
    WarningCleared,
    WarningKind,
)
from tests.unit.notifications.facts import BAY, GARAGE, T0, raised

FAULT = Stands(
    kind=WarningKind.FAULT, about=BAY, called="Bay 1", since=T0, said="GroundFailure"
)


def observed(*over: str, command_id: str = "c-1", **stands: Stands) -> Observe:
    return Observe(command_id=command_id, installation_id=GARAGE, stands=stands, over=over)


def acknowledge(warning_id: str, note: str = "") -> AcknowledgeWarning:
    return AcknowledgeWarning(
        command_id="c-2", installation_id=GARAGE, warning_id=warning_id, note=note
    )


def cleared(warning_id: str = "w-1") -> WarningCleared:
    return WarningCleared(
        installation_id=GARAGE, warning_id=warning_id, kind=WarningKind.FAULT, about=BAY
    )


def taken(note: str = "") -> WarningAcknowledged:
    return WarningAcknowledged(installation_id=GARAGE, warning_id="w-1", note=note)


def decided(history: list[WarningFact], command: Observe | AcknowledgeWarning) -> object:
    try:
        return list(WATCH.decide(command, WATCH.fold(history)))
    except Refused as refusal:
        return type(refusal)


def test_what_stands_is_raised_once() -> None:
    assert decided([], observed(w_1=FAULT)) == [raised("w_1")]
    assert decided([raised()], observed(w_2=FAULT)) == []


def test_what_is_over_is_cleared_once() -> None:
    assert decided([raised()], observed("w-1")) == [cleared()]
    assert decided([raised(), cleared()], observed("w-1")) == []


def test_what_comes_back_is_another_warning() -> None:
    assert decided([raised(), cleared()], observed(w_2=FAULT)) == [raised("w_2")]


def test_somebody_takes_notice_and_may_say_more_later() -> None:
    assert decided([raised()], acknowledge("w-1", "on my way")) == [taken("on my way")]
    assert decided([raised(), taken("on my way")], acknowledge("w-1", "on my way")) == []
    assert decided([raised(), taken()], acknowledge("w-1", "done")) == [taken("done")]


def test_nobody_takes_notice_of_what_is_not_there() -> None:
    assert decided([], acknowledge("w-1")) is NoSuchWarning
    assert decided([raised(), cleared()], acknowledge("w-1")) is WarningOver


KEYS = [(kind, about) for kind in (WarningKind.FAULT, WarningKind.OVERLOAD) for about in "ab"]


@given(st.lists(st.tuples(st.sets(st.sampled_from(KEYS)), st.sets(st.sampled_from(KEYS)))))
def test_of_a_kind_and_about_the_same_one_is_open_at_a_time(
    looks: list[tuple[set[tuple[WarningKind, str]], set[tuple[WarningKind, str]]]],
) -> None:
    state, number = WATCH.initial, 0
    for stands, over in looks:
        wished = {}
        for kind, about in stands:
            number += 1
            wished[f"w_{number}"] = Stands(kind=kind, about=about, since=T0)
        gone = [it.warning_id for key, it in state.open.items() if key in over - stands]
        before = set(state.open)

        state = WATCH.fold(WATCH.decide(observed(*gone, **wished), state), state)

        assert set(state.open) == (before - (over - stands)) | stands
        ids = [it.warning_id for it in state.open.values()]
        assert len(ids) == len(set(ids))
        assert not state.past & set(ids)
