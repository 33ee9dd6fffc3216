"""Forms that stand for several wishes: each of them has a name of its own, and is done once."""

import hashlib

from services.portal.doing import KEY, KEY_CHARS_MAX, Filled


def one_of(filled: Filled, about: str) -> Filled:
    """
    Name one of the wishes that a form stands for.

    Args:
        filled: the form, which has a name.
        about: what tells this wish from the form's others.
    """
    if filled.key is None:
        return filled
    name = hashlib.sha256(f"{filled.key}/{about}".encode()).hexdigest()[:KEY_CHARS_MAX]
    return Filled(filled.asker, {**filled.values, KEY: [name]})


def beside(filled: Filled, present: dict[str, str]) -> Filled:
    """Show what was filled in in one form of a page, and in its other forms what is so at present."""
    shown = {name: [it] for name, it in present.items()}
    return Filled(filled.asker, shown | dict(filled.values))
