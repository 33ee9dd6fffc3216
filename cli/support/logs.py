"""`ampledger log verify|head|export`: whether the logs are what was written, and copies of them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.text import Text

from cli.support.ndjson import line_of
from cli.support.output import FINDING, Json, console, fail, print_json, run
from cli.support.places import DataFolder, place_of
from cli.support.reading import Logs, log_owners, open_logs
from cli.support.reports import Report
from cli.support.verifying import verify_file, verify_log
from shared.history.integrity import FAULTS_MAX, Anchor

Service = Annotated[
    str | None, typer.Argument(metavar="SERVICE", help="Whose log; default: all.")
]


def verify(
    service: Service = None,
    head: Annotated[
        list[str] | None,
        typer.Option(metavar="HASH@POSITION", help="A hash that was kept elsewhere: must fit."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="Verify an exported file instead of the database.")
    ] = None,
    without_nats: Annotated[
        bool, typer.Option("--without-nats", help="Do not compare with the jetstreams.")
    ] = False,
    as_json: Json = False,
    data_folder: DataFolder = None,
) -> None:
    """
    Compute every hash anew, and compare what is kept beside the events with what they say.

    Names the first bad event: position, stream, type, and what is wrong. Exit code 0 if nothing is, 1 if
    something is, 2 if it cannot be looked at.
    """
    anchors = _anchors(head)
    if anchors and service is None and file is None:
        fail("an anchor belongs to one log: name its service")
    if file is not None:
        reports = run(verify_file(file, anchors))
    else:
        place = place_of(data_folder)
        nats_url = None if without_nats else place.nats()

        async def work() -> list[Report]:
            async with open_logs(place) as logs:
                owners = log_owners(service) if service else await logs.present()
                return [await verify_log(logs, it, anchors, nats_url) for it in owners]

        reports = run(work())
    if as_json:
        print_json([it.as_json() for it in reports])
    else:
        for report in reports:
            _show(report)
    if any(it.faults for it in reports):
        raise typer.Exit(FINDING)


def _anchors(texts: list[str] | None) -> list[Anchor]:
    try:
        return [Anchor.read(it) for it in texts or []]
    except ValueError as error:
        fail(str(error))


def _show(report: Report) -> None:
    shown = console()
    bad = report.first_bad
    verdict = ("BAD", "bold red") if report.faults else ("good", "bold green")
    shown.print(Text.assemble((report.service, "bold"), f": {report.count} events  ", verdict))
    shown.print(Text(f"  head {report.head}", style="dim", no_wrap=True, overflow="fold"))
    for check in report.checks:
        mark = ("✗", "red") if check.faults else ("✓", "green")
        shown.print(Text.assemble("  ", mark, f" {check.name}: {check.told}"))
        for fault in check.faults[:FAULTS_MAX]:
            shown.print(Text(f"      {fault}", style="red"))
        if len(check.faults) > FAULTS_MAX:
            shown.print(Text(f"      and {len(check.faults) - FAULTS_MAX} more", style="red"))
    if bad is not None:
        shown.print(Text(f"  The first bad event: {bad}", style="bold red"))


def head(
    service: Service = None, as_json: Json = False, data_folder: DataFolder = None
) -> None:
    """
    Print where the logs end, as HASH@POSITION: to be kept where nobody can change it.

    `ampledger log verify SERVICE --head HASH@POSITION` later proves that nothing up to there was changed.
    """

    async def work() -> dict[str, Anchor]:
        async with open_logs(place_of(data_folder)) as logs:
            owners = log_owners(service) if service else await logs.present()
            return {it: await _head(logs, it) for it in owners}

    heads = run(work())
    if as_json:
        print_json({it: str(anchor) for it, anchor in heads.items()})
        return
    for owner, anchor in heads.items():
        sys.stdout.write(f"{anchor}\n" if service else f"{owner} {anchor}\n")


async def _head(logs: Logs, service: str) -> Anchor:
    row = (await logs.rows(service, "select position, hash from log_head"))[0]
    return Anchor(int(row["position"]), bytes(row["hash"]))


def export(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="Whose log.")],
    from_: Annotated[int, typer.Option("--from", min=1, help="First position.")] = 1,
    to: Annotated[int | None, typer.Option("--to", min=1, help="Last position.")] = None,
    out: Annotated[Path | None, typer.Option(help="A file; default: standard output.")] = None,
    data_folder: DataFolder = None,
) -> None:
    """
    Write a log as lines of JSON, one event each, with everything that is known of it.

    `ampledger log verify --file FILE` reads it again. Exit code 2: nothing can be written there.
    """

    async def work() -> int:
        count = 0
        async with open_logs(place_of(data_folder)) as logs:
            log_owners(service)
            previous: bytes | None = bytes(32)
            if from_ > 1:
                before = [
                    it
                    async for page in logs.pages(service, from_ - 2, from_ - 1)
                    for it in page
                ]
                previous = before[-1].hash if before else None
            with _writing(out) as output:
                async for page in logs.pages(service, from_ - 1, to):
                    for event in page:
                        output.write(line_of(service, event, previous))
                        previous = event.hash
                        count += 1
        return count

    count = run(work())
    if out is not None:
        console().print(Text(f"{count} events of {service} written to {out}"))


@contextmanager
def _writing(out: Path | None) -> Iterator[BinaryIO]:
    if out is None:
        yield sys.stdout.buffer
        sys.stdout.flush()
        return
    try:
        with out.open("wb") as file:
            yield file
    except OSError as error:
        fail(f"{out} cannot be written: {error.strerror or error}")
