"""Passwords of chargers: asked for, and shown this once, to be typed into each charger or printed."""

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from services.portal.doing import Filled, Wrong
from services.portal.part_wishes import one_of
from services.portal.parts import Parts
from services.portal.places import Here
from shared.ids import Serial
from shared.messages import ShownOnce
from shared.messages.credentials import IssueChargerCredential
from shared.speech import _

AT_A_TIME: Final = 40
"""For how many chargers one command makes passwords: hashing one takes time, on purpose."""


class Issuing:
    """Has passwords made, and shows them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def issued(
        self,
        request: Request,
        here: Here,
        filled: Filled,
        serials: Sequence[Serial],
        added: str,
    ) -> Response:
        """
        Show passwords as the answer to what was sent: a page that is kept nowhere, and not to be had again.

        Args:
            request: which.
            here: the installation.
            filled: what was sent.
            serials: whose.
            added: what was done before; empty if nothing was.
        """
        shown: list[ShownOnce] = []
        missing: list[str] = []
        for begin in range(0, len(serials), AT_A_TIME):
            those = tuple(serials[begin : begin + AT_A_TIME])
            fields = {"installation_id": here.id, "serials": those}
            wish = one_of(filled, f"passwords {begin}")
            done = await self._parts.doing.carry_out(wish, IssueChargerCredential, fields)
            if isinstance(done, Wrong):
                missing.append(done.text)
            elif done.shown_once:
                shown += done.shown_once
            else:
                missing.append(
                    _("These passwords have been shown before; issue others if they are lost.")
                )
        layout = (
            self._parts.models.layouts.get(here.id) or here.layout
        )  # those just added are in it
        names = {it.serial: it.name for it in layout.chargers}
        return self._parts.paper.page(
            request,
            "passwords.html",
            here=here,
            added=added,
            shown=[(names.get(it.about, it.about), it) for it in shown],
            missing=list(dict.fromkeys(missing)),
        )
