"""What a fault is: something that is done to a running yard, and undone."""

from typing import Protocol

from cli.chaos.plan import Kind
from cli.chaos.yard import Yard


class Fault(Protocol):
    """One kind of fault, which may be under way at several targets at once."""

    @property
    def kind(self) -> Kind:
        """How the plan sees it."""
        ...

    async def inject(self, yard: Yard, target: str, /) -> None:
        """
        Do it.

        Raises:
            FaultNotPossible: not now, or not on this machine.
        """
        ...

    async def heal(self, yard: Yard, target: str, /) -> None:
        """Undo it, whether or not it is still under way; what is over at once needs nothing."""
        ...


class FaultNotPossible(Exception):
    """A fault could not be done: its target is down already, or the machine does not have what it needs."""
