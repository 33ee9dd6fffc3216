"""
What the notifications service takes and announces: warnings, who is told of them and by which way.

No address and no name of a person is in it: whoever is told is known by id, and permissions is asked for
the address at the moment of sending. Nor is the secret of a webhook: it is made out of a key.
"""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, StringConstraints

from shared.ids import (
    ChargerId,
    CircuitId,
    DeliveryId,
    InstallationId,
    PersonId,
    ReportOrderId,
    WarningId,
    WebhookId,
)
from shared.messages import Command, InstallationEvent, Message, Moment
from shared.messages.installation_terms import ClockTime
from shared.messages.reports import ReportFormat
from shared.phases import Phase
from shared.units import Amperes

RECIPIENTS_MAX = 20
"""How many people one report goes to."""

Url = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        pattern=r"^https?://[^\s/?#@\\]+([/?][^\s#]*)?$",
        max_length=512,
    ),
]
"""Where a webhook is delivered. It is in the log, so it names no user and no password."""
WarningNote = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
"""What somebody says of a warning; it is readable in the log."""
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
Mark = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class WarningKind(StrEnum):
    """What somebody is warned of."""

    OVERLOAD = "OVERLOAD"
    """More was measured on a breaker than it may carry."""
    NEAR_LIMIT = "NEAR_LIMIT"
    """A breaker has carried nearly all that it may for a while."""
    CHARGER_OFFLINE = "CHARGER_OFFLINE"
    """A charger is not connected, and for longer than it takes to start again."""
    LIMIT_IGNORED = "LIMIT_IGNORED"
    """A charger draws more than it was told."""
    FAULT = "FAULT"
    """A charger reports a fault."""
    SECURITY = "SECURITY"
    """A charger reports that somebody may tamper with it."""
    SERIAL_LOCKED = "SERIAL_LOCKED"
    """A charger is locked: it gets no current, and can be assigned nowhere."""
    METER_SILENT = "METER_SILENT"
    """The meter of load that is not ours is silent, so that the most is set aside for it."""
    SET_UP = "SET_UP"
    """Something about the set-up has to be mended."""
    DELIVERY_FAILED = "DELIVERY_FAILED"
    """Something that was to be told could not be delivered, and is not tried any more."""


class Pace(StrEnum):
    """How soon somebody is told by e-mail."""

    AT_ONCE = "AT_ONCE"
    HOURLY = "HOURLY"
    DAILY = "DAILY"
    NEVER = "NEVER"


class Way(StrEnum):
    """By what somebody was told."""

    EMAIL = "EMAIL"
    WEBHOOK = "WEBHOOK"


def _each_once(kinds: tuple[WarningKind, ...]) -> tuple[WarningKind, ...]:
    return tuple(it for it in WarningKind if it in kinds)


Kinds = Annotated[tuple[WarningKind, ...], AfterValidator(_each_once)]
"""Some kinds of warnings, each once, in the order in which they are told."""


class QuietHours(Message):
    """Between these times of the day, by the clock at the installation, no e-mail is sent."""

    begins: ClockTime
    ends: ClockTime


# --- Commands ---


class NotificationsCommand(Command):
    """A wish about what is told of one installation."""

    service: ClassVar[str] = "notifications"
    installation_id: InstallationId


class AcknowledgeWarning(NotificationsCommand):
    """Say that somebody has taken notice of a warning, and looks after it."""

    warning_id: WarningId
    note: WarningNote = ""


class ChooseNotifications(NotificationsCommand):
    """Choose what a person is told of by e-mail, and how soon; each for themselves."""

    person_id: PersonId
    kinds: Kinds
    pace: Pace
    quiet: QuietHours | None = None
    language: Language = "en"


class Unsubscribe(NotificationsCommand):
    """End a person's e-mails about an installation, by the link that is in each of them."""

    person_id: PersonId
    mark: Mark
    """Proves that the link is one of ours."""


class AddWebhook(NotificationsCommand):
    """Have warnings delivered to a program; the answer shows once the secret that they are signed with."""

    webhook_id: WebhookId
    url: Url
    kinds: Kinds


class RotateWebhookSecret(NotificationsCommand):
    """Sign with another secret from now on, and for a day with the one before as well."""

    webhook_id: WebhookId


class RemoveWebhook(NotificationsCommand):
    """Deliver nothing to a program any more."""

    webhook_id: WebhookId


class PingWebhook(NotificationsCommand):
    """Deliver a ping to a program, to see that it arrives."""

    webhook_id: WebhookId


class ReplayDeadLetters(NotificationsCommand):
    """Deliver once more what had been given up: one delivery, or all to a webhook."""

    webhook_id: WebhookId
    delivery_id: DeliveryId | None = None


class OrderReport(NotificationsCommand):
    """Have the report of every month sent to people with a role at the installation."""

    order_id: ReportOrderId
    day: int = Field(ge=1, le=28)
    """On which day of a month the report of the month before is sent."""
    formats: Annotated[tuple[ReportFormat, ...], Field(min_length=1, max_length=3)]
    recipients: Annotated[tuple[PersonId, ...], Field(min_length=1, max_length=RECIPIENTS_MAX)]
    language: Language = "en"


class CancelReportOrder(NotificationsCommand):
    """Send the report no more."""

    order_id: ReportOrderId


# --- Events ---


class NotificationsEvent(InstallationEvent):
    """A fact about what is told of one installation."""

    service: ClassVar[str] = "notifications"


class WarningRaised(NotificationsEvent):
    """Something at an installation needs somebody; it is said once for as long as it lasts."""

    warning_id: WarningId
    kind: WarningKind
    about: str = Field(max_length=200)
    """What of the installation it is about; of a kind, and about the same, there is one at a time."""
    called: str = Field(default="", max_length=200)
    """What people call that."""
    charger_id: ChargerId | None = None
    circuit_id: CircuitId | None = None
    phase: Phase | None = None
    since: Moment
    """From when on it has been so."""
    measured_a: Amperes | None = None
    limit_a: Amperes | None = None
    """What was measured, and what it may be."""
    said: str = ""
    """What the charger or service says of it, in its own words."""
    mend: str = ""
    """What to do about it, where that is not the same for all of the kind."""


class WarningCleared(NotificationsEvent):
    """What was warned of is so no more."""

    warning_id: WarningId
    kind: WarningKind
    about: str


class WarningAcknowledged(NotificationsEvent):
    """Somebody has taken notice of a warning; who, is in the metadata."""

    warning_id: WarningId
    note: str = ""


class NotificationsChosen(NotificationsEvent):
    """What a person is told of by e-mail from now on, and how soon."""

    person_id: PersonId
    kinds: Kinds
    pace: Pace
    quiet: QuietHours | None = None
    language: str = "en"


class WebhookAdded(NotificationsEvent):
    """Warnings are delivered to a program."""

    webhook_id: WebhookId
    url: str
    kinds: Kinds


class WebhookSecretRotated(NotificationsEvent):
    """What is delivered is signed with another secret."""

    webhook_id: WebhookId
    generation: int = Field(ge=2)
    """The number of the secret; the first one was 1."""
    old_until: Moment
    """Until then, with the one before as well."""


class WebhookRemoved(NotificationsEvent):
    """Nothing is delivered to a program any more."""

    webhook_id: WebhookId


class ReportOrdered(NotificationsEvent):
    """The report of every month is sent to some people."""

    order_id: ReportOrderId
    day: int
    formats: tuple[ReportFormat, ...]
    recipients: tuple[PersonId, ...]
    language: str = "en"


class ReportOrderCancelled(NotificationsEvent):
    """A report is sent no more."""

    order_id: ReportOrderId


class DeliveryEvent(NotificationsEvent):
    """What became of something that was to be told."""

    delivery_id: DeliveryId
    way: Way
    person_id: PersonId | None = None
    webhook_id: WebhookId | None = None
    warning_ids: tuple[WarningId, ...] = ()
    order_id: ReportOrderId | None = None
    attempts: int = Field(ge=1)


class NotificationSent(DeliveryEvent):
    """Somebody was told: the mail server, or the program, has taken it."""


class NotificationFailed(DeliveryEvent):
    """Somebody could not be told, and it is not tried any more."""

    reason: str
