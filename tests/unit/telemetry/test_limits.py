"""Which limits are sent to a charger, and which are refused."""

from dataclasses import replace
from functools import reduce

import pytest

from services.telemetry.charger import Charger, ChargerFact, evolve
from services.telemetry.limits import (
    ChargerBarred,
    ChargerNotReady,
    LimitContext,
    LimitExpired,
    StaleEpoch,
    StaleSequence,
    limit_answered,
    limit_answered_before,
)
from shared.decider import Refused
from shared.messages.telemetry import (
    CurrentLimitApplied,
    CurrentLimitRejected,
    SetCurrentLimit,
)
from tests.unit.telemetry.facts import AT, BAY_12, later


def command(sequence: int = 7, epoch: int = 3, **changes: object) -> SetCurrentLimit:
    content = {
        **BAY_12,
        "limit_a": 16.0,
        "valid_until": later(2),
        "command_id": f"c-{sequence}",
    }
    return SetCurrentLimit.model_validate(
        content | {"sequence": sequence, "epoch": epoch} | changes
    )


def known(
    newest_epoch: int = 3, newest_sent: tuple[int, int] = (0, 0), *, ready: bool = True
) -> LimitContext:
    return LimitContext(newest_epoch, newest_sent, ready, AT)


def after(*history: ChargerFact) -> Charger:
    return reduce(evolve, history, Charger())


def test_a_newer_limit_is_sent() -> None:
    state = after(limit_answered(command(6), "Accepted", AT))

    assert limit_answered_before(state, command(7), known()) is None


@pytest.mark.parametrize(
    ("wished", "context", "refusal"),
    [
        (command(7, epoch=2), known(newest_epoch=3), StaleEpoch),
        (command(5), known(), StaleSequence),
        (command(7), known(newest_sent=(3, 8)), StaleSequence),
        (command(7), known(ready=False), ChargerNotReady),
        (command(7, valid_until=AT), known(), LimitExpired),
    ],
)
def test_a_limit_that_may_not_be_sent_is_refused(
    wished: SetCurrentLimit, context: LimitContext, refusal: type[Refused]
) -> None:
    state = after(limit_answered(command(6), "Accepted", AT))

    with pytest.raises(refusal):
        limit_answered_before(state, wished, context)


def test_a_charger_that_gets_no_current_is_sent_no_limit_and_it_is_said_why() -> None:
    context = replace(known(), barred="its serial is locked")

    with pytest.raises(ChargerBarred, match="its serial is locked"):
        limit_answered_before(Charger(), command(7), context)


def test_an_older_epoch_is_named_before_anything_else() -> None:
    with pytest.raises(StaleEpoch):
        limit_answered_before(
            Charger(), command(1, epoch=1, valid_until=AT), known(ready=False)
        )


def test_a_newer_epoch_may_count_from_the_beginning() -> None:
    state = after(limit_answered(command(600, epoch=3), "Accepted", AT))

    assert limit_answered_before(state, command(1, epoch=4), known(newest_epoch=4)) is None


@pytest.mark.parametrize("status", ["Accepted", "Rejected"])
def test_a_repeated_limit_gets_its_first_answer(status: str) -> None:
    state = after(limit_answered(command(7), status, AT))

    assert limit_answered_before(state, command(7), known(newest_sent=(3, 7))) == status


def test_a_limit_that_was_never_answered_may_be_sent_again() -> None:
    assert limit_answered_before(Charger(), command(7), known(newest_sent=(3, 7))) is None


def test_a_confirmed_limit_is_put_on_record_as_it_was_sent() -> None:
    event = limit_answered(command(7, limit_a=16.07), "Accepted", later(0.1))

    assert event == CurrentLimitApplied(
        **BAY_12,
        limit_a=16.0,
        valid_until=later(2),
        sequence=7,
        epoch=3,
        applied_at=later(0.1),
    )


def test_a_rejected_limit_is_put_on_record_with_the_charger_s_word() -> None:
    event = limit_answered(command(7), "NotSupported", AT)

    assert isinstance(event, CurrentLimitRejected)
    assert event.status == "NotSupported"
