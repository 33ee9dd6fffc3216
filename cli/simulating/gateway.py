"""A gateway that refuses limits, and tells of chargers' answers, by the real gateway's own rules."""

from dataclasses import dataclass, field

from cli.proving.chargers import Charger
from cli.proving.gateways import Gateway
from cli.proving.minds import Command
from cli.proving.moments import moment
from services.telemetry import limits
from services.telemetry.charger import ACCEPTED, evolve
from services.telemetry.charger import Charger as Known
from shared.decider import Refused
from shared.messages import Event
from shared.messages.telemetry import ChargerEvent, SetCurrentLimit


@dataclass
class RealGateway(Gateway):
    """The rules of `services/telemetry` between balancers and chargers of the simulation."""

    known: dict[str, Known] = field(default_factory=dict)
    """What the log tells of each charger, folded as the gateway does it; it outlives a restart."""
    now_s: float = 0.0
    refusals: dict[str, int] = field(default_factory=dict)

    def hear_own(self, event: Event, charger_id: str) -> None:
        """Fold what was appended of a charger."""
        before = self.known.get(charger_id, Known())
        self.known[charger_id] = evolve(before, event)  # type: ignore[arg-type]

    def deliver(self, now_s: float) -> None:
        """Send on what has come and is due."""
        self.now_s = now_s
        super().deliver(now_s)

    def in_order(self, command: Command) -> bool:
        """Ask the gateway's rules whether a limit may be sent."""
        name, charger_id = command.installation_id, command.lease.charger_id
        known = limits.LimitContext(
            newest_epoch=self.epochs.get(name, 0),
            newest_sent=self.sent.get(charger_id, (0, 0)),
            ready=True,
            now=moment(self.now_s),
        )
        wish = told(command)
        self.epochs[name] = max(command.epoch, self.epochs.get(name, 0))
        try:
            before = limits.limit_answered_before(
                self.known.get(charger_id, Known()), wish, known
            )
        except Refused as refusal:
            why = type(refusal).__name__
            self.refusals[why] = self.refusals.get(why, 0) + 1
            return False
        return before is None

    def applied(self, command: Command, now_s: float) -> ChargerEvent:
        """Say by the gateway's rules that a charger has taken a limit."""
        return limits.limit_answered(told(command), ACCEPTED, moment(now_s))

    def ends_s(self, charger: Charger) -> float:
        """When a charger's limit is over by its own clock."""
        return charger.valid_until_s - charger.clock_off_s


def told(command: Command) -> SetCurrentLimit:
    """Spell a limit as it is sent."""
    lease = command.lease
    return SetCurrentLimit(
        command_id=f"{command.epoch}-{lease.charger_id}-{lease.sequence}",
        installation_id=command.installation_id,
        charger_id=lease.charger_id,
        limit_a=lease.limit_a,
        valid_until=lease.valid_until,
        sequence=lease.sequence,
        epoch=command.epoch,
        terminals=lease.terminals,
    )
