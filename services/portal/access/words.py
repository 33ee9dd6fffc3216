"""What roles are called, and what each is for."""

from collections.abc import Collection
from typing import Final

from shared.messages.permissions import Role
from shared.speech import _, marked

NAMES: Final = {
    Role.OWNER: marked("Owner"),
    Role.SERVICE: marked("Service"),
    Role.USER: marked("User"),
}
"""In the order in which they are listed."""
ABOUT: Final = {
    Role.OWNER: marked(
        "sees all sessions and reports, lets people charge, names further owners"
    ),
    Role.SERVICE: marked("sets up circuits, chargers and power; for authorised installers"),
    Role.USER: marked("charges here, and sees their own sessions"),
}


def role_name(role: Role) -> str:
    """Name a role."""
    return _(NAMES[role])


def role_named(name: str) -> Role | None:
    """
    Read which role is meant.

    >>> role_named("USER"), role_named("KING")
    (<Role.USER: 'USER'>, None)
    """
    return Role(name) if name in Role.__members__ else None


def options(roles: Collection[Role]) -> list[tuple[str, str]]:
    """Offer roles to choose from, each with what it is for; the most common one first."""
    offered = [it for it in (Role.USER, Role.OWNER, Role.SERVICE) if it in roles]
    return [(it.value, f"{role_name(it)}: {_(ABOUT[it])}") for it in offered]


def why_not(role: Role) -> str:
    """Say who gives and takes a role, to who does not."""
    if role is Role.SERVICE:
        return _("Only those who have the role Service here give and take it.")
    return _("Only owners give and take this role.")
