"""A refusal is put on record, and one that is repeated is told once a minute."""

from datetime import UTC, datetime, timedelta

from services.portal.refused import SAME_S, WAITING_MAX, Refusals
from shared.messages.signing_in import Asker
from shared.rights.grants import Place
from shared.rights.guard import Forbidden

ADA = Asker(actor="person/ada", name="Ada")
HERE = Place("garage")


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def told_of(clock: Clock) -> Refusals:
    return Refusals(None, clock)  # type: ignore[arg-type]  # nothing is sent here


def test_the_same_refusal_is_told_once_a_minute() -> None:
    clock = Clock()
    refusals = told_of(clock)
    for after_s in (0.0, SAME_S - 1, SAME_S):
        clock.now = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(seconds=after_s)
        refusals.tell(ADA, HERE, "MoveCharger", Forbidden("no"))

    assert refusals.waiting == 2


def test_whoever_asks_for_everything_fills_no_memory() -> None:
    refusals = told_of(Clock())
    for number in range(2 * WAITING_MAX):
        refusals.tell(ADA, HERE, f"Command{number}", Forbidden("no"))

    assert refusals.waiting == WAITING_MAX
