"""The example for other services stays small enough to be read at once."""

import ast

from tests.support.readme import ROOT

EXAMPLE = ROOT / "docs" / "examples" / "subscriber.py"
STATEMENTS_MAX = 40
"""Beside imports and docstrings."""


def is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def test_the_example_of_a_subscriber_has_forty_statements_at_most() -> None:
    statements = [
        it
        for it in ast.walk(ast.parse(EXAMPLE.read_text(encoding="utf-8")))
        if isinstance(it, ast.stmt)
        and not isinstance(it, ast.Import | ast.ImportFrom)
        and not is_docstring(it)
    ]

    assert len(statements) <= STATEMENTS_MAX


def test_the_example_needs_nothing_of_ours() -> None:
    imports = [it for it in ast.parse(EXAMPLE.read_text()).body if isinstance(it, ast.Import)]
    names = {alias.name.split(".")[0] for it in imports for alias in it.names}

    assert names <= {"asyncio", "json", "nats", "os", "sqlite3", "sys"}
