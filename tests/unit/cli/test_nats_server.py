import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from cli.nats_access import Access, open_access
from cli.nats_server import Nats, configuration, prepare
from cli.programs import nats_server


def server(tmp_path: Path, **changes: object) -> Nats:
    folder = tmp_path / 'odd "name"'
    folder.mkdir(exist_ok=True)
    access = replace(Access("s3cret"), services=open_access(folder / "nats").services)
    given = {"access": access} | changes
    return Nats(folder / "nats", folder, 4333, 8333, **given)  # type: ignore[arg-type]


def checked(configuration_file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [nats_server(), "-t", "--config", configuration_file],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_server_accepts_its_configuration(tmp_path: Path) -> None:
    prepare(server(tmp_path))

    result = checked(tmp_path / 'odd "name"' / "nats.conf")

    assert result.returncode == 0, result.stderr


def test_what_is_added_to_the_configuration_is_read_too(tmp_path: Path) -> None:
    prepare(server(tmp_path, extra="authorization { nonsense: [ }"))

    result = checked(tmp_path / 'odd "name"' / "nats.conf")

    assert result.returncode != 0


@pytest.mark.parametrize(
    "line",
    [
        'listen: "127.0.0.1:4333"',
        'http: "127.0.0.1:8333"',
        "max_payload: 1048576",
        'ping_interval: "5s"',
        'sync_interval: "always"',
    ],
)
def test_the_configuration_says(tmp_path: Path, line: str) -> None:
    assert line in configuration(server(tmp_path)).replace("    ", "").splitlines()


@pytest.mark.parametrize("name", ["nats.conf", "nats-accounts.conf"])
def test_only_its_owner_may_read_the_configuration(tmp_path: Path, name: str) -> None:
    prepare(server(tmp_path))

    file = tmp_path / 'odd "name"' / name
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.stat().st_uid == os.geteuid()


def test_the_password_of_the_operator_is_part_of_our_own_address(tmp_path: Path) -> None:
    assert server(tmp_path).url == "nats://ampledger:s3cret@127.0.0.1:4333"
