"""Questions to notifications, as the platform's operator; and kinds of warnings as they are typed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from cli.people.asking import asked_once
from cli.services import NOTIFICATIONS
from shared.messages import Message
from shared.messages.notifications import WarningKind
from shared.messages.people import Query

M = TypeVar("M", bound=Message)

KindsOption = Annotated[
    list[WarningKind] | None,
    typer.Option("--kind", help="Of what kind of warnings; may be given again. Default: all."),
]


def ask_notifications(data_folder: Path | None, asked: Query, answer: type[M]) -> M:
    """Connect, ask one question, and leave."""
    return asked_once(data_folder, asked, answer, of_operator=True, service=NOTIFICATIONS)


def kinds_of(given: Sequence[WarningKind] | None) -> tuple[WarningKind, ...]:
    """Name the kinds that were typed; none were: all."""
    return tuple(given) if given else tuple(WarningKind)
