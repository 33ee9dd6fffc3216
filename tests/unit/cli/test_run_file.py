import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from cli.run_file import RUN_FILE, RunFile, is_up, read_run, running_of
from cli.states import ProcessState, Step
from shared.clock import utc_now


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    return tmp_path


@pytest.fixture
def sleeper() -> Iterator[int]:
    process = subprocess.Popen(["sleep", "1000"])
    yield process.pid
    process.kill()
    process.wait()


def written(folder: Path, **pids: int | None) -> RunFile:
    run = RunFile(folder / "run" / RUN_FILE, {"nats": 4333}, {"nats": "nats://127.0.0.1:4333"})
    run.write({it: ProcessState(it, Step.READY, utc_now(), pid) for it, pid in pids.items()})
    return run


def test_it_names_pids_ports_and_addresses(folder: Path, sleeper: int) -> None:
    written(folder, nats=sleeper, portal=None)

    run = read_run(folder)
    assert run is not None
    assert run["pids"] == {"nats": sleeper}
    assert run["ports"] == {"nats": 4333}
    assert run["urls"] == {"nats": "nats://127.0.0.1:4333"}
    assert run["supervisor"]["pid"] == os.getpid()
    assert run["processes"]["portal"]["pid"] is None
    assert is_up(folder)


def test_it_holds_passwords_so_only_its_owner_may_read_it(folder: Path) -> None:
    run = written(folder)

    assert run.file.stat().st_mode & 0o777 == 0o600
    assert [it.name for it in run.file.parent.iterdir()] == [RUN_FILE]


def test_a_living_process_is_found_again(folder: Path, sleeper: int) -> None:
    written(folder, nats=sleeper)

    assert [(it.name, it.pid) for it in running_of(folder)] == [("nats", sleeper)]


def test_a_pid_that_went_to_another_process_is_not_taken_for_ours(
    folder: Path, sleeper: int
) -> None:
    run = written(folder, nats=sleeper)
    content = orjson.loads(run.file.read_bytes())
    content["processes"]["nats"]["created_s"] -= 60
    content["supervisor"]["created_s"] -= 60
    run.file.write_bytes(orjson.dumps(content))

    assert running_of(folder) == []
    assert not is_up(folder)


@pytest.mark.parametrize("content", [None, b"", b'{"pids": {', b"[]", b"{}"])
def test_a_missing_or_broken_file_means_that_nothing_runs(
    folder: Path, content: bytes | None
) -> None:
    if content is not None:
        (folder / "run" / RUN_FILE).write_bytes(content)

    assert running_of(folder) == []
    assert not is_up(folder)
