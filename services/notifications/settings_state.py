"""Who is told what of an installation, by which way: the state of those decisions, folded from history."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, assert_never

from services.notifications.language import SettingsFact
from shared.ids import PersonId, ReportOrderId, WebhookId
from shared.messages import Moment
from shared.messages.notifications import (
    NotificationsChosen,
    ReportOrderCancelled,
    ReportOrdered,
    WarningKind,
    WebhookAdded,
    WebhookRemoved,
    WebhookSecretRotated,
)


@dataclass(frozen=True, slots=True)
class Webhook:
    """A program that warnings are delivered to; of its secrets, the numbers."""

    webhook_id: WebhookId
    url: str
    kinds: tuple[WarningKind, ...]
    generation: int = 1
    old_until: Moment | None = None
    """Until when the secret before counts as well."""


@dataclass(frozen=True, slots=True)
class Choices:
    """The choices at one installation."""

    people: Mapping[PersonId, NotificationsChosen] = field(default_factory=dict)
    webhooks: Mapping[WebhookId, Webhook] = field(default_factory=dict)
    removed: frozenset[WebhookId] = frozenset()
    orders: Mapping[ReportOrderId, ReportOrdered] = field(default_factory=dict)
    cancelled: frozenset[ReportOrderId] = frozenset()


NOTHING_CHOSEN: Final = Choices()


def evolve(state: Choices, event: SettingsFact) -> Choices:
    """Fold an event of the stream."""
    match event:
        case NotificationsChosen():
            return replace(state, people={**state.people, event.person_id: event})
        case WebhookAdded():
            added = Webhook(event.webhook_id, event.url, event.kinds)
            return replace(state, webhooks={**state.webhooks, event.webhook_id: added})
        case WebhookSecretRotated():
            rotated = replace(
                state.webhooks[event.webhook_id],
                generation=event.generation,
                old_until=event.old_until,
            )
            return replace(state, webhooks={**state.webhooks, event.webhook_id: rotated})
        case WebhookRemoved():
            left = {it: one for it, one in state.webhooks.items() if it != event.webhook_id}
            return replace(state, webhooks=left, removed=state.removed | {event.webhook_id})
        case ReportOrdered():
            return replace(state, orders={**state.orders, event.order_id: event})
        case ReportOrderCancelled():
            kept = {it: one for it, one in state.orders.items() if it != event.order_id}
            return replace(state, orders=kept, cancelled=state.cancelled | {event.order_id})
        case _:
            assert_never(event)
