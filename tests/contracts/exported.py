"""Every figure that some service exports, as it is declared."""

import importlib
from typing import Final

from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

MODULES: Final = (
    "shared.metrics",
    "services.balancer.metrics",
    "services.notifications.metrics",
    "services.portal.metrics",
    "services.telemetry.metrics",
)


def declared() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Name the figures of Ampledger: of which kind each is, and what labels it has."""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for module in MODULES:
        for value in vars(importlib.import_module(module)).values():
            if isinstance(value, MetricWrapperBase) and not value._labelvalues:
                found[value._name] = (value._type, tuple(value._labelnames))
    return found


def series() -> set[str]:
    """Name the series by which these figures, and those of every process, can be asked for."""
    found = {it.name for it in REGISTRY.collect()}
    for name, (kind, _) in declared().items():
        match kind:
            case "counter":
                found.add(f"{name}_total")
            case "histogram":
                found |= {f"{name}_bucket", f"{name}_sum", f"{name}_count"}
            case _:
                found.add(name)
    return found | {"process_cpu_seconds_total"}
