"""What somebody may see of the live picture, by what the portal itself has heard of grants."""

from collections.abc import Callable
from datetime import datetime

from shared.ids import InstallationId
from shared.messages.signing_in import Asker
from shared.rights.grants import Grants, Place
from shared.rights.reach import OutOfScope, reaches
from shared.rights.table import Action


class Seeing:
    """
    Tells what may be seen at this moment.

    Args:
        grants: what holds now.
        now: reads the clock.
    """

    def __init__(self, grants: Callable[[], Grants], now: Callable[[], datetime]) -> None:
        self._grants = grants
        self._now = now

    def live(self, asker: Asker, installation_id: InstallationId) -> bool:
        """Tell whether somebody may look at all of an installation."""
        return self._may(asker, Action.LIVE, Place(installation_id))

    def only_own(self, asker: Asker) -> bool:
        """Tell whether somebody has roles, and none that shows them a whole installation: they charge."""
        grants, now = self._grants(), self._now()
        held = {installation_id for installation_id, _grant in grants.of(asker.actor, now)}
        everywhere = grants.is_support(asker.actor) or grants.is_installer(asker.actor)
        return bool(held) and not everywhere and not any(self.live(asker, it) for it in held)

    def knocks(self, asker: Asker) -> bool:
        """Tell whether somebody may look at chargers that belong to nobody: who could let them in, may."""
        return self._may(asker, Action.UNLOCK, Place()) or self._may(
            asker, Action.CREATE_INSTALLATION, Place()
        )

    def _may(self, asker: Asker, action: Action, place: Place) -> bool:
        now = self._now()
        try:
            if asker.scopes is not None:
                reaches(asker, Action.LIVE, now)  # looking is all that is done here
        except OutOfScope:
            return False
        return self._grants().may(asker.actor, action, place, now).allowed
