"""Every table but ``orders`` may be absent: a shop's list of orders alone makes every mart."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from etl import route
from etl.config import Settings
from etl.lake.commits import read_lake
from etl.warehouse.database import BUILD_NAME, frame, read_only
from tests.company.generate import write_manifest
from tests.delivering import make_stage

DAY = date(2024, 5, 31)
MAPPING = """
system: kiosk
business_time_zone: UTC
exports:
  orders:
    files: "orders*.csv"
    targets:
      orders:
        columns:
          order_id: {from: order}
          business_unit: {const: kiosk}
          customer_ref: {from: customer}
          channel: {const: store}
          status: {const: completed}
          is_test: {const: false}
          ordered_at: {from: at}
          currency: {const: USD}
          gross_items: {from: amount}
          discount: {const: 0}
          shipping: {const: 0}
          tax: {const: 0}
          total: {from: amount}
"""
ORDERS = """order,customer,at,amount
1,ann,2024-01-05T10:00:00Z,10.00
2,ann,2024-02-05T10:00:00Z,20.00
3,ann,2024-05-31T10:00:00Z,0.50
4,bob,2023-05-31T10:00:00Z,7.25
5,,2024-03-05T10:00:00Z,3.00
"""
# Enough customers for an average of the shop, far too few for a model.
CROWD = [f"{100 + n},c{n},2024-04-01T10:00:00Z,10.00" for n in range(30)] + [
    f"{200 + n},c{n},2024-05-01T10:00:00Z,10.00" for n in range(10)
]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a warehouse that knows one mapping."""
    return make_stage(tmp_path_factory.mktemp("kiosk"), MAPPING).settings


@pytest.fixture(scope="module")
def release(settings: Settings) -> Path:
    """The release that 45 orders make."""
    folder = settings.landing / "kiosk"
    folder.mkdir(parents=True)
    (folder / "orders.csv").write_text(ORDERS + "\n".join(CROWD) + "\n", encoding="utf-8")
    write_manifest(folder, {"business_day": DAY.isoformat(), "mode": "incremental"})
    return route.run(settings, DAY).release


def ask(release: Path, query: str) -> pl.DataFrame:
    with read_only(release / BUILD_NAME) as connection:
        return frame(connection, query)


def test_orders_have_their_value_without_lines(release: Path) -> None:
    found = ask(
        release,
        """
        select sum(net_revenue) as revenue, count(*) as orders, count(customer_key) as known
        from orders
        where is_counted
        """,
    )
    assert found.row(0) == (Decimal("440.75"), 45, 44)


@pytest.mark.parametrize(
    "mart", ["customers", "customer_lifetime_value", "loyalty_segments", "lifecycle_stages"]
)
def test_every_customer_is_in_the_marts_of_customers(release: Path, mart: str) -> None:
    query = f"select count(*), count(distinct customer_key) from {mart}"
    assert ask(release, query).row(0) == (32, 32)


def test_a_small_shop_is_forecast_by_its_average_for_a_year(release: Path) -> None:
    """In 180 days 12 orders came back in 147 + 180 + 30 * 60 days; 44 days brought 437.75."""
    orders = 12 / (147 + 180 + 30 * 60) * 365.25
    found = ask(release, "from customer_lifetime_value")
    assert set(found["rule_id"]) == {"CV13_UNIT_AVERAGE"}
    assert set(found["sufficiency"]) == {"insufficient"}
    assert found["expected_orders_12m"].cast(float).to_list() == pytest.approx([orders] * 32)
    revenue = found["clv_12m_revenue_nominal"].cast(float).to_list()
    assert revenue == pytest.approx([orders * 437.75 / 44] * 32, abs=1e-4)
    assert found["clv_12m_margin_discounted_if_reactivated"].null_count() == 0
    beyond = ("p_alive", "clv_36m_margin_discounted", "clv_residual_margin_discounted")
    assert [found[name].null_count() for name in beyond] == [32] * 3
    reached = """
        select horizon_years, count(clv_margin_nominal), count(*)
        from customer_lifetime_value_horizons group by horizon_years order by horizon_years
    """
    assert ask(release, reached).rows()[:2] == [(1, 32, 32), (3, 0, 32)]


def test_the_stream_has_the_orders_and_the_guest_is_counted(release: Path) -> None:
    stream = ask(release, "select event_type, count(*) from customer_events group by event_type")
    assert stream.rows() == [("order_placed", 44)]
    columns = "event_count, attributed_count, unattributed_count"
    coverage = ask(release, f"select {columns} from customer_event_coverage")
    assert coverage.rows() == [(45, 44, 1)]


def test_what_nobody_delivers_is_an_empty_mart(release: Path) -> None:
    for mart in ("cases", "survey_responses", "consents", "refunds", "products", "order_lines"):
        assert pl.read_parquet(release / f"{mart}.parquet").height == 0, mart


def test_only_orders_are_in_the_lake(settings: Settings, release: Path) -> None:
    assert release.is_dir()
    assert {file.table for file in read_lake(settings).files} == {"orders"}
