"""A wish is carried out: sent to the installation service, or rehearsed on what its log says."""

import asyncio
from collections.abc import Callable, Iterable
from typing import cast

import typer

from cli.layout.options import Manner
from cli.layout.places import installation_log, nats_url
from cli.layout.rehearsal import rehearse, world_of
from cli.layout.telling import Outcome, complain, print_outcomes, tell_outcomes
from cli.setting_up import CommandRefused, ask, connected
from cli.support.output import FINDING
from services.installation.language import InstallationCommand as Decided
from shared.messages.installation_commands import InstallationCommand

WaysOn = Callable[[Outcome], dict[str, object]]
"""Says what can be done about a refusal: in words, which it writes itself unless JSON is wanted."""

Then = Callable[[list[Outcome], Manner], dict[str, object]]
"""Does what follows, and tells of it in words, unless JSON is wanted: then in what it returns."""


def carry_out(
    commands: Iterable[InstallationCommand],
    manner: Manner,
    ways_on: WaysOn | None = None,
    then: Then | None = None,
) -> list[Outcome]:
    """
    Carry out commands one after another, up to the first that is refused, and say so.

    Args:
        commands: what is wished for.
        manner: where, by whom, and whether in earnest.
        ways_on: called when one was refused; what it returns goes into the JSON.
        then: called when all were accepted in earnest; what it returns goes into the JSON.

    Raises:
        CommandRefused: a rule said no; those before it hold.
        ServiceUnavailable: nobody answers, or the log cannot be read.
        Exit: a rule said no, and it has been said already.
    """
    work = _rehearsed if manner.dry_run else _sent
    outcomes = asyncio.run(work(list(commands), manner))
    return told(outcomes, manner, ways_on, then)


def told(
    outcomes: list[Outcome],
    manner: Manner,
    ways_on: WaysOn | None = None,
    then: Then | None = None,
) -> list[Outcome]:
    """Say what has become of commands, as `carry_out` does."""
    refused = next((it for it in outcomes if not it.answer.accepted), None)
    if refused is not None and ways_on is not None and not manner.as_json:
        complain(str(CommandRefused(refused.answer)))
        ways_on(refused)
        raise typer.Exit(FINDING)
    if manner.as_json:
        ways = {} if refused is None or ways_on is None else ways_on(refused)
        if refused is None and then is not None and not manner.dry_run:
            ways = then(outcomes, manner)
        print_outcomes(outcomes, dry_run=manner.dry_run, **ways)
        if refused is not None:
            raise typer.Exit(FINDING)
        return outcomes
    if refused is not None:
        raise CommandRefused(refused.answer)
    tell_outcomes(outcomes, dry_run=manner.dry_run)
    if then is not None and not manner.dry_run:
        then(outcomes, manner)
    return outcomes


async def _sent(commands: list[InstallationCommand], manner: Manner) -> list[Outcome]:
    outcomes: list[Outcome] = []
    async with connected(nats_url(manner.data_folder)) as client:
        for command in commands:
            answer = await ask(client, command, manner.who)
            outcomes.append(Outcome(command, answer))
            if not answer.accepted:
                break
    return outcomes


async def _rehearsed(commands: list[InstallationCommand], manner: Manner) -> list[Outcome]:
    world = world_of(await installation_log(manner.data_folder))
    outcomes: list[Outcome] = []
    for command in commands:
        rehearsal = rehearse(cast("Decided", command), world)
        outcomes.append(Outcome(command, rehearsal.answer, rehearsal.events))
        if not rehearsal.answer.accepted:
            break
        world = rehearsal.world
    return outcomes
