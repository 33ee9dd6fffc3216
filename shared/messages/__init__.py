"""
The published language: every command, event and reading, one module per owning service.

Stored events are the published events; a frozen sample of every version must parse for ever.
"""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shared.ids import CommandId, InstallationId


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time needs its offset from UTC, such as 2026-11-22T08:00:00+00:00")
    return moment


Moment = Annotated[datetime, AfterValidator(_aware)]
"""A time with its offset from UTC."""


class Message(BaseModel):
    """Anything that is said on the wire: immutable, and about one installation."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


def sent(message: BaseModel) -> bytes:
    """
    Spell a command or a question as it is sent: no more than it says.

    Whoever takes it refuses fields that it does not know, and may be of an older version. Fields that have
    their default say nothing, and are left out.
    """
    return message.model_dump_json(exclude_defaults=True).encode()


class Command(Message):
    """A wish, addressed to the service that decides it. Unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    service: ClassVar[str]
    command_id: CommandId


Upcast = Callable[[dict[str, Any]], dict[str, Any]]
"""Turns an event's content as it was written into what the next version would have written."""


class Event(Message):
    """A fact, appended to the log of the service that owns it. Unknown fields are ignored."""

    service: ClassVar[str]
    schema_version: ClassVar[int] = 1
    upcasts: ClassVar[dict[int, Upcast]] = {}
    """How an older version is read, by that version: each step leads to the next one."""
    brought: ClassVar[dict[int, tuple[str, ...]]] = {}
    """The fields that a version has brought, by that version, where their defaults are what the version
    before meant. An event that says no more than that is written as one of the version before, which
    programs of that version read as well."""

    @property
    def least_version(self) -> int:
        """The oldest version that has all that this event says."""
        version, fields = self.schema_version, type(self).model_fields
        while (names := self.brought.get(version)) and all(
            getattr(self, it) == fields[it].default for it in names
        ):
            version -= 1
        return version

    @property
    def aggregate_id(self) -> str:
        """What the fact is about, as one token of its subject: in most cases an installation."""
        return str(getattr(self, "installation_id"))  # noqa: B009  # the field is the subclass's


class InstallationEvent(Event):
    """A fact about one installation."""

    installation_id: InstallationId


class Note(Message):
    """What an electrician would say about a set-up that is accepted all the same."""

    code: str
    about: str
    """The id of the installation, circuit or charger."""
    text: str
    mend: str
    """What to do about it; empty when all is well and only explained."""


class Verdict(StrEnum):
    """What became of a command."""

    ACCEPTED = "accepted"
    REFUSED = "refused"


class ShownOnce(Message):
    """Something that goes with the first answer to a command and is kept nowhere, such as a password."""

    about: str
    """Whose it is: a serial number, for instance."""
    secret: str


class Told(Message):
    """Something that a charger has told of itself, such as a setting; no log keeps it."""

    name: str
    value: str | None = None
    """None: it knows of no such thing, or does not say."""
    note: str = ""
    """What else there is to know of it, such as that it cannot be changed."""


class Answer(Message):
    """
    The answer to a command; the same for every repetition of it, except for what is shown once.

    A refusal carries its name (`CircuitInUse`) and a sentence that says what to do. An accepted
    command carries the position of its last event in the owner's log, 0 when nothing had to change.
    """

    verdict: Verdict
    refusal: str | None = None
    detail: str | None = None
    position: int = Field(default=0, ge=0)
    notes: tuple[Note, ...] = ()
    """What is worth knowing of the state that the command has led to."""
    shown_once: tuple[ShownOnce, ...] | None = None
    """What only the first answer carries. It is never put in a log."""
    told: tuple[Told, ...] | None = None
    """What a charger has told, when it was asked. It is never put in a log."""

    @property
    def accepted(self) -> bool:
        return self.verdict is Verdict.ACCEPTED
