"""
The keys that services sign in to NATS with: one file each, readable by its owner only.

A key is an Ed25519 pair as NATS writes it (nkeys). The secret half, the seed, is in `<service>.seed`; the
server is told the public half only, and proves with a challenge that the other side has the seed. It never
travels.

A key is replaced in two steps, between which the server knows both: the new one takes the file's name, and
the former one is kept in `<service>.seed.former` until nobody signs in with it any more.
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


def former_in(folder: Path, services: Iterable[str]) -> dict[str, str]:
    """
    Read the keys in a folder that are being replaced.

    Returns:
        Public keys by service.

    Raises:
        FolderDamaged: a file is there, and is no seed.
        OSError: a file cannot be read.
    """
    files = {it: _former(seed_file(folder, it)) for it in services}
    return {it: key_in(file) for it, file in files.items() if file.exists()}


def replace_key(folder: Path, service: str) -> str:
    """
    Make a new key for a service, and keep the one that it has still.

    Returns:
        The public half of the new one.

    Raises:
        KeyError: it has none, or one of its keys is being replaced already.
        FolderDamaged: its file is there, and is no seed.
        OSError: a file cannot be read or written.
    """
    file = seed_file(folder, service)
    if not file.exists():
        raise KeyError(f"{service} has no key in {folder} yet")
    if _former(file).exists():
        raise KeyError(f"{service} has a former key still; drop that first")
    key_in(file)
    write_atomically(_former(file), file.read_bytes())
    write_atomically(file, f"{new_seed()}\n".encode())
    return key_in(file)


def drop_former(folder: Path, services: Iterable[str]) -> list[str]:
    """Forget the keys that were replaced; returns whose they were."""
    dropped = [it for it in services if _former(seed_file(folder, it)).exists()]
    for it in dropped:
        _former(seed_file(folder, it)).unlink()
    return dropped


def _former(file: Path) -> Path:
    return file.with_name(f"{file.name}.former")


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
