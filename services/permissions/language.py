"""The commands and events of the permissions service, by what they are about."""

from typing import Final, get_args

from shared.ids import ChargerId, InstallationId
from shared.messages.permissions import (
    AccessEvent,
    AddMember,
    AnswerRequest,
    BlockCard,
    CreateGroup,
    DissolveGroup,
    ForgetPerson,
    GrantPlatformRole,
    GrantRole,
    GroupEvent,
    InvitePerson,
    PermissionsCommand,
    PersonEvent,
    PlatformEvent,
    RegisterCard,
    RemoveCard,
    RemoveMember,
    RenamePerson,
    RequestAccess,
    RevokePlatformRole,
    RevokeRole,
    UnblockCard,
)


class EndRoles(PermissionsCommand):
    """
    A charger is gone: end the roles at it, or let them follow it to another installation.

    It is no message: only the service itself wishes for it, when it hears of the charger.
    """

    installation_id: InstallationId
    charger_id: ChargerId
    to_installation_id: InstallationId | None = None


PersonWish = InvitePerson | RenamePerson | ForgetPerson
GroupWish = CreateGroup | DissolveGroup | AddMember | RemoveMember
RoleWish = GrantRole | RevokeRole | EndRoles
PlatformWish = GrantPlatformRole | RevokePlatformRole
RequestWish = RequestAccess | AnswerRequest
CardWish = RegisterCard | BlockCard | UnblockCard | RemoveCard

Wish = PersonWish | GroupWish | RoleWish | PlatformWish | RequestWish | CardWish

PeopleEvent = PersonEvent | GroupEvent | AccessEvent | PlatformEvent

COMMANDS: Final[tuple[type[Wish], ...]] = tuple(
    it for it in get_args(Wish) if it is not EndRoles
)
"""Every command about people that the service takes."""
