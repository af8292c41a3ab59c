"""Rules over the dbt project: its manifest, its compiled SQL, and an empty build of all of it."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest

from etl import clv, experiments
from etl.clv.settings import PREFIX, ContractSettings, ValueSettings
from etl.config import DBT_PROJECT
from etl.contract import TABLES
from etl.contract.table import VOLATILE
from etl.experiments.settings import PREFIX as EXPERIMENT_PREFIX
from etl.experiments.settings import ExperimentSettings
from etl.lake.inputs import write_empty_inputs
from etl.warehouse.build import _EXPERIMENT_MODELS, _SUMMARY_MODELS

# (pattern, why). Searched in compiled SQL without comments, string literals and quoted names.
FORBIDDEN = (
    (r"//", "whole-number division exists in DuckDB only: macro integer_divide"),
    (r"\bstrftime\b", "DuckDB only: dates are formatted by readers"),
    (r"\bepoch(_ms|_us|_ns)?\s*\(", "DuckDB only: use dates and days_between"),
    (r"\barg_(max|min)\b", "DuckDB only: max_by and min_by exist in both"),
    (r"\bat\s+time\s+zone\b", "the engines differ: etl derives business dates"),
    (r"\bstarts_with\b", "spelled otherwise in Spark: use like"),
    (r"\bsha256\b", "spelled otherwise in Spark: use md5"),
    (r"\bdistinct\s+on\b", "DuckDB only: use row_number and qualify"),
    (r"\bunion\s+(all\s+)?by\s+name\b", "DuckDB only: list the columns"),
    (r"\bselect\s+\*\s+exclude\b|\*\s*exclude\s*\(", "DuckDB only: list the columns"),
    (r"\bnvl\s*\(", "Spark only: coalesce"),
    (r"\bto_date\s*\(", "differs: cast(x as date)"),
    (r"\bignore\s+nulls\b", "placed otherwise in Spark: filter before"),
    (r"\bcurrent_(date|time|timestamp)\b", "a clock: use as_of_date()"),
    (r"\b(now|today|getdate|get_current_timestamp|localtimestamp)\s*\(", "a clock: as_of_date()"),
    (r"\b(random|rand|uuid|gen_random_uuid)\s*\(", "another value in every run"),
    (r"\bhash\s*\(", "each engine has its own: md5"),
    (r"\bapprox_\w+\s*\(", "an estimate differs between engines and runs"),
    (r"\b(any_value|first|last|list|array_agg)\s*\(", "depends on the order of rows"),
    (r"\bavg\s*\(", "avg(decimal) is a double in DuckDB: sum and safe_divide"),
    (r"\bwith\s+recursive\b", "Spark stops at 100 levels"),
    (r"(?<![\w.])log\s*\(", "base 10 in DuckDB and natural in Spark: ln or log10"),
    (r"\bntile\s*\(", "splits ties: scores use shares"),
    (r"\binterval\b\s*['\d(]", "date + interval is a timestamp in DuckDB: date_plus"),
    (r"\b(dayofweek|isodow|dow)\b", "weekdays are numbered differently"),
    (
        r"\b(quantile|quantile_cont|quantile_disc|strpos|string_split|regexp_matches|strptime)\s*\(",
        "DuckDB only: percentile_cont, position, split_part, like, cast",
    ),
    (
        r"\b(list_\w+|unnest|generate_series|range|struct_pack)\s*\(",
        "lists are made and opened otherwise in Spark: rows and joins",
    ),
    (
        r"\b(explode|collect_list|collect_set|date_add|date_sub|regexp_extract|rlike)\s*\(",
        "Spark only, or with other arguments: a macro",
    ),
    (r"(?<![\w.])concat\s*\(", "null is left out in DuckDB and wins in Spark: || with coalesce"),
    (r"\bas\s+(text|blob|timestamptz|uinteger|ubigint|time)\s*\)", "a type of DuckDB only"),
    (r"\b(asof|positional)\s+join\b|\bselect\s+\*\s+replace\b", "DuckDB only"),
    (r"\bvarchar\b", "needs a length in Spark: cast(x as string)"),
    (r"/(?!\s*nullif\b)", "1/0 is inf in DuckDB and null in Spark: safe_divide, or nullif"),
)
GRAIN_TESTS = {"unique_combination", "unique"}
ONE_ROW_TESTS = {"row_count_equals"}
MONEY_WORDS = re.compile(
    r"revenue(?!_bias)|margin|amount|cost|price|profit|sales|paid|spend|value|compensation"
    r"|discount(?!_rate)"
)
DOUBLE_TYPES = re.compile(r"double|float|real", re.IGNORECASE)
MAX_FIRST_SENTENCE = 125


@dataclass(frozen=True)
class Built:
    """The project after an empty build: what dbt printed, its manifest and compiled models."""

    returncode: int
    output: str
    manifest: dict[str, Any]
    results: list[dict[str, Any]]

    @property
    def models(self) -> list[dict[str, Any]]:
        return [n for n in self.manifest["nodes"].values() if n["resource_type"] == "model"]

    @property
    def tests(self) -> list[dict[str, Any]]:
        return [n for n in self.manifest["nodes"].values() if n["resource_type"] == "test"]

    @property
    def marts(self) -> list[dict[str, Any]]:
        return [model for model in self.models if layer(model) == "marts"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build every model, test and unit test once over inputs without a single row."""
    root = tmp_path_factory.mktemp("dbt")
    write_empty_inputs(root / "inputs")
    (root / "tmp").mkdir()
    environment = os.environ | {
        "LOYALTY_INPUTS": str(root / "inputs"),
        "LOYALTY_BUILD_DB": str(root / "loyalty.duckdb"),
        "LOYALTY_DUCKDB_TEMP": str(root / "tmp"),
    }
    command = [
        str(Path(sys.executable).with_name("dbt")),
        "build",
        *("--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)),
        *("--target-path", str(root / "target"), "--log-path", str(root / "logs")),
        *("--vars", json.dumps({"as_of_date": "2017-12-31"})),
        *("--no-use-colors", "--no-version-check"),
    ]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    manifest, results = root / "target" / "manifest.json", root / "target" / "run_results.json"
    assert results.is_file(), f"dbt did not get as far as running:\n{run.stdout}{run.stderr}"
    return Built(
        run.returncode,
        run.stdout,
        json.loads(manifest.read_text()),
        json.loads(results.read_text())["results"],
    )


def layer(model: dict[str, Any]) -> str:
    """staging, intermediate or marts: the first folder below models/."""
    return str(model["fqn"][1])


def folder(model: dict[str, Any]) -> str:
    """The second folder: a source for staging, an audience elsewhere."""
    return str(model["fqn"][2])


def stripped(sql: str) -> str:
    """The statement without comments, text in quotes and quoted names."""
    sql = re.sub(r"/\*.*?\*/", " ", sql, flags=re.DOTALL)
    kept = re.sub(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*", _placeholder, sql)
    return kept.lower()


def _placeholder(found: re.Match[str]) -> str:
    return " " if found.group().startswith("--") else f"{found.group()[0]}{found.group()[0]}"


def findings(sql: str) -> list[str]:
    """Why a compiled statement must not be: the forbidden texts in it, each with its reason."""
    code = stripped(sql)
    return [
        f"{found.group()!r}: {why}"
        for pattern, why in FORBIDDEN
        for found in [re.search(pattern, code)]
        if found
    ] + [
        *(f"order by {item!r}: say nulls first or nulls last" for item in loose_orders(code)),
        *(["a backslash in quotes: Spark takes it for an escape: chr(92)"] if "\\" in sql else []),
    ]


def loose_orders(code: str) -> list[str]:
    """The items of each ``order by`` that leave the place of nulls to the engine."""
    return [
        item
        for found in re.finditer(r"(?<!within group \()\border\s+by\b", code)
        for item in _items(code[found.end() :])
        if not re.search(r"\bnulls\s+(first|last)$", item)
    ]


def _items(text: str) -> list[str]:
    """Split the list that ``text`` starts with at its own commas; a window frame ends it."""
    depth, items, item = 0, [], ""
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0:
            break
        if character == "," and depth == 0:
            items.append(item)
            item = ""
        else:
            item += character
    items.append(item)
    return [re.sub(r"\s+", " ", re.split(r"\b(?:rows|range)\s+between|\blimit\b", i)[0]).strip()
            for i in items]  # fmt: skip


def used_parameters() -> set[str]:
    """Names in ``parameter('...')`` over all SQL of the project, and those that etl reads."""
    used = {PREFIX + f.name for kind in (ValueSettings, ContractSettings) for f in fields(kind)}
    used |= {EXPERIMENT_PREFIX + f.name for f in fields(ExperimentSettings)}
    for part in ("models", "macros", "tests"):
        for path in sorted((DBT_PROJECT / part).rglob("*.sql")):
            text = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)
            used |= set(re.findall(r"\bparameter\(\s*['\"](\w+)['\"]\s*\)", text))
    return used


def seeded_parameters() -> Iterator[dict[str, str]]:
    with (DBT_PROJECT / "seeds" / "parameters.csv").open(newline="") as file:
        yield from csv.DictReader(file)


# ---- the build ----


def test_empty_build_passes_with_all_unit_tests(built: Built) -> None:
    """First run ever: every mart builds with zero rows, and every unit test holds."""
    bad = [
        f"{r['unique_id']}: {r['status']}: {r['message']}"
        for r in built.results
        if r["status"] not in ("success", "pass")
    ]
    assert not bad, "\n".join(bad)
    assert built.returncode == 0, built.output[-3000:]


# ---- names and arrows ----


def test_what_is_built_before_the_fits_reads_none_of_them(built: Built) -> None:
    """A table built too early would hold the zero rows of a first run, in silence."""
    fitted = {
        f"model.loyalty.stg_etl__{table}"
        for schemas in (clv.INPUT_SCHEMAS, clv.CONTRACT_SCHEMAS, experiments.INPUT_SCHEMAS)
        for table in schemas
    }
    parents: dict[str, list[str]] = built.manifest["parent_map"]
    chosen = f"{_SUMMARY_MODELS} {_EXPERIMENT_MODELS}".split()
    early = {f"model.loyalty.{name.removeprefix('+')}" for name in chosen}
    assert early <= set(parents)
    while further := {parent for node in early for parent in parents[node]} - early:
        early |= further
    assert not early & fitted


def test_models_are_named_by_their_layer(built: Built) -> None:
    wrong = []
    for model in built.models:
        name, where = model["name"], layer(model)
        expected = {
            "staging": rf"^stg_{folder(model)}__[a-z][a-z0-9_]*$",
            "intermediate": r"^int_[a-z][a-z0-9]*(_[a-z0-9]+)+$",
            "marts": r"^(?!stg_|int_|dim_|fct_|mart_)[a-z][a-z0-9_]*$",
        }[where]
        if not re.match(expected, name):
            wrong.append(f"{where}: {name}")
    assert not wrong


def test_only_staging_reads_sources(built: Built) -> None:
    wrong = [
        model["name"]
        for model in built.models
        if layer(model) != "staging"
        and any(parent.startswith("source.") for parent in model["depends_on"]["nodes"])
    ]
    assert not wrong


def test_staging_reads_one_source_and_nothing_else(built: Built) -> None:
    wrong = {
        model["name"]: model["depends_on"]["nodes"]
        for model in built.models
        if layer(model) == "staging"
        and [p.split(".")[0] for p in model["depends_on"]["nodes"]] != ["source"]
    }
    assert not wrong


# ---- one contract table, one staging model, one latest model ----

# Accounts and contacts are the parties; who asked to be forgotten is looked up in the vault.
PARTIES = {"crm_accounts", "crm_contacts", "crm_erasures"}
NAMES_OF_PARTIES = {
    "customer_ref", "contact_id", "account_id", "lead_id", "party_id", "member_id",
    "converted_contact_id", "referrer_contact_id",
}  # fmt: skip


def readers(built: Built, node: str) -> list[dict[str, Any]]:
    """The models that read a source or a model."""
    return [model for model in built.models if node in model["depends_on"]["nodes"]]


def staging_of(built: Built, table: str) -> dict[str, Any]:
    """The one model that reads the source of a contract table."""
    feed = "crm" if table.startswith("crm_") else "shop"
    (staging,) = readers(built, f"source.loyalty.{feed}.{table.removeprefix('crm_')}")
    return staging


@pytest.mark.parametrize("table", TABLES)
def test_a_contract_table_has_one_staging_and_one_latest_model(built: Built, table: str) -> None:
    staging = staging_of(built, table)
    latest = [m["name"] for m in readers(built, staging["unique_id"]) if layer(m) != "staging"]
    # A head of documents says which lines it came with.
    entities = [name.removeprefix("crm_") for name in (table, TABLES[table].lines) if name]
    found = sorted(name for name in latest if name.endswith("_latest"))
    assert found == sorted(f"int_{entity}_latest" for entity in entities)


@pytest.mark.parametrize("table", TABLES)
def test_staging_carries_every_column_of_the_lake(built: Built, table: str) -> None:
    sql = staging_of(built, table)["compiled_code"]
    lake = TABLES[table].lake_schema()
    assert not [name for name in lake if not re.search(rf"\b{name}\b", sql)]


@pytest.mark.parametrize(
    "table",
    [n for n, t in TABLES.items() if NAMES_OF_PARTIES & set(t.schema.column_names()) and
     n not in PARTIES],
)  # fmt: skip
def test_a_table_that_names_a_party_is_identified(built: Built, table: str) -> None:
    entity = table.removeprefix("crm_")
    names = {model["name"] for model in built.models}
    assert f"int_{entity}_identified" in names


def test_staging_keeps_every_row(built: Built) -> None:
    """Rename and cast: the reconciliation counts the lake and takes staging for the same rows."""
    words = r"\b(where|join|group|having|qualify|distinct|union|except|intersect|limit)\b"
    wrong = {
        model["name"]: found.group()
        for model in built.models
        if layer(model) == "staging"
        for found in [re.search(words, stripped(model["compiled_code"]))]
        if found
    }
    assert not wrong


def test_core_serves_the_audiences_and_reads_none_of_them(built: Built) -> None:
    by_id = {model["unique_id"]: model for model in built.models}
    wrong = [
        f"{model['name']} reads {by_id[parent]['name']}"
        for model in built.models
        if layer(model) != "staging" and folder(model) == "core"
        for parent in model["depends_on"]["nodes"]
        if parent in by_id and layer(by_id[parent]) != "staging" and folder(by_id[parent]) != "core"
    ]
    assert not wrong


def test_core_steps_do_not_read_marts(built: Built) -> None:
    """Steps of an audience may start from the marts of core; the steps of core have none to use."""
    marts = {mart["unique_id"] for mart in built.marts}
    wrong = [
        model["name"]
        for model in built.models
        if layer(model) == "intermediate" and folder(model) == "core"
        if marts & set(model["depends_on"]["nodes"])
    ]
    assert not wrong


def test_marts_are_public_and_the_rest_is_private(built: Built) -> None:
    wrong = {
        model["name"]: model["config"]["access"]
        for model in built.models
        if model["config"]["access"] != ("public" if layer(model) == "marts" else "private")
    }
    assert not wrong


# ---- contracts and descriptions ----


def test_every_model_says_its_grain(built: Built) -> None:
    wrong = {
        model["name"]: model["description"]
        for model in built.models
        if not re.search(r"\bOne row(?: per [^.]+)?\.\s*$", model["description"])
    }
    assert not wrong


def test_every_model_tests_its_grain(built: Built) -> None:
    """By its key; a model of one row by its number of rows."""
    tested = {
        (test.get("attached_node"), (test.get("test_metadata") or {}).get("name"))
        for test in built.tests
    }
    wrong = []
    for model in built.models:
        one_row = model["description"].strip().endswith("One row.")
        wanted = ONE_ROW_TESTS if one_row else GRAIN_TESTS
        if not any((model["unique_id"], name) in tested for name in wanted):
            wrong.append(model["name"])
    assert not wrong


def test_every_mart_has_an_enforced_contract(built: Built) -> None:
    assert not [m["name"] for m in built.marts if not m["config"]["contract"]["enforced"]]


def test_every_mart_column_is_typed_and_described(built: Built) -> None:
    wrong = [
        f"{mart['name']}.{name}"
        for mart in built.marts
        for name, column in mart["columns"].items()
        if not column["data_type"] or not column["description"].strip()
    ]
    assert not wrong
    assert all(mart["columns"] for mart in built.marts)


def test_column_descriptions_start_with_a_short_sentence(built: Built) -> None:
    wrong = [
        f"{mart['name']}.{name}: {first}"
        for mart in built.marts
        for name, column in mart["columns"].items()
        for first in [re.split(r"(?<=[.;])\s", " ".join(column["description"].split()))[0]]
        if len(first) > MAX_FIRST_SENTENCE
    ]
    assert not wrong


def test_every_mart_column_of_money_is_a_decimal(built: Built) -> None:
    wrong = [
        f"{mart['name']}.{name}"
        for mart in built.marts
        for name, column in mart["columns"].items()
        if DOUBLE_TYPES.search(column["data_type"]) and MONEY_WORDS.search(name)
    ]
    assert not wrong


def test_volatile_columns_of_marts_are_tagged(built: Built) -> None:
    wrong = [
        f"{mart['name']}.{name}"
        for mart in built.marts
        for name, column in mart["columns"].items()
        if name in VOLATILE and not column["config"]["meta"].get("volatile")
    ]
    assert not wrong


def test_marts_carry_no_tokens(built: Built) -> None:
    wrong = [
        f"{mart['name']}.{name}"
        for mart in built.marts
        for name in mart["columns"]
        if name.endswith("_token") or name in ("email", "phone", "first_name", "last_name")
    ]
    assert not wrong


def test_warnings_have_an_owner(built: Built) -> None:
    """A test that only warns is for a human on Monday: it says for whom."""
    wrong = [
        test["name"]
        for test in built.tests
        if test["config"]["severity"].lower() == "warn" and not test["config"]["meta"].get("owner")
    ]
    assert not wrong


# ---- parameters ----


def test_every_parameter_used_is_seeded_and_every_seeded_one_is_used() -> None:
    seeded = {row["parameter"] for row in seeded_parameters()}
    assert used_parameters() == seeded


def test_parameters_start_in_1900_and_name_their_source() -> None:
    rows = list(seeded_parameters())
    first: dict[str, str] = {}
    for row in rows:
        day = row["valid_from"]
        first[row["parameter"]] = min(first.get(row["parameter"], day), day)
    assert set(first.values()) == {"1900-01-01"}
    assert not [row["parameter"] for row in rows if not row["source"] or not row["description"]]
    assert len({(row["parameter"], row["valid_from"]) for row in rows}) == len(rows)


# ---- one code base for two engines ----


def test_compiled_sql_has_no_text_that_one_engine_reads_otherwise(built: Built) -> None:
    wrong = [
        f"{node['original_file_path']}: {finding}"
        for node in (*built.models, *built.tests)
        for finding in findings(node.get("compiled_code") or "")
    ]
    assert not wrong, "\n".join(sorted(set(wrong)))
    assert all(model.get("compiled_code") for model in built.models)


def test_types_are_spelled_as_both_engines_do(built: Built) -> None:
    """Of seeds and contracts; a seed says the type of each column, or Spark guesses another."""
    seeds = [n for n in built.manifest["nodes"].values() if n["resource_type"] == "seed"]
    types = {
        f"{node['name']}.{name}": kind
        for node in seeds
        for name, kind in node["config"]["column_types"].items()
    } | {
        f"{mart['name']}.{name}": column["data_type"]
        for mart in built.marts
        for name, column in mart["columns"].items()
    }
    known = r"string|boolean|bigint|integer|double|date|timestamp|decimal\(\d+, ?\d+\)"
    assert not {name: kind for name, kind in types.items() if not re.fullmatch(known, kind)}
    for seed in seeds:
        with (DBT_PROJECT / seed["original_file_path"]).open(newline="") as file:
            assert set(next(csv.reader(file))) == set(seed["config"]["column_types"]), seed["name"]


@pytest.mark.parametrize(
    "sql",
    [
        "select 7 // 2",
        "select a / b from t",
        "select current_date",
        "select now()",
        "select arg_max(a, b) from t",
        "select * exclude (a) from t",
        "select distinct on (a) a from t",
        "select cast(a as varchar) from t",
        "select avg(a) from t",
        "select concat(a, b) from t",
        "select unnest(list_sort(a)) from t",
        "select cast(a as text) from t",
        "select quantile_cont(a, 0.5) from t",
        "select a from t where b like 'a\\_b'",
        "select d + interval '1 day' from t",
        "select row_number() over (partition by a order by b) from t",
        "select row_number() over (order by a nulls last, b desc) from t",
    ],
)
def test_forbidden_text_is_found(sql: str) -> None:
    assert findings(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "select 'now() // current_date' as a -- strftime",
        "select /* avg(a) */ a / nullif(b, 0) from t",
        "select row_number() over (order by coalesce(a, b) asc nulls last, b desc nulls first)",
        "select sum(a) over (order by b nulls last rows between 1 preceding and current row)",
        "select percentile_cont(0.5) within group (order by a) from t",
        "select known_on, epoch_no, excluded from t",
        "select concat_ws(';', a, b), cast(a as timestamp) from t",
    ],
)
def test_allowed_text_passes(sql: str) -> None:
    assert not findings(sql)
