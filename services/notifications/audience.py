"""Who may be told of an installation, and what they have chosen to hear. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.notifications.pacing import DEFAULTS
from services.notifications.settings_state import Choices
from shared.ids import InstallationId, PersonId
from shared.messages.notifications import NotificationsChosen, Pace
from shared.rights.grants import NOTHING, Grants
from shared.rights.table import TABLE, Action, Standing

_PERSON, _GROUP = "person/", "group/"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to be told of, chosen by them or for them."""

    person_id: PersonId
    chosen: NotificationsChosen


def people_at(
    grants: Grants, installation_id: InstallationId, now: datetime
) -> Mapping[PersonId, frozenset[Standing]]:
    """Name all people with a role at an installation, directly or as members of a group, and what they are
    there. Roles at single chargers count as what they are."""
    found: dict[PersonId, frozenset[Standing]] = {}
    for grant in grants.places.get(installation_id, NOTHING).grants:
        if grant.holds(now):
            for person_id in _behind(grants, grant.grantee):
                found[person_id] = found.get(person_id, frozenset()) | {grant.standing}
    return found


def _behind(grants: Grants, grantee: str) -> Iterator[PersonId]:
    if grantee.startswith(_PERSON):
        yield grantee.removeprefix(_PERSON)
    elif grantee.startswith(_GROUP):
        group_id = grantee.removeprefix(_GROUP)
        yield from (it for it, of in grants.memberships.items() if group_id in of.groups)


def wanted_by(
    grants: Grants, choices: Choices, installation_id: InstallationId, now: datetime
) -> Iterator[Wanted]:
    """Say what each person who may be warned of an installation wants to hear of it."""
    for person_id, standings in people_at(grants, installation_id, now).items():
        if standings & TABLE[Action.WARNINGS]:
            chosen = chosen_by(choices, installation_id, person_id, standings)
            yield Wanted(person_id, chosen)


def chosen_by(
    choices: Choices,
    installation_id: InstallationId,
    person_id: PersonId,
    standings: frozenset[Standing],
) -> NotificationsChosen:
    """Say what somebody has chosen; who has not is told what is usual for what they are."""
    chosen = choices.people.get(person_id)
    if chosen is not None:
        return chosen
    usual = next((DEFAULTS[it] for it in DEFAULTS if it in standings), ((), Pace.NEVER))
    return NotificationsChosen(
        installation_id=installation_id, person_id=person_id, kinds=usual[0], pace=usual[1]
    )
