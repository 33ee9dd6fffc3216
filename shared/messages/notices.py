"""What notifications is asked by the portal and by the platform's operator, and what it asks itself."""

from pydantic import Field

from shared.ids import DeliveryId, InstallationId, PersonId, WarningId, WebhookId
from shared.messages import Message, Moment, Note
from shared.messages.notifications import (
    NotificationsChosen,
    ReportOrdered,
    WarningKind,
    WarningRaised,
)
from shared.messages.people import Query

WARNINGS_MAX = 1000


class SetUpNotes(Query):
    """What would an electrician say of an installation as it is now? Asked of the installation service."""

    installation_id: InstallationId


class SetUpNotesAnswer(Message):
    notes: tuple[Note, ...] = ()


class WarningsOf(Query):
    """Which warnings are there, the newest first?"""

    installation_id: InstallationId | None = None
    """None: at all installations."""
    everything: bool = False
    """Those that are over, too."""


class WarningLine(Message):
    """A warning, and what became of it."""

    warning: WarningRaised
    raised_at: Moment
    cleared_at: Moment | None = None
    acknowledged_at: Moment | None = None
    acknowledged_by: str | None = None
    note: str = ""
    headline: str
    mend: str


class WarningsOfAnswer(Message):
    warnings: tuple[WarningLine, ...] = ()


class TellingOf(Query):
    """Who is told what of an installation?"""

    installation_id: InstallationId


class WebhookLine(Message):
    """A webhook, and how many deliveries to it were given up."""

    webhook_id: WebhookId
    url: str
    kinds: tuple[WarningKind, ...]
    generation: int
    old_until: Moment | None = None
    dead: int = Field(default=0, ge=0)


class TellingOfAnswer(Message):
    people: tuple[NotificationsChosen, ...] = ()
    """What those who may be warned are told of by e-mail, chosen by them or for them."""
    webhooks: tuple[WebhookLine, ...] = ()
    orders: tuple[ReportOrdered, ...] = ()
    by_email: bool = False
    """Whether there is a mail server."""


class ChoicesOf(Query):
    """What is a person told of by e-mail, at every installation of which they may be warned?"""

    person_id: PersonId


class ChoicesOfAnswer(Message):
    choices: tuple[NotificationsChosen, ...] = ()
    """Chosen by them, or for them."""
    by_email: bool = False


class DeadLetters(Query):
    """What was given up?"""

    installation_id: InstallationId | None = None


class DeadLetter(Message):
    delivery_id: DeliveryId
    installation_id: InstallationId
    webhook_id: WebhookId | None = None
    person_id: str | None = None
    kind: str
    warning_id: WarningId | None = None
    attempts: int
    fault: str
    dead_at: Moment


class DeadLettersAnswer(Message):
    letters: tuple[DeadLetter, ...] = ()
