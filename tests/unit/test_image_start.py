"""A container finds the password of its database in a file, and says so if it cannot."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Stands for a service: says what it is told.
SERVICE = "import os\nprint(os.environ['DATABASE_URL'])\n"


def started(folder: Path, url: str, file: Path) -> subprocess.CompletedProcess[str]:
    module = folder / "services" / "echo" / "__main__.py"
    module.parent.mkdir(parents=True)
    module.write_text(SERVICE)
    for it in (module.parent, module.parent.parent):  # found before the project's own
        (it / "__init__.py").touch()
    told = {"DATABASE_URL": url, "DATABASE_PASSWORD_FILE": str(file), "PYTHONPATH": str(folder)}
    return subprocess.run(
        [sys.executable, str(ROOT / "deploy" / "start.py")],
        env={"PATH": os.defpath, "AMPLEDGER_SERVICE": "echo", **told},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_password_goes_into_the_url(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s/t@\n")

    done = started(tmp_path, "postgresql://me@db:5432/x?sslmode=disable", tmp_path / "password")

    assert done.stdout.strip() == "postgresql://me:s%2Ft%40@db:5432/x?sslmode=disable"


@pytest.mark.parametrize("url", ["postgresql://db/x", "postgresql://me:known@db/x"])
def test_a_url_that_it_does_not_fit_is_refused(tmp_path: Path, url: str) -> None:
    (tmp_path / "password").write_text("secret\n")

    done = started(tmp_path, url, tmp_path / "password")

    assert done.returncode == 1
    assert "wants a DATABASE_URL with a user and without a password" in done.stderr
    assert "secret" not in done.stderr


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    done = started(tmp_path, "postgresql://me@db/x", tmp_path / "nothing")

    assert done.returncode == 1
    assert f"DATABASE_PASSWORD_FILE={tmp_path / 'nothing'} cannot be read" in done.stderr
