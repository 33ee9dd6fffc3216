"""
The files in docs/ that are made from the code: written by `make docs`, held true by `make check`.

    schemas/<Event>.v<N>.json               one for every version of an event, for ever
    schemas/readings|commands|answers/…     one for each
    asyncapi/ampledger.json                 all of it in one document
    openapi/ampledger.json                  the API of the portal

A schema that is there is a promise. It is only replaced by one that keeps it.
"""

import json
import subprocess
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cli
from cli.published import openapi
from cli.published.asyncapi import document
from cli.published.compatibility import WAY_ON, Role, refused
from cli.published.schemas import Schema, place_of, published, schema_of
from shared.messages.registry import EVENTS

PROJECT: Final = Path(cli.__file__).parent.parent
SCHEMAS: Final = "schemas"
DOCUMENT: Final = "asyncapi/ampledger.json"
API: Final = "openapi/ampledger.json"
_ROLES: Final[Mapping[str, Role]] = {
    "": Role.EVENT,
    "readings": Role.READING,
    "commands": Role.COMMAND,
    "answers": Role.ANSWER,
}


@dataclass(frozen=True, slots=True)
class Papers:
    """
    What should stand in docs/, and what stands in its way.

    Args:
        files: contents by their paths beneath docs/.
        faults: why they must not be written, in sentences that say what to do.
    """

    files: Mapping[str, str]
    faults: tuple[str, ...]

    def outdated(self, docs: Path) -> list[str]:
        """Name the files that are not as they should be."""
        return [name for name, it in self.files.items() if _text(docs / name) != it]

    def write(self, docs: Path) -> list[str]:
        """Write what is not as it should be; returns the names of those files."""
        outdated = self.outdated(docs)
        for name in outdated:
            (docs / name).parent.mkdir(parents=True, exist_ok=True)
            (docs / name).write_text(self.files[name], encoding="utf-8")
        return outdated


def papers(project: Path = PROJECT) -> Papers:
    """Make everything from the code and the older versions that are written down."""
    now = {place_of(kind): schema_of(kind) for kind in published()}
    before = _written(project / "docs" / SCHEMAS)
    older = {it: before[it] for it in _older() if it in before}
    faults = [
        *broken_promises({it: before[it] for it in before if it not in older}, now),
        *(
            f"docs/{SCHEMAS}/{it} is missing. {WAY_ON[Role.FROZEN]}"
            for it in _older()
            if it not in before
        ),
    ]
    everything = {Path(it).stem: schema for it, schema in {**now, **older}.items()}
    version = tomllib.loads((project / "pyproject.toml").read_text())["project"]["version"]
    files = {f"{SCHEMAS}/{place}": _spelled(it) for place, it in now.items()}
    files[DOCUMENT] = _spelled(document(everything, version))
    routes = openapi.document()
    files[API] = _spelled(routes)
    faults += _broken_routes(_text(project / "docs" / API), routes)
    return Papers(files, tuple(faults))


def broken_promises(before: Mapping[str, Schema], now: Mapping[str, Schema]) -> list[str]:
    """
    Find what was promised to others and does not hold any more.

    Args:
        before: schemas by their places, as they were published.
        now: likewise, as they would be.
    """
    faults = []
    for place in sorted(before):
        role = role_of(place)
        if place not in now:
            faults.append(
                f"docs/{SCHEMAS}/{place} describes a message that there is not any more. Bring "
                "the message back: others use it, and what is in the logs must be read for ever."
            )
            continue
        found = refused(before[place], now[place], role)
        if found:
            told = "\n".join(f"    {it}" for it in found)
            faults.append(
                f"docs/{SCHEMAS}/{place} may not change so:\n{told}\n  {WAY_ON[role]}"
            )
    return faults


def _broken_routes(before: str | None, now: openapi.Document) -> list[str]:
    """Find what programs rely on that use the API, and would not find any more."""
    found = [] if before is None else openapi.broken(json.loads(before), now)
    if not found:
        return []
    told = "\n".join(f"    {it}" for it in found)
    return [f"docs/{API} may not change so:\n{told}\n  {openapi.WAY_ON}"]


def broken_since(revision: str, project: Path = PROJECT) -> list[str]:
    """
    Find what was promised in a revision of git, and is not promised any more.

    Raises:
        subprocess.CalledProcessError: git does not know the revision.
    """

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=project, check=True, capture_output=True, text=True
        ).stdout

    folder = f"docs/{SCHEMAS}/"
    names = git("ls-tree", "-r", "--name-only", revision, folder).splitlines()
    before = {
        it.removeprefix(folder): json.loads(git("show", f"{revision}:{it}")) for it in names
    }
    routes = git("ls-tree", "--name-only", revision, f"docs/{API}").strip()
    return [
        *broken_promises(before, _written(project / "docs" / SCHEMAS)),
        *_broken_routes(
            git("show", f"{revision}:{routes}") if routes else None, openapi.document()
        ),
    ]


def role_of(place: str) -> Role:
    """
    Tell what a schema is there for by its place.

    >>> role_of("CircuitAdded.v1.json"), role_of("commands/AddCircuit.v1.json")
    (<Role.EVENT: 'event'>, <Role.COMMAND: 'command'>)
    """
    if place in _older():
        return Role.FROZEN
    return _ROLES[place.rpartition("/")[0]]


def _older() -> list[str]:
    return [
        f"{name}.v{version}.json"
        for name, event in sorted(EVENTS.items())
        for version in range(1, event.schema_version)
    ]


def _written(folder: Path) -> dict[str, Schema]:
    return {
        str(it.relative_to(folder)): json.loads(it.read_bytes())
        for it in sorted(folder.rglob("*.json"))
    }


def _spelled(content: Any) -> str:  # noqa: ANN401  # any JSON
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _text(file: Path) -> str | None:
    return file.read_text(encoding="utf-8") if file.exists() else None
