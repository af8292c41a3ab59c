"""All that a release holds of a customer: for those who work here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from etl.explain.release import RECORD, Release, Row
from etl.explain.sections import SECTIONS, Section

_RULE = ("rule_id", "description_en", "description_zh")
# From which answer on satisfaction is high: one parameter per survey type and scale.
OF_SCALES = "satisfaction_high_from_"
# The code a customer had before stands in a column of its own, and the highest ever.
_VARIANT = re.compile(r"^previous_|_max$")


def known(release: Release, key: str) -> dict[str, Any]:
    """Return records, sections, history and gaps of a customer, as ``Explanation`` has them."""
    parts = [(section, release.rows_of(section.mart, key)) for section in release.sections]
    scales = _answered(release, key)
    sections = [_section(release, section, rows, scales) for section, rows in parts]
    return {
        "records": [
            {name: row[name] for name in (*RECORD, "rule")}
            for row in release.rows_of("customer_identities", key, ", ".join(RECORD))
        ],
        "sections": sections,
        "history": [
            {
                **{name: row[name] for name in ("domain", "code", "valid_from", "valid_to")},
                **_label(release, row["domain"], row["code"]),
            }
            for row in release.history(key)
        ],
        "missing": list(_missing(release, sections)),
    }


def _answered(release: Release, key: str) -> frozenset[str]:
    """Return the thresholds of the scales on which the customer ever answered."""
    return frozenset(
        f"{OF_SCALES}{row['survey_type']}_{int(row['scale_min'])}_{int(row['scale_max'])}"
        for row in release.rows_of("survey_responses", key)
    )


def _section(release: Release, section: Section, rows: list[Row], scales: frozenset[str]) -> Row:
    head = {"name": section.name, "title": section.title, "mart": section.mart}
    if not rows:
        return {**head, "absent": section.absent}
    row = rows[0]
    rule = release.rules.get(row.get("rule_id") or "")
    inputs = json.loads(row.get("reason") or "{}")
    return {
        **head,
        "classes": _classes(release, row),
        "rule": rule and {name: rule[name] for name in _RULE},
        "inputs": inputs,
        "values": {n: row[n] for n in section.values if n in row and n not in inputs},
        "thresholds": _thresholds(release, section, scales),
    }


def _classes(release: Release, row: Row) -> list[Row]:
    """Return the class columns of a row, each with its names and what was before."""
    return [
        {
            "domain": name,
            "code": code,
            **_label(release, name, code),
            **{
                key: row[column]
                for key, column in (
                    ("previous_code", f"previous_{name}"),
                    ("changed_on", f"{name}_changed_on"),
                )
                if row.get(column) is not None
            },
        }
        for name, code in row.items()
        if _VARIANT.sub("", name) in release.domains
        and not name.startswith("previous_")
        and code is not None
    ]


def _label(release: Release, domain: str, code: str | None) -> Row:
    label = release.labels.get((_VARIANT.sub("", domain), code or ""), {})
    names = ("label_en", "label_zh", "description", "undetermined_because")
    return {name: label.get(name) for name in names}


def _thresholds(release: Release, section: Section, scales: frozenset[str]) -> list[Row]:
    """Return the numbers that a section's rules compare with; of surveys the answered scales'."""
    return [
        {name: row[name] for name in ("parameter", "value", "unit", "source", "valid_from")}
        for row in release.parameters
        if any(fnmatchcase(row["parameter"], name) for name in section.thresholds)
        and (row["parameter"] in scales or not row["parameter"].startswith(OF_SCALES))
    ]


def _missing(release: Release, sections: list[Row]) -> Iterator[Row]:
    """Say which classes are no verdict and why, and which values are empty."""
    for section in sections:
        for found in section.get("classes", ()):
            if found["undetermined_because"]:
                yield {
                    "what": found["domain"],
                    "because": found["undetermined_because"],
                    "why": found["description"],
                }
        empty = [name for name, value in section.get("values", {}).items() if value is None]
        if empty:
            yield {"what": ", ".join(empty), "because": "empty", "why": section["title"]}
    for part in SECTIONS:
        if part.mart not in release.marts:
            yield {"what": part.name, "because": "no mart", "why": f"{part.mart} is absent"}
