"""What may have happened to people, and a given/when/then for decisions on the whole register."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from services.permissions.circumstances import Circumstances
from services.permissions.decider import decide
from services.permissions.evolve import evolve
from services.permissions.language import Wish
from services.permissions.register import Register
from shared.decider import Refused
from shared.messages import Event
from shared.messages.permissions import (
    GroupCreated,
    MemberAdded,
    PersonInvited,
    PlatformRole,
    PlatformRoleGranted,
    Role,
    RoleGranted,
)

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
GARAGE, HARBOUR, BAY = "garage", "harbour", "bay-1"
LAYOUT = {GARAGE: frozenset({BAY, "bay-2"}), HARBOUR: frozenset[str]()}
MARK, OTHER_MARK = "a" * 64, "b" * 64


def invited(*people: str) -> tuple[PersonInvited, ...]:
    return tuple(PersonInvited(person_id=it, sealed=f"sealed {it}") for it in people)


def role(
    who: str, what: Role, charger_id: str | None = None, until: datetime | None = None
) -> RoleGranted:
    grantee = who if "/" in who else f"person/{who}"
    return RoleGranted(
        installation_id=GARAGE, charger_id=charger_id, grantee=grantee, role=what, until=until
    )


def installer(who: str) -> PlatformRoleGranted:
    return PlatformRoleGranted(grantee=who, role=PlatformRole.INSTALLER)


def firm(*members: str) -> tuple[Event, ...]:
    named = (MemberAdded(group_id="firm", person_id=it) for it in members)
    return (GroupCreated(group_id="firm", name="Harbour Electric AS"), *named)


def wish(kind: type[Any], **fields: Any) -> Any:
    return kind(**{"command_id": "c", **fields})


def register_of(*events: Event) -> Register:
    register = Register()
    for position, event in enumerate(events, start=1):
        evolve(register, event, position)
    return register


@dataclass(frozen=True, slots=True)
class Given:
    """
    What has happened, and around it.

    After every outcome the command is decided once more: nothing more comes of it, or the same refusal.
    """

    events: tuple[Event, ...]
    around: dict[str, Any] = field(default_factory=dict)

    def by_people(self) -> "Given":
        return Given(self.events, self.around | {"by_people": True})

    def knowing(self, **around: Any) -> "Given":
        return Given(self.events, self.around | around)

    def decided(self, command: Wish, *further: Event) -> tuple[Event, ...]:
        around = Circumstances(**{"now": NOW, "layout": LAYOUT, "sealed": "s", **self.around})
        return decide(command, register_of(*self.events, *further), around)

    def then(self, command: Wish, *expected: Event) -> None:
        events = self.decided(command)
        assert events == expected
        assert self.decided(command, *events) == (), "it happened again"

    def then_refused(self, command: Wish, refusal: type[Refused], says: str = "") -> None:
        for _ in range(2):
            with pytest.raises(refusal, match=says):
                self.decided(command)


def given(*events: Event) -> Given:
    return Given(events)
