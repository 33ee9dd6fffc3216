"""What several decisions ask for."""

from services.permissions.circumstances import Circumstances
from services.permissions.refusals import (
    EndHasPassed,
    GroupElsewhere,
    NotAnInstaller,
    NotAtCharger,
    UnknownClient,
    UnknownGroup,
    UnknownPerson,
    UnknownPlace,
)
from services.permissions.register import GROUP, PERSON, Group, Person, Register
from shared.ids import Grantee, GroupId, InstallationId, PersonId
from shared.messages.permissions import GrantRole, Role
from shared.rights.grants import Place


def known_person(register: Register, person_id: PersonId) -> Person:
    """
    Find somebody.

    Raises:
        UnknownPerson: nobody has that id, or not any more.
    """
    found = register.person(person_id)
    if found is None:
        raise UnknownPerson(f"there is no person {person_id}; invite them first")
    return found


def known_group(register: Register, group_id: GroupId) -> Group:
    """
    Find a group.

    Raises:
        UnknownGroup: there is none, or not any more.
    """
    found = register.group(group_id)
    if found is None:
        raise UnknownGroup(f"there is no group {group_id}; create it first")
    return found


def check_grantee(
    register: Register, grantee: Grantee, installation_id: InstallationId | None
) -> None:
    """
    Check that there is somebody to have a role.

    Args:
        register: who is known.
        grantee: who is to have it.
        installation_id: where; none: on the whole platform.

    Raises:
        UnknownPerson, UnknownGroup, UnknownClient: there is nobody.
        GroupElsewhere: those who keep the group do so for another place.
    """
    kind, _, name = grantee.partition("/")
    if kind == PERSON:
        known_person(register, name)
    elif kind == GROUP:
        group = known_group(register, name)
        if group.kept_at not in {None, installation_id}:
            raise GroupElsewhere(
                f"the group {name} is kept by the owners of an installation, and has roles there only; "
                "create another group"
            )
    elif name not in register.clients:
        raise UnknownClient(f"there is no program {name}; the platform's operator registers it")


def check_place(place: Place, around: Circumstances) -> None:
    """
    Check that there is a place.

    Raises:
        UnknownPlace: there is none, as far as permissions has heard.
    """
    if not around.has(place):
        raise UnknownPlace(f"there is no {place}; look the id up, or set it up first")


def check_role(command: GrantRole, register: Register, around: Circumstances) -> None:
    """
    Check that a role can be given.

    Raises:
        Refused: the place, whoever is to have it, or the role itself does not fit.
    """
    check_place(Place(command.installation_id, command.charger_id), around)
    check_grantee(register, command.grantee, command.installation_id)
    if command.until is not None and command.until <= around.now:
        raise EndHasPassed(f"{command.until.isoformat()} has passed; name a later end, or none")
    if command.role is not Role.SERVICE:
        return
    if command.charger_id is not None:
        raise NotAtCharger(
            "the role service is given at the whole installation; leave out the charger"
        )
    if not register.grants.is_installer(command.grantee):
        raise NotAnInstaller(
            f"{command.grantee} is no authorised installer; the platform's operator names them"
        )
