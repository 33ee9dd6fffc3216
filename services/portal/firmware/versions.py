"""What chargers run, and how far they are with other firmware."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from services.portal.documents import Charger, Condition, Layout
from services.portal.when import When
from shared.ids import ChargerId
from shared.speech import _, marked

STATUS: Final = {
    "Downloading": marked("fetches it"),
    "Downloaded": marked("has fetched it"),
    "DownloadFailed": marked("could not fetch it: check the address"),
    "Installing": marked("installs it"),
    "Installed": marked("has installed it"),
    "InstallationFailed": marked("could not install it; it keeps what it has"),
    "Idle": marked("is about none"),
    "DownloadScheduled": marked("will fetch it"),
    "DownloadPaused": marked("has paused fetching it"),
    "SignatureVerified": marked("has found its signature good"),
    "InvalidSignature": marked("has found its signature bad, and keeps what it has"),
    "InstallScheduled": marked("will install it"),
    "InstallRebooting": marked("starts anew to install it"),
    "InstallVerificationFailed": marked("found it broken; it keeps what it has"),
}
"""What OCPP 1.6 calls FirmwareStatus, with those of its security whitepaper for signed firmware."""
UNDER_WAY: Final = frozenset(
    {
        "Downloading",
        "Downloaded",
        "Installing",
        "DownloadScheduled",
        "DownloadPaused",
        "SignatureVerified",
        "InstallScheduled",
        "InstallRebooting",
    }
)
FAILED: Final = frozenset(
    {
        "DownloadFailed",
        "InstallationFailed",
        "InvalidSignature",
        "InstallVerificationFailed",
    }
)


@dataclass(frozen=True, slots=True)
class Running:
    """A charger and what it runs."""

    charger_id: ChargerId
    name: str
    hardware: str
    version: str
    progress: str
    since: When | None
    mark: str
    """ok, busy, failed, or nothing."""
    charging: bool
    ready: bool
    """It can be told now."""
    why_not: str


@dataclass(frozen=True, slots=True)
class Group:
    """How many chargers of a kind run a version."""

    hardware: str
    version: str
    count: int


def running(
    layout: Layout,
    condition_of: Callable[[ChargerId], Condition | None],
    when: Callable[..., When],
) -> list[Running]:
    """Say of every charger what it runs."""
    return [
        _running(it, condition_of(it.charger_id) or Condition(), when) for it in layout.chargers
    ]


def _running(charger: Charger, condition: Condition, when: Callable[..., When]) -> Running:
    if condition.serial not in {None, charger.serial}:
        condition = Condition()  # another charger had the id before
    hardware = " ".join(it for it in (condition.vendor, condition.model) if it)
    progress, since, mark = _progress(condition, when)
    why_not = ""
    if charger.lock is not None:
        why_not = _("Its serial number is locked.")
    elif not condition.online:
        why_not = _("It is not connected.")
    return Running(
        charger.charger_id,
        charger.name,
        hardware or _("not known yet"),
        condition.firmware or _("not told"),
        progress,
        since,
        mark,
        charging=condition.session is not None,
        ready=not why_not,
        why_not=why_not,
    )


def _progress(condition: Condition, when: Callable[..., When]) -> tuple[str, When | None, str]:
    update = condition.firmware_update
    if update is None:
        return "", None, ""
    if update.status is None or (
        update.requested_at is not None
        and update.reported_at is not None
        and update.reported_at < update.requested_at
    ):
        told = None if update.requested_at is None else when(update.requested_at)
        return _("was told to fetch it"), told, "busy"
    said = None if update.reported_at is None else when(update.reported_at)
    text = _(STATUS[update.status]) if update.status in STATUS else update.status
    if update.status in FAILED:
        return text, said, "failed"
    return text, said, "busy" if update.status in UNDER_WAY else "ok"


def groups(chargers: list[Running]) -> list[Group]:
    """Count what runs: the most frequent first."""
    counts = Counter((it.hardware, it.version) for it in chargers)
    return [Group(hardware, version, n) for (hardware, version), n in counts.most_common()]
