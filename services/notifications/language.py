"""The commands and events of the service, by what they are about; and what it observes itself."""

from collections.abc import Mapping
from typing import Final, get_args

from services.notifications.standing import Stands
from shared.ids import WarningId
from shared.messages.notifications import (
    AcknowledgeWarning,
    AddWebhook,
    CancelReportOrder,
    ChooseNotifications,
    NotificationsChosen,
    NotificationsCommand,
    OrderReport,
    PingWebhook,
    RemoveWebhook,
    ReplayDeadLetters,
    ReportOrderCancelled,
    ReportOrdered,
    RotateWebhookSecret,
    Unsubscribe,
    WarningAcknowledged,
    WarningCleared,
    WarningRaised,
    WebhookAdded,
    WebhookRemoved,
    WebhookSecretRotated,
)


class Observe(NotificationsCommand):
    """
    Raise what stands, and clear what is over.

    It is no message: only the service itself wishes for it, when it has looked at what it knows.
    """

    stands: Mapping[WarningId, Stands]
    """What stands and was not warned of, each with the id that its warning gets."""
    over: tuple[WarningId, ...]


WatchWish = AcknowledgeWarning | Observe
SettingsWish = (
    ChooseNotifications
    | Unsubscribe
    | AddWebhook
    | RotateWebhookSecret
    | RemoveWebhook
    | PingWebhook
    | ReplayDeadLetters
    | OrderReport
    | CancelReportOrder
)
WarningFact = WarningRaised | WarningCleared | WarningAcknowledged
SettingsFact = (
    NotificationsChosen
    | WebhookAdded
    | WebhookSecretRotated
    | WebhookRemoved
    | ReportOrdered
    | ReportOrderCancelled
)
COMMANDS: Final[tuple[type[NotificationsCommand], ...]] = (
    AcknowledgeWarning,
    *get_args(SettingsWish),
)
"""What is taken from others."""


def warnings_at(installation_id: str) -> str:
    """Name the stream of an installation's warnings."""
    return f"warnings-{installation_id}"


def settings_at(installation_id: str) -> str:
    """Name the stream of who is told what of an installation."""
    return f"settings-{installation_id}"


def deliveries_at(installation_id: str) -> str:
    """Name the stream of what was told of an installation."""
    return f"deliveries-{installation_id}"
