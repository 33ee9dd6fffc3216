"""An installation as a tree, with and without what is out of use."""

from rich.console import Console

from cli.layout.portrait import in_use, layouts_of, left_out, tree_of
from services.installation.language import InstallationCommand
from services.portal.documents import Layout
from shared.messages.installation_commands import (
    ChangeCharger,
    DeactivateCircuit,
    RemoveCharger,
    SetAvailableCurrent,
    SetImbalanceLimit,
    SetPriority,
    SetSwitchCurrent,
)
from shared.phases import PHASES, PhaseSwitching
from tests.unit.cli.layout.recording import AT, GARAGE, log_after

HARBOUR = {"installation_id": "harbour"}
OUT_OF_USE: tuple[InstallationCommand, ...] = (
    RemoveCharger(command_id="r", **HARBOUR, charger_id="ZAP000012"),
    DeactivateCircuit(
        command_id="d", **HARBOUR, circuit_id="level-2", lock_serials=True, reason="water"
    ),
)


def layout_after(*more: InstallationCommand) -> Layout:
    return layouts_of(log_after(*GARAGE, *more))["harbour"]


def drawn(layout: Layout) -> list[str]:
    console = Console(width=200, highlight=False, no_color=True)
    with console.capture() as capture:
        console.print(tree_of(layout, AT), soft_wrap=True)
    return [it.rstrip() for it in capture.get().splitlines()]


def test_a_tree_has_breakers_set_values_and_chargers() -> None:
    assert drawn(layout_after()) == [
        "Harbour garage (harbour) · TN grid, three phases · main breaker 160 A",
        "├── Level 1 (level-1) · 63 A, set to 50 A",
        "│   └── Bay 12 (ZAP000012) · 6 to 32 A · wired L1 · fail-safe 6 A",
        "└── Level 2 (level-2) · 63 A, set to 50 A",
        "    ├── Bay 13 (ZAP000013) · 6 to 32 A · wired L1 · fail-safe 6 A",
        "    ├── Bay 14 (ZAP000014, corner) · 6 to 32 A · wired L1 · fail-safe 6 A",
        "    └── Level 2 east (level-2-east) · 32 A",
        "        └── Bay 15 (ZAP000015) · 6 to 32 A · wired L1 · fail-safe 6 A",
    ]


def test_settings_stand_where_they_apply() -> None:
    layout = layout_after(
        SetPriority(command_id="p", **HARBOUR, charger_id="corner", priority=9),
        SetAvailableCurrent(command_id="a", **HARBOUR, available_a=(40.0, 40.0, 40.0)),
        SetImbalanceLimit(command_id="i", **HARBOUR, imbalance_a=20.0),
    )
    lines = drawn(layout)

    assert lines[0].endswith(
        "main breaker 160 A · available 40 A · phases within 20 A of each other"
    )
    assert lines[5].endswith("fail-safe 6 A · priority 9")


def test_a_charger_that_switches_phases_says_so() -> None:
    turned = ChangeCharger(
        command_id="c",
        **HARBOUR,
        charger_id="corner",
        wiring=PHASES,
        phase_switching=PhaseSwitching.FIRST_TERMINAL,
    )

    below = SetSwitchCurrent(command_id="b", **HARBOUR, switch_current_a=15.0)

    head, *lines = drawn(layout_after(turned, below))
    (line,) = [it for it in lines if "corner" in it]

    assert head.endswith("one phase below 15 A")
    assert "wired L1 L2 L3 · switches to one phase, on its first terminal · fail-safe" in line


def test_what_is_out_of_use_is_left_out_and_counted() -> None:
    layout = layout_after(*OUT_OF_USE)

    assert drawn(in_use(layout)) == [
        "Harbour garage (harbour) · TN grid, three phases · main breaker 160 A",
        "└── Level 1 (level-1) · 63 A, set to 50 A",
    ]
    assert left_out(layout) == "2 circuits and 4 chargers"
    assert left_out(layout_after()) == ""


def test_what_is_out_of_use_says_why() -> None:
    assert drawn(layout_after(*OUT_OF_USE))[2:] == [
        "│   └── Bay 12 (ZAP000012) · removed (08:09); its serial is not tied to this place any more",
        "└── Level 2 (level-2) · 63 A, set to 50 A · deactivated (08:13): water",
        "    ├── Bay 13 (ZAP000013) · locked: its circuit Level 2 was deactivated",
        "    ├── Bay 14 (ZAP000014, corner) · locked: its circuit Level 2 was deactivated",
        "    └── Level 2 east (level-2-east) · 32 A",
        "        └── Bay 15 (ZAP000015) · locked: circuit Level 2 above it was deactivated",
    ]
