"""
What a container does: the service that its image is of, or the operator's command with its arguments.

    DATABASE_PASSWORD_FILE   a file with the password that DATABASE_URL leaves out
"""

import os
import runpy
import sys
from pathlib import Path
from urllib.parse import quote, urlsplit

SERVICE = os.environ["AMPLEDGER_SERVICE"]
PASSWORD_FILE = "DATABASE_PASSWORD_FILE"  # noqa: S105  # the name of a variable


def with_password(url: str, password: str) -> str:
    """
    Put a password into the URL of a database.

    >>> with_password("postgresql://me@db/ampledger?sslmode=disable", "s/t")
    'postgresql://me:s%2Ft@db/ampledger?sslmode=disable'
    """
    parts = urlsplit(url)
    user, _, place = parts.netloc.rpartition("@")
    if not user or ":" in user:
        sys.exit(f"{PASSWORD_FILE} wants a DATABASE_URL with a user and without a password")
    return parts._replace(netloc=f"{user}:{quote(password, safe='')}@{place}").geturl()


def main() -> None:
    """Run what the image is of."""
    if file := os.environ.get(PASSWORD_FILE):
        try:
            password = Path(file).read_text("utf-8").strip()
        except OSError as fault:
            sys.exit(f"{PASSWORD_FILE}={file} cannot be read: {fault}")
        os.environ["DATABASE_URL"] = with_password(os.environ["DATABASE_URL"], password)
    if SERVICE == "cli":
        sys.argv[0] = "ampledger"
        from cli.app import main as operate

        operate()
    else:
        runpy.run_module(f"services.{SERVICE}", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
