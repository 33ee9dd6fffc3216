"""Documents compared with what the log folds to, key by key."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson

from cli.support.folding import Key


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two sets of documents have in common, and what not."""

    kept: int
    folded: int
    kept_checksum: str
    folded_checksum: str
    only_kept: tuple[Key, ...]
    only_folded: tuple[Key, ...]
    differing: tuple[Key, ...]

    @property
    def equal(self) -> bool:
        return not (self.only_kept or self.only_folded or self.differing)

    def as_json(self) -> dict[str, Any]:
        """Lay it out for programs."""
        return {
            "equal": self.equal,
            "kept": {"documents": self.kept, "checksum": self.kept_checksum},
            "folded": {"documents": self.folded, "checksum": self.folded_checksum},
            "only_kept": ["/".join(it) for it in self.only_kept],
            "only_folded": ["/".join(it) for it in self.only_folded],
            "differing": ["/".join(it) for it in self.differing],
        }


def compare(kept: Mapping[Key, str], folded: Mapping[Key, str], times_s: float) -> Comparison:
    """
    Compare documents as a service keeps them with documents as the log tells them.

    Args:
        kept: JSON texts by kind and key.
        folded: likewise.
        times_s: how many seconds the times in them may differ.
    """
    ours = {key: orjson.loads(text) for key, text in kept.items()}
    theirs = {key: orjson.loads(text) for key, text in folded.items()}
    differing = (
        key for key in sorted({*ours} & {*theirs}) if not alike(ours[key], theirs[key], times_s)
    )
    return Comparison(
        len(ours),
        len(theirs),
        checksum(ours),
        checksum(theirs),
        tuple(sorted({*ours} - {*theirs})),
        tuple(sorted({*theirs} - {*ours})),
        tuple(differing),
    )


def checksum(documents: Mapping[Key, Any]) -> str:
    """Put all documents into a few letters, whatever their order and that of their fields."""
    digest = sha256()
    for kind, key in sorted(documents):
        content = orjson.dumps(
            [kind, key, _even(documents[kind, key])], option=orjson.OPT_SORT_KEYS
        )
        digest.update(content)
    return digest.hexdigest()[:16]


def _even(value: Any) -> Any:  # noqa: ANN401  # any JSON
    """Write numbers in one way: the database makes 63 of 63.0."""
    match value:
        case bool():
            return value
        case int():
            return float(value)
        case dict():
            return {key: _even(it) for key, it in value.items()}
        case list():
            return [_even(it) for it in value]
        case _:
            return value


def alike(one: Any, other: Any, times_s: float) -> bool:  # noqa: ANN401  # any JSON
    """
    Tell whether two documents say the same.

    >>> alike({"a": [1.0, "x"]}, {"a": [1, "x"]}, 0.0)
    True
    >>> alike("2026-11-22T14:00:00Z", "2026-11-22T14:00:02+00:00", 1.0)
    False
    """
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            alike(one[it], other[it], times_s) for it in one
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(
            alike(a, b, times_s) for a, b in zip(one, other, strict=True)
        )
    if one == other:
        return isinstance(one, bool) == isinstance(other, bool)  # to Python, true is 1
    first, second = _moment(one), _moment(other)
    if first is None or second is None:
        return False
    return abs((first - second).total_seconds()) <= times_s


def _moment(value: Any) -> datetime | None:  # noqa: ANN401
    if not isinstance(value, str) or "T" not in value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
