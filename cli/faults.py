"""
What can go wrong around the embedded stack, each with what to do about it.

    StackFault
    ├── FolderFault        the data folder cannot be used as it is
    │   ├── FolderInUse    another instance holds it
    │   └── FolderDamaged  something in it is missing, unreadable or of another version
    ├── PortTaken          a port of ours is in use by somebody else
    ├── ProgramMissing     a program that should have come with the package is not there
    ├── ServerFault        an embedded server could not be prepared
    ├── ServerUnreachable  NATS_URL or DATABASE_URL name a server that does not answer
    └── MigrationFault     a database could not be brought to the newest schema
"""

from typing import Final

EXIT_CODE: Final = 2
"""What `ampledger` exits with after a stack fault."""


class StackFault(Exception):
    """
    The stack cannot start, or cannot go on.

    Args:
        message: what is wrong, in one sentence.
        hint: what the reader can do about it.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}"


class FolderFault(StackFault):
    """The data folder cannot be used as it is."""


class FolderInUse(FolderFault):
    """Another instance holds the data folder."""


class FolderDamaged(FolderFault):
    """Something in the data folder is missing, unreadable or of another version."""


class PortTaken(StackFault):
    """A port that the stack wants is in use."""


class ProgramMissing(StackFault):
    """A program that comes with the package's dependencies is not there."""


class ServerFault(StackFault):
    """An embedded server could not be prepared."""


class ServerUnreachable(StackFault):
    """A server named in the environment does not answer."""


class MigrationFault(StackFault):
    """A database could not be brought to the newest schema."""
