"""
The data folder: everything the embedded stack keeps, and the lock that keeps others out.

    ampledger.json       its format, and the password of the embedded PostgreSQL
    lock                 held while an instance runs; names its pid
    keys/                what seals and marks personal data; a backup is of no use without
    postgres/  nats/     what the servers store, and who may sign in to NATS
    passwords/           what each service signs in to PostgreSQL with
    logs/                one file per process
    run/                 what belongs to the present run: processes.json, configuration, sockets

A folder that looks wrong is refused with a way out; nothing in it is deleted.
"""

import os
import pwd
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import orjson

from cli.accounts import first_closed
from cli.faults import FolderDamaged, FolderFault
from cli.files import write_atomically
from cli.folder_lock import locked, make_folder, unusable
from cli.processes import Account
from cli.programs import POSTGRES_MAJOR

FORMAT: Final = 1
MARKER: Final = "ampledger.json"
ROOT_FOLDER: Final = Path("/var/lib/ampledger/data")
_PARTS: Final = {
    "keys": 0o700,
    "nats": 0o700,
    "logs": 0o700,
    "passwords": 0o700,
    "run": 0o711,
}
"""Folders and their modes; `run` holds the socket of PostgreSQL, which has its own user."""
_OURS: Final = frozenset({MARKER, "lock", "postgres", *_PARTS})


@dataclass(frozen=True, slots=True)
class Marker:
    """What `ampledger.json` says; `cluster_made` is set once initdb has succeeded."""

    postgres_password: str
    cluster_made: bool = False
    format: int = FORMAT


def default_folder(project: Path, account: Account | None) -> Path:
    """
    Choose the data folder: `.ampledger` in the project.

    Where the account of PostgreSQL may not pass (a checkout in root's home), it is
    `/var/lib/ampledger/data` instead.
    """
    if account is not None and first_closed(project, account) is not None:
        return ROOT_FOLDER
    return project / ".ampledger"


class DataFolder:
    """
    An opened, locked and checked data folder; a context manager that unlocks it at the end.

    Args:
        path: made if it does not exist.
        account: the system user of PostgreSQL, None if it is our own.

    Raises:
        FolderInUse: another instance holds it.
        FolderDamaged: something in it is missing, unreadable or of another version.
        FolderFault: it cannot be made or written.
    """

    def __init__(self, path: Path, account: Account | None = None) -> None:
        self.path = path.expanduser().absolute()
        self.account = account
        make_folder(self.path, open_to_pass=account is not None)
        self.path = self.path.resolve()
        self._lock = locked(self.path)
        try:
            self.marker = self._read_marker()
            self._check_owner()
            self._check_postgres()
            self._check_parts()
        except OSError as fault:
            self._lock.close()
            raise unusable(self.path, fault) from fault
        except BaseException:
            self._lock.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.close()

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def nats(self) -> Path:
        return self.path / "nats"

    @property
    def passwords(self) -> Path:
        return self.path / "passwords"

    @property
    def keys(self) -> Path:
        return self.path / "keys"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def run(self) -> Path:
        return self.path / "run"

    def cluster_was_made(self) -> None:
        """
        Remember that there is a database cluster: from now on its absence is a damage.

        Raises:
            OSError: it cannot be written down.
        """
        self.marker = Marker(self.marker.postgres_password, cluster_made=True)
        self._write_marker()

    # --- Checks ---

    def _read_marker(self) -> Marker:
        file = self.path / MARKER
        if not file.exists():
            return self._new_marker()
        try:
            content = orjson.loads(file.read_bytes())
            marker = Marker(
                postgres_password=str(content["postgres_password"]),
                cluster_made=bool(content["cluster_made"]),
                format=int(content["format"]),
            )
        except PermissionError as fault:
            raise self._not_ours(file) from fault
        except (OSError, ValueError, KeyError, TypeError) as fault:
            raise self._damaged(f"{file.name} cannot be read: {fault!r}") from fault
        if marker.format != FORMAT:
            newer = marker.format > FORMAT
            raise FolderDamaged(
                f"The data folder {self.path} has format {marker.format}; this version of "
                f"ampledger reads format {FORMAT}",
                "Use the newer version of ampledger that wrote it, or another --data-folder."
                if newer
                else "Upgrade step by step with the versions between, or use another "
                "--data-folder.",
            )
        return marker

    def _new_marker(self) -> Marker:
        strangers = sorted(it.name for it in self.path.iterdir() if it.name not in _OURS)
        if strangers:
            raise FolderFault(
                f"{self.path} is not a data folder of ampledger: it holds {_some(strangers)}",
                "Choose an empty or a new folder with --data-folder.",
            )
        for part in ("postgres", "nats"):
            if (self.path / part).is_dir() and any((self.path / part).iterdir()):
                raise self._damaged(f"{MARKER} is missing, though {part} holds data")
        self.marker = Marker(secrets.token_hex(16))
        self._write_marker()
        return self.marker

    def _check_owner(self) -> None:
        """Servers started as another user than last time would not get at their files."""
        ours = os.geteuid()
        postgres_uid = ours if self.account is None else self.account.uid
        for path, uid in ((self.path / MARKER, ours), (self.postgres, postgres_uid)):
            if path.exists() and path.stat().st_uid != uid:
                raise self._not_ours(path)

    def _check_postgres(self) -> None:
        folder = self.postgres
        self._check_plain("postgres")
        if not folder.exists() or not any(folder.iterdir()):
            if self.marker.cluster_made:
                raise self._damaged("the databases are gone: postgres is missing or empty")
            return
        try:
            version = (folder / "PG_VERSION").read_text().strip()
            control = (folder / "global" / "pg_control").read_bytes()
        except (OSError, UnicodeDecodeError) as fault:
            raise self._damaged(f"postgres is not a complete cluster: {fault}") from fault
        if version != str(POSTGRES_MAJOR):
            raise FolderDamaged(
                f"The databases in {folder} were written by PostgreSQL {version[:20]!r}; this "
                f"version of ampledger comes with PostgreSQL {POSTGRES_MAJOR}",
                "Use the version of ampledger that wrote them, or move them over with pg_dump "
                "and DATABASE_URL, or use another --data-folder.",
            )
        if not any(control):
            raise self._damaged("postgres/global/pg_control is empty")

    def _check_plain(self, part: str) -> None:
        path = self.path / part
        if path.exists() and not path.is_dir():
            raise self._damaged(f"{part} is a file and not a folder")

    def _check_parts(self) -> None:
        """Find a read-only or full disk now, with one message, not in every server's log."""
        for part, mode in _PARTS.items():
            self._check_plain(part)
            (self.path / part).mkdir(exist_ok=True, mode=mode)
            probe = self.path / part / ".probe"
            probe.write_bytes(b"x" * 4096)
            probe.unlink()

    # --- Small parts ---

    def _write_marker(self) -> None:
        content = {
            "format": self.marker.format,
            "cluster_made": self.marker.cluster_made,
            "postgres_password": self.marker.postgres_password,
        }
        write_atomically(self.path / MARKER, orjson.dumps(content, option=orjson.OPT_INDENT_2))

    def _not_ours(self, path: Path) -> FolderFault:
        try:
            owner = pwd.getpwuid(path.stat().st_uid).pw_name
        except KeyError:
            owner = f"user {path.stat().st_uid}"
        by = "root" if self.account is None and owner == "pgserver" else owner
        return FolderFault(
            f"{path} belongs to {owner}: the data folder was last used by {by}",
            f"Run ampledger as {by}, or use another --data-folder.",
        )

    def _damaged(self, what: str) -> FolderDamaged:
        return FolderDamaged(
            f"The data folder {self.path} is damaged: {what}",
            f"Nothing was deleted. Restore a backup of it, or start with an empty one and keep "
            f"this for later: mv {self.path} {self.path}.damaged",
        )


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
