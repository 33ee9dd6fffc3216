"""
Keys that a service is given as files: 64 hexadecimal digits each.

Where a key is being replaced its file holds several, the newest first.
"""

from pathlib import Path
from typing import Final

KEY_BYTES: Final = 32


class KeyUnreadable(ValueError):
    """A file with a key is missing, or holds something else."""


def read_key(file: Path, variable: str) -> bytes:
    """
    Read a key of 32 bytes.

    Args:
        file: where it is.
        variable: of the environment, which has named the file.

    Raises:
        KeyUnreadable: the file cannot be read, or does not hold a key.
    """
    keys = read_keys(file, variable)
    if len(keys) > 1:
        raise KeyUnreadable(
            f"{variable}={file} holds {len(keys)} keys; this one cannot be replaced: leave the "
            "line that was there first"
        )
    return keys[0]


def read_keys(file: Path, variable: str) -> tuple[bytes, ...]:
    """
    Read keys of 32 bytes, one in a line, the newest first.

    Raises:
        KeyUnreadable: the file cannot be read, or a line of it is no key.
    """
    try:
        keys = tuple(bytes.fromhex(line) for line in file.read_text("ascii").split())
    except (OSError, ValueError) as fault:
        raise KeyUnreadable(f"{variable}={file} cannot be read: {fault}") from fault
    for key in keys or (b"",):
        if len(key) != KEY_BYTES:
            raise KeyUnreadable(
                f"{variable}={file} holds {len(key)} bytes; make a key of {KEY_BYTES} with "
                "openssl rand -hex 32, and give the same one to all who share it"
            )
    return keys
