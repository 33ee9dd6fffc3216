"""How a service checks what a person asks for: at its own door, by its own projection."""

from collections.abc import Callable
from datetime import datetime

from shared.decider import Refused
from shared.messages import Command
from shared.rights.grants import Grants
from shared.rights.rules import needs_of


class Forbidden(Refused):
    """Whoever asked may not."""


def check(command: Command, actor: str, grants: Grants, now: datetime) -> str:
    """
    Check that somebody may ask for a command.

    Args:
        command: what is asked for.
        actor: who asks, as in the metadata of events.
        grants: what has been granted.
        now: the present moment.

    Returns:
        By what right, to be put on record with what comes of it.

    Raises:
        Forbidden: they may not; the text says what it takes.
    """
    try:
        needs = needs_of(command)
    except KeyError:
        name = type(command).__name__
        raise Forbidden(f"{name} is not for people; the platform's operator has it") from None
    rights = []
    for need in needs:
        ruling = grants.may(actor, need.action, need.place, now)
        if not ruling.allowed:
            raise Forbidden(ruling.because)
        rights.append(ruling.because)
    return "; ".join(rights)


Check = Callable[[Command, str], str]
"""`check`, bound to what a service knows now."""
