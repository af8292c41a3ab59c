"""However the same facts are delivered, the lake holds the same rows and the same version wins.

Small files through the real landing (gate, map, contract, tokens, staging, commit, ledger), then
the project's own SQL that keeps one version of each record, as dbt compiled it for the small
company. Whole builds of rearranged deliveries are in ``test_route.py``.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from etl import route
from etl.config import Settings
from etl.contract.table import VOLATILE
from etl.ingest.manifest import MANIFEST_NAME
from etl.lake.commits import read_lake
from etl.lake.snapshot import write_snapshot
from etl.warehouse.build import last_build
from tests.company.published import PublishedCompany
from tests.company.recompiled import Recompiled
from tests.delivering import BASKETS, make_stage

FIRST = date(2024, 5, 29)
DAYS = [FIRST + timedelta(days=n) for n in range(3)]
MODELS = (
    "stg_shop__orders", "stg_shop__order_lines", "int_orders_latest", "int_order_lines_latest",
)  # fmt: skip
UPDATED = "updated_at: {from: updated}\n          is_deleted: {from: gone}\n"
MAPPING = (
    BASKETS.replace("[ordered_at]", "[updated_at]")
    .replace("total: {from: amount, aggregate: sum}\n", "total: {from: amount, aggregate: sum}\n"
             f"          {UPDATED}")
    .replace("is_sample: {const: false}\n", f"is_sample: {{const: false}}\n          {UPDATED}")
)  # fmt: skip
HEADER = "basket,customer,mail,at,sku,title,quantity,amount,updated,gone"


@dataclass(frozen=True)
class Version:
    """An order as it is delivered for a day: the cents of each line, and when it was changed."""

    order: int
    day: int
    hour: int
    customer: int
    cents: tuple[int, ...]
    gone: bool

    def lines(self) -> Iterable[str]:
        updated = datetime(2024, 5, 28) + timedelta(hours=self.hour)  # noqa: DTZ001 - a clock
        for cents in self.cents:
            yield (
                f"b{self.order},c{self.customer},c{self.customer}@example.com,2024-05-28 09:00:00,"
                f"s{cents % 3},Tea,1,{cents / 100:.2f},{updated:%Y-%m-%dT%H:%M:%SZ},{self.gone}"
            )


# What is delivered for a day, in one file; and what arrives together.
File = tuple[int, tuple[Version, ...]]
Batch = tuple[File, ...]

CENTS = st.lists(st.integers(1, 999), min_size=1, max_size=3).map(tuple)
VERSIONS = st.lists(
    st.builds(
        Version,
        order=st.integers(1, 4),
        day=st.integers(0, 2),
        hour=st.integers(0, 5),
        customer=st.integers(1, 2),
        cents=CENTS,
        gone=st.sampled_from([False, False, False, True]),
    ),
    min_size=1,
    max_size=8,
    # Two versions of an order in one file would be a document in two places.
    unique_by=lambda version: (version.order, version.day),
)


def parts(draw: st.DrawFn, rows: list[object]) -> list[tuple[object, ...]]:
    """Shuffle and cut into up to three parts, none of them empty."""
    shuffled = draw(st.permutations(rows))
    places = st.sets(st.integers(1, len(rows) - 1), max_size=2) if len(rows) > 1 else st.just(set())
    cuts = sorted(draw(places))
    ends = [0, *cuts, len(rows)]
    return [tuple(shuffled[a:b]) for a, b in pairwise(ends)]


@st.composite
def arrangements(draw: st.DrawFn) -> tuple[list[Version], list[Batch], bool]:
    """Versions, another way to deliver them, and whether some are in two different files."""
    versions = draw(VERSIONS)
    files: list[File] = []
    overlap = draw(st.booleans())
    for day in range(len(DAYS)):
        of_day = [version for version in versions if version.day == day]
        if of_day:
            cut = [(day, part) for part in parts(draw, of_day)]
            files += cut + draw(st.lists(st.sampled_from(cut), max_size=2))
            if overlap:
                files.append((day, parts(draw, of_day)[0]))
    return versions, parts(draw, files), overlap


def whole(versions: list[Version]) -> list[Batch]:
    """One file a day, all at once."""
    days = sorted({version.day for version in versions})
    return [tuple((day, tuple(v for v in versions if v.day == day)) for day in days)]


@dataclass(frozen=True)
class VersionsSql:
    """The project's SQL that keeps one version of each record, for other days and inputs."""

    compiled: Recompiled = field(repr=False)  # no example is the clearer for it

    def statement(self, model: str, as_of: date, inputs: Path) -> str:
        sql = self.compiled.models[model].statement()
        of_day = sql.replace(f"'{self.compiled.as_of}'", f"'{as_of}'")
        return of_day.replace(self.compiled.inputs, str(inputs))


@dataclass(frozen=True)
class Landed:
    """What became of deliveries."""

    settings: Settings
    records: int

    def rows(self, table: str) -> pl.DataFrame:
        """All rows of a table, without what differs between two deliveries of one fact."""
        files = [file.path for file in read_lake(self.settings).files if file.table == table]
        return pl.read_parquet(files).drop(VOLATILE).sort(pl.all())

    def latest(self, versions: VersionsSql, as_of: date) -> dict[str, pl.DataFrame]:
        """The version of each order, and of its lines, that holds on a day."""
        inputs = write_snapshot(self.settings, read_lake(self.settings))
        with duckdb.connect() as connection:
            connection.execute("attach ':memory:' as loyalty")
            for name in MODELS:
                model = versions.compiled.models[name]
                connection.execute(f"create schema if not exists loyalty.{model.schema}")
                connection.execute(versions.statement(name, as_of, inputs))
            return {
                name: connection.sql(f"from {versions.compiled.models[name].relation}")
                .pl().drop(VOLATILE).sort(pl.all())
                for name in MODELS if name.startswith("int_")
            }  # fmt: skip


def land(root: Path, batches: Iterable[Batch]) -> Landed:
    """Deliver and land batch by batch; the first day is a history."""
    stage = make_stage(root, MAPPING)
    stage.settings.key_file.write_text("ab" * 32)  # tokens are to be compared
    stage.settings.key_file.chmod(0o600)
    records = number = 0
    for batch in batches:
        for day, versions in batch:
            folder = stage.settings.landing / "shop" / f"{number:03}"
            folder.mkdir(parents=True)
            lines = [line for version in versions for line in version.lines()]
            (folder / "baskets.csv").write_text("\n".join([HEADER, *lines, ""]))
            said = {"business_day": DAYS[day].isoformat()}
            said["mode"] = "incremental" if day else "history"
            (folder / MANIFEST_NAME).write_text(json.dumps(said))
            number += 1
        for commit in route.land(stage.settings, DAYS[-1]):
            records += commit["records"]
            assert commit["quarantined"] == commit["rejected_files"] == 0
    return Landed(stage.settings, records)


@pytest.fixture(scope="module")
def versions_sql(
    published: PublishedCompany, tmp_path_factory: pytest.TempPathFactory
) -> VersionsSql:
    built = last_build(published.settings)
    assert built is not None
    folder = tmp_path_factory.mktemp("compiled") / "kept"
    return VersionsSql(Recompiled.of(published.settings, built.record.as_of_date, folder))


@settings(
    deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(arranged=arrangements())
def test_permuted_doubled_split_and_merged_deliveries_are_the_same_facts(
    versions_sql: VersionsSql, arranged: tuple[list[Version], list[Batch], bool]
) -> None:
    versions, batches, overlap = arranged
    with tempfile.TemporaryDirectory() as folder:
        usual = land(Path(folder) / "usual", whole(versions))
        other = land(Path(folder) / "other", batches)
        for table in ("orders", "order_lines"):
            found, wanted = other.rows(table), usual.rows(table)
            # The same bytes again are no delivery; the same facts in another file are.
            assert_frame_equal(found.unique().sort(pl.all()) if overlap else found, wanted)
        assert usual.records == sum(len(version.cents) for version in versions)
        assert other.records == usual.records or overlap
        for day in DAYS:
            found, wanted = other.latest(versions_sql, day), usual.latest(versions_sql, day)
            for model, rows in wanted.items():
                assert_frame_equal(found[model], rows)
            assert_one_version(wanted)


# Two files for one day, without a sequence: nothing says which is the later one.
TIED = st.builds(
    Version,
    order=st.just(1),
    day=st.just(0),
    hour=st.just(1),
    customer=st.integers(1, 2),
    cents=CENTS,
    gone=st.booleans(),
)


@settings(
    deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(versions=st.lists(TIED, min_size=2, max_size=3, unique=True))
def test_an_order_and_its_lines_are_of_one_version_where_nothing_says_which_is_later(
    versions_sql: VersionsSql, versions: list[Version]
) -> None:
    arrivals = [[((0, (version,)),) for version in order] for order in (versions, versions[::-1])]
    with tempfile.TemporaryDirectory() as folder:
        found, other = (
            land(Path(folder) / str(nth), batches).latest(versions_sql, DAYS[0])
            for nth, batches in enumerate(arrivals)
        )
        for model, rows in found.items():
            assert_frame_equal(other[model], rows)
        assert_one_version(found)


def assert_one_version(latest: dict[str, pl.DataFrame]) -> None:
    """An order and its lines are of the same version: they add up."""
    orders = latest["int_orders_latest"].select("order_id", "gross_items")
    lines = latest["int_order_lines_latest"].group_by("order_id").agg(pl.col("line_amount").sum())
    both = orders.join(lines, on="order_id", how="full", coalesce=True)
    assert both.filter(pl.col("gross_items").ne_missing(pl.col("line_amount"))).is_empty()
