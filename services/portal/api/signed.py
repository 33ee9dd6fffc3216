"""The handlers of what meters have signed of sessions."""

from typing import Annotated

from fastapi import Query, Request

from services.portal.api.looking import Here, Looking
from services.portal.guarding import NotHere
from shared.messages.signed import KEY_CHARS_MAX, SignedValues, SignedValuesAnswer
from shared.rights.grants import Place
from shared.rights.table import Action

Key = Annotated[
    str | None,
    Query(
        max_length=KEY_CHARS_MAX,
        description="Of the meter, DER in hexadecimal digits or Base64; by default what came along.",
    ),
]


class Signed:
    """One method for every route, by its name in `READ_ROUTES`."""

    def __init__(self, looking: Looking) -> None:
        self._at = looking

    async def signed_values(
        self,
        request: Request,
        installation_id: Here,
        charger_id: Here,
        session_id: Here,
        public_key: Key = None,
    ) -> SignedValuesAnswer:
        """What a meter has signed of a session at a charger, unchanged, and what can be said of it."""
        self._at.seen(request, Action.ALL_SESSIONS, installation_id, charger_id)
        found = await self._found(session_id, public_key)
        if (found.installation_id, found.charger_id) != (installation_id, charger_id):
            raise _nothing(session_id)
        return found

    async def own_signed_values(
        self, request: Request, session_id: Here, public_key: Key = None
    ) -> SignedValuesAnswer:
        """What a meter has signed of a session of whoever asks."""
        asker = self._at.asker(request)
        guard = self._at.sources.guard
        guard.check(asker, Action.OWN_SESSIONS, Place(), "own_signed_values")
        found = await self._found(session_id, public_key)
        if found.person_id is None or found.person_id != asker.person_id:
            raise _nothing(session_id)
        return found

    async def _found(self, session_id: str, public_key: str | None) -> SignedValuesAnswer:
        query = SignedValues(session_id=session_id, public_key=public_key)
        return await self._at.sources.readings.signed(query)


def _nothing(session_id: str) -> NotHere:
    return NotHere(f"nothing that a meter has signed is kept of session {session_id} here")
