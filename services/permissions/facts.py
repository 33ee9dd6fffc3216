"""Events that several decisions lead to."""

from collections.abc import Iterator

from services.permissions.register import Register
from shared.ids import Grantee, InstallationId
from shared.messages.permissions import (
    GrantRole,
    PlatformRole,
    PlatformRoleRevoked,
    RoleGranted,
    RoleRevoked,
)
from shared.rights.grants import Grant


def revoked(installation_id: InstallationId, grant: Grant, reason: str = "") -> RoleRevoked:
    """A role ends."""
    return RoleRevoked(
        installation_id=installation_id,
        charger_id=grant.charger_id,
        grantee=grant.grantee,
        role=grant.role,
        reason=reason,
    )


def granted(installation_id: InstallationId, grant: Grant | GrantRole) -> RoleGranted:
    """A role begins."""
    return RoleGranted(
        installation_id=installation_id,
        charger_id=grant.charger_id,
        grantee=grant.grantee,
        role=grant.role,
        until=grant.until,
    )


def platform_revoked(
    grantee: Grantee, role: PlatformRole, reason: str = ""
) -> PlatformRoleRevoked:
    """What somebody is everywhere, they are no more."""
    return PlatformRoleRevoked(grantee=grantee, role=role, reason=reason)


def all_revoked(
    register: Register, grantee: Grantee, reason: str
) -> Iterator[RoleRevoked | PlatformRoleRevoked]:
    """Everything that was given to somebody ends."""
    for installation_id, grant in register.of(grantee):
        yield revoked(installation_id, grant, reason)
    for role in sorted(register.platform.roles.get(grantee, ())):
        yield platform_revoked(grantee, role, reason)
