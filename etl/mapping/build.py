"""Checked YAML values as the frozen values of :mod:`etl.mapping.model`, defaults filled in."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from etl.contract import TABLES
from etl.files import digest_of
from etl.mapping.column import Column, Condition, Op, Test
from etl.mapping.model import Export, Grain, Mapping, Target

_FINGERPRINT_DIGITS = 16
# Words that say when and where a file is expected, not what its rows mean.
_NOT_MEANING = ("files", "expected", "business_day")


def build(values: dict[str, Any]) -> Mapping:
    """Return the mapping of a file that passed every check."""
    exports = tuple(_export(values, name) for name in values["exports"])
    starts_on = values.get("history_starts_on")
    return Mapping(
        system=values["system"],
        business_time_zone=values["business_time_zone"],
        history_starts_on=date.fromisoformat(starts_on) if starts_on else None,
        generated=values.get("generated", False),
        exports=exports,
        fingerprint=_digest([values["system"], sorted(e.fingerprint for e in exports)]),
    )


def column_of(name: str, spec: dict[str, Any] | list[dict[str, Any]]) -> Column:
    """Return one column; ``spec`` passed the JSON Schema."""
    if isinstance(spec, list):
        ways = tuple(column_of(name, way) for way in spec)
        return Column(name=name, token=ways[0].token, aggregate=ways[0].aggregate, choices=ways)
    const, default = spec.get("const"), spec.get("default")
    value_map = spec.get("map")
    on_unknown, unknown_const = _on_unknown(spec.get("on_unknown", "reject"))
    return Column(
        name=name,
        sources=(spec["from"],) if "from" in spec else tuple(spec.get("coalesce", ())),
        plus=tuple(spec.get("add", ())),
        minus=tuple(spec.get("subtract", ())),
        const=None if const is None else text_of(const),
        template=spec.get("text"),
        op=spec.get("op"),
        of=tuple(spec.get("of", ())),
        format=spec.get("format", "{n}"),
        ops=tuple(_op(op) for op in spec.get("ops", ())),
        value_map=tuple((k, text_of(v)) for k, v in value_map.items()) if value_map else None,
        on_unknown=on_unknown,
        unknown_const=unknown_const,
        default=None if default is None else text_of(default),
        parse=spec.get("parse"),
        shift_days=spec.get("shift_days", 0),
        negate=spec.get("negate", False),
        token=spec.get("token"),
        aggregate=spec.get("aggregate", "first"),
        when=_conditions(spec),
    )


def text_of(value: str | int | bool) -> str:
    """Write a YAML value as the text an export would hold."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def listed(value: Any) -> list[Any]:
    """Return a list as it is, and one value as a list of one."""
    return value if isinstance(value, list) else [value]


def _export(values: dict[str, Any], name: str) -> Export:
    spec = values["exports"][name]
    return Export(
        name=name,
        system=values["system"],
        files=spec["files"],
        business_day=spec.get("business_day", ""),
        mode=spec.get("mode", "incremental"),
        expected=spec.get("expected", "optional"),
        format=spec.get("format", "csv"),
        sheet=spec.get("sheet", ""),
        delimiter=spec.get("delimiter", ","),
        encoding=spec.get("encoding", "utf-8"),
        time_zone=spec.get("time_zone", values["business_time_zone"]),
        null_tokens=tuple(spec.get("null_tokens", ("",))),
        decimal_mark=spec.get("decimal_mark", "."),
        # Where cells are no text of a file they may hold line breaks, whatever anybody says.
        multiline=spec.get("multiline", spec.get("format", "csv") != "csv"),
        keep=tuple(spec.get("keep", ())),
        known_from=tuple(spec.get("known_from", ())),
        grain=_grain(spec["grain"]) if "grain" in spec else None,
        targets=tuple(
            _target(table, target)
            for table, found in spec["targets"].items()
            for target in listed(found)
        ),
        fingerprint=_export_fingerprint(values, name),
    )


def _export_fingerprint(values: dict[str, Any], name: str) -> str:
    """Hash what decides how a row of this export is read."""
    spec = values["exports"][name]
    meaning = {key: value for key, value in spec.items() if key not in _NOT_MEANING}
    return _digest([values["system"], name, values["business_time_zone"], meaning])


def _grain(spec: dict[str, Any]) -> Grain:
    key, filled = listed(spec["key"]), spec.get("forward_fill", [])
    # Of several names a row below the first may leave some empty.
    return Grain(tuple(key), tuple(dict.fromkeys([*(key if len(key) > 1 else []), *filled])))


def _target(table: str, spec: dict[str, Any]) -> Target:
    order = TABLES[table].mappable
    columns = sorted(spec["columns"], key=order.index)
    return Target(
        table=table,
        per=spec.get("per", "row"),
        columns=tuple(column_of(name, spec["columns"][name]) for name in columns),
        when=_conditions(spec),
    )


def _conditions(spec: dict[str, Any]) -> tuple[Condition, ...]:
    return tuple(_condition(source, test) for source, test in spec.get("when", {}).items())


def _condition(source: str, test: str | dict[str, Any]) -> Condition:
    if isinstance(test, str):
        return Condition(source, cast("Test", test))
    [(word, values)] = test.items()
    return Condition(source, cast("Test", word), tuple(text_of(value) for value in listed(values)))


def _op(spec: str | dict[str, str]) -> Op:
    if isinstance(spec, str):
        return Op(spec)
    return Op("split_list", spec["split_list"], spec.get("take", "first"))


def _on_unknown(spec: str | dict[str, Any] | None) -> tuple[Any, str | None]:
    if isinstance(spec, dict):
        return "const", text_of(spec["const"])
    return spec or "null", None


def _digest(value: object) -> str:
    return digest_of(value)[:_FINGERPRINT_DIGITS]
