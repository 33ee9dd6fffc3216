"""
The keys that services sign in to NATS with: one file each, readable by its owner only.

A key is an Ed25519 pair as NATS writes it (nkeys). The secret half, the seed, is in `<service>.seed`; the
server is told the public half only, and proves with a challenge that the other side has the seed. It never
travels.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import nkeys

from cli.faults import FolderDamaged
from cli.files import write_atomically

KEYS: Final = "keys"
SEED_BYTES: Final = 32
_LETTERS: Final = {nkeys.PREFIX_BYTE_USER: "U", nkeys.PREFIX_BYTE_ACCOUNT: "A"}
"""What the public half of a key begins with."""


def seed_file(folder: Path, service: str) -> Path:
    """Name the file with the seed of a service."""
    return folder / f"{service}.seed"


def keys_in(folder: Path, services: Iterable[str]) -> dict[str, str]:
    """
    Read the keys of services in a folder, and make those that are missing.

    Returns:
        Public keys by service.

    Raises:
        FolderDamaged: a file is there, and is no seed.
        OSError: a file cannot be read or written.
    """
    folder.mkdir(exist_ok=True, mode=0o700, parents=True)
    return {it: key_in(seed_file(folder, it)) for it in services}


def new_seed(prefix: int = nkeys.PREFIX_BYTE_USER) -> str:
    """Make a key that nobody guesses; returns its secret half."""
    return str(nkeys.encode_seed(os.urandom(SEED_BYTES), prefix), "ascii")


def public_key(seed: str, prefix: int = nkeys.PREFIX_BYTE_USER) -> str:
    """
    Name the public half of a key.

    Args:
        seed: the secret half.
        prefix: whose key it has to be: that of a user, unless said otherwise.

    Raises:
        ValueError: it is no seed, or somebody else's.
    """
    try:
        public = str(nkeys.from_seed(bytearray(seed.strip(), "ascii")).public_key, "ascii")
    except (nkeys.NkeysError, ValueError) as fault:
        raise ValueError(f"no seed of NATS: {fault or type(fault).__name__}") from fault
    if not public.startswith(_LETTERS[prefix]):
        raise ValueError("a seed of NATS, but of somebody else")
    return public


def key_in(file: Path, prefix: int = nkeys.PREFIX_BYTE_USER) -> str:
    """
    Read the key in a file, and make it if there is none.

    Returns:
        Its public half.

    Raises:
        FolderDamaged: the file is there, and is no seed.
        OSError: it cannot be read or written.
    """
    if not file.exists():
        write_atomically(file, f"{new_seed(prefix)}\n".encode())
    try:
        return public_key(file.read_text(), prefix)
    except ValueError as fault:
        raise FolderDamaged(
            f"{file}, with which a service signs in to NATS, cannot be read: {fault}",
            f"Restore it from a backup, or put it aside: mv {file} {file}.damaged; the service "
            "then gets a new key at the next start.",
        ) from fault
