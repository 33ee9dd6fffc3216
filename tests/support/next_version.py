"""
A version to come, made from this one: what runs beside it, before it and after it in tests.

It has everything that docs/upgrading.md allows a version to bring: a command and two events with a
further field (one of them written all the time, without it saying anything), an event of a new type, a
question and an answer with a further field, and columns that its programs write to.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.support.databases import ROOT

PACKAGES: Final = ("cli", "services", "shared", "simulator")

WHY: Final = "works on the main cable"
"""What an electrician may say from now on, in the field `why`."""

MIGRATIONS: Final[Mapping[str, str]] = {
    "services/telemetry/schema/29990101000001_gateway_program.sql": (
        "-- migrate:up\nalter table gateway add column program text;\n-- migrate:down\n"
    ),
    "services/balancer/schema/29990101000001_partition_program.sql": (
        "-- migrate:up\nalter table partition add column program text;\n-- migrate:down\n"
    ),
}

_EXPLAINED: Final = '''class AvailableCurrentExplained(InstallationEvent):
    """Why all chargers together may draw what they may."""

    service: ClassVar[str] = "installation"
    why: str


def _unexplained(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"why": None}


class AvailableCurrentSet(InstallationEvent):
    """What all chargers together may draw, per phase; none: as much as the breakers allow."""

    service: ClassVar[str] = "installation"
    schema_version: ClassVar[int] = 2
    upcasts: ClassVar[dict[int, Upcast]] = {1: _unexplained}
    brought: ClassVar[dict[int, tuple[str, ...]]] = {2: ("why",)}
    why: str | None = None
'''
_DECIDED: Final = """    why = command.why
    said = [] if why is None else [
        AvailableCurrentExplained(installation_id=command.installation_id, why=why)
    ]
    return (
        AvailableCurrentSet(
            installation_id=command.installation_id,
            available_a=command.available_a,
            until=command.until,
            why=why,
        ),
        *said,
    )
"""

CHANGES: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "shared/messages/installation_commands.py": (
        (
            "    available_a: PhaseAmperes | None\n    until: Moment | None = None\n",
            ("    available_a: PhaseAmperes | None\n    until: Moment | None = None\n"
            "    why: str | None = None\n"),
        ),
    ),
    "shared/messages/installation.py": (
        (
            ("class AvailableCurrentSet(InstallationEvent):\n"
            '    """What all chargers together may draw, per phase; none: as much as the breakers '
            'allow."""\n'
            '\n    service: ClassVar[str] = "installation"\n'),
            _EXPLAINED,
        ),
    ),
    "services/installation/installations.py": (
        (
            ("    return (\n        AvailableCurrentSet(\n"
            "            installation_id=command.installation_id,\n"
            "            available_a=command.available_a,\n            until=command.until,\n"
            "        ),\n    )\n"),
            _DECIDED,
        ),
        ("    AvailableCurrentSet,\n", "    AvailableCurrentExplained,\n    AvailableCurrentSet,\n"),
    ),
    "services/installation/language.py": (
        ("    AvailableCurrentSet,\n", "    AvailableCurrentExplained,\n    AvailableCurrentSet,\n"),
        ("    | AvailableCurrentSet\n", "    | AvailableCurrentSet\n    | AvailableCurrentExplained\n"),
    ),
    "services/installation/evolve.py": (
        ("    AvailableCurrentSet,\n", "    AvailableCurrentExplained,\n    AvailableCurrentSet,\n"),
        (
            "    AvailableCurrentSet: _available_current,\n",
            ("    AvailableCurrentSet: _available_current,\n"
            "    AvailableCurrentExplained: lambda draft, it: None,\n"),
        ),
    ),
    "shared/history/sentences.py": (
        (
            "    layout.AvailableCurrentSet: _available,\n",
            ("    layout.AvailableCurrentSet: _available,\n"
            "    layout.AvailableCurrentExplained: lambda it, _: it.why,\n"),
        ),
    ),
    "shared/messages/telemetry.py": (
        (
            "    upcasts: ClassVar[dict[int, Upcast]] = {1: _connected_2}\n    serial: Serial\n",
            ("    upcasts: ClassVar[dict[int, Upcast]] = {\n"
            '        1: _connected_2, 2: lambda it: it | {"antenna": None}\n    }\n'
            '    brought: ClassVar[dict[int, tuple[str, ...]]] = {3: ("antenna",)}\n'
            "    antenna: str | None = None\n    serial: Serial\n"),
        ),
        (
            ("    schema_version: ClassVar[int] = 2\n"
            "    upcasts: ClassVar[dict[int, Upcast]] = {\n        1: _connected_2,"),
            ("    schema_version: ClassVar[int] = 3\n"
            "    upcasts: ClassVar[dict[int, Upcast]] = {\n        1: _connected_2,"),
        ),
    ),
    "shared/messages/balancer.py": (
        (
            "    schema_version: ClassVar[int] = 5\n",
            ("    schema_version: ClassVar[int] = 6\n"
            '    brought: ClassVar[dict[int, tuple[str, ...]]] = {6: ("told_by",)}\n'
            "    told_by: str | None = None\n"),
        ),
        (
            "        4: _until_nobody_said,\n    }\n",
            '        4: _until_nobody_said,\n        5: lambda it: it | {"told_by": None},\n    }\n',
        ),
    ),
    "shared/meter_query.py": (
        (
            "    installation_id: InstallationId\n\n\nclass LastTaken",
            "    installation_id: InstallationId\n    since: Moment | None = None\n\n\nclass LastTaken",
        ),
        (
            "    fault: str | None = None\n",
            "    fault: str | None = None\n    asked_since: Moment | None = None\n",
        ),
        (
            "MeterStandings(meters=tuple(found), ways=ways)",
            "MeterStandings(meters=tuple(found), ways=ways, asked_since=query.since)",
        ),
    ),
    "services/telemetry/roster.py": (
        (
            '"insert into gateway (gateway_id, number) values ($1, $2)", self.gateway_id, number',
            ("\"insert into gateway (gateway_id, number, program) values ($1, $2, 'next')\", "
            "self.gateway_id, number"),
        ),
    ),
    "services/balancer/locks.py": (
        (
            "insert into partition select unnest($1::int[]), 1, $2 on conflict",
            ("insert into partition"
            " select unnest($1::int[]), 1, $2, clock_timestamp(), 'next' on conflict"),
        ),
        ("holder = excluded.holder,", "holder = excluded.holder, program = excluded.program,"),
    ),
}  # fmt: skip
"""What is written in place of what, file by file."""


def make_next_version(folder: Path) -> Path:
    """
    Write the version to come, from this one as it is on the disk.

    Returns:
        The folder that its processes run in.
    """
    for package in PACKAGES:  # times of files stay: what was compiled for them holds
        shutil.copytree(ROOT / package, folder / package)
    for name, changes in CHANGES.items():
        text = (folder / name).read_text(encoding="utf-8")
        for before, after in changes:
            assert text.count(before) == 1, f"{name} has changed: {before!r}"
            text = text.replace(before, after)
        (folder / name).write_text(text, encoding="utf-8")
    for name, sql in MIGRATIONS.items():
        (folder / name).write_text(sql, encoding="utf-8")
    return folder
