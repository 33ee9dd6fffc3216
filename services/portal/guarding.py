"""
Whether somebody may see or do something, by what the portal itself has heard of grants.

Where somebody has no role at all, there is nothing for them: neither that a place exists nor that it does
not is told. Where they have one, they are told what it takes.
"""

from collections.abc import Callable
from datetime import datetime

from shared.decider import Refused
from shared.ids import InstallationId
from shared.messages import Command
from shared.messages.signing_in import Asker, Scope
from shared.rights.book import GrantBook
from shared.rights.grants import Place
from shared.rights.guard import Forbidden
from shared.rights.reach import OutOfScope, StepUpNeeded, reaches
from shared.rights.rules import DECIDED_BY_PERMISSIONS, needs_of
from shared.rights.table import Action

Told = Callable[[Asker, Place, str, Refused], None]
"""Hears of every refusal: who, where, what they asked for, why not."""


class NotHere(Refused):
    """There is no such place, or none where the asker has a role."""


class Guard:
    """
    Checks askers against the grants of this moment.

    Args:
        book: what the portal has heard of grants.
        exists: whether there is an installation.
        told: hears of refusals.
        now: reads the clock.
    """

    def __init__(
        self,
        book: GrantBook,
        exists: Callable[[InstallationId], bool],
        told: Told,
        now: Callable[[], datetime],
    ) -> None:
        self._book = book
        self._exists = exists
        self._told = told
        self._now = now

    def may(self, asker: Asker, action: Action, place: Place) -> bool:
        """Tell whether somebody may, without a word about it on record."""
        return self._book.grants.may(asker.actor, action, place, self._now()).allowed

    def check(self, asker: Asker, action: Action, place: Place, asked_for: str) -> str:
        """
        Check that somebody may do something somewhere.

        Returns:
            By what right.

        Raises:
            NotHere: they have no role there, or there is no such place.
            Forbidden: they have one, and it takes another.
            OutOfScope: their token is not meant for it.
            StepUpNeeded: they have to show once more who they are.
        """
        try:
            return self._checked(asker, action, place)
        except Refused as refusal:
            self._told(asker, self.on_record(place), asked_for, refusal)
            raise

    def look(self, asker: Asker, action: Action, place: Place, asked_for: str) -> None:
        """
        Check that somebody may see what an action is done with; only doing it takes a fresh proof.

        Raises:
            NotHere, Forbidden, OutOfScope: as `check`.
        """
        try:
            self._checked(asker, action, place)
        except StepUpNeeded:
            return
        except Refused as refusal:
            self._told(asker, self.on_record(place), asked_for, refusal)
            raise

    def fresh(self, asker: Asker, action: Action) -> bool:
        """Tell whether the latest proof of who somebody is is good enough to do something."""
        try:
            reaches(asker, action, self._now())
        except (OutOfScope, StepUpNeeded):
            return False
        return True

    def on_record(self, place: Place) -> Place:
        """Name where a refusal is put on record: at the platform, if there is no such installation."""
        known = place.installation_id is not None and self._exists(place.installation_id)
        return place if known else Place()

    def check_command(self, asker: Asker, command: Command) -> None:
        """
        Check that somebody may ask for a command; the service that decides it checks again.

        Raises:
            NotHere, Forbidden, OutOfScope, StepUpNeeded: as `check`.
        """
        name = type(command).__name__
        scope = DECIDED_BY_PERMISSIONS.get(type(command))
        if scope is not None:
            self._check_scope(asker, scope, name)
            return
        for need in needs_of(command):
            self.check(asker, need.action, need.place, name)

    def sees(self, asker: Asker, place: Place) -> bool:
        """Tell whether somebody has any role that counts at a place."""
        if place.installation_id is None:
            return True
        grants = self._book.grants
        if grants.is_support(asker.actor):
            return self._exists(place.installation_id)
        return any(
            place.charger_id is None or grant.covers(place.charger_id)
            for _, grant in grants.of(asker.actor, self._now(), place.installation_id)
        )

    def _checked(self, asker: Asker, action: Action, place: Place) -> str:
        creating = action is Action.CREATE_INSTALLATION
        if not creating and not self.sees(asker, place):
            raise NotHere(f"there is no {place}, or none where you have a role")
        now = self._now()
        ruling = self._book.grants.may(asker.actor, action, place, now)
        if not ruling.allowed:
            raise Forbidden(ruling.because)
        reaches(asker, action, now)
        return ruling.because

    def _check_scope(self, asker: Asker, scope: Scope, asked_for: str) -> None:
        """What is about people is decided by permissions; how far a way of asking reaches, here."""
        try:
            if asker.scopes is not None and scope not in asker.scopes:
                raise OutOfScope(
                    f"{asked_for} takes a token with the scope {scope.value}; this one has "
                    f"{', '.join(sorted(asker.scopes))}; make another one under My account"
                )
            if scope is Scope.PERMISSIONS and asker.scopes is None:
                reaches(asker, Action.PERMISSIONS, self._now())
        except (OutOfScope, StepUpNeeded) as refusal:
            self._told(asker, Place(), asked_for, refusal)
            raise
