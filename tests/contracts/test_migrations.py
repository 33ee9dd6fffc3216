"""
Migrations are applied while services of the version before go on: they lock nothing for long.

What was published once is in `migrations.txt` and stays as it is. What is new is looked through by squawk:
no index that keeps writers waiting, no column or constraint that rewrites or scans a table, nothing renamed
or removed that the version before still uses. That a lock is not waited for for long is the migrator's
business (`cli/migrations.py`).
"""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from cli.migrations import LOG_SCHEMA

PROJECT = Path(__file__).parent.parent.parent
FROZEN = Path(__file__).parent / "migrations.txt"
SQUAWK = Path(sys.executable).with_name("squawk")
DOWN = "-- migrate:down"
EXCLUDED = (
    "prefer-bigint-over-int",
    "prefer-bigint-over-smallint",
    "prefer-robust-stmts",  # a migration is applied as a whole or not at all
    "require-lock-timeout",  # the migrator sets one
    "require-statement-timeout",
)
TAKES_LONG = [
    "alter table event_log add column weight double precision default random();",
    "create index event_log_by_type on event_log (type);",
    "alter table log_stream drop column version;",
    "alter table log_command rename column answer to reply;",
    "alter table reservation alter column key type bytea using key::bytea;",
    "alter table log_command add constraint short check (length(command_id) < 100);",
    "alter table event_log alter column stream set not null;",
]


def migrations() -> list[Path]:
    folders = [LOG_SCHEMA, *sorted((PROJECT / "services").glob("*/schema"))]
    return [file for folder in folders for file in sorted(folder.glob("*.sql"))]


def frozen() -> dict[str, str]:
    lines = (it.split() for it in FROZEN.read_text().splitlines() if it)
    return {name: digest for digest, name in lines}


def name_of(file: Path) -> str:
    return file.relative_to(PROJECT).as_posix()


def faults_in(sql: str) -> list[str]:
    """Say what of a migration would keep somebody waiting."""
    up = sql.partition(DOWN)[0]
    inside = () if "transaction:false" in up else ("--assume-in-transaction",)
    said = subprocess.run(
        [
            SQUAWK,
            *inside,
            "--pg-version",
            "14",
            "--reporter",
            "gcc",
            f"--exclude={','.join(EXCLUDED)}",
        ],
        input=up,
        capture_output=True,
        text=True,
        check=False,
    )
    return [it for it in said.stdout.splitlines() if it.startswith("stdin:")]


def test_what_was_published_stays_as_it_is() -> None:
    found = {name_of(it): hashlib.sha256(it.read_bytes()).hexdigest() for it in migrations()}
    changed = {name: digest for name, digest in frozen().items() if found.get(name) != digest}
    assert not changed, f"make another migration instead: {sorted(changed)}"


def test_what_is_new_keeps_nobody_waiting() -> None:
    new = [it for it in migrations() if name_of(it) not in frozen()]
    faults = {name_of(it): faults_in(it.read_text()) for it in new}
    assert not {name: it for name, it in faults.items() if it}, "see docs/upgrading.md"


@pytest.mark.parametrize("statement", TAKES_LONG)
def test_what_would_keep_somebody_waiting_is_found(statement: str) -> None:
    assert faults_in(f"-- migrate:up\n{statement}\n{DOWN}\n")


def test_a_new_table_with_an_index_keeps_nobody_waiting() -> None:
    table = "create table visit (id bigint primary key, at timestamptz not null);"
    index = "create index on visit (at);"
    assert faults_in(f"-- migrate:up\n{table}\n{index}\n{DOWN}\n") == []
