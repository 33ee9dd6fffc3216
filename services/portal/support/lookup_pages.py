"""The pages of support: the lookup, a serial number's story, and unlocking it after a dry run."""

from functools import partial
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.portal.doing import Filled, Wrong, filled_in, sentence, wrong_fields
from services.portal.inquiring import inquire
from services.portal.looking_back import LookingBack
from services.portal.parts import Parts
from services.portal.places import Here
from services.portal.signing_in.asking import required
from services.portal.support.history_pages import zone_of
from services.portal.support.lookup import found, home_of, roles_found, serial_found
from services.portal.support.serials import Trial, told, trial
from shared.decider import Refused
from shared.ids import Serial, new_id, normal_serial
from shared.messages.installation_commands import UnlockSerial
from shared.messages.people import FindPerson, FindPersonAnswer
from shared.messages.permissions import Email
from shared.messages.signing_in import Asker
from shared.messaging import ServiceUnavailable
from shared.rehearsing import ask_rehearsal
from shared.rights.grants import Place
from shared.rights.table import Action
from shared.speech import _

WORD_CHARS_MAX: Final = 254
_EMAIL: Final[TypeAdapter[str]] = TypeAdapter(Email)


class LookupPages:
    """One method for every page."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._back = LookingBack(parts.paper.page, parts.past, parts.admit)

    async def lookup(self, request: Request) -> Response:
        asker = self._support(request)
        word = request.query_params.get("q", "").strip()[:WORD_CHARS_MAX]
        models = self._parts.models
        layouts, knocks = models.layouts.all(), dict(models.turned_away())
        person = await self._person(asker, word) if "@" in word else None
        return self._parts.paper.page(
            request,
            "support.html",
            word=word,
            found=found(
                word, layouts.values(), models.standing(), knocks, self._parts.sights.time_zone
            ),
            person=person and person.person,
            roles=roles_found(person, layouts, self._parts.now()) if person else [],
            by_address="@" in word,
        )

    async def serial(self, request: Request) -> Response:
        self._support(request)
        serial = _serial_in(request)
        here = self._home(request, serial)
        story = None
        if here is not None:
            tell = partial(told, serial, here.id, zone_of(here))
            looked = await self._back.look(request, here, tell)
            if isinstance(looked, Response):
                return looked
            story = looked
        return self._page(request, serial, here, story=story)

    async def unlock(self, request: Request) -> Response:
        """Try it first, and do it when that was seen."""
        filled = await filled_in(request)
        self._support(request)
        serial = _serial_in(request)
        here = self._home(request, serial)
        if here is None:
            raise HTTPException(404, _("“%(serial)s” is in no installation", serial=serial))
        fields = {
            "installation_id": here.id,
            "serial": serial,
            **filled.some("reason", "ticket"),
        }
        if not filled.ticked("seen"):
            tried = await self._try(filled, here, fields)
            if isinstance(tried, Wrong):
                return self._page(request, serial, here, wrong=tried, filled=filled)
            return self._page(request, serial, here, trial=tried, filled=filled)
        done = await self._parts.doing.carry_out(filled, UnlockSerial, fields)
        if isinstance(done, Wrong):
            return self._page(request, serial, here, wrong=done, filled=filled)
        text = _("%(serial)s is unlocked: it can be assigned anywhere.", serial=serial)
        return self._parts.doing.done(request, f"/support?q={serial}", done, text)

    # --- What all of them do ---

    def _support(self, request: Request) -> Asker:
        """
        Name who asks, if they are support.

        Raises:
            HTTPException: 401, nobody is signed in; 403, they are not.
        """
        asker = required(request)
        try:
            self._parts.guard.look(asker, Action.UNLOCK, Place(), "look something up")
        except Refused as refusal:
            raise HTTPException(403, refusal.detail) from refusal
        return asker

    async def _person(self, asker: Asker, word: str) -> FindPersonAnswer | None:
        try:
            email = _EMAIL.validate_python(word)
        except ValidationError:
            return None
        return await inquire(
            self._parts.client, asker, FindPerson(email=email), FindPersonAnswer
        )

    def _home(self, request: Request, serial: Serial) -> Here | None:
        models = self._parts.models
        home = home_of(serial, models.standing(), models.layouts.all().values())
        return None if home is None else self._parts.places.at(request, home, Action.HISTORY)

    async def _try(self, filled: Filled, here: Here, fields: dict[str, str]) -> Trial | Wrong:
        """Have it rehearsed, for the reason that is given."""
        try:
            command = UnlockSerial.model_validate({"command_id": new_id(), **fields})
        except ValidationError as error:
            return wrong_fields(error)
        try:
            self._parts.guard.look(
                filled.asker, Action.UNLOCK, Place(here.id), "rehearse UnlockSerial"
            )
            await self._parts.admit(filled.asker, here.id, command.reason)
            found = await ask_rehearsal(self._parts.client, command, filled.asker.actor)
            if not found.answer.accepted:
                detail = sentence(found.answer.detail or "")
                return Wrong(409, detail, name=found.answer.refusal or "")
            tell = partial(trial, here.id, found.events, zone_of(here))
            return await self._parts.past.look(here.id, filled.asker.actor, tell)
        except Refused as refusal:
            return Wrong(403, sentence(refusal.detail), name=type(refusal).__name__)
        except ServiceUnavailable as fault:
            return Wrong(503, _("It cannot be tried now: %(fault)s.", fault=fault))

    def _page(
        self,
        request: Request,
        serial: Serial,
        here: Here | None,
        **content: Any,  # noqa: ANN401  # what the template shows
    ) -> Response:
        models = self._parts.models
        standing, knocks = models.standing(), dict(models.turned_away())
        wrong = content.get("wrong")
        return self._parts.paper.page(
            request,
            "serial.html",
            wrong.status if isinstance(wrong, Wrong) else 200,
            serial=serial,
            found=serial_found(serial, standing, knocks, self._parts.sights.time_zone),
            knock=knocks.get(serial),
            home=here,
            stands=serial in standing,
            fresh=self._parts.guard.fresh(required(request), Action.UNLOCK),
            reason=request.query_params.get("reason", ""),
            **content,
        )


def _serial_in(request: Request) -> Serial:
    try:
        return str(normal_serial(request.path_params["serial"]))
    except ValueError as error:
        raise HTTPException(404, str(error)) from error
