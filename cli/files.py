"""Files that are whole at every moment, whatever is killed while they are written."""

import os
from pathlib import Path


def write_atomically(file: Path, content: bytes, *, durable: bool = True) -> None:
    """
    Replace a file's content in one step: readers see the old one or the new one.

    Only its owner may read the file.

    Args:
        file: need not exist.
        content: all of it.
        durable: after this, not even a power cut takes it away.

    Raises:
        OSError: it cannot be written; the old content is still there.
    """
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
        if durable:
            out.flush()
            os.fsync(out.fileno())
    fresh.replace(file)
