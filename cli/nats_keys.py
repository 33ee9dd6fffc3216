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
    return {it: _key_in(seed_file(folder, it)) for it in services}


def new_seed() -> str:
    """Make a key that nobody guesses; returns its secret half."""
    return str(nkeys.encode_seed(os.urandom(SEED_BYTES), nkeys.PREFIX_BYTE_USER), "ascii")


def public_key(seed: str) -> str:
    """
    Name the public half of a key.

    Raises:
        ValueError: it is no seed of a user.
    """
    try:
        pair = nkeys.from_seed(bytearray(seed.strip().encode()))
        public = str(pair.public_key, "ascii")
    except (nkeys.NkeysError, ValueError) as fault:
        raise ValueError(f"no seed of a NATS user: {fault or type(fault).__name__}") from fault
    if not public.startswith("U"):
        raise ValueError("a seed of NATS, but of no user")
    return public


def _key_in(file: Path) -> str:
    if not file.exists():
        write_atomically(file, f"{new_seed()}\n".encode())
    try:
        return public_key(file.read_text())
    except ValueError as fault:
        raise FolderDamaged(
            f"{file}, with which a service signs in to NATS, cannot be read: {fault}",
            f"Restore it from a backup, or put it aside: mv {file} {file}.damaged; the service "
            "then gets a new key at the next start.",
        ) from fault
