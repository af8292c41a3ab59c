"""Words for messages about a mapping."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the end of a message: the word likely meant, and all that are possible."""
    names = sorted(known)
    # Swapped letters first: "form" is "from" and not "format".
    swapped = [name for name in names if sorted(name) == sorted(word)]
    close = swapped or difflib.get_close_matches(word, names, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    return f"{hint} Expected one of: {', '.join(names)}."
