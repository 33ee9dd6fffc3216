"""Commands are asked and answered; what is decided is appended, and what follows is noted."""

from datetime import datetime
from typing import Any, Final

from faststream.nats import NatsRouter

from services.notifications.addresses import Allowed
from services.notifications.audience import people_at
from services.notifications.bodies import ping_body
from services.notifications.choosing import Around, choosing
from services.notifications.knowledge import Knowledge
from services.notifications.language import COMMANDS, SettingsFact, settings_at, warnings_at
from services.notifications.outbox import Content, Due, Outbox
from services.notifications.refusals import LinkNotOurs, NoSuchInstallation, NothingToDeliver
from services.notifications.settings_state import NOTHING_CHOSEN, Choices, evolve
from services.notifications.signing import secret_of, unsubscribe_mark
from services.notifications.watch import WATCH
from shared.asking import command_routes
from shared.clock import utc_now
from shared.context import Context
from shared.decider import Decider, Refused
from shared.event_store import EventStore
from shared.ids import InstallationId
from shared.messages import Answer, Command, Event, ShownOnce
from shared.messages.notifications import (
    AcknowledgeWarning,
    AddWebhook,
    ChooseNotifications,
    NotificationsCommand,
    PingWebhook,
    RemoveWebhook,
    ReplayDeadLetters,
    RotateWebhookSecret,
    Unsubscribe,
    Way,
)
from shared.rights import guard
from shared.rights.guard import Forbidden
from shared.transact import ACCEPTED, answered_before, refusal_of, transact

QUEUE: Final = "notifications"
BY_LINK: Final = "by the link in an e-mail"
SHOWN_BEFORE: Final = (
    "it was done before; the secret was shown once, and if it is lost, rotate it"
)


class Desk:
    """Takes commands."""

    def __init__(
        self,
        store: EventStore,
        knowledge: Knowledge,
        outbox: Outbox,
        key: bytes,
        allowed: Allowed,
    ) -> None:
        self._store = store
        self._knowledge = knowledge
        self._outbox = outbox
        self._key = key
        self._allowed = allowed

    def check(self, command: Command, actor: str) -> str:
        """
        Say by what right a person asks; people choose for themselves.

        Raises:
            Forbidden: they may not.
        """
        if isinstance(command, Unsubscribe):
            return BY_LINK
        right = guard.check(command, actor, self._knowledge.book.grants, utc_now())
        if isinstance(command, ChooseNotifications) and actor != f"person/{command.person_id}":
            raise Forbidden("everybody chooses for themselves what they are told of")
        return right

    # --- Deciding ---

    async def execute(self, command: NotificationsCommand, context: Context) -> Answer:
        """Decide a command, append what it decides, and do what follows."""
        if isinstance(command, AddWebhook | RotateWebhookSecret | ReplayDeadLetters):
            first = await answered_before(self._store, command)
            if first is not None:
                shown = first.accepted and not isinstance(command, ReplayDeadLetters)
                return first.model_copy(update={"detail": SHOWN_BEFORE}) if shown else first
        try:
            self._check_there(command)
        except Refused as refusal:
            return refusal_of(refusal)
        stream, decider = self._decider(command, utc_now())
        answer = await transact(self._store, stream, decider, command, context)
        return await self._followed(command, answer) if answer.accepted else answer

    async def rehearse(self, command: NotificationsCommand) -> tuple[Answer, tuple[Event, ...]]:
        """Decide a command for the platform's operator, and append nothing."""
        stream, decider = self._decider(command, utc_now())
        history = [it.event for it in await self._store.load(stream)]
        try:
            self._check_there(command)
            return ACCEPTED, decider.decide(command, decider.fold(history))
        except Refused as refusal:
            return refusal_of(refusal), ()

    def _decider(
        self, command: NotificationsCommand, now: datetime
    ) -> tuple[str, Decider[Any, Any, Any]]:
        here = command.installation_id
        if isinstance(command, AcknowledgeWarning):
            return warnings_at(here), WATCH
        people = people_at(self._knowledge.book.grants, here, now)
        return settings_at(here), choosing(Around(now, self._allowed.check_url, people))

    def _check_there(self, command: NotificationsCommand) -> None:
        if self._knowledge.sites.get(command.installation_id) is None:
            raise NoSuchInstallation(
                f"no installation {command.installation_id} is known; one that was created just "
                "now is in a moment"
            )
        if isinstance(command, Unsubscribe):
            mark = unsubscribe_mark(self._key, command.installation_id, command.person_id)
            if command.mark != mark:
                raise LinkNotOurs(
                    "this link was not made here, or was damaged on its way; choose under My "
                    "notifications what you are told of"
                )

    # --- What follows ---

    async def _followed(self, command: NotificationsCommand, answer: Answer) -> Answer:
        """Do what follows; where a repetition does it again, it changes nothing."""
        here, now = command.installation_id, utc_now()
        match command:
            case AddWebhook() | RotateWebhookSecret():
                return await self._with_secret(command, answer)
            case RemoveWebhook():
                await self._outbox.drop_target(here, command.webhook_id)
            case PingWebhook():
                await self._outbox.put([self._ping(command, now)], now)
            case ReplayDeadLetters():
                count = await self._outbox.replay(
                    here, command.webhook_id, command.delivery_id, now
                )
                if count == 0:
                    return refusal_of(
                        NothingToDeliver(
                            f"nothing to webhook {command.webhook_id} was given up"
                        )
                    )
        return answer

    async def _with_secret(
        self, command: AddWebhook | RotateWebhookSecret, answer: Answer
    ) -> Answer:
        choices = await self._choices(command.installation_id)
        webhook = choices.webhooks.get(command.webhook_id)
        if webhook is None:  # somebody has removed it in the same moment
            return answer
        secret = secret_of(self._key, webhook.webhook_id, webhook.generation)
        shown = ShownOnce(about=webhook.webhook_id, secret=secret)
        return answer.model_copy(update={"shown_once": (shown,)})

    async def _choices(self, installation_id: InstallationId) -> Choices:
        """Fold who is told what, as the log has it at this moment."""
        state = NOTHING_CHOSEN
        for recorded in await self._store.load(settings_at(installation_id)):
            event = recorded.event
            assert isinstance(event, SettingsFact)  # noqa: S101  # the stream is theirs
            state = evolve(state, event)
        return state

    def _ping(self, command: PingWebhook, now: datetime) -> Due:
        here = command.installation_id
        site = self._knowledge.sites.get(here)
        return Due(
            installation_id=here,
            way=Way.WEBHOOK,
            kind=Content.PING,
            target=command.webhook_id,
            cause=command.command_id,
            due_at=now,
            body=ping_body(here, here if site is None else site.name, now),
        )


def routes(desk: Desk) -> NatsRouter:
    """Answer commands about warnings, and about who is told what."""
    return command_routes(COMMANDS, QUEUE, desk.execute, desk.check)
