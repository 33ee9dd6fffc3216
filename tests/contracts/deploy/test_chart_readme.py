"""The chart's README says what is so, and its commands are ones that there are."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from shared.service_grants import SERVICES
from tests.support.chart import CHART, VALUES, containers_of, pods_of, rendered
from tests.support.readme import BIN, OURS, ROOT

README = CHART / "README.md"
TEXT = README.read_text("utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", TEXT, flags=re.DOTALL | re.MULTILINE)
LINES = [line for block in BLOCKS for line in block.splitlines()]
OFFLINE = (
    "helm lint",
    "helm template",
    "helm package",
    "ampledger nats",
    "openssl",
    "mkdir",
    "for ",
)
ONLINE = ("helm install", "helm upgrade", "helm rollback", "helm test", "helm push", "kubectl ")


def test_the_commands_that_need_no_cluster_run_in_their_order(tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(BIN.parent)
    (tmp_path / "deploy").symlink_to(ROOT / "deploy")
    ran = [it for it in LINES if it.removeprefix(OURS).startswith(OFFLINE)]
    for line in ran:
        done = subprocess.run(
            ["sh", "-euc", line], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"

    assert len(ran) == 10
    keys = {it.name for it in (tmp_path / "keys").rglob("*") if it.is_file()}
    assert {f"{it}.seed" for it in SERVICES} | {"operator.seed"} <= keys
    assert {f"{it}.password" for it in SERVICES} <= keys
    assert {"master.key", "cards.key", "notices.key"} <= keys
    assert (tmp_path / "dist" / "ampledger-0.1.0.tgz").is_file()


def test_the_other_commands_are_spelled_as_helm_knows_them() -> None:
    rest = [it for it in LINES if not it.removeprefix(OURS).startswith(OFFLINE)]
    for line in rest:
        assert line.removeprefix(OURS).startswith(ONLINE), line
        words = shlex.split(line)
        if words[0] != "kubectl":
            said = subprocess.run(
                [str(BIN / "helm"), words[1], "--help"],
                capture_output=True,
                text=True,
                check=True,
            )
            options = [it for it in words if it.startswith("-") and it != "-n"]
            assert all(it in said.stdout for it in options), line


def test_every_secret_that_pods_read_is_told_of() -> None:
    made = dict(re.findall(r"create secret (?:generic|tls) (\S+) (.*)", TEXT))
    named = {
        it["secretName"]
        for values in ("minimal",)
        for found in rendered(values)
        for it in _secrets_in(found)
    }
    assert named
    assert named <= set(made)
    table = TEXT[TEXT.index("| secret named by") : TEXT.index("**3. NATS**")]
    values = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    for path in _secret_values(values):
        if not path.endswith("issuer"):
            assert f"`{path}`" in table, path


def test_the_secrets_that_it_makes_are_those_that_pods_take_with_their_files() -> None:
    """By the README's own commands: they name values that there are, and files that are in what is made."""
    used = _files_used("minimal")
    for values in _values_used():
        used |= {it: used.get(it, set()) | files for it, files in _files_used(values).items()}
    made = {words[0]: files for words, files in map(_made, LINES) if words}

    assert set(made) >= set(_files_used("minimal"))
    for name, files in made.items():
        assert name in used, f"nobody takes secret {name}"
        assert used[name] <= files, f"secret {name} has {files}, and pods take {used[name]}"


def _values_used() -> set[str]:
    """Name the sets of values that its commands give, which are there."""
    given = re.findall(r"-f deploy/helm/ampledger/ci/([\w-]+)\.yaml", TEXT)
    assert given
    assert set(given) <= set(VALUES)
    named = set(re.findall(r"ci/([\w-]+)\.yaml", TEXT))
    assert named <= set(VALUES)
    return set(given)


def _made(line: str) -> tuple[list[str], set[str]]:
    """Read which secret a command makes, and of which files."""
    found = re.search(r"kubectl -n (\S+) create secret (generic|tls) (\S+) (.*)", line)
    if found is None:
        return [], set()
    assert found[1] == "charging"
    options = re.findall(r"--(from-file|from-literal|cert|key)=(\S+)", found[4])
    files: set[str] = set()
    for option, value in options:
        name, _, _source = value.rpartition("=")
        if option in {"cert", "key"}:
            files.add({"cert": "tls.crt", "key": "tls.key"}[option])
        elif value == "keys/nats":
            files |= {f"{it}.seed" for it in (*SERVICES, "operator")}
        elif value == "keys/passwords":
            files |= {f"{it}.password" for it in SERVICES}
        else:
            files.add(value.partition("=")[0] if name else Path(value).name)
    return [found[3]], files


def _files_used(values: str) -> dict[str, set[str]]:
    """Name the secrets that what is rendered takes, as volumes and in environments, with their files."""
    used: dict[str, set[str]] = {}
    objects = rendered(values)
    for _, pod in pods_of(objects):
        for volume in pod["volumes"]:
            if "secret" in volume:
                it = volume["secret"]
                files = {item["key"] for item in it.get("items", ())}
                used.setdefault(it["secretName"], set()).update(files)
    for _, container in containers_of(objects):
        for it in container.get("env", ()):
            if "secretKeyRef" in it.get("valueFrom", {}):
                reference = it["valueFrom"]["secretKeyRef"]
                used.setdefault(reference["name"], set()).add(reference["key"])
    return used


def _secrets_in(node: object) -> list[dict[str, str]]:
    if isinstance(node, dict):
        own = [node] if "secretName" in node else []
        return own + [found for it in node.values() for found in _secrets_in(it)]
    if isinstance(node, list):
        return [found for it in node for found in _secrets_in(it)]
    return []


def _secret_values(node: dict[str, object], path: str = "") -> list[str]:
    found = []
    for name, it in node.items():
        if isinstance(it, dict):
            found += _secret_values(it, f"{path}{name}.")
        elif name.endswith("Secret"):
            found.append(f"{path}{name}")
    return found


def test_the_table_of_values_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(CHART.parent / "values_table.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("values", VALUES)
def test_every_set_of_values_says_what_it_is(values: str) -> None:
    assert (CHART / "ci" / f"{values}.yaml").read_text("utf-8").startswith("# ")
