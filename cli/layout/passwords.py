"""Passwords of chargers: asked of the telemetry service, and shown once."""

import asyncio
from collections.abc import Sequence
from typing import Final

from rich.table import Table

from cli.layout.options import Manner
from cli.layout.places import nats_url
from cli.layout.telling import Outcome, complain, draw, say
from cli.setting_up import connected
from shared import subjects
from shared.context import acting
from shared.ids import InstallationId, Serial, new_id
from shared.messages import Answer, ShownOnce
from shared.messages.credentials import IssueChargerCredential
from shared.messages.installation_commands import AssignChargers
from shared.messaging import ServiceUnavailable, request

ANSWER_S_MAX: Final = 10.0
MISSING: Final = "they need none until they are issued one: ampledger charger credential issue"


def issue_passwords(outcomes: list[Outcome], manner: Manner) -> dict[str, object]:
    """Issue passwords for the chargers that were assigned just now; see `Then`."""
    shown: list[ShownOnce] = []
    missing: list[str] = []
    for outcome in outcomes:
        command = outcome.command
        if isinstance(command, AssignChargers) and outcome.answer.position:
            serials = [it.serial for it in command.chargers]
            found, why = asyncio.run(_issued(command.installation_id, serials, manner))
            shown += found
            missing += why
    if missing:
        complain("the chargers are assigned, and have no passwords yet", *missing, MISSING)
    if shown and not manner.as_json:
        show(shown)
    told: dict[str, object] = {"credentials": [plain(it) for it in shown]}
    return told | ({"credentials_missing": missing} if missing else {})


async def _issued(
    installation_id: InstallationId, serials: Sequence[Serial], manner: Manner
) -> tuple[Sequence[ShownOnce], list[str]]:
    """Return passwords, or why there are none. It is asked once: an answer that is lost is lost."""
    try:
        answer = await issued(installation_id, serials, manner)
    except ServiceUnavailable as fault:
        return (), [str(fault)]
    if not answer.accepted:
        return (), [f"{answer.refusal}: {answer.detail}"]
    return answer.shown_once or (), []


async def issued(
    installation_id: InstallationId, serials: Sequence[Serial], manner: Manner
) -> Answer:
    """
    Ask for passwords.

    Raises:
        ServiceUnavailable: nobody answers.
    """
    command = IssueChargerCredential(
        command_id=new_id(), installation_id=installation_id, serials=tuple(serials)
    )
    subject = subjects.command(IssueChargerCredential, installation_id)
    async with connected(nats_url(manner.data_folder)) as client:
        with acting(manner.who) as context:
            return await request(client, command, subject, context, ANSWER_S_MAX)


def plain(shown: ShownOnce) -> dict[str, str]:
    """Spell a password for JSON."""
    return {"serial": shown.about, "user": shown.about, "password": shown.secret}


def show(shown: Sequence[ShownOnce]) -> None:
    """Show passwords, and say what to do with them."""
    table = Table("charger and user", "password (AuthorizationKey)", box=None, pad_edge=False)
    for it in shown:
        table.add_row(it.about, it.secret)
    draw(table)
    say("they are shown this once; enter each on its charger, which is let in with it only")
