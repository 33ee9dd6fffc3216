"""From a form to a command: what is wrong is said of the field, and refusals are sentences."""

from typing import Any

from services.portal.doing import Doing, Filled, Wrong
from shared.decider import Refused
from shared.messages import Answer, Command, Verdict
from shared.messages.installation_commands import AddCircuit
from shared.messages.signing_in import Asker
from shared.messaging import ServiceUnavailable
from shared.rights.reach import StepUpNeeded

ADA = Asker(actor="person/ada", name="Ada", session_id="s", csrf="c")
FILLED = Filled(ADA, {"name": [" Level 1 "], "key": ["wish-1"], "empty": [""]})
FIELDS = {
    "installation_id": "garage-1",
    "circuit_id": "level-1",
    "name": "Level 1",
    "breaker_a": "63",
}


class Answering:
    """Stands for acting: answers, or refuses, and notes what it was asked."""

    def __init__(self, answer: Answer | Exception) -> None:
        self.answer = answer
        self.asked: list[Command] = []

    async def ask(self, _: Asker, command: Command) -> Answer:
        self.asked.append(command)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def doing(answer: Answer | Exception) -> tuple[Doing, Answering]:
    answering: Any = Answering(answer)
    return Doing(answering), answering


async def test_a_form_is_asked_for_once_under_its_own_name() -> None:
    done = Answer(verdict=Verdict.ACCEPTED, position=7)
    at, answering = doing(done)

    assert await at.carry_out(FILLED, AddCircuit, FIELDS) == done
    (asked,) = answering.asked
    assert asked.command_id == "person:ada.wish-1"
    assert isinstance(asked, AddCircuit)
    assert asked.breaker_a == 63


async def test_what_is_wrong_is_said_of_the_field_and_nothing_is_asked() -> None:
    at, answering = doing(Answer(verdict=Verdict.ACCEPTED))

    wrong = await at.carry_out(FILLED, AddCircuit, FIELDS | {"breaker_a": "many"})

    assert isinstance(wrong, Wrong)
    assert (wrong.status, wrong.fields) == (422, {"breaker_a": "This is no number."})
    assert answering.asked == []


async def test_a_refusal_is_a_sentence_with_its_name() -> None:
    refused = Answer(verdict=Verdict.REFUSED, refusal="CircuitInUse", detail="move them first")
    at, _ = doing(refused)

    wrong = await at.carry_out(FILLED, AddCircuit, FIELDS)

    assert wrong == Wrong(409, "Move them first.", name="CircuitInUse")


async def test_who_may_not_is_told_and_who_must_prove_it_is_shown_the_way() -> None:
    for refusal, status, step_up in (
        (Refused("it takes the role Service"), 403, False),
        (StepUpNeeded("show it"), 403, True),
        (ServiceUnavailable("installation"), 503, False),
    ):
        at, _ = doing(refusal)
        wrong = await at.carry_out(FILLED, AddCircuit, FIELDS)
        assert isinstance(wrong, Wrong)
        assert (wrong.status, wrong.step_up) == (status, step_up)


def test_a_form_gives_what_was_filled_in() -> None:
    assert FILLED.some("name", "empty", "missing") == {"name": "Level 1"}
    assert Filled(ADA, {"key": ["a b"]}).key is None
