"""How much the name of a source column says that it is a certain contract column."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

import yaml

SYNONYMS = Path(__file__).with_name("synonyms.yml")
SAME_NAME, KNOWN_NAME, PART_OF_NAME = 1.0, 0.95, 0.6


def likeness(header: str, table: str, column: str) -> float:
    """Return 0 to 1: 1 for the contract's own name, less for a known other name or a part of it.

    Args:
        header: Name of a source column as delivered.
        table: Contract table.
        column: Contract column.
    """
    words = words_of(header)
    if words == words_of(column):
        return SAME_NAME
    known = [words_of(name) for name in known_names(table, column)]
    if "".join(words) in {"".join(name) for name in (words_of(column), *known)}:
        return KNOWN_NAME
    longest = max((name for name in (words_of(column), *known) if _within(name, words)), default=())
    return PART_OF_NAME if len("".join(longest)) > 3 else 0.0


def known_names(table: str, column: str) -> tuple[str, ...]:
    """Return the other names of a contract column that are known."""
    synonyms = _synonyms()
    own, shared = synonyms.get(table, {}), synonyms["any"]
    return (*own.get(column, ()), *shared.get(column, ()))


def file_names(table: str) -> tuple[str, ...]:
    """Return the words in a file's name that say that it holds this table."""
    own = table.removeprefix("crm_")
    return (own, own.removesuffix("s"), *_synonyms()["files"].get(table, ()))


@cache
def _synonyms() -> dict[str, dict[str, list[str]]]:
    loaded: dict[str, dict[str, list[str]]] = yaml.safe_load(SYNONYMS.read_text(encoding="utf-8"))
    return loaded


@cache
def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a name: ``Order-ID``, ``orderId`` and ``ORDER ID`` are the same two."""
    plain = unicodedata.normalize("NFKC", name)
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", plain)
    return tuple(re.findall(r"\w+", spaced.replace("_", " ").lower()))


def _within(part: tuple[str, ...], whole: tuple[str, ...]) -> bool:
    size = len(part)
    return any(whole[at : at + size] == part for at in range(len(whole) - size + 1))
