"""Who the people are, as far as signing in has to know."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is known here, and not forgotten."""

    id: str
    email: str
    name: str | None = None
    language: str | None = None
    """In which they were invited; none: nobody has said."""

    @property
    def called(self) -> str:
        return self.name or self.email


class People(Protocol):
    """Looks people up, and seals what the log may not have as it is."""

    async def by_email(self, email: str) -> str | None:
        """Name the person with an address."""

    async def by_id(self, person_id: str) -> Person | None:
        """Tell who somebody is; none if unknown or forgotten."""

    async def seal(self, person_id: str, field: str, content: dict[str, str]) -> str:
        """Encrypt something with the key of a person."""
