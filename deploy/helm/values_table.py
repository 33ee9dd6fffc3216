"""Writes the table of values into the chart's README, from schema and defaults; `--check` only looks."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

CHART: Final = Path(__file__).parent / "ampledger"
BEGIN, END = "<!-- values: made by make docs -->", "<!-- values end -->"


def rows(schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Name every value that may be set, as its path and what it means."""
    yield from _beneath(schema, schema["$defs"], "")


def _beneath(
    node: dict[str, Any], shared: dict[str, Any], path: str
) -> Iterator[tuple[str, str]]:
    for name, given in node["properties"].items():
        place = f"{path}{name}"
        known = shared[given["$ref"].rpartition("/")[2]] if "$ref" in given else given
        if "properties" in known and "$ref" not in given:
            yield from _beneath(known, shared, f"{place}.")
        else:
            yield place, known.get("description", "")


def default_of(values: dict[str, Any], path: str) -> str:
    """Spell what a value is unless it is set; nothing where it has no default."""
    found: Any = values
    for part in path.split("."):
        found = found.get(part, "") if isinstance(found, dict) else ""
    if isinstance(found, dict) and set(found) == {"repository", "tag", "digest"}:
        return ""
    return "" if found in ("", [], {}) else f"`{json.dumps(found, ensure_ascii=False)}`"


def table() -> str:
    """Make the whole table."""
    schema = json.loads((CHART / "values.schema.json").read_bytes())
    values = yaml.safe_load((CHART / "values.yaml").read_bytes())
    lines = [
        f"| `{path}` | {default_of(values, path)} | {what} |" for path, what in rows(schema)
    ]
    return "\n".join(["| value | default | what it is |", "|---|---|---|", *lines])


def with_table(text: str) -> str:
    """
    Put the table where it belongs.

    Raises:
        ValueError: the text has no place for it.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"README.md has no lines {BEGIN} and {END}: put them back")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main() -> int:
    """Write it, or say whether it would change."""
    readme = CHART / "README.md"
    now, wanted = readme.read_text("utf-8"), with_table(readme.read_text("utf-8"))
    if "--check" not in sys.argv:
        readme.write_text(wanted, "utf-8")
    elif now != wanted:
        print(f"{readme} is out of date. Write it: make docs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
