"""``loyalty explain``: why a customer stands where they stand, for people and for machines."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from etl.cli.command import DataOption, JsonOption, reporting, settings_of
from etl.cli.console import Output

if TYPE_CHECKING:
    from etl.explain import Explanation

_DECIMAL = re.compile(r"-?\d+\.\d+")


def explain(
    customer: Annotated[
        str, typer.Argument(help="A customer_key, or <source_system>/<id> of one of the records.")
    ],
    for_customer: Annotated[
        bool,
        typer.Option("--for-customer", help="Only what the customer may be told, in plain words."),
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say why a customer is in each class: inputs, thresholds, rule, history. Who asks is kept."""
    with reporting(as_json) as output:
        from etl.explain import explain as explain_customer

        explanation = explain_customer(settings_of(data), customer, for_customer=for_customer)
        if output.data_is_json:
            output.record(asdict(explanation))
        else:
            _print(output, explanation)


def _print(output: Output, explanation: Explanation) -> None:
    output.record(_head(explanation), "customer")
    if not explanation.is_profiled:
        output.text("\nThis customer is not profiled: no class, no score, no forecast, no list.")
        _rows(output, explanation.not_profiled_because, "why")
        return
    for section in explanation.sections:
        output.record(_section(section), section["title"])
    _rows(output, [_period(row) for row in explanation.history], "history")
    _rows(output, explanation.permissions, "your decisions")
    _rows(output, explanation.missing, "what is missing")


def _head(explanation: Explanation) -> dict[str, Any]:
    records = [
        f"{r['source_system']}/{r['entity']}/{r['source_id']}"
        + (f" by {r['rule']}" if "rule" in r else "")
        for r in explanation.records
    ]
    head = {
        "customer_key": explanation.customer_key,
        "asked_for": explanation.former_key and f"{explanation.former_key}, an older key",
        "as_of": explanation.as_of,
        "release": explanation.run_id,
        "records": "\n".join(records),
    }
    return {name: value for name, value in head.items() if value}


def _section(section: dict[str, Any]) -> dict[str, Any]:
    if "absent" in section:
        return {"none": section["absent"]}
    told = [f"{f['told_en']} · {f['told_zh']}" for f in section["classes"] if "told_en" in f]
    shown: dict[str, Any] = {"what we see": "\n".join(told)}
    shown |= {f["domain"]: _class(f) for f in section["classes"] if "domain" in f}
    shown["rule"] = "\n".join(text for rule in section.get("rules", ()) for text in rule.values())
    shown["inputs"] = _plain(section.get("inputs", {}))
    shown["also known"] = _plain(section["values"])
    shown["thresholds"] = {
        row["parameter"]: f"{_trimmed(str(row['value']))} {row['unit']} ({row['source']})"
        for row in section.get("thresholds", ())
    }
    return {name: value for name, value in shown.items() if value}


def _class(found: dict[str, Any]) -> str:
    """Name a class in both languages, with its code, its meaning and what was before."""
    text = f"{found['label_en']} · {found['label_zh']} ({found['code']})\n{found['description']}"
    if "changed_on" in found:
        before = f", before: {found['previous_code']}" if "previous_code" in found else ""
        text += f"\nsince {found['changed_on']}{before}"
    return text


def _period(row: dict[str, Any]) -> dict[str, Any]:
    until = row["valid_to"] or ""
    if "told_en" in row:
        return {"what": row["told_en"], "from": row["valid_from"], "to": until}
    named = f"{row['label_en']} ({row['code']})" if row["label_en"] else row["code"] or "gone"
    return {"class": row["domain"], "what": named, "from": row["valid_from"], "to": until}


def _rows(output: Output, rows: list[dict[str, Any]], title: str) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    if rows:
        output.rows(names, [[row.get(name) for name in names] for row in rows], title)


def _plain(values: dict[str, Any]) -> dict[str, str]:
    return {name: _worded(value) for name, value in values.items()}


def _worded(value: object) -> str:
    """Return a value as people write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "–" if value is None else _trimmed(str(value))


def _trimmed(text: str) -> str:
    """Return a decimal without the zeros at its end."""
    return text.rstrip("0").rstrip(".") if _DECIMAL.fullmatch(text) else text
