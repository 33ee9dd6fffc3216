"""A wish about people or notifications is sent, or rehearsed by the service that decides it, and told."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import typer
from nats.aio.client import Client

from cli.layout.options import Manner
from cli.layout.places import nats_url
from cli.layout.telling import say
from cli.people.asking import question
from cli.setting_up import CommandRefused, ask_about, connected
from cli.support.output import FINDING, print_json, run
from shared.messages import Answer, Command
from shared.messages.people import Rehearse, RehearseAnswer, Rehearsed
from shared.messages.permissions import PLATFORM

Make = Callable[[Client], Awaitable[Command]]
"""Makes the command; whom it is about may have to be looked up first."""
Then = Callable[[Client, Answer], Awaitable[Mapping[str, Any]]]
"""Does what follows, and returns what is to be told of it."""

_ABOUT = ("installation_id", "group_id", "person_id")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A command and its answer; in a rehearsal also the events that it would lead to."""

    command: Command
    answer: Answer
    events: tuple[Rehearsed, ...]
    more: Mapping[str, Any]


SO_ALREADY: Final = "it is so already"


def carry_out(
    make: Make, manner: Manner, then: Then | None = None, unchanged: str = SO_ALREADY
) -> None:
    """
    Carry a wish out, or rehearse it, and say so.

    Args:
        make: makes the command.
        manner: where, by whom, and whether in earnest.
        then: does what follows, and names what is told of it.
        unchanged: what is said of a wish that has changed nothing in the log.

    Raises:
        CommandRefused: a rule said no.
        ServiceUnavailable: nobody answers.
        Exit: what was typed makes no sense, or a rule said no and it is said already.
    """
    outcome = run(_carried_out(make, manner, then))
    if manner.as_json:
        print_json(_json(outcome, manner))
        if not outcome.answer.accepted:
            raise typer.Exit(FINDING)
        return
    if not outcome.answer.accepted:
        raise CommandRefused(outcome.answer)
    if manner.dry_run:
        _tell_rehearsal(outcome, unchanged)
    else:
        position = outcome.answer.position
        say(f"done, at position {position} of the log" if position else unchanged)
    for name, value in outcome.more.items():
        say(f"{name.replace('_', ' ')}: {value}")


async def _carried_out(make: Make, manner: Manner, then: Then | None) -> Outcome:
    async with connected(nats_url(manner.data_folder)) as client:
        command = await make(client)
        if manner.dry_run:
            asked = Rehearse(
                command=type(command).__name__, content=command.model_dump(mode="json")
            )
            found = await question(
                client, asked, RehearseAnswer, of_operator=True, service=command.service
            )
            return Outcome(command, found.answer, found.events, {})
        answer = await ask_about(client, command, _about(command), manner.who)
        more = await then(client, answer) if then and answer.accepted else {}
        return Outcome(command, answer, (), more)


def _about(command: Command) -> str:
    """Name what a command is about, as in its subject."""
    found = (getattr(command, it, None) for it in _ABOUT)
    return next((str(it) for it in found if it is not None), PLATFORM)


def _tell_rehearsal(outcome: Outcome, unchanged: str) -> None:
    if outcome.events:
        say(f"would be appended ({len(outcome.events)}):")
        for it in outcome.events:
            told = ", ".join(f"{name}={value}" for name, value in it.data.items())
            say(f"  {it.type}  {told}")
    else:
        say(f"{unchanged}: nothing would be appended")
    say("this was a dry run: nothing has changed")


def _json(outcome: Outcome, manner: Manner) -> dict[str, Any]:
    told = {
        "dry_run": manner.dry_run,
        "command": type(outcome.command).__name__,
        "command_id": outcome.command.command_id,
        **outcome.answer.model_dump(mode="json"),
        **outcome.more,
    }
    if manner.dry_run:
        told["events"] = [it.model_dump(mode="json") for it in outcome.events]
    return told
