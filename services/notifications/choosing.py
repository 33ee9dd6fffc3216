"""What may become of choices, webhooks and ordered reports. Pure."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, assert_never

from services.notifications.language import SettingsFact, SettingsWish
from services.notifications.refusals import (
    NoSuchReportOrder,
    NoSuchWebhook,
    NotARecipient,
    ReportOrderKnown,
    TooManyWebhooks,
    WebhookKnown,
)
from services.notifications.settings_state import (
    NOTHING_CHOSEN,
    Choices,
    Webhook,
    evolve,
)
from shared.decider import Decider
from shared.ids import InstallationId, PersonId, WebhookId
from shared.messages.notifications import (
    AddWebhook,
    CancelReportOrder,
    ChooseNotifications,
    NotificationsChosen,
    OrderReport,
    Pace,
    PingWebhook,
    RemoveWebhook,
    ReplayDeadLetters,
    ReportOrderCancelled,
    ReportOrdered,
    RotateWebhookSecret,
    Unsubscribe,
    WebhookAdded,
    WebhookRemoved,
    WebhookSecretRotated,
)

OLD_SECRET_LASTS: Final = timedelta(hours=24)
"""How long two secrets count, so that the program can be told the new one in between."""
WEBHOOKS_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Around:
    """
    What else a decision has to know.

    Args:
        check_url: raises `UnsafeAddress` where nothing may be delivered to.
        people: those with a role at the installation.
    """

    now: datetime
    check_url: Callable[[str], None]
    people: Collection[PersonId]


def choosing(around: Around) -> Decider[SettingsWish, Choices, SettingsFact]:
    """Make the decider, for what is known at this moment."""

    def decide(command: SettingsWish, state: Choices) -> tuple[SettingsFact, ...]:
        match command:
            case ChooseNotifications():
                return _chosen(command, state)
            case Unsubscribe():
                return _unsubscribed(command, state)
            case AddWebhook():
                return _added(command, state, around)
            case RotateWebhookSecret():
                return _rotated(command, state, around)
            case RemoveWebhook():
                return _removed(command, state)
            case PingWebhook() | ReplayDeadLetters():
                webhook_of(state, command.installation_id, command.webhook_id)
                return ()
            case OrderReport():
                return _ordered(command, state, around)
            case CancelReportOrder():
                return _cancelled(command, state)
            case _:
                assert_never(command)

    return Decider(NOTHING_CHOSEN, decide, evolve)


# --- E-mail ---


def _chosen(command: ChooseNotifications, state: Choices) -> tuple[SettingsFact, ...]:
    chosen = NotificationsChosen(**command.model_dump(exclude={"command_id"}))
    return () if state.people.get(command.person_id) == chosen else (chosen,)


def _unsubscribed(command: Unsubscribe, state: Choices) -> tuple[SettingsFact, ...]:
    before = state.people.get(command.person_id)
    if before is not None and before.pace is Pace.NEVER:
        return ()
    return (
        NotificationsChosen(
            installation_id=command.installation_id,
            person_id=command.person_id,
            kinds=() if before is None else before.kinds,
            pace=Pace.NEVER,
            language="en" if before is None else before.language,
        ),
    )


# --- Webhooks ---


def webhook_of(
    state: Choices, installation_id: InstallationId, webhook_id: WebhookId
) -> Webhook:
    """
    Find a webhook.

    Raises:
        NoSuchWebhook: there is none.
    """
    webhook = state.webhooks.get(webhook_id)
    if webhook is None:
        raise NoSuchWebhook(
            f"installation {installation_id} has no webhook {webhook_id}; those that there are: "
            f"ampledger webhook list {installation_id}"
        )
    return webhook


def _added(command: AddWebhook, state: Choices, around: Around) -> tuple[SettingsFact, ...]:
    around.check_url(command.url)
    added = WebhookAdded(**command.model_dump(exclude={"command_id"}))
    known = state.webhooks.get(command.webhook_id)
    if known is not None or command.webhook_id in state.removed:
        raise WebhookKnown(
            f"there is or was a webhook {command.webhook_id} here; give this one another id"
        )
    if len(state.webhooks) >= WEBHOOKS_MAX:
        raise TooManyWebhooks(
            f"an installation has {WEBHOOKS_MAX} webhooks at most; remove one that nobody needs"
        )
    return (added,)


def _rotated(
    command: RotateWebhookSecret, state: Choices, around: Around
) -> tuple[SettingsFact, ...]:
    webhook = webhook_of(state, command.installation_id, command.webhook_id)
    return (
        WebhookSecretRotated(
            installation_id=command.installation_id,
            webhook_id=command.webhook_id,
            generation=webhook.generation + 1,
            old_until=around.now + OLD_SECRET_LASTS,
        ),
    )


def _removed(command: RemoveWebhook, state: Choices) -> tuple[SettingsFact, ...]:
    if command.webhook_id in state.removed:
        return ()
    webhook_of(state, command.installation_id, command.webhook_id)
    return (
        WebhookRemoved(installation_id=command.installation_id, webhook_id=command.webhook_id),
    )


# --- Reports ---


def _ordered(command: OrderReport, state: Choices, around: Around) -> tuple[SettingsFact, ...]:
    without = [it for it in command.recipients if it not in around.people]
    if without:
        raise NotARecipient(
            f"{', '.join(without)}: no role at installation {command.installation_id}; give them "
            "one first, or leave them out"
        )
    ordered = ReportOrdered(**command.model_dump(exclude={"command_id"}))
    if state.orders.get(command.order_id) == ordered:
        return ()
    if command.order_id in state.orders or command.order_id in state.cancelled:
        raise ReportOrderKnown(
            f"there is or was an order {command.order_id} here; cancel it, and order anew"
        )
    return (ordered,)


def _cancelled(command: CancelReportOrder, state: Choices) -> tuple[SettingsFact, ...]:
    if command.order_id in state.cancelled:
        return ()
    if command.order_id not in state.orders:
        raise NoSuchReportOrder(
            f"installation {command.installation_id} has no order {command.order_id}; those that "
            f"there are: ampledger subscription list {command.installation_id}"
        )
    return (
        ReportOrderCancelled(
            installation_id=command.installation_id, order_id=command.order_id
        ),
    )
