"""Whoever types what a page says is understood, and every command in a block is one that a test runs."""

import re

import pytest

from tests.support.documented import (
    NOT_RUN,
    PAGES,
    RUN_BY,
    Documented,
    in_blocks,
    named,
    parse,
    runner_of,
)
from tests.support.readme import ROOT

IN_BLOCKS = [it for page in PAGES for it in in_blocks(page)]
OURS = [it for it in IN_BLOCKS if it.ours]
NAMED = [it for page in PAGES for it in named(page)]
INCOMPLETE = {"MissingParameter", "BadParameter", "NoArgsIsHelpError"}
"""What may be wrong with a command that a sentence names: it leaves out what it is about."""
WORDS = re.compile(r"^[a-z-]+$")


@pytest.mark.parametrize("it", OURS, ids=str)
def test_a_command_in_a_block_is_understood_as_it_stands(it: Documented) -> None:
    if it.words[1:] != ("--help",):
        parse(it.words)


@pytest.mark.parametrize("it", NAMED, ids=str)
def test_a_command_that_a_sentence_names_is_one_with_such_options(it: Documented) -> None:
    try:
        parse(it.words)
    except Exception as fault:
        if type(fault).__name__ not in INCOMPLETE:
            raise


@pytest.mark.parametrize("it", IN_BLOCKS, ids=str)
def test_a_command_in_a_block_is_run_by_a_test(it: Documented) -> None:
    assert runner_of(it) is not None, (
        f"{it}: have a test run it, and enter that in tests/support/documented.py"
    )


@pytest.mark.parametrize(("command", "test"), RUN_BY.items())
def test_the_test_that_is_said_to_run_a_command_knows_it(command: str, test: str) -> None:
    text = (ROOT / test).read_text(encoding="utf-8")
    program, *words = command.split()
    if program == "ampledger" and "docs" not in (ROOT / test).parent.name:
        words = [it for it in words if WORDS.match(it)]
        assert [it for it in words if it not in text] == []


def test_what_is_in_no_page_any_more_is_in_no_table() -> None:
    lines = [" ".join(it.words) for it in IN_BLOCKS]

    unused = [
        begins
        for begins in (*RUN_BY, *NOT_RUN)
        if not any(it == begins or it.startswith(f"{begins} ") for it in lines)
    ]

    assert unused == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("ampledger", "backup", "monday", "--faster"), "No such option"),
        (("ampledger", "log", "rewrite"), "No such command"),
        (("ampledger", "history", "here", "there"), "unexpected extra argument"),
    ],
)
def test_what_is_gone_is_noticed(words: tuple[str, ...], says: str) -> None:
    with pytest.raises(Exception, match=says):
        parse(words)
