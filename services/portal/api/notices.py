"""The handlers of warnings, and of who is told of them."""

from typing import Annotated, TypeVar

from fastapi import Query as Parameter
from fastapi import Request

from services.portal.api.looking import Here, Looking
from services.portal.api.paging import PAGE, Cursor, Limit, Page, page_of
from services.portal.warned import Warned, Warnings
from shared.messages import Message
from shared.messages.notices import (
    ChoicesOf,
    ChoicesOfAnswer,
    DeadLetter,
    DeadLetters,
    DeadLettersAnswer,
    TellingOf,
    TellingOfAnswer,
    WarningLine,
    WebhookLine,
)
from shared.messages.notifications import NotificationsChosen, ReportOrdered, WarningKind
from shared.messages.people import Query
from shared.messaging import ServiceUnavailable
from shared.rights.table import Action
from shared.warning_words import headline, mend

M = TypeVar("M", bound=Message)

Open = Annotated[
    bool | None,
    Parameter(description="Those that last, or those that are over; default: both."),
]
Kind = Annotated[WarningKind | None, Parameter(description="Only of this kind.")]


class Notices:
    """One method for every route, by its name in `READ_ROUTES`."""

    def __init__(self, looking: Looking) -> None:
        self._at = looking

    async def warnings(
        self,
        request: Request,
        installation_id: Here,
        open: Open = None,  # noqa: A002  # the word of the query
        kind: Kind = None,
        cursor: Cursor = None,
        limit: Limit = PAGE,
    ) -> Page[WarningLine]:
        """The warnings of an installation, the newest first; of those that are over, the latest."""
        self._at.seen(request, Action.WARNINGS, installation_id)
        known = self._at.sources.warnings(installation_id) or Warnings()
        found = (
            line_of(it)
            for it in (*known.open.values(), *known.past)
            if open in {None, it.cleared_at is None} and kind in {None, it.warning.kind}
        )
        return page_of(
            found, lambda it: (it.warning.warning_id,), cursor, limit, newest_first=True
        )

    async def webhooks(
        self,
        request: Request,
        installation_id: Here,
        cursor: Cursor = None,
        limit: Limit = PAGE,
    ) -> Page[WebhookLine]:
        """The programs that are told of warnings; nothing of their secrets."""
        self._at.seen(request, Action.WARNINGS, installation_id)
        told = await self._ask(TellingOf(installation_id=installation_id), TellingOfAnswer)
        return page_of(told.webhooks, lambda it: (it.webhook_id,), cursor, limit)

    async def dead_letters(
        self,
        request: Request,
        installation_id: Here,
        cursor: Cursor = None,
        limit: Limit = PAGE,
    ) -> Page[DeadLetter]:
        """What was to be told and was given up, and why."""
        self._at.seen(request, Action.WARNINGS, installation_id)
        told = await self._ask(DeadLetters(installation_id=installation_id), DeadLettersAnswer)
        return page_of(told.letters, lambda it: (it.delivery_id,), cursor, limit)

    async def report_orders(
        self,
        request: Request,
        installation_id: Here,
        cursor: Cursor = None,
        limit: Limit = PAGE,
    ) -> Page[ReportOrdered]:
        """The reports that are sent every month."""
        self._at.seen(request, Action.REPORTS, installation_id)
        told = await self._ask(TellingOf(installation_id=installation_id), TellingOfAnswer)
        return page_of(told.orders, lambda it: (it.order_id,), cursor, limit)

    async def own_notifications(
        self, request: Request, cursor: Cursor = None, limit: Limit = PAGE
    ) -> Page[NotificationsChosen]:
        """What whoever asks is told of by e-mail, wherever they may be warned."""
        person_id = self._at.asker(request).person_id
        told = (
            ChoicesOfAnswer()
            if person_id is None
            else await self._ask(ChoicesOf(person_id=person_id), ChoicesOfAnswer)
        )
        return page_of(told.choices, lambda it: (it.installation_id,), cursor, limit)

    async def _ask(self, query: Query, answer: type[M]) -> M:
        """
        Ask notifications.

        Raises:
            ServiceUnavailable: it does not answer.
        """
        told = await self._at.sources.notices(query, answer)
        if told is None:
            raise ServiceUnavailable("notifications does not answer")
        return told


def line_of(it: Warned) -> WarningLine:
    """Tell a warning, with what is so and what to do about it in words."""
    return WarningLine(
        **it.model_dump(),
        headline=headline(it.warning),
        mend=mend(it.warning),
    )
