"""Why a customer stands where they stand: told from the served release, and never too much."""

from __future__ import annotations

import io
import json
import re
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import duckdb
import pytest
from rich.console import Console
from typer.testing import CliRunner

from etl.cli import console
from etl.cli.app import app
from etl.clock import utc_now
from etl.config import DBT_PROJECT, Settings
from etl.errors import EXIT_DATA_BLOCKED, EXIT_USAGE, LoyaltyError
from etl.explain import Explanation, explain
from etl.explain.errors import ReleaseTooOld
from etl.explain.known import OF_SCALES, known
from etl.explain.release import Release, served_release
from etl.explain.sections import SECTIONS, Section
from etl.explain.told import told
from etl.publish.release import MANIFEST
from etl.warehouse.database import BUILD_NAME
from tests.company.published import PublishedCompany
from tests.declared import columns_of, mart_columns, mart_names
from tests.test_class_labels import HARSH
from tests.test_dbt_project import seeded_parameters

# The models whose comparisons a section's thresholds are; numbers of other steps are inputs here.
RULES = {
    "lifecycle": ("int_customer_lifecycle_rules", "int_customer_activity"),
    "loyalty": (
        "int_customer_loyalty_rules",
        "int_customer_behavioural_segments",
        "int_customer_dick_basu_rules",
    ),
    "scores": ("int_customer_loyalty_scores",),
    "rfm": ("int_customer_rfm_facts", "int_customer_rfm_scores", "int_customer_rfm_rules"),
    "grades": ("int_customer_grade_facts", "int_customer_grade_rules"),
    "profit_loyalty": (
        "int_profit_loyalty_facts",
        "int_profit_loyalty_thresholds",
        "int_profit_loyalty_rules",
    ),
    "winback": ("int_winback_facts", "int_winback_values"),
}
# Words for people that a customer should never read about themselves.
HURTING = re.compile(
    r"mercenary|hostage|defector|trapped|critic|suspect|lost|price|流失|人质|图利|怀疑",
    re.IGNORECASE,
)
BY_SECTION = pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)


@pytest.fixture(scope="module")
def settings(published: PublishedCompany, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The small company's marts, with an access log of this module's own."""
    return own_root(published, tmp_path_factory.mktemp("explain"))


@pytest.fixture
def release(settings: Settings) -> Iterator[Release]:
    with served_release(settings) as release:
        yield release


@pytest.fixture
def changed(published: PublishedCompany, tmp_path: Path) -> Callable[[str], Settings]:
    """Serve the small company with a statement run on its release."""

    def serve(statement: str) -> Settings:
        folder = Path(mkdtemp(dir=tmp_path))
        settings = own_root(published, folder)
        database = folder / "data" / "marts" / "current" / BUILD_NAME
        database.chmod(0o640)
        with duckdb.connect(str(database)) as connection:
            connection.execute(statement)
        return settings

    return serve


def own_root(published: PublishedCompany, folder: Path) -> Settings:
    """Return settings of a data root that serves a copy of the small company's release."""
    current = folder / "data" / "marts" / "current"
    current.mkdir(parents=True)
    for name in (BUILD_NAME, MANIFEST):
        shutil.copy(published.result.release / name, current / name)
    return replace(published.settings, data=folder / "data")


def key_where(published: PublishedCompany, condition: str, mart: str = "customer_360") -> str:
    return str(
        published.ask(
            f"select customer_key from {mart} where {condition} order by customer_key limit 1"
        ).item()
    )


def log_of(settings: Settings) -> Path:
    """The one file of who asked: a test does not last a month."""
    (path,) = settings.access.iterdir()
    return path


def text_of(explanation: Explanation) -> str:
    return json.dumps(asdict(explanation), default=str, ensure_ascii=False)


def section_of(explanation: Explanation, name: str) -> dict[str, Any]:
    (section,) = (s for s in explanation.sections if s["name"] == name)
    return section


# ---- what is told ----


def test_the_class_its_rule_its_inputs_and_its_thresholds_are_told(
    published: PublishedCompany, settings: Settings
) -> None:
    key = key_where(published, "satisfaction_loyalty_class = 'hostage' and purchase_days > 3")
    loyalty = section_of(explain(settings, key), "loyalty")
    (mart,) = published.ask(
        "select * from loyalty_segments where customer_key = $key", key=key
    ).to_dicts()
    classes = {found["domain"]: found for found in loyalty["classes"]}
    assert classes["satisfaction_loyalty_class"]["label_en"] == "Hostage"
    assert classes["satisfaction_loyalty_class"]["label_zh"] == "人质型"
    assert classes["satisfaction_loyalty_subclass"]["code"] == mart["satisfaction_loyalty_subclass"]
    rules = {rule["rule_id"]: rule for rule in loyalty["rules"]}
    assert rules[mart["rule_id"]]["description_en"]
    assert rules[mart["rule_id"]]["description_zh"]
    assert loyalty["inputs"] == json.loads(mart["reason"])
    assert loyalty["values"]["satisfaction_responded_on"] == mart["satisfaction_responded_on"]
    thresholds = {row["parameter"]: row for row in loyalty["thresholds"]}
    assert thresholds["loyalty_score_high_min"]["value"] == 60
    assert thresholds["loyalty_score_high_min"]["source"] == "house rule"


def test_every_section_of_every_profiled_customer_has_its_mart_s_rule(
    published: PublishedCompany, release: Release
) -> None:
    profiled = published.ask("select customer_key from customer_360 where is_profiled")
    for key in profiled.to_series().gather_every(7):
        for section in known(release, key)["sections"]:
            rules = {row.get("rule_id") for row in release.rows_of(section["mart"], key)}
            assert ("absent" in section) == (not rules)
            told_rules = {rule["rule_id"] for rule in section.get("rules", ())}
            assert rules - {None} <= told_rules


def test_thresholds_of_surveys_are_those_of_the_scales_answered(
    published: PublishedCompany, settings: Settings
) -> None:
    key = key_where(
        published, "survey_type = 'nps' and customer_key is not null", "survey_responses"
    )
    scales = published.ask(
        "select distinct survey_type from survey_responses where customer_key = $key", key=key
    )
    named = [
        row["parameter"].removeprefix(OF_SCALES)
        for row in section_of(explain(settings, key), "loyalty")["thresholds"]
        if row["parameter"].startswith(OF_SCALES)
    ]
    assert "nps_0_10" in named
    assert {name.split("_")[0] for name in named} <= set(scales.to_series())
    assert len(named) < 5  # of nine


def test_what_is_missing_is_told_with_the_reason(
    published: PublishedCompany, settings: Settings
) -> None:
    key = key_where(published, "satisfaction_loyalty_class = 'unknown_satisfaction'")
    missing = {row["what"]: row for row in explain(settings, key).missing}
    assert missing["satisfaction_loyalty_class"]["because"] == "unknown"
    assert missing["satisfaction_loyalty_class"]["why"] == "No usable survey answer"


def test_a_record_leads_to_its_customer(published: PublishedCompany, settings: Settings) -> None:
    key = key_where(published, "is_profiled and has_contact and order_count > 0")
    records = explain(settings, key).records
    assert len(records) > 1
    for record in records:
        system, entity, source_id = record["source_system"], record["entity"], record["source_id"]
        assert explain(settings, f"{system}/{source_id}").customer_key == key
        assert explain(settings, f" {system}/{entity}/{source_id} ").customer_key == key


def test_the_same_release_gives_the_same_explanation(
    published: PublishedCompany, settings: Settings
) -> None:
    key = key_where(published, "is_profiled")
    assert explain(settings, key) == explain(settings, key.upper())


def test_the_release_is_only_read(published: PublishedCompany, settings: Settings) -> None:
    def files() -> dict[str, tuple[int, int]]:
        found = {path.name: path.stat() for path in (settings.marts / "current").iterdir()}
        return {name: (stats.st_mtime_ns, stats.st_size) for name, stats in found.items()}

    before = files()
    explain(settings, key_where(published, "is_profiled"))
    assert files() == before


# ---- who is not profiled ----


@pytest.mark.parametrize("for_customer", [False, True])
def test_of_objectors_it_says_only_that_and_since_when(
    published: PublishedCompany, settings: Settings, *, for_customer: bool
) -> None:
    key = key_where(published, "purpose = 'profiling' and not is_granted", "consents")
    explanation = explain(settings, key, for_customer=for_customer)
    (objection,) = explanation.not_profiled_because
    assert objection["why"] == "Objected to profiling."
    assert objection["decided_on"] == published.one(
        "select decided_on from consents where customer_key = $key and purpose = 'profiling'",
        key=key,
    )
    assert not explanation.is_profiled
    assert not (explanation.records or explanation.sections or explanation.history)
    assert not (explanation.permissions or explanation.missing)


def test_a_minor_is_not_profiled_either(published: PublishedCompany, settings: Settings) -> None:
    explanation = explain(settings, key_where(published, "is_minor", "customers"))
    assert {"why": "Known to be a minor."} in explanation.not_profiled_because
    assert not explanation.sections


# ---- what the customer may be told ----


def test_the_customer_reads_no_code_no_internal_value_and_no_hurting_word(
    published: PublishedCompany, release: Release
) -> None:
    internal = {column.name for column in mart_columns() if column.meta.get("internal")}
    forbidden = {
        *internal,
        "rule_id",
        "reason",
        "thresholds",
        "inputs",
        "missing",
        "domain",
        "code",
    }
    keys = published.ask("select customer_key from customer_360 where is_profiled").to_series()
    told_classes = set()
    for key in keys.gather_every(5):
        answer = told(release, key)
        assert answer["sections"]
        assert not forbidden & set(names_in(answer))
        for section in answer["sections"]:
            words = [text for found in section["classes"] for text in found.values()]
            told_classes.update(words)
            assert len(words) == len(set(words))
            assert not [text for text in words if HURTING.search(text) or HARSH.search(text)]
    assert len(told_classes) > 12  # not the same words for everybody


def test_a_company_is_told_nothing_of_its_people(
    published: PublishedCompany, changed: Callable[[str], Settings]
) -> None:
    """Neither their records, nor what one of them answered or decided, as a person would be."""
    condition = (
        "is_profiled and has_contact and satisfaction_loyalty_class = 'hostage'"
        " and customer_key in (select customer_key from consents)"
    )
    key = key_where(published, condition)
    is_of_people = re.compile("satisf|affect|conat")

    def told_of(settings: Settings) -> tuple[set[str], list[str], bool, int]:
        answer = explain(settings, key, for_customer=True)
        found = [name for name in names_in(asdict(answer)) if is_of_people.match(name)]
        kinds = {record["entity"] for record in answer.records}
        return kinds, found, "satisfied" in text_of(answer), len(answer.permissions)

    person = told_of(changed("update customers set customer_type = 'person'"))
    company = told_of(changed("update customers set customer_type = 'business'"))
    assert "contact" in person[0]
    assert all(person[1:])
    assert not {"contact", "lead"} & company[0]
    assert not any(company[1:])


def names_in(value: object) -> Iterator[str]:
    """All names of all objects."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield str(name)
            yield from names_in(item)
    if isinstance(value, list):
        for item in value:
            yield from names_in(item)


def test_nothing_for_the_customer_hurts(published: PublishedCompany) -> None:
    words = published.ask("select told_en, told_zh from class_labels where told_en is not null")
    assert not [text for row in words.rows() for text in row if HURTING.search(text)]


def test_a_kind_of_class_is_told_wholly_or_not_at_all(published: PublishedCompany) -> None:
    """Else a silence would tell; the not profiled are told nothing anyway."""
    untold = published.ask(
        "select domain, code from class_labels"
        " where told_en is null and undetermined_because is distinct from 'not_profiled'"
        " and domain in (select domain from class_labels where told_en is not null)"
    )
    assert untold.is_empty()


@BY_SECTION
def test_what_the_customer_is_told_is_not_internal(section: Section) -> None:
    closed = {
        column.name
        for column in mart_columns()
        if column.meta.get("internal") or column.meta.get("sensitive")
    }
    assert not closed & set(section.told)
    assert set(section.told) <= set(section.values)


# ---- the table of sections ----


@BY_SECTION
def test_a_section_names_columns_of_its_mart(section: Section) -> None:
    assert set(section.values) <= set(columns_of(section.mart))


@pytest.mark.parametrize("name", RULES)
def test_a_section_s_thresholds_are_those_its_rules_compare_with(name: str) -> None:
    (section,) = (section for section in SECTIONS if section.name == name)
    used = {
        name
        for model in RULES[section.name]
        for path in (DBT_PROJECT / "models" / "intermediate").rglob(f"{model}.sql")
        for name in re.findall(r"parameter\('(\w+)'\)", path.read_text(encoding="utf-8"))
    }
    shown = {
        row["parameter"]
        for row in seeded_parameters()
        if any(fnmatchcase(row["parameter"], pattern) for pattern in section.thresholds)
    }
    assert shown == used


# ---- who asked ----


def test_every_explanation_is_recorded_before_it_is_shown(
    published: PublishedCompany, tmp_path: Path
) -> None:
    settings = own_root(published, tmp_path)
    key = key_where(published, "is_profiled")
    explain(settings, key)
    explain(settings, key, for_customer=True)
    with pytest.raises(LoyaltyError):
        explain(settings, "somebody@example.com/1")
    lines = [json.loads(line) for line in log_of(settings).read_text().splitlines()]
    assert [(line["variant"], line["customer_key"], line["outcome"]) for line in lines] == [
        ("staff", key, "shown"),
        ("customer", key, "shown"),
        ("staff", None, "CUSTOMER_UNKNOWN"),
    ]
    assert {line["run_id"] for line in lines} == {published.result.run_id}
    assert all(line["who"] and line["at"].endswith("+00:00") for line in lines)
    assert "example" not in log_of(settings).read_text()


def test_the_log_is_closed_to_others(published: PublishedCompany, settings: Settings) -> None:
    explain(settings, key_where(published, "is_profiled"))
    assert not stat.S_IMODE(log_of(settings).stat().st_mode) & 0o027


def test_what_cannot_be_recorded_is_not_shown(published: PublishedCompany, tmp_path: Path) -> None:
    settings = own_root(published, tmp_path)
    settings.access.mkdir()
    (settings.access / f"audit-{utc_now():%Y-%m}.jsonl").mkdir()
    with pytest.raises(OSError, match="directory"):
        explain(settings, key_where(published, "is_profiled"))


# ---- nobody to explain ----


@pytest.mark.parametrize(
    "asked", ["", "0" * 32, "N-0001", "nowhere/1", "north_shop/", "' or 1=1 --/x"]
)
def test_an_unknown_customer_is_a_usage_error(settings: Settings, asked: str) -> None:
    with pytest.raises(LoyaltyError) as caught:
        explain(settings, asked)
    assert (caught.value.code, caught.value.exit_code) == ("CUSTOMER_UNKNOWN", EXIT_USAGE)
    assert caught.value.where
    assert caught.value.todo


def test_records_of_several_customers_are_told_apart(changed: Callable[[str], Settings]) -> None:
    settings = changed(
        "insert into customer_identities select * replace ('account' as entity,"
        " 'S' as source_id, 'north_shop' as source_system, repeat('a', 32) as customer_key)"
        " from customer_identities limit 1;"
        "insert into customer_identities select * replace ('contact' as entity,"
        " 'S' as source_id, 'north_shop' as source_system)"
        " from customer_identities where customer_key in"
        " (select customer_key from customer_360 where is_profiled) order by record_key limit 1"
    )
    with pytest.raises(LoyaltyError) as caught:
        explain(settings, "north_shop/S")
    assert (caught.value.code, caught.value.exit_code) == ("CUSTOMER_AMBIGUOUS", EXIT_USAGE)
    assert "account/S" in caught.value.where
    assert explain(settings, "north_shop/contact/S").is_profiled


def test_a_quarantined_record_belongs_to_nobody(changed: Callable[[str], Settings]) -> None:
    settings = changed(
        "update customer_identities set customer_key = null, is_quarantined = true,"
        " rule = 'quarantined_cluster' where source_system = 'north_shop' and source_id = 'N-0010'"
    )
    with pytest.raises(LoyaltyError) as caught:
        explain(settings, "north_shop/N-0010")
    assert caught.value.code == "CUSTOMER_QUARANTINED"
    assert caught.value.exit_code == EXIT_DATA_BLOCKED
    assert "identity_findings" in caught.value.todo


KEY_CHANGE = (
    "insert into customer_key_changes select date '2026-01-30', repeat('b', 32), {new}, '{reason}',"
    " 1, date '2025-01-01', date '2025-01-01', {new}"
)


def test_an_older_key_leads_to_the_customer_it_became(
    published: PublishedCompany, changed: Callable[[str], Settings]
) -> None:
    key = key_where(published, "is_profiled")
    settings = changed(KEY_CHANGE.format(new=f"'{key}'", reason="merged"))
    explanation = explain(settings, "b" * 32)
    assert (explanation.customer_key, explanation.former_key) == (key, "b" * 32)


@pytest.mark.parametrize("reason", ["removed", "quarantined"])
def test_of_a_customer_who_is_gone_nothing_is_told(
    changed: Callable[[str], Settings], reason: str
) -> None:
    settings = changed(KEY_CHANGE.format(new="null", reason=reason))
    with pytest.raises(LoyaltyError, match="Nothing is left") as caught:
        explain(settings, "b" * 32)
    assert caught.value.code == "CUSTOMER_GONE"
    assert reason in caught.value.where


def test_without_a_release_there_is_nothing_to_explain(
    settings_in: Callable[..., Settings], tmp_path: Path
) -> None:
    settings = settings_in(tmp_path / "data")
    with pytest.raises(LoyaltyError) as caught:
        explain(settings, "0" * 32)
    assert caught.value.code == "NOT_PUBLISHED"
    assert not settings.data.exists()


def test_a_release_without_the_wide_row_is_too_old(changed: Callable[[str], Settings]) -> None:
    with pytest.raises(ReleaseTooOld, match="customer_360"):
        explain(changed("drop table customer_360"), "0" * 32)


def test_a_mart_that_a_release_does_not_have_yet_is_left_out_and_named(
    published: PublishedCompany, changed: Callable[[str], Settings]
) -> None:
    explanation = explain(
        changed("drop table winback_targets"), key_where(published, "is_profiled")
    )
    assert "winback" not in {section["name"] for section in explanation.sections}
    assert {"winback"} == {
        row["what"] for row in explanation.missing if row["because"] == "no mart"
    }


def test_all_marts_needed_are_marts() -> None:
    assert {section.mart for section in SECTIONS} <= mart_names()


# ---- the command ----


def test_machines_get_one_object(published: PublishedCompany, settings: Settings) -> None:
    key = key_where(published, "is_profiled")
    done = CliRunner().invoke(app, ["explain", key, "--json", "--data", str(settings.data)])
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["customer_key"] == key
    assert done.exit_code == 0


def test_an_error_is_told_and_has_its_exit_code(settings: Settings) -> None:
    done = CliRunner().invoke(app, ["explain", "no/body", "--data", str(settings.data)])
    assert done.exit_code == EXIT_USAGE
    assert json.loads(done.stderr.splitlines()[-1])["code"] == "CUSTOMER_UNKNOWN"


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("variant", [[], ["--for-customer"]])
def test_people_get_tables_that_fit(
    published: PublishedCompany,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    width: int,
    variant: list[str],
) -> None:
    screen = io.StringIO()
    terminal = Console(file=screen, width=width, force_terminal=True, no_color=True)
    monkeypatch.setattr(console, "_data", terminal)
    key = key_where(published, "activity_status = 'lapsed' and is_profiled")
    done = CliRunner().invoke(app, ["explain", key, *variant, "--data", str(settings.data)])
    assert done.exit_code == 0, done.stderr
    shown = screen.getvalue()
    assert "Stage and activity" in shown
    assert ("loyalty_score_high_min" in shown) == (not variant)
    assert "…" not in shown
