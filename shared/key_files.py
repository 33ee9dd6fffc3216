"""Keys that a service is given as files: 64 hexadecimal digits each."""

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
    try:
        key = bytes.fromhex(file.read_text("ascii").strip())
    except (OSError, ValueError) as fault:
        raise KeyUnreadable(f"{variable}={file} cannot be read: {fault}") from fault
    if len(key) != KEY_BYTES:
        raise KeyUnreadable(
            f"{variable}={file} holds {len(key)} bytes; make a key of {KEY_BYTES} with "
            "openssl rand -hex 32, and give the same one to all who share it"
        )
    return key
