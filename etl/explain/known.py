"""All that a release holds of a customer: for those who work here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from etl.explain.release import RECORD, Release, Row
from etl.explain.sections import SECTIONS, Section

_RULE = ("rule_id", "description_en", "description_zh")
# From which answer on satisfaction is high: one parameter per survey type and scale.
OF_SCALES = "satisfaction_high_from_"


def known(release: Release, key: str) -> dict[str, Any]:
    """Return records, sections, history and gaps of a customer, as ``Explanation`` has them."""
    history = release.history(key)
    sections = _sections(release, key, history)
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
            for row in history
        ],
        "missing": list(_missing(release, sections)),
    }


def _answered(release: Release, key: str) -> frozenset[str]:
    """Return the thresholds of the scales on which the customer ever answered."""
    return frozenset(
        f"{OF_SCALES}{row['survey_type']}_{int(row['scale_min'])}_{int(row['scale_max'])}"
        for row in release.rows_of("survey_responses", key)
    )


def _sections(release: Release, key: str, history: list[Row]) -> list[Row]:
    """Return what each mart says; a class that several carry is told where it stands first."""
    changes = {row["domain"]: row for row in history if row["is_current"]}
    scales = _answered(release, key)
    shown: set[str] = set()
    sections = []
    for section in release.sections:
        head: Row = {"name": section.name, "title": section.title, "mart": section.mart}
        row = release.row_of(section, key)
        if row is None:
            sections.append({**head, "absent": section.absent})
            continue
        coded = {name for name in release.domains if row.get(name) is not None}
        classes = [name for name in row if name in coded - shown]
        shown.update(classes)
        inputs = json.loads(row.get("reason") or "{}")
        said = {*inputs, *shown}
        sections.append(
            {
                **head,
                "classes": [_class(release, name, row[name], changes) for name in classes],
                "rules": _rules(release, row),
                "inputs": inputs,
                "values": {n: row[n] for n in section.values if n in row and n not in said},
                "thresholds": _thresholds(release, section, scales),
            }
        )
    return sections


def _class(release: Release, domain: str, code: str | None, changes: dict[str, Row]) -> Row:
    """Return a class with its names; and since when and after what, where it was seen to change."""
    found = {"domain": domain, "code": code, **_label(release, domain, code)}
    change = changes.get(domain, {})
    if change.get("previous_code") is None:
        return found
    return {**found, "previous_code": change["previous_code"], "changed_on": change["valid_from"]}


def _label(release: Release, domain: str, code: str | None) -> Row:
    label = release.labels.get((domain, code or ""), {})
    names = ("label_en", "label_zh", "description", "undetermined_because")
    return {name: label.get(name) for name in names}


def _rules(release: Release, row: Row) -> list[Row]:
    """Return what each rule says that the row names; a mart with two classes names two."""
    named = [str(row[name]) for name in row if name.endswith("rule_id") and row[name] is not None]
    return [{name: release.rules[rule][name] for name in _RULE} for rule in named]


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
