"""Our own log, folded in memory: the warnings and the choices of every installation."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, get_args

from services.notifications import settings_state, watch
from services.notifications.language import SettingsFact, WarningFact
from services.notifications.settings_state import NOTHING_CHOSEN, Choices
from services.notifications.watch import NONE_YET, Warnings
from shared.ids import InstallationId, ReportOrderId
from shared.messages.notifications import ReportOrdered
from shared.recorded import Recorded

_WARNINGS: Final = frozenset(it.__name__ for it in get_args(WarningFact))
_SETTINGS: Final = frozenset(it.__name__ for it in get_args(SettingsFact))


@dataclass(slots=True)
class Ledger:
    """What has happened, up to a position of the log."""

    position: int = 0
    warnings: dict[InstallationId, Warnings] = field(default_factory=dict)
    choices: dict[InstallationId, Choices] = field(default_factory=dict)
    ordered_at: dict[ReportOrderId, datetime] = field(default_factory=dict)

    def warnings_at(self, installation_id: InstallationId) -> Warnings:
        return self.warnings.get(installation_id, NONE_YET)

    def choices_at(self, installation_id: InstallationId) -> Choices:
        return self.choices.get(installation_id, NOTHING_CHOSEN)

    def hear(self, recorded: Recorded) -> None:
        """Take in the next event of the log."""
        self.position = recorded.position
        if recorded.type in _WARNINGS:
            event = recorded.event
            assert isinstance(event, WarningFact)  # noqa: S101  # its name says so
            here = event.installation_id
            self.warnings[here] = watch.evolve(self.warnings_at(here), event)
        elif recorded.type in _SETTINGS:
            event = recorded.event
            assert isinstance(event, SettingsFact)  # noqa: S101  # its name says so
            here = event.installation_id
            self.choices[here] = settings_state.evolve(self.choices_at(here), event)
            if isinstance(event, ReportOrdered):
                self.ordered_at[event.order_id] = recorded.recorded_at
