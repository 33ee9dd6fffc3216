"""
The keys of a data folder: made when they are first needed, and given to those who need them only.

    keys/cards.key     of the marks of charge cards and addresses; permissions and telemetry have it
    keys/notices.key   of the secrets of webhooks, and of links that end e-mails; notifications has it
    keys/master.key    of the keys of people's data; permissions has it

Who loses a key loses what it was for: marks made with another key match no card, and without the master
key nobody's name is read any more. Production gives files of its own, by the same variables of the
environment.
"""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cli.services import NOTIFICATIONS, PERMISSIONS, TELEMETRY
from shared.key_files import KEY_BYTES
from shared.rights.cards import CARD_KEY_FILE

MASTER_KEY_FILE: Final = "AMPLEDGER_MASTER_KEY_FILE"
NOTICE_KEY_FILE: Final = "AMPLEDGER_NOTICE_KEY_FILE"
_FILES: Final = {
    CARD_KEY_FILE: "cards.key",
    MASTER_KEY_FILE: "master.key",
    NOTICE_KEY_FILE: "notices.key",
}
_KNOWN_TO: Final = {
    PERMISSIONS: (CARD_KEY_FILE, MASTER_KEY_FILE),
    TELEMETRY: (CARD_KEY_FILE,),
    NOTIFICATIONS: (NOTICE_KEY_FILE,),
}


def key_files(folder: Path, service: str, given: Mapping[str, str]) -> dict[str, str]:
    """
    Say which key files a service is told of, and make those that are missing.

    Args:
        folder: where keys are kept, one file each.
        service: whose environment it is.
        given: what the environment says already; it comes first.

    Raises:
        OSError: a key cannot be written.
    """
    wanted = (it for it in _KNOWN_TO.get(service, ()) if it not in given)
    return {it: str(kept_key(folder / _FILES[it])) for it in wanted}


def kept_key(file: Path) -> Path:
    """
    Make a key of 32 random bytes where there is none, as hexadecimal digits that only we may read.

    Raises:
        OSError: it cannot be written.
    """
    if not file.exists():
        new = file.with_suffix(".new")
        new.unlink(missing_ok=True)
        opened = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "w") as text:
            text.write(secrets.token_hex(KEY_BYTES) + "\n")
            text.flush()
            os.fsync(text.fileno())
        new.rename(file)
    return file
