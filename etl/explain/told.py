"""What a customer may be told of themselves: facts and plain words, no code, no price, no list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from etl.explain.release import RECORD, Release, Row

# Records of a company's people, and what rests on their answers: theirs, not the company's.
_PEOPLE = ("contact", "lead")
_SAID_BY_PEOPLE = frozenset(
    {
        "satisfaction_loyalty_class",
        "satisfaction_score",
        "satisfaction_responded_on",
        "affective_score",
        "conative_score",
    }
)


def told(release: Release, key: str) -> dict[str, Any]:
    """Return records, decisions, sections and history, as ``Explanation`` has them.

    Of a company nothing is told that one of its people said or decided, nor their records.
    """
    (customer,) = release.rows_of("customers", key)
    is_company = customer["customer_type"] == "business"
    withheld = _SAID_BY_PEOPLE if is_company else frozenset()
    decisions = [] if is_company else release.rows_of("consents", key, "purpose, channel")
    return {
        "records": [
            {name: row[name] for name in RECORD}
            for row in release.rows_of("customer_identities", key, ", ".join(RECORD))
            if not (is_company and row["entity"] in _PEOPLE)
        ],
        "permissions": [
            {name: row[name] for name in ("purpose", "channel", "state", "decided_on")}
            for row in decisions
        ],
        "sections": list(_told_sections(release, key, withheld)),
        "history": [
            {"valid_from": row["valid_from"], "valid_to": row["valid_to"], **words}
            for row in release.history(key)
            if row["domain"] not in withheld
            for words in _told_words(release, row["domain"], row["code"])
        ],
    }


def _told_sections(release: Release, key: str, withheld: frozenset[str]) -> Iterator[Row]:
    """Yield the sections that have something for the customer; the same words are said once."""
    said: list[Row] = []
    for section in release.sections:
        row = release.row_of(section, key) or {}
        row = {name: value for name, value in row.items() if name not in withheld}
        words = [told for name in row for told in _told_words(release, name, row[name])]
        new = [told for n, told in enumerate(words) if told not in [*said, *words[:n]]]
        said += new
        values = {name: row[name] for name in section.told if row.get(name) is not None}
        if new or values:
            yield {"title": section.title, "classes": new, "values": values}


def _told_words(release: Release, domain: str, code: object) -> Iterator[Row]:
    """Yield the words for the customer; nothing for a code that is not theirs to read."""
    label = release.labels.get((domain, str(code)), {})
    if label.get("told_en"):
        yield {"told_en": label["told_en"], "told_zh": label["told_zh"]}
