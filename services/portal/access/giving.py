"""From forms to commands about roles: whoever is invited is given a role in the same go."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.portal.access.words import role_named, why_not
from services.portal.acting import command_id_of, minted_id
from services.portal.doing import Doing, Filled, Wrong
from shared.ids import ChargerId, GroupId, InstallationId, PersonId, new_id
from shared.messages import Answer
from shared.messages.permissions import AddMember, GrantRole, InvitePerson, Role
from shared.speech import _

Grantable = Callable[[ChargerId | None], frozenset[Role]]


async def give(
    doing: Doing,
    filled: Filled,
    installation_id: InstallationId,
    zone: ZoneInfo,
    grantable: Grantable,
) -> Answer | Wrong:
    """
    Invite somebody, or find them if they are known, and give them a role.

    Args:
        doing: has it done.
        filled: the form: `email`, `name`, `language`, or `group`; `role`, `charger` (empty: everywhere),
            `until`.
        installation_id: where.
        zone: of the day on which the role ends.
        grantable: which roles whoever asks may give; another one is refused before anybody is invited.
    """
    charger_id = filled.one("charger") or None
    role = role_named(filled.one("role"))
    if role is None:
        return _wrong({"role": _("Choose one of those that are offered.")})
    if role not in grantable(charger_id):
        return Wrong(403, why_not(role), name="Forbidden")
    try:
        until = end_of(filled.one("until"), zone)
    except ValueError:
        return _wrong({"until": _("This is no day; write it as 2027-01-31.")})
    grantee = f"group/{filled.one('group')}"
    if not filled.one("group"):
        person_id = await known(doing, filled)
        if isinstance(person_id, Wrong):
            return person_id
        grantee = f"person/{person_id}"
    grant: Mapping[str, Any] = {
        "installation_id": installation_id,
        "charger_id": charger_id,
        "grantee": grantee,
        "role": role,
        "until": until,
    }
    return await doing.carry_out(filled.part("role"), GrantRole, grant)


async def known(doing: Doing, filled: Filled) -> PersonId | Wrong:
    """
    Have somebody invited, unless they are known; name them.

    Args:
        doing: has it done.
        filled: the form: `email`, `name`, `language`.
    """
    key = filled.key or new_id()
    fields = {
        "person_id": minted_id(command_id_of(filled.asker, key)),
        "email": filled.one("email"),
        **filled.some("name", "language"),
    }
    invited = await doing.carry_out(filled, InvitePerson, fields)
    return invited if isinstance(invited, Wrong) else invited.notes[0].about


async def add_member(doing: Doing, filled: Filled, group_id: GroupId) -> Answer | Wrong:
    """
    Add somebody to a group, and invite them if they are not known.

    Args:
        doing: has it done.
        filled: the form: `email`, `name`, `language`.
        group_id: which.
    """
    person_id = await known(doing, filled)
    if isinstance(person_id, Wrong):
        return person_id
    member = {"group_id": group_id, "person_id": person_id}
    return await doing.carry_out(filled.part("member"), AddMember, member)


def end_of(day: str, zone: ZoneInfo) -> datetime | None:
    """
    Read until when a role is given: the whole of the last day counts.

    Raises:
        ValueError: it is no day.

    >>> end_of("2027-01-31", ZoneInfo("Europe/Oslo")).isoformat()
    '2027-02-01T00:00:00+01:00'
    >>> end_of("", ZoneInfo("Europe/Oslo")) is None
    True
    """
    if not day:
        return None
    after = date.fromisoformat(day) + timedelta(days=1)
    return datetime.combine(after, time(), zone)


def _wrong(fields: Mapping[str, str]) -> Wrong:
    return Wrong(422, _("Some fields need another look."), fields)
