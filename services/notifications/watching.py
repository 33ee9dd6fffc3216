"""Looks at what is known again and again, and has raised or cleared what a pure function says stands."""

import asyncio
from datetime import datetime
from typing import Final

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import ValidationError

from services.notifications.knowledge import Knowledge
from services.notifications.language import Observe, warnings_at
from services.notifications.ledger import Ledger
from services.notifications.outbox import Outbox
from services.notifications.standing import Undelivered, standing
from services.notifications.telling import Telling
from services.notifications.watch import WATCH
from shared import subjects
from shared.clock import utc_now
from shared.commits import DATABASE_FAULTS, StoreFault
from shared.context import Context
from shared.event_store import EventStore
from shared.ids import InstallationId, new_id
from shared.messages.balancer import SiteBalance
from shared.tasks import keep_running
from shared.transact import transact

ACTOR: Final = "notifications"
LOOK_S: Final = 1.0
"""How soon something that has changed is looked at."""
LOOK_AT_ALL_S: Final = 10.0
"""How often everything is: time alone changes what stands, too."""
HEAR_S: Final = 4.0
"""How often it is heard how the breakers of an installation stand; whether they are near their limits is a
matter of minutes."""

log = structlog.get_logger()


class Watching:
    """Raises and clears warnings."""

    def __init__(
        self,
        store: EventStore,
        knowledge: Knowledge,
        ledger: Ledger,
        telling: Telling,
        outbox: Outbox,
    ) -> None:
        self._store = store
        self._knowledge = knowledge
        self._ledger = ledger
        self._telling = telling
        self._outbox = outbox
        self._all_at_s = 0.0
        self._again: set[InstallationId] = set()

    async def run(self) -> None:
        """Look for ever; a database that is away is waited for."""

        def on_fault(fault: Exception) -> None:
            log.warning("nothing can be raised now", fault=repr(fault))

        await keep_running(self.look, (*DATABASE_FAULTS, StoreFault), on_fault, LOOK_S)

    async def look(self) -> None:
        """Look once at what has changed, and now and then at everything."""
        now_s = asyncio.get_running_loop().time()
        self._again |= self._knowledge.take_changed()
        if now_s - self._all_at_s >= LOOK_AT_ALL_S:
            self._all_at_s = now_s
            self._again |= set(self._knowledge.sites.held)
        if not self._again:
            return
        await self._telling.read()
        undelivered = await self._outbox.undelivered()
        for installation_id in sorted(self._again):
            found = self._named(installation_id, undelivered.get(installation_id, []))
            await self.look_at(installation_id, found, utc_now())
            self._again.discard(installation_id)

    async def look_at(
        self, installation_id: InstallationId, undelivered: list[Undelivered], now: datetime
    ) -> None:
        """Raise and clear at one installation what is to be."""
        facts = self._knowledge.facts(installation_id, undelivered)
        if facts is None:
            return
        found = standing(facts, now)
        known = self._ledger.warnings_at(installation_id)
        wish = Observe(
            command_id=new_id(),
            installation_id=installation_id,
            stands={new_id(): it for key, it in found.stands.items() if key not in known.open},
            over=tuple(it.warning_id for key, it in known.open.items() if found.is_over(key)),
        )
        if not wish.stands and not wish.over:
            return
        context = Context(ACTOR, new_id())
        await transact(self._store, warnings_at(installation_id), WATCH, wish, context)
        await self._telling.read()

    def _named(
        self, installation_id: InstallationId, undelivered: list[Undelivered]
    ) -> list[Undelivered]:
        """Webhooks are called by their addresses; people are not named in a log."""
        webhooks = self._ledger.choices_at(installation_id).webhooks
        named = []
        for it in undelivered:
            webhook = webhooks.get(it.target.removeprefix("webhook:"))
            called = it.target if webhook is None else webhook.url
            named.append(Undelivered(it.target, called, it.fault, it.since, it.count))
        return named

    # --- Readings ---

    async def listen(self, client: Client) -> None:
        """Hear how breakers stand; what cannot be read teaches nothing."""
        next_s: dict[str, float] = {}
        loop = asyncio.get_running_loop()

        async def on_balance(message: Msg) -> None:
            now_s = loop.time()
            if now_s < next_s.get(message.subject, 0.0):
                return
            next_s[message.subject] = now_s + HEAR_S
            try:
                balance = SiteBalance.model_validate_json(message.data)
            except ValidationError as error:
                log.warning("balance unreadable", subject=message.subject, error=str(error))
                return
            site = self._knowledge.sites.get(balance.installation_id)
            if site is not None:
                self._knowledge.watched.hear(balance, site, utc_now())

        await client.subscribe(subjects.telemetry_all(SiteBalance), cb=on_balance)
