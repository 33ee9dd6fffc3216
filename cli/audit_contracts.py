"""What others allow at breakers, in an audit: limits of contract, judged apart from what breakers carry."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf, sqrt
from zoneinfo import ZoneInfo

from cli.audit_layout import Layout
from cli.audit_sums import Steps
from cli.audit_weeks import within
from shared.messages.balancer import MAIN
from shared.messages.installation import ExternalLimitLifted, ExternalLimitSet
from shared.phases import PHASES, ZERO_A, GridType, Phase
from shared.units import LINE_TO_NEUTRAL_V


@dataclass(slots=True)
class Contracts:
    """The limits of all installations as their logs tell them."""

    limits: dict[tuple[str, str], ExternalLimitSet] = field(default_factory=dict)
    """By installation and the limit's id."""

    def hear(self, event: ExternalLimitSet | ExternalLimitLifted) -> None:
        """Take in that a limit was set, or lifted."""
        key = (event.installation_id, event.limit_id)
        if isinstance(event, ExternalLimitSet):
            self.limits[key] = event
        else:
            self.limits.pop(key, None)

    def steps(self, layouts: dict[str, Layout], now_s: float) -> dict[tuple[str, Phase], Steps]:
        """Name what is allowed for cars, from now on, wherever some limit holds or will."""
        ends = (at for it in self.limits.values() for at in (it.begins, it.until) if at)
        moments_s = sorted({now_s, *(it.timestamp() for it in ends if it.timestamp() > now_s)})
        at: list[dict[tuple[str, Phase], float]] = []
        for moment_s in moments_s:
            lowest: dict[tuple[str, Phase], float] = {}
            for key, a in self._allowed(layouts, moment_s):
                lowest[key] = min(a, lowest.get(key, inf))
            at.append(lowest)
        keys = {key for lowest in at for key in lowest}
        return {
            key: [
                (moment_s, lowest.get(key, inf))
                for moment_s, lowest in zip(moments_s, at, strict=True)
            ]
            for key in keys
        }

    def _allowed(
        self, layouts: dict[str, Layout], now_s: float
    ) -> Iterator[tuple[tuple[str, Phase], float]]:
        now = datetime.fromtimestamp(now_s, UTC)
        for (installation_id, _), limit in self.limits.items():
            layout = layouts[installation_id]
            if not _holds(limit, now):
                continue
            circuit_id = limit.circuit_id or MAIN
            load_a = layout.loads_a.get(circuit_id, ZERO_A) if limit.includes_load else ZERO_A
            for index in range(len(layout.grid.lines)):
                allowed_a = _lines_a(limit, layout.grid)[index] - load_a[index]
                yield (layout.name(circuit_id), PHASES[index]), max(0.0, allowed_a)


def _lines_a(limit: ExternalLimitSet, grid: GridType) -> tuple[float, ...]:
    if limit.limit_a is not None:
        return limit.limit_a
    watts = limit.power_w or 0.0
    if not grid.three_phase:
        return (watts / LINE_TO_NEUTRAL_V,)
    factor = sqrt(3) if grid is GridType.IT_3_PHASE else 3.0
    return (watts / factor / LINE_TO_NEUTRAL_V,) * len(PHASES)


def _holds(limit: ExternalLimitSet, now: datetime) -> bool:
    if limit.begins is not None and now < limit.begins:
        return False
    if limit.until is not None and now >= limit.until:
        return False
    local = now.astimezone(ZoneInfo(limit.time_zone))
    return not limit.windows or any(within(it, local) for it in limit.windows)
