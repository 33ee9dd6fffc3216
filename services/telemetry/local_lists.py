"""
The list by which a charger lets drivers in while it is offline (OCPP 1.6, section 3.5.3).

It holds what we would answer at this moment, where drivers are asked who they are: the cards of those who
may charge. Elsewhere it is empty. Only permissions knows the numbers of cards. They are asked for when
a list is sent, and neither kept nor logged; what a charger has is remembered by marks.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import structlog
from nats.errors import Error as NatsError
from pydantic import ValidationError

from services.telemetry.authorising import Shown, decide
from services.telemetry.calls import AnsweredError, CallFailed
from services.telemetry.charger import ACCEPTED
from services.telemetry.dialect import Tongue
from services.telemetry.histories import History
from services.telemetry.lists import (
    Capacity,
    Entries,
    ListSent,
    Update,
    that_fit,
    updates,
)
from services.telemetry.moments import Beside
from services.telemetry.parts import Parts
from services.telemetry.said import Standing
from shared import subjects
from shared.clock import utc_now
from shared.messages import sent
from shared.messages.people import CardsOf, CardsOfAnswer
from shared.rights.book import PERMISSIONS

DEBOUNCE_S: Final = 1.0
"""How long changes are collected before a charger hears of them."""
AGAIN_S: Final = 60.0
"""After how long what failed is tried again, if nothing changes before."""
NUMBERS_S_MAX: Final = 5.0
UNSUPPORTED: Final = -1
"""The version of the list of a charger that keeps none (OCPP 1.6, section 5.10)."""
QUERY: Final = subjects.query(PERMISSIONS, CardsOf.__name__)

log = structlog.get_logger()


class NotNow(Exception):
    """The list could not be brought up to date; it is tried again."""


class LocalList:
    """The list of one connected charger."""

    def __init__(
        self,
        parts: Parts,
        history: History,
        tongue: Tongue,
        ready: Callable[[], bool],
        beside: Beside,
    ) -> None:
        """
        Make it.

        Args:
            parts: what all connections stand on.
            history: the charger's.
            tongue: tells it.
            ready: whether it is accepted.
            beside: makes a task that ends with the connection; none, if that does not serve.
        """
        self._parts = parts
        self._history = history
        self._tongue = tongue
        self._ready = ready
        self._beside = beside
        self._due = False
        self._telling = False
        self._asked_who: bool | None = None
        """Whether the charger was told that drivers have to show who they are; none: nothing yet."""
        self._capacity: Capacity | None = None
        self._unsupported = False

    def due(self) -> None:
        """Something may have changed, or the charger has just been accepted."""
        self._due = True
        self.see()

    def see(self) -> None:
        """Bring the charger's list up to date soon, if that is due."""
        if self._due and not self._telling:
            self._telling = self._beside(self._tell(), "local-list") is not None

    async def _tell(self) -> None:
        try:
            while self._due:
                await asyncio.sleep(DEBOUNCE_S)
                self._due = False
                if self._ready():  # or it is due when it has been accepted
                    await self._tell_now()
        finally:
            self._telling = False

    async def _tell_now(self) -> None:
        try:
            await self._tell_manners()
            if not self._unsupported:
                await self._bring_up_to_date()
        except (CallFailed, NotNow) as fault:
            log.info("local list not up to date, tried again later", fault=str(fault))
            asyncio.get_running_loop().call_later(AGAIN_S, self.due)

    async def _tell_manners(self) -> None:
        required = self._history.assigned.authentication_required
        if required == self._asked_who:
            return
        for it in await self._tongue.set_manners(authentication_required=required):
            log.info("configuration not taken", key=it.key, status=it.status)
        self._asked_who = required

    # --- What the list is to hold ---

    def _wanted(self) -> dict[str, Standing]:
        assigned, rights, now = self._history.assigned, self._parts.rights, utc_now()
        if not assigned.authentication_required:
            return {}
        known = rights.known
        decisions = (
            (mark, decide(assigned, Shown.of_card(mark, rights.card(mark)), known, now))
            for mark in rights.marks_at(assigned.installation_id)
        )
        return {mark: it.standing for mark, it in decisions if it.accepted}

    async def _bring_up_to_date(self) -> None:
        try:
            capacity = await self._known_capacity()
            version = await self._tongue.list_version()
        except AnsweredError as error:
            self._give_up(str(error))
            return
        if capacity is None or version == UNSUPPORTED:
            self._give_up("the charger keeps no list")
            return
        wanted = self._that_fit(self._wanted(), capacity)
        sent = self._parts.lists.get(self._history.assigned.serial)
        todo = updates(wanted, sent, version, capacity.message)
        marks = {mark for it in todo for mark in it.marks}
        numbers = await self._numbers() if marks else {}
        unnamed = marks - numbers.keys()
        if unnamed:
            # They were registered, or taken back, a moment ago; or nobody can read them any more.
            wanted = {mark: info for mark, info in wanted.items() if mark not in unnamed}
            todo = updates(wanted, sent, version, capacity.message)
        if todo:
            await self._send(wanted, todo, numbers)
        if unnamed:
            raise NotNow(f"permissions does not name {len(unnamed)} cards")

    def _that_fit(self, wanted: Entries, capacity: Capacity) -> Entries:
        if len(wanted) > capacity.whole:
            log.warning(
                "more cards than the charger's list holds; offline it lets in those it has",
                cards=len(wanted),
                most=capacity.whole,
            )
        return that_fit(wanted, capacity.whole)

    def _give_up(self, why: str) -> None:
        self._unsupported = True
        log.info("charger has no local list, offline it lets in as it was set", why=why)

    async def _known_capacity(self) -> Capacity | None:
        if self._capacity is None:
            self._capacity = await self._tongue.list_capacity()
        return self._capacity

    # --- Sending ---

    async def _send(
        self, wanted: Entries, todo: Sequence[Update], numbers: Mapping[str, str]
    ) -> None:
        serial, lists = self._history.assigned.serial, self._parts.lists
        lists.pop(serial, None)  # until all of it is confirmed, nobody knows what it has
        for update in todo:
            entries = {numbers[mark]: wanted[mark] for mark in update.marks}
            try:
                status = await self._tongue.send_list(update, entries)
            except AnsweredError as error:
                status = error.code  # what else it says may quote a number
            if status != ACCEPTED:
                raise NotNow(f"the charger answered {status} to a list ({update.kind})")
        lists[serial] = ListSent(todo[-1].version, wanted)
        log.info("local list sent", entries=len(wanted), version=todo[-1].version)

    async def _numbers(self) -> dict[str, str]:
        """Ask permissions for the numbers of cards, by their marks."""
        here = self._history.assigned
        asked = CardsOf(installation_id=here.installation_id, charger_id=here.charger_id)
        try:
            reply = await self._parts.client.request(QUERY, sent(asked), timeout=NUMBERS_S_MAX)
            cards = CardsOfAnswer.model_validate_json(reply.data).cards
        except (NatsError, OSError) as error:
            raise NotNow(f"permissions does not answer: {error!r}") from error
        except ValidationError:
            raise NotNow("permissions answers what cannot be read") from None  # it has numbers
        return {self._parts.rights.mark_of(it.number): it.number for it in cards}
