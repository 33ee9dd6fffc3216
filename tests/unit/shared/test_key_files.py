"""Keys in files: one, or several where one takes another's place; whatever else is there is refused."""

from pathlib import Path

import pytest

from shared.key_files import KeyUnreadable, read_key, read_keys

ONE, OTHER = "ab" * 32, "cd" * 32


def test_the_newest_key_comes_first(tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    file.write_text(f"{ONE}\n{OTHER}\n")

    assert read_keys(file, "KEY") == (bytes.fromhex(ONE), bytes.fromhex(OTHER))


def test_a_key_that_cannot_be_replaced_is_the_only_one(tmp_path: Path) -> None:
    file = tmp_path / "cards.key"
    file.write_text(f"{ONE}\n")
    assert read_key(file, "KEY") == bytes.fromhex(ONE)

    file.write_text(f"{OTHER}\n{ONE}\n")
    with pytest.raises(KeyUnreadable, match="holds 2 keys"):
        read_key(file, "KEY")


@pytest.mark.parametrize("content", ["", "ab", f"{ONE}\nab\n", f"{ONE}\nno digits\n"])
def test_what_is_no_key_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "master.key"
    file.write_text(content)

    with pytest.raises(KeyUnreadable, match=r"KEY=.*master\.key"):
        read_keys(file, "KEY")
