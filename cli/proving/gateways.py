"""
One gateway between balancers and chargers, written from the protocol's words alone.

It takes limits in whatever order they come, once or several times, and sends those on that are newer
than all before. What it tells of its chargers goes to telemetry's log.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cli.proving.chargers import Charger, Named
from cli.proving.minds import Command
from cli.proving.moments import moment
from shared.messages import Event
from shared.messages.holding import Holds, LimitWayChosen
from shared.messages.installation import ChargerAssigned, ChargerRemoved, FailSafeSet
from shared.messages.telemetry import (
    ChargerConnected,
    ChargerDisconnected,
    ChargerEvent,
    CurrentLimitApplied,
    FailSafeApplied,
    SessionEnded,
    SessionStarted,
)
from shared.phases import ALL_TERMINALS

Tell = Callable[[ChargerEvent, float], None]


@dataclass
class Gateway:
    """Holds the sockets of all chargers."""

    chargers: dict[str, Charger]
    """By serial number."""
    tell: Tell
    heard: int = 0
    """The newest position of the installations' log that it knows."""
    unheard: list[tuple[float, int, Event]] = field(default_factory=list)
    wants: dict[Named, float] = field(default_factory=dict)
    """What each charger is to fall back to."""
    epochs: dict[str, int] = field(default_factory=dict)
    """The newest epoch seen, by installation; it outlives a restart."""
    answered: dict[str, tuple[int, int]] = field(default_factory=dict)
    """The newest limit that was confirmed, by charger id; it outlives a restart as well."""
    sent: dict[str, tuple[int, int]] = field(default_factory=dict)
    """The newest limit that was sent."""
    held: dict[str, tuple[Named, Command]] = field(default_factory=dict)
    """The newest limit that was confirmed, and where, by serial number; it outlives a restart."""
    on_the_way: list[tuple[float, Command]] = field(default_factory=list)
    answers: list[tuple[Named, Command]] = field(default_factory=list)
    """Answers of chargers that are not in the log yet."""

    # --- Layouts ---

    def hear(self, now_s: float) -> None:
        """What is assigned may connect, what is removed is disconnected."""
        while self.unheard and self.unheard[0][0] <= now_s:
            _, self.heard, event = self.unheard.pop(0)
            match event:
                case ChargerAssigned():
                    charger = self.chargers[event.serial]
                    self.lose(charger, now_s)
                    charger.assigned = (event.installation_id, event.charger_id)
                    charger.told_session = None  # where it was, its session ended with it
                    self.wants[charger.assigned] = event.fail_safe_a
                case ChargerRemoved():
                    charger = self.chargers[event.serial]
                    self.lose(charger, now_s)
                    charger.assigned = None
                case FailSafeSet():
                    self.wants[event.installation_id, event.charger_id] = event.fail_safe_a

    # --- Connections ---

    def lose(self, charger: Charger, now_s: float) -> None:
        """The connection to a charger is gone."""
        if charger.online and charger.assigned is not None:
            charger.online = False
            self.tell(
                ChargerDisconnected(**about(charger), gateway_id="g", reason="gone"), now_s
            )

    def connect(self, charger: Charger, now_s: float) -> None:
        """Nobody is accepted before the fail-safe is in force."""
        if charger.assigned is None:
            return
        if charger.confirmed != (charger.assigned, self.wants[charger.assigned]):
            self.push_fail_safe(charger, now_s, lost=False)
        charger.online = charger.commissioned = True
        self._learn(charger, now_s)
        self.tell(
            ChargerConnected(
                **about(charger),
                serial=charger.serial,
                vendor="",
                model="",
                gateway_id="g",
                remote="",
            ),
            now_s,
        )
        self.tell_session(charger, now_s)

    def tell_session(self, charger: Charger, now_s: float) -> None:
        """A connected charger says which session runs, and which has ended: at once, or when it is back."""
        if charger.assigned is None or not charger.online:
            return
        runs = (charger.assigned, charger.session_id) if charger.plugged else None
        told, charger.told_session = charger.told_session, runs
        if told is not None and told != runs and told[0] == charger.assigned:
            ended: dict[str, Any] = {
                "transaction_id": 1,
                "register_wh": 0,
                "energy_wh": 0,
                "reason": "Local",
                "ended_at": moment(now_s),
            }
            self.tell(SessionEnded(**about(charger), session_id=told[1], **ended), now_s)
        if runs is not None and runs != told:
            started: dict[str, Any] = {
                "transaction_id": 1,
                "register_wh": 0,
                "started_at": moment(now_s),
            }
            self.tell(SessionStarted(**about(charger), session_id=runs[1], **started), now_s)

    def push_fail_safe(self, charger: Charger, now_s: float, *, lost: bool) -> None:
        """Whether or not the answer comes back, the fail-safe is in force."""
        if charger.assigned is None:
            return
        wanted_a = self.wants[charger.assigned]
        if wanted_a > charger.fail_safe_a or not charger.commissioned:
            charger.follows(self.heard)
        charger.fail_safe_a = wanted_a
        if charger.holds is Holds.SCHEDULED:
            self.tell_held_again(charger)
        if not lost:
            charger.confirmed = (charger.assigned, wanted_a)
            self.tell(FailSafeApplied(**about(charger), fail_safe_a=wanted_a), now_s)

    def _learn(self, charger: Charger, now_s: float) -> None:
        """What it can hold is on record before the first limit."""
        if charger.learned != charger.assigned:
            charger.learned = charger.assigned
            way = LimitWayChosen(
                **about(charger),
                serial=charger.serial,
                holds=charger.holds,
                spread=charger.spread,
            )
            self.tell(way, now_s)

    def tell_held_again(self, charger: Charger) -> None:
        """One profile holds both: with the fail-safe the limit that was confirmed last is told again, and
        what was told since and not confirmed is not."""
        self.answers = [it for it in self.answers if it[0] != charger.assigned]
        charger.limit_a = charger.terminals = None
        if charger.serial in self.held:
            _, held = self.held[charger.serial]
            charger.limit_a = held.lease.limit_a
            charger.valid_until_s = held.lease.valid_until.timestamp()

    def restart(self, now_s: float) -> None:
        """Forget what is in no log: connections, what was sent and not answered."""
        self.sent.clear()
        self.answers.clear()
        for charger in self.chargers.values():
            self.lose(charger, now_s)

    # --- Limits ---

    def deliver(self, now_s: float) -> None:
        """Send on what has come and is due."""
        due = [it for it in self.on_the_way if it[0] <= now_s]
        self.on_the_way = [it for it in self.on_the_way if it[0] > now_s]
        connected = {it.assigned: it for it in self.chargers.values() if it.online}
        for _, command in due:
            charger = connected.get((command.installation_id, command.lease.charger_id))
            if charger is not None and self.in_order(command):
                self._send(charger, command)

    def in_order(self, command: Command) -> bool:
        """Refuse an epoch that is over, and whatever is older than what was sent."""
        name, charger_id = command.installation_id, command.lease.charger_id
        self.epochs[name] = max(command.epoch, self.epochs.get(name, 0))
        known = (self.sent.get(charger_id, (0, 0)), self.answered.get(charger_id, (0, 0)))
        return command.epoch >= self.epochs[name] and command.rank >= max(known)

    def _send(self, charger: Charger, command: Command) -> None:
        charger_id = command.lease.charger_id
        if charger.holds is Holds.FAIL_SAFE_ONLY:
            return
        if charger.holds is Holds.SCHEDULED and command.lease.terminals not in {
            None,
            ALL_TERMINALS,
        }:
            return  # it is not told; the balancer tries again, and another way
        self.sent[charger_id] = command.rank
        charger.follows(command.position)
        charger.limit_a, charger.terminals = command.lease.limit_a, command.lease.terminals
        charger.valid_until_s = command.lease.valid_until.timestamp()
        self.answers.append(((command.installation_id, charger_id), command))

    def confirm(self, fate_of: Callable[[], str], now_s: float) -> None:
        """Log what chargers have answered: now, later, or not at all ("lost")."""
        waiting, self.answers = self.answers, []
        for whose, command in waiting:
            fate = fate_of()
            if fate == "later":
                self.answers.append((whose, command))
            elif fate == "now":
                charger_id = command.lease.charger_id
                rank = self.answered.get(charger_id, (0, 0))
                self.answered[charger_id] = max(rank, command.rank)
                self._take(whose, command)
                self.tell(self.applied(command, now_s), now_s)

    def applied(self, command: Command, now_s: float) -> ChargerEvent:
        """Say that a charger has taken a limit."""
        lease = command.lease
        return CurrentLimitApplied(
            installation_id=command.installation_id,
            charger_id=lease.charger_id,
            limit_a=lease.limit_a,
            valid_until=lease.valid_until,
            sequence=lease.sequence,
            epoch=command.epoch,
            applied_at=moment(now_s),
        )

    def _take(self, whose: Named, command: Command) -> None:
        for charger in self.chargers.values():
            if charger.assigned == whose:
                where, known = self.held.get(charger.serial, (whose, command))
                if where != whose or known.rank <= command.rank:
                    self.held[charger.serial] = (whose, command)


def about(charger: Charger) -> dict[str, str]:
    """Name an assigned charger as events do."""
    if charger.assigned is None:
        raise ValueError(f"{charger.serial} is not assigned: nothing can be told of it")
    name, charger_id = charger.assigned
    return {"installation_id": name, "charger_id": charger_id}
