"""Alerts: each is raised when it should be, looks at figures that exist, and says what to do."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contracts.exported import series

ROOT = Path(__file__).parents[3]
PROMETHEUS = ROOT / "deploy" / "prometheus"
DASHBOARDS = sorted((ROOT / "deploy" / "grafana").glob("*.json"))
GUIDE = (ROOT / "docs" / "alerts.md").read_text()
PROMTOOL = shutil.which("promtool") or shutil.which("promtool", path=str(ROOT / ".tools"))
NEEDS_PROMTOOL = pytest.mark.skipif(
    PROMTOOL is None, reason="no promtool here: bring Debian's with make promtool"
)
ELSEWHERE = ("kubelet_volume_stats_", "node_filesystem_")
"""Figures of the machine and of Kubernetes, which are not ours."""
FIGURE = re.compile(r"\b((?:ampledger|process|python|kubelet|node)_[a-z_]+)\b(?!\s*=)")
COMMANDS = re.findall(
    r"^\| `(ampledger [a-z -]+)`", (ROOT / "docs/exit-codes.md").read_text(), re.MULTILINE
)


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((PROMETHEUS / "alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def figures_in(text: str) -> set[str]:
    return {it for it in FIGURE.findall(text) if not it.startswith(ELSEWHERE)}


@NEEDS_PROMTOOL
def test_every_alert_is_raised_when_it_should_be_and_not_before() -> None:
    asked = [str(PROMTOOL), "test", "rules", str(PROMETHEUS / "alerts.test.yaml")]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_alert_is_left_without_a_test() -> None:
    tested = (PROMETHEUS / "alerts.test.yaml").read_text()
    for rule in rules():
        assert tested.count(f'ALERTS{{alertname="{rule["alert"]}"') >= 2, rule["alert"]


def test_alerts_look_at_figures_that_some_service_tells() -> None:
    known = series()
    for rule in rules():
        assert figures_in(rule["expr"]) <= known, rule["alert"]


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda it: it.stem)
def test_dashboards_look_at_figures_that_some_service_tells(file: Path) -> None:
    asked = re.findall(r'"expr": "((?:[^"\\]|\\.)*)"', file.read_text())
    assert asked
    for expression in asked:
        assert figures_in(expression) <= series(), expression


def test_every_alert_has_a_section_that_says_what_to_do_and_no_section_is_left_over() -> None:
    sections = dict(
        re.findall(r"^## (Ampledger\w+)\n\n(.*?)(?=\n## |\Z)", GUIDE, re.MULTILINE | re.DOTALL)
    )
    alerts = {rule["alert"]: rule for rule in rules()}
    assert set(sections) == set(alerts)
    for name, rule in alerts.items():
        severity = rule["labels"]["severity"]
        assert sections[name].startswith(f"**{severity.capitalize()}.**"), name
        assert rule["annotations"]["runbook_url"] == f"docs/alerts.md#{name.lower()}"
        assert rule["annotations"]["summary"]


def test_the_guide_names_commands_that_there_are() -> None:
    named = set(re.findall(r"`(ampledger [^`]+)`", GUIDE))
    assert named
    for command in named:
        assert any(command == it or command.startswith(f"{it} ") for it in COMMANDS), command


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda it: it.stem)
def test_panels_of_a_dashboard_stand_beside_each_other_and_ask_the_chosen_prometheus(
    file: Path,
) -> None:
    board = json.loads(file.read_text())
    panels = board["panels"]
    assert len({it["id"] for it in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24, panel["title"]
        cells = {
            (at["x"] + column, at["y"] + line)
            for column in range(at["w"])
            for line in range(at["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
        for target in panel.get("targets", []):
            assert target["datasource"]["uid"] == "${datasource}", panel["title"]


@NEEDS_PROMTOOL
@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda it: it.stem)
def test_prometheus_can_read_what_a_dashboard_asks(file: Path, tmp_path: Path) -> None:
    asked = [
        target["expr"].replace("$__rate_interval", "1m")
        for panel in json.loads(file.read_text())["panels"]
        for target in panel.get("targets", [])
    ]
    recorded = [{"record": f"asked:{number}", "expr": it} for number, it in enumerate(asked)]
    rules_file = tmp_path / "asked.yaml"
    rules_file.write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": recorded}]}))
    done = subprocess.run(
        [str(PROMTOOL), "check", "rules", str(rules_file)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
