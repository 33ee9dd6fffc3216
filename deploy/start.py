"""
What a container does: the service that its image is of, or the operator's command with its arguments.

    DATABASE_PASSWORD_FILE   a file with the password that DATABASE_URL leaves out
"""

import os
import runpy
import sys
from pathlib import Path

SERVICE = os.environ["AMPLEDGER_SERVICE"]
PASSWORD_FILE = "DATABASE_PASSWORD_FILE"  # noqa: S105  # the name of a variable

if file := os.environ.get(PASSWORD_FILE):
    try:
        # Where every client of PostgreSQL looks when its URL names no password.
        os.environ["PGPASSWORD"] = Path(file).read_text("utf-8").strip()
    except OSError as fault:
        sys.exit(f"{PASSWORD_FILE}={file} cannot be read: {fault}")

if SERVICE == "cli":
    sys.argv[0] = "ampledger"
    from cli.app import main

    main()
else:
    runpy.run_module(f"services.{SERVICE}", run_name="__main__", alter_sys=True)
