"""Lines added up: by person, by charger, by day. What is kept grows with those, not with sessions."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from services.portal.billing.lines import NOTHING, Line
from shared.ids import ChargerId, PersonId

LOSSES_MAX: Final = 50
"""Of how many times at which a register fell a report tells; the rest is counted."""
NO_CURRENCY: Final = ""
"""Of sessions from before there was a tariff."""


@dataclass(slots=True)
class Sum:
    """Some lines together."""

    sessions: int = 0
    energy_wh: int = 0
    net: Decimal = NOTHING
    vat: Decimal = NOTHING

    @property
    def gross(self) -> Decimal:
        return self.net + self.vat

    def add(self, line: Line) -> None:
        """Take one line more."""
        self.sessions += 1
        self.energy_wh += line.energy_wh
        if line.cost is not None:
            self.net += line.cost.net
            self.vat += line.cost.vat


@dataclass(frozen=True, slots=True)
class Loss:
    """A charger's register fell: what went through it is not known."""

    charger_id: ChargerId
    day: date
    fell_wh: int


@dataclass(slots=True)
class Totals:
    """
    Everything that a report tells besides single sessions.

    Sums are kept by currency, of which there may be several over the years; what had no tariff has none.
    """

    zone: ZoneInfo
    by_person: dict[tuple[PersonId | None, str], Sum] = field(
        default_factory=lambda: defaultdict(Sum)
    )
    by_charger: dict[tuple[ChargerId, str], Sum] = field(
        default_factory=lambda: defaultdict(Sum)
    )
    by_currency: dict[str, Sum] = field(default_factory=lambda: defaultdict(Sum))
    by_day_wh: dict[date, int] = field(default_factory=lambda: defaultdict(int))
    """By the day on which the sessions ended."""
    before_by_charger_wh: dict[ChargerId, int] = field(default_factory=lambda: defaultdict(int))
    """What registers moved between sessions: it is in no session."""
    losses: list[Loss] = field(default_factory=list)
    lost: int = 0
    """How many times a register fell."""
    estimated: int = 0
    """In how many sessions the share of each price is an estimate."""

    @property
    def sessions(self) -> int:
        return sum(it.sessions for it in self.by_currency.values())

    @property
    def energy_wh(self) -> int:
        """In sessions; what registers moved in between comes on top."""
        return sum(it.energy_wh for it in self.by_currency.values())

    @property
    def before_wh(self) -> int:
        return sum(self.before_by_charger_wh.values())

    @property
    def currencies(self) -> list[str]:
        """Those that anything is to be paid in."""
        return sorted(set(self.by_currency) - {NO_CURRENCY})

    def add(self, line: Line) -> None:
        """Take one line more."""
        session = line.session
        currency = NO_CURRENCY if line.cost is None else line.cost.currency
        self.by_person[session.person_id, currency].add(line)
        self.by_charger[session.charger_id, currency].add(line)
        self.by_currency[currency].add(line)
        day = (session.ended_at or session.started_at).astimezone(self.zone).date()
        self.by_day_wh[day] += line.energy_wh
        self.estimated += line.estimated
        if session.before_wh:
            self.before_by_charger_wh[session.charger_id] += session.before_wh
        for fell_wh in (session.before_fell_wh, session.fell_wh):
            if fell_wh:
                self.lost += 1
                if len(self.losses) < LOSSES_MAX:
                    self.losses.append(Loss(session.charger_id, day, fell_wh))
