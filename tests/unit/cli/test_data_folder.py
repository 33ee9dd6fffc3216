"""Folders as they are found on real disks; the servers are not needed to refuse them."""

import os
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from cli.data_folder import DataFolder, default_folder
from cli.faults import FolderDamaged, FolderFault, FolderInUse
from cli.processes import Account


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder that was in use once: it has a cluster of which we need only the outline."""
    path = tmp_path / "data"
    with DataFolder(path) as opened:
        (opened.postgres / "global").mkdir(parents=True)
        (opened.postgres / "PG_VERSION").write_text("18\n")
        (opened.postgres / "global" / "pg_control").write_bytes(b"\1" * 8192)
        opened.cluster_was_made()
    return path


def contents(folder: Path) -> dict[str, bytes | None]:
    return {
        str(it.relative_to(folder)): it.read_bytes() if it.is_file() else None
        for it in sorted(folder.rglob("*"))
        if it.name != "lock"
    }


def test_a_new_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    with DataFolder(tmp_path / "a" / "b") as opened:
        assert {it.name for it in opened.path.iterdir()} == {
            "ampledger.json",
            "keys",
            "lock",
            "logs",
            "nats",
            "passwords",
            "run",
        }
        assert opened.path.stat().st_mode & 0o777 == 0o700
        assert (opened.path / "ampledger.json").stat().st_mode & 0o777 == 0o600


def test_the_password_stays_the_same_from_run_to_run(folder: Path) -> None:
    with DataFolder(folder) as first:
        password = first.marker.postgres_password
    with DataFolder(folder) as second:
        assert second.marker.postgres_password == password
        assert len(password) == 32


def test_a_second_instance_is_told_who_holds_the_folder(folder: Path) -> None:
    with DataFolder(folder), pytest.raises(FolderInUse) as fault:
        DataFolder(folder)

    assert f"pid {os.getpid()}" in fault.value.message
    assert f"kill {os.getpid()}" in fault.value.hint
    with DataFolder(folder):
        """Free again."""


def lose_version(folder: Path) -> None:
    (folder / "postgres" / "PG_VERSION").unlink()


def lose_control(folder: Path) -> None:
    (folder / "postgres" / "global" / "pg_control").unlink()


def empty_control(folder: Path) -> None:
    (folder / "postgres" / "global" / "pg_control").write_bytes(b"")


def zero_control(folder: Path) -> None:
    (folder / "postgres" / "global" / "pg_control").write_bytes(bytes(8192))


def older_postgres(folder: Path) -> None:
    (folder / "postgres" / "PG_VERSION").write_text("16\n")


def binary_version(folder: Path) -> None:
    (folder / "postgres" / "PG_VERSION").write_bytes(b"\xff\xfe\x00")


def lose_databases(folder: Path) -> None:
    (folder / "postgres").rename(folder.parent / "elsewhere")


def lose_marker(folder: Path) -> None:
    (folder / "ampledger.json").unlink()


def cut_marker(folder: Path) -> None:
    (folder / "ampledger.json").write_bytes(b'{"format": 1, "postg')


def other_marker(folder: Path) -> None:
    (folder / "ampledger.json").write_bytes(b"[1, 2]")


def newer_format(folder: Path) -> None:
    marker = orjson.loads((folder / "ampledger.json").read_bytes())
    (folder / "ampledger.json").write_bytes(orjson.dumps(marker | {"format": 9}))


def file_for_nats(folder: Path) -> None:
    (folder / "nats").rmdir()
    (folder / "nats").write_text("not a folder")


def file_for_logs(folder: Path) -> None:
    (folder / "logs").rmdir()
    (folder / "logs").write_text("not a folder")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lose_version, "PG_VERSION"),
        (lose_control, "pg_control"),
        (empty_control, "pg_control is empty"),
        (zero_control, "pg_control is empty"),
        (older_postgres, "PostgreSQL '16'"),
        (binary_version, "not a complete cluster"),
        (lose_databases, "databases are gone"),
        (lose_marker, "ampledger.json is missing"),
        (cut_marker, "ampledger.json cannot be read"),
        (other_marker, "ampledger.json cannot be read"),
        (newer_format, "format 9"),
        (file_for_nats, "nats is a file"),
        (file_for_logs, "logs is a file"),
    ],
)
def test_a_damaged_folder_is_refused_with_a_way_out_and_left_as_it_is(
    folder: Path, damage: Callable[[Path], None], said: str
) -> None:
    damage(folder)
    before = contents(folder)

    with pytest.raises(FolderDamaged) as fault:
        DataFolder(folder)

    assert said in fault.value.message
    assert any(way in fault.value.hint for way in ("Restore a backup", "--data-folder"))
    assert contents(folder) == before


def test_a_file_is_no_data_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")

    with pytest.raises(FolderFault, match="is a file"):
        DataFolder(tmp_path / "file")
    with pytest.raises(FolderFault, match="Not a directory"):
        DataFolder(tmp_path / "file" / "below")


def test_a_folder_with_other_things_in_it_is_not_taken_over(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "photo.jpg").touch()

    with pytest.raises(FolderFault, match="it holds letters, photo"):
        DataFolder(tmp_path)

    assert not (tmp_path / "ampledger.json").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder somebody else's")
def test_a_folder_of_another_user_names_that_user(folder: Path) -> None:
    os.chown(folder / "ampledger.json", 65534, 65534)

    with pytest.raises(FolderFault, match=r"belongs to nobody.*\n.*Run ampledger as nobody"):
        DataFolder(folder)


def test_the_usual_place_is_in_the_project(tmp_path: Path) -> None:
    assert default_folder(tmp_path, None) == tmp_path / ".ampledger"


def test_a_project_postgres_may_not_enter_keeps_its_data_elsewhere(tmp_path: Path) -> None:
    stranger = Account("stranger", 4_000_000, 4_000_000)
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)

    assert default_folder(closed, stranger) == Path("/var/lib/ampledger/data")
