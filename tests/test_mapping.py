"""The mapping language: what is read, what is refused, and what the refusal says."""

from __future__ import annotations

import json
import textwrap
from datetime import date
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from etl.config import PACKAGED_MAPPINGS
from etl.errors import MappingError
from etl.mapping import Column, Export, Mapping, Op, Target, load_mapping, load_mappings
from etl.mapping.load import SCHEMA_PATH
from tests.delivering import BASKETS

ORDERS = "exports.baskets.targets.orders.columns"
LINES = "exports.baskets.targets.order_lines.columns"


def load(folder: Path, yaml: str) -> Mapping:
    path = folder / "shop.yml"
    path.write_text(textwrap.dedent(yaml), encoding="utf-8")
    return load_mapping(path)


def target(export: Export, table: str) -> Target:
    return next(target for target in export.targets if target.table == table)


def refusal(folder: Path, old: str, new: str) -> tuple[str, str]:
    """Return message and YAML path (without the file and line) of a mapping with one change."""
    assert BASKETS.count(old) >= 1, old
    with pytest.raises(MappingError) as caught:
        load(folder, BASKETS.replace(old, new, 1))
    place, _, path = caught.value.where.partition(" ")
    assert place.startswith("shop.yml:")
    return caught.value.what, path


def test_a_mapping_becomes_values_with_defaults(tmp_path: Path) -> None:
    mapping = load(tmp_path, BASKETS)
    export = mapping.export("baskets")
    assert mapping.system == "shop"
    assert mapping.history_starts_on == date(2020, 1, 1)
    assert mapping.generated is False
    assert (export.mode, export.expected, export.encoding) == ("incremental", "optional", "utf-8")
    assert (export.delimiter, export.decimal_mark, export.null_tokens) == (",", ".", ("",))
    assert export.time_zone == "UTC"
    assert export.feed == "orders"
    assert target(export, "order_lines").per == "row"
    assert target(export, "orders").column("discount") == Column("discount", const="0")
    assert export.source_columns == (
        "amount", "at", "basket", "customer", "mail", "quantity", "sku", "title",
    )  # fmt: skip


def test_columns_stand_in_the_order_of_the_contract(tmp_path: Path) -> None:
    names = [c.name for c in target(load(tmp_path, BASKETS).exports[0], "orders").columns]
    assert names[:4] == ["order_id", "business_unit", "customer_ref", "email"]


def test_every_word_of_a_column_is_read(tmp_path: Path) -> None:
    spec = (
        '{coalesce: [a, b], ops: [strip, {split_list: ";", take: last}], map: {"x": "y"},'
        " on_unknown: {const: z}, default: d}"
    )
    mapping = load(tmp_path, BASKETS.replace("{from: customer}", spec))
    assert target(mapping.exports[0], "orders").column("customer_ref") == Column(
        "customer_ref",
        sources=("a", "b"),
        ops=(Op("strip"), Op("split_list", ";", "last")),
        value_map=(("x", "y"),),
        on_unknown="const",
        unknown_const="z",
        default="d",
    )


def test_a_crm_export_belongs_to_the_crm_feed() -> None:
    crm = next(m for m in load_mappings(PACKAGED_MAPPINGS) if m.system == "generated_crm")
    assert {export.feed for export in crm.exports} == {"crm"}


def test_the_fingerprint_follows_the_meaning_only(tmp_path: Path) -> None:
    plain = load(tmp_path, BASKETS).exports[0].fingerprint
    renamed = load(tmp_path, BASKETS.replace('"baskets*.csv"', '"b*.csv"')).exports[0].fingerprint
    commented = load(tmp_path, BASKETS + "# a remark\n").exports[0].fingerprint
    other = load(tmp_path, BASKETS.replace("{const: store}", "{const: web}")).exports[0].fingerprint
    assert plain == renamed == commented
    assert plain != other


def test_the_header_may_lack_what_the_contract_can_do_without(tmp_path: Path) -> None:
    export = load(tmp_path, BASKETS).exports[0]
    assert export.missing_columns(("basket", "at", "title", "quantity", "amount")) == ()
    assert export.missing_columns(("at", "title", "quantity")) == ("amount", "basket")


def test_a_coalesce_needs_one_of_its_columns_only(tmp_path: Path) -> None:
    yaml = BASKETS.replace("title: {from: title}", "title: {coalesce: [title, sku]}")
    export = load(tmp_path, yaml).exports[0]
    assert export.missing_columns(("basket", "at", "sku", "quantity", "amount")) == ()
    assert export.missing_columns(("basket", "at", "quantity", "amount")) == ("sku", "title")


@pytest.mark.parametrize(
    ("old", "new", "message", "path"),
    [
        ("time_zone: UTC", "timezone: UTC", "Unknown key; did you mean 'time_zone'?",
         "exports.baskets.timezone"),
        ("{from: customer}", "{form: customer}", "Unknown key; did you mean 'from'?",
         f"{ORDERS}.customer_ref.form"),
        ("{from: customer}", "{from: a, const: b}",
         "Expected exactly one of from, const, coalesce, add, text, op; found from and const.",
         f"{ORDERS}.customer_ref"),
        ("{from: customer}", "{default: b}",
         "Expected exactly one of from, const, coalesce, add, text, op; found none of them.",
         f"{ORDERS}.customer_ref"),
        ("{from: customer}", "{from: a, ops: [stripp]}", "'stripp' is not known; did you mean",
         f"{ORDERS}.customer_ref.ops.0"),
        ("{from: customer}", "{from: a, on_unknown: reject}",
         "'on_unknown' has a meaning only beside 'map'.", f"{ORDERS}.customer_ref"),
        ("{from: customer}", "{from: a, map: {x: y}, on_unknown: drop}",
         "Expected reject, null or {const: ...}, found 'drop'.",
         f"{ORDERS}.customer_ref.on_unknown"),
        ("{from: customer}", "{from: a, map: {yes: y}}",
         "YAML reads this key as True, not as text; put it in quotes.",
         f"{ORDERS}.customer_ref.map.True"),
        ("{from: customer}", "{from: no}", "Expected a text, found False. Put it in quotes.",
         f"{ORDERS}.customer_ref.from"),
        ("{const: store}", "{const: 0.5}",
         "Expected a text or a whole number or true or false, found 0.5. Put it in quotes.",
         f"{ORDERS}.channel.const"),
        ('files: "baskets*.csv"', 'expected: daily', "The key 'files' is missing.",
         "exports.baskets"),
        ("time_zone: UTC", "mode: daily", "'daily' is not known. Expected one of: full, history,",
         "exports.baskets.mode"),
        ("grain: {key: basket}", "multiline: maybe", "Expected true or false, found 'maybe'.",
         "exports.baskets.multiline"),
        ("system: shop", "system: shop\nsystem: mart", "The key stands here twice.", "system"),
        ("America/New_York", "America/NewYork",
         "'America/NewYork' is not a time zone. Expected an IANA name like Europe/Berlin.",
         "business_time_zone"),
        ("2020-01-01", "'2020-02-30'", "'2020-02-30' is not a day. Expected YYYY-MM-DD.",
         "history_starts_on"),
        ("order_lines:", "order_line:", "The contract has no such table; did you mean 'order_lin",
         "exports.baskets.targets.order_line"),
        ("customer_ref:", "customer_id:", "orders has no such column; did you mean",
         f"{ORDERS}.customer_id"),
        ("          total: {from: amount, aggregate: sum}\n", "",
         "orders.total is required by the contract, but is not mapped.", ORDERS),
        ("quantity: {from: quantity}", "quantity: {from: quantity, cast: money}",
         "The contract says quantity, not money. Write quantity, or nothing.",
         f"{LINES}.quantity.cast"),
        ("known_from: [ordered_at]", "known_from: [orderd_at]",
         "'orderd_at' is no day or instant that a target maps; did you mean 'ordered_at'?",
         "exports.baskets.known_from.0"),
        ("known_from: [ordered_at]", "known_from: [total]",
         "'total' is no day or instant that a target maps", "exports.baskets.known_from.0"),
        ("customer_ref: {from: customer}", "customer_ref: {from: customer, aggregate: sum}",
         "'sum' gives a number; the contract says text.", f"{ORDERS}.customer_ref.aggregate"),
        ("quantity: {from: quantity}", "quantity: {from: quantity, aggregate: sum}",
         "Only a target with 'per: document' has several rows to use.",
         f"{LINES}.quantity.aggregate"),
        ("{from: customer}", '{from: customer, parse: "%Y"}',
         "Only a day or an instant has this; the kind is text.", f"{ORDERS}.customer_ref.parse"),
        ("{from: customer}", "{from: customer, shift_days: 1}",
         "Only a day or an instant has this; the kind is text.",
         f"{ORDERS}.customer_ref.shift_days"),
        ("{from: customer}", "{from: customer, negate: true}",
         "Only a number has a sign; the kind is text.", f"{ORDERS}.customer_ref.negate"),
        ("discount: {const: 0}", 'discount: {const: "1,5"}', "'1,5' cannot be read as money.",
         f"{ORDERS}.discount.const"),
        ("{const: USD}", "{const: usd}", "'usd' does not have the form ^[A-Z]{3}$.",
         f"{ORDERS}.currency.const"),
        ("{const: completed}", "{const: complete}",
         "'complete' is not allowed here; did you mean 'completed'?", f"{ORDERS}.status.const"),
        ("{const: completed}", "{from: s, map: {ok: complete}}",
         "'complete' is not allowed here; did you mean 'completed'?", f"{ORDERS}.status.map.ok"),
        ("{const: completed}", "{const: completed, ops: [lower]}",
         "A constant takes no ops, map or default; write the result.", f"{ORDERS}.status.const"),
        ("{from: customer}", "{op: occurrence}",
         "'occurrence' needs 'of': the columns whose values it counts.",
         f"{ORDERS}.customer_ref.op"),
        ("{from: customer}", '{op: occurrence, of: [customer], format: "{custmer}-{n}"}',
         "{custmer} is neither in 'of' nor the count; did you mean 'customer'?",
         f"{ORDERS}.customer_ref.format"),
        ("{from: customer}", '{op: occurrence, of: [customer], format: "{customer}"}',
         "Without {n} two rows with the same values look the same.",
         f"{ORDERS}.customer_ref.format"),
        ("{from: customer}", "{from: customer, of: [x]}", "Only 'op: occurrence' has this.",
         f"{ORDERS}.customer_ref.of"),
        ("    grain: {key: basket}\n", "", "'document' needs the export's 'grain', which is miss",
         "exports.baskets.targets.orders.per"),
        ("{key: basket}", "{key: basket, forward_fill: [basket]}",
         "'basket' is the key: it must be filled on every row.",
         "exports.baskets.grain.forward_fill"),
        ("time_zone: UTC", 'business_day: "[0-9]+"',
         "Expected one group in parentheses around the day, found 0.",
         "exports.baskets.business_day"),
        ("time_zone: UTC", 'business_day: "([0-9]+"', "'([0-9]+' is not a regular expression",
         "exports.baskets.business_day"),
        ("time_zone: UTC", "format: json", "'json' is not known; did you mean 'jsonl'?",
         "exports.baskets.format"),
        ("time_zone: UTC", "format: jsonl\n    delimiter: ';'",
         "'delimiter' is a word for CSV; jsonl files need none. Leave it out.",
         "exports.baskets.delimiter"),
        ("time_zone: UTC", "format: xlsx\n    encoding: utf-8",
         "'encoding' is a word for CSV; xlsx files need none. Leave it out.",
         "exports.baskets.encoding"),
        ("time_zone: UTC", "format: parquet\n    sheet: Orders",
         "'sheet' is a word for 'format: xlsx'. Leave it out.", "exports.baskets.sheet"),
        ("{from: customer}", "{from: customer, ops: [salesforce_id, strip]}",
         "An operation that may refuse a text must be the last one.",
         f"{ORDERS}.customer_ref.ops"),
        ("quantity: {from: quantity}", "quantity: {from: quantity, token: name}",
         "Only a text can be replaced by a token; the kind is quantity.",
         f"{LINES}.quantity.token"),
        ("{from: customer}", "{from: customer, token: name, default: nobody}",
         "A text that the mapping itself brings in is no personal value.",
         f"{ORDERS}.customer_ref.token"),
        ("{from: customer}", "{from: customer}\n          is_deleted: {from: gone, default: maybe}",
         "'maybe' cannot be read as flag.", f"{ORDERS}.is_deleted.default"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(
    tmp_path: Path, old: str, new: str, message: str, path: str
) -> None:
    what, where = refusal(tmp_path, old, new)
    assert what.startswith(message)
    assert where == path


def test_the_message_names_file_line_and_every_other_mistake(tmp_path: Path) -> None:
    yaml = BASKETS.replace("{const: store}", "{const: store, oops: 1}").replace("UTC", "Utopia")
    with pytest.raises(MappingError) as caught:
        load(tmp_path, yaml.replace("{const: grocery}", "{constant: grocery}"))
    error = caught.value
    line = 1 + next(n for n, text in enumerate(yaml.splitlines()) if "grocery" in text)
    assert error.where == f"shop.yml:{line} {ORDERS}.business_unit.constant"
    assert f"{ORDERS}.channel.oops: Unknown key" in error.todo
    assert error.exit_code == 2


def test_row_number_needs_a_grain(tmp_path: Path) -> None:
    yaml = BASKETS.replace("    grain: {key: basket}\n", "").replace("per: document", "per: row")
    with pytest.raises(MappingError) as caught:
        load(tmp_path, yaml.replace(", aggregate: sum", ""))
    assert caught.value.what.startswith("'row_number' counts within the export's 'grain'")


def test_yaml_that_cannot_be_read_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"not readable YAML.*\(line 2\)"):
        load(tmp_path, "system: shop\n  exports: [\n")


def test_a_date_without_quotes_must_exist(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="day is out of range"):
        load(tmp_path, BASKETS.replace("2020-01-01", "2020-02-30"))


def test_yaml_cannot_run_code(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="not readable YAML"):
        load(tmp_path, "system: !!python/object/apply:os.getcwd []\n")


def test_two_exports_cannot_have_one_pattern(tmp_path: Path) -> None:
    export = BASKETS.split("exports:\n", 1)[1]
    with pytest.raises(MappingError) as caught:
        load(tmp_path, BASKETS + export.replace("baskets:", "again:", 1))
    assert caught.value.where.endswith("exports.again.files")


def test_two_mappings_cannot_be_for_one_system(tmp_path: Path) -> None:
    for name in ("a.yml", "b.yml"):
        (tmp_path / name).write_text(BASKETS, encoding="utf-8")
    with pytest.raises(MappingError) as caught:
        load_mappings(tmp_path)
    assert caught.value.what == "The system 'shop' has a mapping in a.yml too."
    assert caught.value.where == "b.yml system"


def test_a_folder_without_mappings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="There is no mapping"):
        load_mappings(tmp_path)


def test_mappings_are_sorted_by_system(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(BASKETS.replace("system: shop", "system: zoo"), "utf-8")
    (tmp_path / "b.yml").write_text(BASKETS, "utf-8")
    assert [mapping.system for mapping in load_mappings(tmp_path)] == ["shop", "zoo"]


def test_the_schema_is_a_valid_and_closed_json_schema() -> None:
    schema = json.loads(SCHEMA_PATH.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    objects = [schema, *schema["$defs"].values()]
    closed = [d for d in objects if d.get("type") == "object"]
    assert closed
    assert all("additionalProperties" in d for d in closed)
    described = [
        (n, p) for d in closed for n, p in d.get("properties", {}).items() if "$ref" not in p
    ]
    assert [name for name, prop in described if not prop.get("description")] == []


REFERENCE = SCHEMA_PATH.with_name("REFERENCE.md").read_text(encoding="utf-8")


def test_the_file_of_the_reference_page_is_a_valid_mapping(tmp_path: Path) -> None:
    whole = REFERENCE.split("## A whole file", 1)[1].split("```yaml\n", 1)[1].split("```", 1)[0]
    export = load(tmp_path, whole).export("orders")
    assert target(export, "orders").column("discount") == Column(
        "discount", sources=("Discount",), default="0", negate=True, aggregate="sum"
    )


def test_the_reference_page_explains_every_word_of_the_language() -> None:
    schema = json.loads(SCHEMA_PATH.read_text(encoding="utf-8"))
    definitions = schema["$defs"]
    words = {word for d in [schema, *definitions.values()] for word in d.get("properties", {})}
    words |= set(definitions["operation"]["oneOf"][0]["enum"]) | {"split_list", "take"}
    assert sorted(word for word in words if word not in REFERENCE) == []
