"""A service's image holds shared/ and that service alone; in such a tree it must start."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = sorted(it.parent.name for it in (ROOT / "services").glob("*/app.py"))
IMPORT_S_MAX = 60

# The project itself is installed in this environment, as a path; without it nothing is found but the
# tree and third-party packages.
PROGRAM = """
import importlib, sys
sys.path[:] = [it for it in sys.path if it != {root!r}]
sys.path.insert(0, {tree!r})
app = importlib.import_module({module!r})
assert app.__file__.startswith({tree!r}), app.__file__
print("imported", len([it for it in sys.modules if it.startswith("services.")]))
"""


def image_tree(folder: Path, service: str) -> Path:
    """Lay out what the image of a service holds."""
    without = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "shared", folder / "shared", ignore=without)
    (folder / "services").mkdir()
    shutil.copy(ROOT / "services" / "__init__.py", folder / "services")
    shutil.copytree(ROOT / "services" / service, folder / "services" / service, ignore=without)
    return folder


def imported(tree: Path, module: str) -> subprocess.CompletedProcess[str]:
    program = PROGRAM.format(root=str(ROOT), tree=str(tree), module=module)
    return subprocess.run(
        [sys.executable, "-I", "-c", program],
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=IMPORT_S_MAX,
        check=False,
    )


def test_every_service_is_checked() -> None:
    assert {"installation", "telemetry", "balancer", "portal"} <= set(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_starts_without_any_other_service(service: str, tmp_path: Path) -> None:
    tree = image_tree(tmp_path, service)

    result = imported(tree, f"services.{service}.app")

    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("imported")


def test_a_service_that_needs_another_one_is_found_out(tmp_path: Path) -> None:
    tree = image_tree(tmp_path, "installation")
    app = tree / "services" / "installation" / "app.py"
    app.write_text(app.read_text() + "\nimport services.balancer.site\n")

    result = imported(tree, "services.installation.app")

    assert result.returncode != 0
    assert "No module named 'services.balancer'" in result.stderr
