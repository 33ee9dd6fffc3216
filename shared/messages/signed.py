"""What telemetry is asked about values that meters have signed, and what it answers."""

from decimal import Decimal
from typing import Final

from pydantic import Field

from shared.ids import ChargerId, InstallationId, PersonId, SessionId
from shared.messages import Message, Moment
from shared.messages.people import Query
from shared.messages.readings import Fallible

KEY_CHARS_MAX: Final = 1024


class SignedValues(Query):
    """What has a meter signed of a session? Whether somebody may see it, is decided by who asks."""

    session_id: SessionId
    public_key: str | None = Field(default=None, max_length=KEY_CHARS_MAX)
    """Of the meter, DER in hexadecimal digits or Base64; none: the one that came with the values."""


class SignedReading(Message):
    """One reading within a signed value (OCMF, section "Reading")."""

    at: Moment
    """By the meter's clock."""
    clock: str
    """What is known of that clock: S, it was synchronised; I, U, R: it was not."""
    reason: str | None = None
    """B: a session begins; E, L, R, A, P: it ends; C, X, S, T: it goes on."""
    register_name: str | None = None
    """Which register (OBIS)."""
    value_wh: Decimal | None = None
    status: str | None = None
    """Of the meter; G: all is well."""


class SignedValue(Message):
    """A value as it was received, and what can be said of it."""

    context: str
    """When it was taken (OCPP 1.6 ReadingContext)."""
    format: str | None = None
    """As the charger calls it."""
    measured_at: Moment
    received_at: Moment
    sha256: str
    """Of the text; the log has it too."""
    text: str
    """Unchanged, for the transparency software."""
    public_key: str | None = None
    """As it came with it."""
    verdict: str
    """valid, invalid or not checked."""
    why: str = ""
    """Why it was not checked, or cannot be read."""
    meter: str = ""
    readings: tuple[SignedReading, ...] = ()


class SignedValuesAnswer(Fallible):
    """All signed values of a session, in the order of their time."""

    installation_id: InstallationId | None = None
    """Where the session was; none: nothing is kept of it."""
    charger_id: ChargerId | None = None
    person_id: PersonId | None = None
    values: tuple[SignedValue, ...] = ()
    begin_differs_wh: Decimal | None = None
    """By how much the signed register is above what the charger told; none: one of them is not known."""
    end_differs_wh: Decimal | None = None
    energy_differs_wh: Decimal | None = None
    agrees: bool | None = None
    """What the meter signed is what the charger told; none: nothing can be compared."""
