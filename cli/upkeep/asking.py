"""Which charger is meant; a wish about it is sent, and what has become of it told."""

import asyncio
from collections.abc import Mapping
from typing import Any

from cli.layout.credential import number_of
from cli.layout.options import Manner
from cli.layout.places import installation_log, nats_url
from cli.layout.portrait import layouts_of
from cli.layout.telling import say
from cli.setting_up import CommandRefused, ask, connected
from cli.support.output import FINDING, fail, print_json
from shared.ids import new_id
from shared.messages import Answer
from shared.messages.telemetry import SessionCommand


def ids_of(serial: str, manner: Manner) -> dict[str, str]:
    """Find where a charger stands, and what it is called there; ends the command if nowhere."""
    number = number_of(serial)
    layouts = layouts_of(asyncio.run(installation_log(manner.data_folder))).values()
    places = {
        it.serial: {"installation_id": layout.installation_id, "charger_id": it.charger_id}
        for layout in layouts
        for it in layout.chargers
    }
    if number not in places:
        fail(
            f"charger {number} is not assigned to an installation; assign it first: "
            f"ampledger charger assign INSTALLATION CIRCUIT {number}",
            FINDING,
        )
    return places[number]


def wish(
    kind: type[SessionCommand],
    serial: str,
    manner: Manner,
    fields: Mapping[str, Any] | None = None,
) -> Answer:
    """
    Ask for something at a charger.

    Raises:
        CommandRefused: a rule, or the charger, said no.
        ValidationError: a value is out of bounds.
        ServiceUnavailable: nobody answers.
    """
    command = kind(command_id=new_id(), **ids_of(serial, manner), **(fields or {}))

    async def asked() -> Answer:
        async with connected(nats_url(manner.data_folder)) as client:
            return await ask(client, command, manner.who)

    answer = asyncio.run(asked())
    if not answer.accepted:
        raise CommandRefused(answer)
    return answer


def tell(answer: Answer, text: str, manner: Manner) -> None:
    """Say what has become of a wish; what the charger says besides comes first."""
    if manner.as_json:
        print_json(answer.model_dump(mode="json", exclude_none=True))
    else:
        say(answer.detail or text)
