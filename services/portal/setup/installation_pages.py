"""Adding an installation: one form, checked while it is filled in and again when it is sent."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.portal.choices import choices
from services.portal.documents import Layout
from services.portal.doing import Filled, Wrong, filled_in
from services.portal.guarding import NotHere
from services.portal.parts import Parts
from services.portal.setup.describing import FIELDS, Checked, checked
from services.portal.signing_in.asking import required
from shared.decider import Refused
from shared.ids import InstallationId
from shared.messages.installation_commands import CreateInstallation
from shared.messages.signing_in import Asker
from shared.rights.grants import Place
from shared.rights.table import Action
from shared.speech import _

SERVED_S_MAX: Final = 5.0
"""How long is waited until whoever has created an installation has its role there, in seconds."""
LOOKED_AGAIN_S: Final = 0.05


class InstallationPages:
    """The form of a new installation."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def new(self, request: Request) -> Response:
        """Offer an empty form."""
        self._let_in(request)
        return self._form(request)

    async def check(self, request: Request) -> Response:
        """Say what is wrong with what was filled in so far; what is empty may still be filled in."""
        self._let_in(request)
        found = self._checked(await filled_in(request))
        empty = [it for it in FIELDS if it not in found.fields]
        wrong = {name: text for name, text in found.wrong.items() if name not in empty}
        return self._parts.paper.page(
            request, "new_installation_checks.html", found=found, wrong_so_far=wrong
        )

    async def create(self, request: Request) -> Response:
        """Have it created; whoever creates it serves it, and goes on at once."""
        asker = self._let_in(request)
        filled = await filled_in(request)
        found = self._checked(filled)
        if found.wrong:
            wrong = Wrong(422, _("Some fields need another look."), found.wrong)
            return self._form(request, filled, wrong, found)
        doing = self._parts.doing
        done = await doing.carry_out(filled, CreateInstallation, found.fields)
        if isinstance(done, Wrong):
            return self._form(request, filled, done, found)
        installation_id, name = found.fields["installation_id"], found.fields["name"]
        added = _("“%(name)s” was added. Now add its circuits.", name=name)
        if await self._serves(asker, installation_id):
            return doing.done(
                request, f"/installations/{installation_id}/circuits", done, added
            )
        soon = _("“%(name)s” was added. It appears here in a moment.", name=name)
        return doing.done(request, "/", done, soon)

    def _let_in(self, request: Request) -> Asker:
        asker = required(request)
        try:
            self._parts.guard.look(
                asker, Action.CREATE_INSTALLATION, Place(), "look at a new installation"
            )
        except NotHere as refusal:
            raise HTTPException(404, refusal.detail) from refusal
        except Refused as refusal:
            raise HTTPException(
                403,
                _(
                    "Installations are added by authorised installers; whoever operates this platform "
                    "names them."
                ),
            ) from refusal
        return asker

    def _known(self, asker: Asker) -> list[Layout]:
        layouts, seeing = self._parts.models.layouts.held.values(), self._parts.seeing
        return [it for it in layouts if seeing.live(asker, it.installation_id)]

    def _checked(self, filled: Filled) -> Checked:
        given = {it: filled.one(it) for it in FIELDS}
        taken = self._parts.models.layouts.held.keys()
        return checked(given, taken, self._known(filled.asker))

    def _form(
        self,
        request: Request,
        filled: Filled | None = None,
        wrong: Wrong | None = None,
        found: Checked | None = None,
    ) -> Response:
        asker = required(request)
        return self._parts.paper.page(
            request,
            "new_installation.html",
            200 if wrong is None else wrong.status,
            filled=filled,
            wrong=wrong,
            found=found,
            fresh=self._parts.guard.fresh(asker, Action.CREATE_INSTALLATION),
            country=_usual(self._known(asker)),
            **choices(),
        )

    async def _serves(self, asker: Asker, installation_id: InstallationId) -> bool:
        """Wait until permissions has given the role that follows from creating, and it was heard here."""
        place, guard = Place(installation_id), self._parts.guard
        loop = asyncio.get_running_loop()
        until_s = loop.time() + SERVED_S_MAX
        while not guard.may(asker, Action.TECHNICAL, place):
            if loop.time() > until_s:
                return False
            await asyncio.sleep(LOOKED_AGAIN_S)
        return True


def _usual(known: Sequence[Layout]) -> str:
    """Name the country in which somebody has most of their installations."""
    counts = Counter(it.country for it in known if it.country)
    return counts.most_common(1)[0][0] if counts else ""
