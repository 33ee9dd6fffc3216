"""
From a form to a command and back: what was filled in is asked for, or shown again with what is wrong.

    filled = await filled_in(request)
    fields = {"installation_id": here.id, "name": filled.one("name")}
    done = await doing.carry_out(filled, AddCircuit, fields)
    if isinstance(done, Wrong):
        return paper.page(request, "circuits.html", done.status, wrong=done, filled=filled)
    return doing.done(request, f"{here.path}/circuits", done, _("The circuit was added."))
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.portal.acting import Acting, command_id_of
from services.portal.guarding import NotHere
from services.portal.paper import NO_STORE
from services.portal.signing_in.forms import one, own_form
from services.portal.told import tell
from shared.decider import Refused
from shared.messages import Answer, Command
from shared.messages.signing_in import Asker
from shared.messaging import ServiceUnavailable
from shared.rights.reach import StepUpNeeded
from shared.speech import _

KEY: Final = "key"
"""The form's own name for its wish: sent twice, it is done once."""
KEY_CHARS_MAX: Final = 48
C = TypeVar("C", bound=Command)


@dataclass(frozen=True, slots=True)
class Filled:
    """What somebody has filled in."""

    asker: Asker
    values: Mapping[str, list[str]]

    @property
    def key(self) -> str | None:
        """Name the wish, if the form has a name for it; what no form of ours says is no name."""
        key = self.one(KEY)
        good = key.replace("-", "").isalnum() and len(key) <= KEY_CHARS_MAX
        return key if good else None

    def one(self, name: str) -> str:
        """Take the value of a field; empty where there is none."""
        return one(dict(self.values), name).strip()

    def all(self, name: str) -> list[str]:
        """Take all values of a field."""
        return list(self.values.get(name, ()))

    def some(self, *names: str) -> dict[str, str]:
        """Take those fields in which something was filled in, by their names."""
        return {it: self.one(it) for it in names if self.one(it)}

    def part(self, name: str) -> "Filled":
        """Name a further wish of the same form: each is done once of its own."""
        key = self.key
        return (
            self if key is None else Filled(self.asker, {**self.values, KEY: [f"{key}-{name}"]})
        )

    def ticked(self, name: str) -> bool:
        """Tell whether a box is ticked."""
        return bool(self.one(name))


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why something was not done: a sentence that says what to do, and what is wrong with which field."""

    status: int
    text: str
    fields: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    """The refusal's name, such as CircuitInUse."""
    step_up: bool = False
    """It takes a fresh proof of who asks."""


async def filled_in(request: Request) -> Filled:
    """
    Read a form that somebody who is signed in has filled in on a page of ours.

    Raises:
        HTTPException: nobody is signed in, or the page was not of this session.
    """
    asker, values = await own_form(request)
    return Filled(asker, values)


class Doing:
    """Has done what people fill in."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    async def carry_out(
        self, filled: Filled, kind: type[C], fields: Mapping[str, Any]
    ) -> Answer | Wrong:
        """
        Ask for a command.

        Args:
            filled: the form.
            kind: the command.
            fields: its fields by name, as they were filled in; what is left out keeps its default.
        """
        command_id = command_id_of(filled.asker, filled.key)
        try:
            command = kind(command_id=command_id, **fields)
        except ValidationError as error:
            return wrong_fields(error)
        try:
            answer = await self._acting.ask(filled.asker, command)
        except StepUpNeeded as refusal:
            return Wrong(403, refusal.detail, name=type(refusal).__name__, step_up=True)
        except NotHere as refusal:
            return Wrong(404, refusal.detail, name=type(refusal).__name__)
        except Refused as refusal:
            return Wrong(403, refusal.detail, name=type(refusal).__name__)
        except ServiceUnavailable:
            return Wrong(
                503,
                _(
                    "The part of Ampledger that decides this does not answer at present. Send it once more "
                    "in a moment: it is done once only."
                ),
            )
        if not answer.accepted:
            return Wrong(409, sentence(answer.detail or ""), name=answer.refusal or "")
        return answer

    def done(self, request: Request, path: str, answer: Answer, *texts: str) -> Response:
        """Go on to a page that says what was done, and what an electrician would say of it."""
        response = RedirectResponse(path, 303, NO_STORE)
        notes = [
            " ".join(it for it in (sentence(note.text), sentence(note.mend)) if it)
            for note in answer.notes
        ]
        tell(response, request, [*texts, *notes])
        return response


def sentence(clause: str) -> str:
    """
    Make a sentence of what a service says of a refusal.

    >>> sentence("the circuit has chargers; move them"), sentence("")
    ('The circuit has chargers; move them.', '')
    """
    if not clause:
        return ""
    end = "" if clause[-1] in ".!?:" else "."
    return f"{clause[0].upper()}{clause[1:]}{end}"


def wrong_fields(error: ValidationError) -> Wrong:
    """Say what is wrong with which field."""
    fields: dict[str, str] = {}
    for it in error.errors():
        name = str(it["loc"][0]) if it["loc"] else ""
        fields.setdefault(name, _of_field(it["type"], it.get("ctx") or {}, it["msg"]))
    rest = fields.pop("", "")
    return Wrong(422, rest or _("Some fields need another look."), fields)


def _of_field(kind: str, limits: Mapping[str, Any], message: str) -> str:
    match kind:
        case "missing" | "string_too_short":
            return _("Fill this in.")
        case "float_parsing" | "int_parsing" | "int_from_float" | "decimal_parsing":
            return _("This is no number.")
        case "greater_than_equal":
            return _("At least %(least)s.", least=limits.get("ge"))
        case "greater_than":
            return _("More than %(least)s.", least=limits.get("gt"))
        case "less_than_equal":
            return _("At most %(most)s.", most=limits.get("le"))
        case "less_than":
            return _("Less than %(most)s.", most=limits.get("lt"))
        case "string_too_long":
            return _("At most %(most)s characters.", most=limits.get("max_length"))
        case "enum" | "literal_error":
            return _("Choose one of those that are offered.")
        case "value_error":
            return sentence(message.removeprefix("Value error, "))
        case _:
            return sentence(message)
