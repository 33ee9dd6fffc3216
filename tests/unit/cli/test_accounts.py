from pathlib import Path

import pytest

from cli.accounts import first_closed, make_passable
from cli.processes import Account

STRANGER = Account("stranger", 4_000_000, 4_000_001)


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    """A folder whose last three levels are open; pytest's own levels above are opened too."""
    path = tmp_path / "a" / "b" / "c"
    path.mkdir(parents=True)
    for it in (path, *path.parents):
        if it.owner() != "root" or str(it).startswith("/tmp/pytest"):  # noqa: S108
            it.chmod(0o755)
    return path


def test_open_folders_let_everybody_pass(deep: Path) -> None:
    assert first_closed(deep, STRANGER) is None


def test_the_first_closed_folder_is_named(deep: Path) -> None:
    deep.chmod(0o700)
    deep.parent.chmod(0o750)

    assert first_closed(deep, STRANGER) == deep.parent


def test_reading_a_folder_is_not_passing_it(deep: Path) -> None:
    deep.parent.chmod(0o744)

    assert first_closed(deep, STRANGER) == deep.parent


def test_of_a_file_only_the_folders_count(deep: Path) -> None:
    file = deep / "file"
    file.touch(mode=0o600)

    assert first_closed(file, STRANGER) is None


def test_the_owner_and_the_group_go_by_their_own_bits(deep: Path) -> None:
    about = deep.stat()
    owner = Account("owner", about.st_uid, 4_000_001)
    member = Account("member", 4_000_000, about.st_gid)
    deep.chmod(0o705)

    assert first_closed(deep, owner) is None
    assert first_closed(deep, member) == deep


def test_new_folders_are_passable_whatever_the_umask(deep: Path) -> None:
    closed = deep / "x"
    closed.mkdir(mode=0o700)

    make_passable(closed / "y" / "z")

    assert (closed / "y" / "z").stat().st_mode & 0o777 == 0o711
    assert first_closed(closed / "y" / "z", STRANGER) == closed
