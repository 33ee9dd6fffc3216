"""pg_dump and pg_restore of the PostgreSQL that comes with us, for our databases and anybody's."""

import asyncio
from typing import Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from cli.cluster import plain_environment
from cli.composition import masked
from cli.faults import StackFault
from cli.programs import POSTGRES_MAJOR, postgres_tree

LINES_MAX: Final = 10


class BackupFault(StackFault):
    """A backup could not be taken, or not be restored."""


async def run_on(url: str, program: str, *arguments: str) -> None:
    """
    Run a program of PostgreSQL on a database; the password is not on its command line.

    Raises:
        BackupFault: it failed.
        ProgramMissing: it is not installed.
    """
    bare, password = _without_password(url)
    process = await asyncio.create_subprocess_exec(
        str(postgres_tree() / "bin" / program),
        f"--dbname={bare}",
        "--no-password",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**plain_environment(), "PGPASSWORD": password, "PGCONNECT_TIMEOUT": "10"},
    )
    try:
        output, _ = await process.communicate()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        said = output.decode("utf-8", "replace").strip().splitlines()[-LINES_MAX:]
        raise BackupFault(
            f"{program} failed on {masked(url)} with exit code {process.returncode}",
            "\n".join(said)
            + f"\nIt is that of PostgreSQL {POSTGRES_MAJOR}, and does not read from a "
            "newer server.",
        )


def _without_password(url: str) -> tuple[str, str]:
    """
    Take the password out of a URL, wherever it stands.

    >>> _without_password("postgresql://me:s%40t@db:5432/x?sslmode=disable")
    ('postgresql://me@db:5432/x?sslmode=disable', 's@t')
    >>> _without_password("postgresql://db/x?user=me&password=secret")
    ('postgresql://db/x?user=me', 'secret')
    """
    parts = urlsplit(url)
    login, at, place = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    query = parse_qsl(parts.query, keep_blank_values=True)
    given = unquote(password) or next(
        (value for name, value in query if name == "password"), ""
    )
    kept = urlencode([(name, value) for name, value in query if name != "password"])
    bare = f"{parts.scheme}://{user}{at}{place}{parts.path}"
    return f"{bare}?{kept}" if kept else bare, given
