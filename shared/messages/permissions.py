"""
What the permissions service takes and announces: people, their roles, their cards, and who was refused.

Personal data (names, e-mail addresses, card numbers, words of people's own) is in no event as it is: fields
called `sealed` hold it encrypted with the key of one person, which is destroyed when that person is
forgotten.
"""

from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints

from shared.ids import (
    CardId,
    ChargerId,
    ClientId,
    Grantee,
    GroupId,
    InstallationId,
    PasskeyId,
    PersonId,
    RequestId,
    TokenId,
)
from shared.messages import Command, Event, InstallationEvent, Moment, Upcast

PLATFORM = "platform"
"""What is not about one installation is about the platform."""

Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        to_lower=True,
        max_length=254,
        pattern=r"^[^@\s]{1,64}@[^@\s]{1,189}\.[^@\s.]{2,}$",
    ),
]
PersonName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)
]
GroupName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)
]
"""The name of a company or a household: it is readable in the log, so it is no person's."""
CardNumber = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, to_upper=True, pattern=r"^[A-Za-z0-9_:=+|@.-]{1,20}$"
    ),
]
"""What a reader reads from a charge card (OCPP 1.6 idTag: up to 20 characters, case-insensitive)."""
CardMark = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""HMAC-SHA-256 of a card's number, under a key of permissions and telemetry: tells cards apart, and
nobody without the key can say which number it is."""
Sealed = Annotated[str, StringConstraints(max_length=4096)]
"""Personal data, encrypted with the key of one person; base64."""
LanguageTag = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$")]
"""Such as `nb` (BCP 47)."""
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=500)]
"""The reason for something, in the words of who does it; it is readable in the log."""


class Role(StrEnum):
    """What somebody is, at an installation or at one charger."""

    USER = "USER"
    OWNER = "OWNER"
    SERVICE = "SERVICE"


class PlatformRole(StrEnum):
    """What somebody is everywhere."""

    INSTALLER = "INSTALLER"
    """An authorised installer or service partner: may create installations and be given SERVICE."""
    SUPPORT = "SUPPORT"


# --- Commands ---


class PermissionsCommand(Command):
    """A wish about people and what they may do."""

    service: ClassVar[str] = "permissions"


class InvitePerson(PermissionsCommand):
    """
    Make a person known by e-mail address, and send them a way to sign in.

    An address that is known already is the same person; it is not told to whoever asks.
    """

    person_id: PersonId
    email: Email
    name: PersonName | None = None
    language: LanguageTag | None = None
    """In which the invitation is written; none: in English."""


class RenamePerson(PermissionsCommand):
    person_id: PersonId
    name: PersonName


class ForgetPerson(PermissionsCommand):
    """Destroy the key of a person's data; roles, cards, tokens and sessions end with it."""

    person_id: PersonId


class CreateGroup(PermissionsCommand):
    """Make a company or household known; the owners of an installation keep one that is theirs."""

    group_id: GroupId
    name: GroupName
    kept_at: InstallationId | None = None
    """Whose owners keep it; it has roles there only. None: the platform's operator keeps it."""


class DissolveGroup(PermissionsCommand):
    group_id: GroupId


class AddMember(PermissionsCommand):
    group_id: GroupId
    person_id: PersonId


class RemoveMember(PermissionsCommand):
    group_id: GroupId
    person_id: PersonId


class GrantRole(PermissionsCommand):
    """Give a role at an installation, or at one charger of it. SERVICE is for authorised installers."""

    installation_id: InstallationId
    charger_id: ChargerId | None = None
    grantee: Grantee
    role: Role
    until: Moment | None = None
    """When it ends by itself."""


class RevokeRole(PermissionsCommand):
    installation_id: InstallationId
    charger_id: ChargerId | None = None
    grantee: Grantee
    role: Role


class GrantPlatformRole(PermissionsCommand):
    grantee: Grantee
    role: PlatformRole


class RevokePlatformRole(PermissionsCommand):
    grantee: Grantee
    role: PlatformRole


class RequestAccess(PermissionsCommand):
    """Ask the owner of an installation or charger for a role."""

    request_id: RequestId
    person_id: PersonId
    installation_id: InstallationId
    charger_id: ChargerId | None = None
    role: Role = Role.USER
    words: Words = ""


class AnswerRequest(PermissionsCommand):
    """Grant what was asked for, or do not."""

    installation_id: InstallationId
    request_id: RequestId
    granted: bool


class RegisterCard(PermissionsCommand):
    card_id: CardId
    person_id: PersonId
    number: CardNumber
    label: Label | None = None


class BlockCard(PermissionsCommand):
    person_id: PersonId
    card_id: CardId


class UnblockCard(PermissionsCommand):
    person_id: PersonId
    card_id: CardId


class RemoveCard(PermissionsCommand):
    person_id: PersonId
    card_id: CardId


class RecordRefusal(PermissionsCommand):
    """Put on record that somebody was refused something."""

    installation_id: InstallationId | None = None
    charger_id: ChargerId | None = None
    asked_for: str = Field(max_length=120)
    """The action or the command."""
    refusal: str = Field(max_length=60)
    detail: str = Field(default="", max_length=500)


class LookAtHistory(PermissionsCommand):
    """Say why one looks at the past of an installation where one has no role: support does."""

    installation_id: InstallationId
    reason: Why


# --- Events ---


class PersonEvent(Event):
    """A fact about one person."""

    service: ClassVar[str] = "permissions"
    person_id: PersonId

    @property
    def aggregate_id(self) -> str:
        return self.person_id


class PersonInvited(PersonEvent):
    """A person is known by e-mail address, and was sent a way to sign in."""

    sealed: Sealed
    """JSON: `email`, and `name` and `language` if they are known."""


class PersonRegistered(PersonEvent):
    """A person has signed in for the first time."""


class PersonRenamed(PersonEvent):
    """A person has another name."""

    sealed: Sealed
    """JSON: `name`."""


class PersonForgotten(PersonEvent):
    """The key of a person's data is destroyed: nobody can read it any more, here or in any backup of
    the log."""


class PasswordSet(PersonEvent):
    """A person has a new password; it is not in the log."""


class PasskeyAdded(PersonEvent):
    """A person may sign in with a further passkey."""

    passkey_id: PasskeyId
    sealed: Sealed
    """JSON: `label`."""


class PasskeyRemoved(PersonEvent):
    """A person may sign in with a passkey no more."""

    passkey_id: PasskeyId


class IdentityLinked(PersonEvent):
    """A company's sign-in (OpenID Connect) says who this person is."""

    issuer: str
    sealed: Sealed
    """JSON: `subject`, by which the issuer knows the person."""


class SignedIn(PersonEvent):
    """A person has signed in."""

    method: str
    """PASSWORD, PASSKEY, OIDC or LINK."""


class SignInBlocked(PersonEvent):
    """So many sign-ins failed that more from there are made to wait."""

    failures: int = Field(ge=1)


class TokenIssued(PersonEvent):
    """A person has made an API token; the token itself is not in the log."""

    token_id: TokenId
    scopes: tuple[str, ...]
    expires_at: Moment
    sealed: Sealed
    """JSON: `label`."""


class TokenRevoked(PersonEvent):
    """An API token counts no more."""

    token_id: TokenId


class CardRegistered(PersonEvent):
    """A charge card stands for a person."""

    card_id: CardId
    mark: CardMark
    sealed: Sealed
    """JSON: `number`, and `label` if there is one."""


class CardBlocked(PersonEvent):
    """A card does not count until it is unblocked."""

    card_id: CardId
    mark: CardMark


class CardUnblocked(PersonEvent):
    """A card that was blocked counts again."""

    card_id: CardId
    mark: CardMark


class CardRemoved(PersonEvent):
    """A card stands for nobody any more; its number can be registered anew."""

    card_id: CardId
    mark: CardMark


class GroupEvent(Event):
    """A fact about one group."""

    service: ClassVar[str] = "permissions"
    group_id: GroupId

    @property
    def aggregate_id(self) -> str:
        return self.group_id


def _created_2(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"kept_at": None}


class GroupCreated(GroupEvent):
    """A company or household exists, whose members share what is granted to it."""

    schema_version: ClassVar[int] = 2
    upcasts: ClassVar[dict[int, Upcast]] = {1: _created_2}
    name: GroupName
    kept_at: InstallationId | None = None
    """The installation whose owners keep it; it has roles there only."""


class GroupDissolved(GroupEvent):
    """The group is no more; what it was granted ends with it."""


class MemberAdded(GroupEvent):
    """A person belongs to a group."""

    person_id: PersonId


class MemberRemoved(GroupEvent):
    """A person belongs to a group no more."""

    person_id: PersonId


class AccessEvent(InstallationEvent):
    """A fact about who may do what at one installation."""

    service: ClassVar[str] = "permissions"


class RoleGranted(AccessEvent):
    """Somebody has a role at an installation, or at one charger of it if one is named."""

    charger_id: ChargerId | None = None
    grantee: Grantee
    role: Role
    until: Moment | None = None


class RoleRevoked(AccessEvent):
    """Somebody has a role no more."""

    charger_id: ChargerId | None = None
    grantee: Grantee
    role: Role
    reason: str = ""
    """Why, if nobody asked for it: the charger was removed, the person forgotten."""


class AccessRequested(AccessEvent):
    """A person asks for a role."""

    request_id: RequestId
    person_id: PersonId
    charger_id: ChargerId | None = None
    role: Role
    sealed: Sealed | None = None
    """JSON: `words`, of the one who asks."""


class RequestAnswered(AccessEvent):
    """What a person asked for was granted, or turned down."""

    request_id: RequestId
    person_id: PersonId
    granted: bool


class HistoryLookedAt(AccessEvent):
    """Somebody from support looked at the past of an installation, and said why."""

    reason: str


class PlatformEvent(Event):
    """A fact about the whole platform."""

    service: ClassVar[str] = "permissions"

    @property
    def aggregate_id(self) -> str:
        return PLATFORM


class PlatformRoleGranted(PlatformEvent):
    """Somebody is an authorised installer, or support."""

    grantee: Grantee
    role: PlatformRole


class PlatformRoleRevoked(PlatformEvent):
    """Somebody is no authorised installer, or no support, any more."""

    grantee: Grantee
    role: PlatformRole
    reason: str = ""


class ClientRegistered(PlatformEvent):
    """A program may sign in by itself (OAuth client credentials); its secret is not in the log."""

    client_id: ClientId
    name: GroupName
    scopes: tuple[str, ...]


class ClientRevoked(PlatformEvent):
    """A program may sign in no more."""

    client_id: ClientId


class AccessRefused(Event):
    """Somebody was refused something; who, is in the event's metadata."""

    service: ClassVar[str] = "permissions"
    installation_id: InstallationId | None = None
    charger_id: ChargerId | None = None
    asked_for: str
    refusal: str
    detail: str

    @property
    def aggregate_id(self) -> str:
        return self.installation_id or PLATFORM
