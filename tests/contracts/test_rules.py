"""Every command is one that people may ask for under a rule, or is named among those they may not."""

from shared.messages import (
    Command,
    balancer,
    credentials,
    installation_commands,
    notifications,
    permissions,
    telemetry,
    upkeep,
)
from shared.rights.rules import (
    BETWEEN_SERVICES,
    BY_LINK,
    DECIDED_BY_PERMISSIONS,
    OPERATOR_ONLY,
    RULES,
)

RULED = (
    frozenset(RULES),
    frozenset(DECIDED_BY_PERMISSIONS),
    OPERATOR_ONLY,
    BY_LINK,
    BETWEEN_SERVICES,
)


def commands() -> set[type[Command]]:
    """All commands of all services: those that are no one's base."""
    members = (
        it
        for module in (
            installation_commands,
            permissions,
            telemetry,
            credentials,
            upkeep,
            balancer,
            notifications,
        )
        for it in vars(module).values()
    )
    return {
        it
        for it in members
        if isinstance(it, type) and issubclass(it, Command) and not it.__subclasses__()
    }


def test_every_command_has_exactly_one_rule() -> None:
    ruled = {it: sum(it in rules for rules in RULED) for it in commands()}

    assert {it.__name__ for it, count in ruled.items() if count != 1} == set()
    assert set().union(*RULED) == commands()
