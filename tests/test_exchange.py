"""Several currencies on the real road: files, mapping, lake, marts; expected amounts by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from etl import route
from etl.cli.app import app
from etl.config import Settings, load_settings
from etl.errors import ConfigError, DataBlocked
from etl.publish.release import read_current
from etl.route import RunResult
from etl.warehouse.database import BUILD_NAME, build_path, frame, open_build, read_only
from etl.warehouse.engines import running_engine
from etl.warehouse.rates import missing_rates, reporting_variables
from etl.warehouse.transform import DbtRun
from tests.exchange import truth
from tests.exchange.company import (
    AS_OF,
    BEFORE_CORRECTION,
    CAMPAIGNS,
    CASES,
    MAPPINGS,
    MISSING_RATES,
    REFUNDS,
    SPEND,
    write_exchange,
    write_rates,
)
from tests.exchange.truth import Truth

DOLLARS = Truth()
COUNTED = [order.order_id for order in truth.counted()]


@dataclass(frozen=True)
class Traded:
    """The tiny company after it was held and then published."""

    settings: Settings
    held: DataBlocked
    status_when_held: str
    result: RunResult

    def ask(self, query: str, **values: object) -> pl.DataFrame:
        with read_only(self.result.release / BUILD_NAME) as connection:
            return frame(connection, query, **values)

    def order(self, order_id: str) -> dict[str, Any]:
        found = self.ask("select * from orders where order_id = $order_id", order_id=order_id)
        return found.row(0, named=True)


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory, key_file: Path) -> Traded:
    """One held run, the missing rates, and the same run again."""
    root = tmp_path_factory.mktemp("exchange")
    settings = load_settings(data=root / "data", landing=root / "landing", mappings=MAPPINGS)
    settings = replace(settings, key_file=key_file, duckdb_memory="1GB")
    write_exchange(settings.landing)
    with pytest.raises(DataBlocked) as caught:
        route.run(settings, AS_OF)
    assert read_current(settings) is None
    status = CliRunner().invoke(app, ["status", "--data", str(settings.data), "--json"]).stdout
    write_rates(settings.landing, MISSING_RATES)
    return Traded(settings, caught.value, status, route.run(settings, AS_OF))


# ---- NO_RATE ----


def test_money_without_a_rate_holds_the_publish_and_says_what_to_deliver(traded: Traded) -> None:
    told = traded.held
    assert (told.code, told.exit_code) == ("NO_RATE", 3)
    assert told.what.startswith("8 records have no rate of exchange to USD")
    assert "order C1 of bazaar (CHF, 2026-03-06)" in told.what
    assert "cost of order line 1 of order U1 of bazaar (DKK, 2026-03-06)" in told.what
    for currency, day in (("CHF", "2026-03-06"), ("EUR", "2026-03-11"), ("PLN", "2026-04-20")):
        assert f"{currency} to USD for {day}" in told.todo
    assert "Then run again." in told.todo
    assert told.todo.endswith("If your books are not in USD, set LOYALTY_REPORTING_CURRENCY.")


def test_the_other_direction_is_named_and_not_used(traded: Traded) -> None:
    assert traded.held.todo.count("Only USD to") == 1
    assert "Only USD to CHF was delivered" in traded.held.todo


def test_status_shows_what_holds_the_publish_until_it_is_delivered(traded: Traded) -> None:
    assert "NO_RATE: 8 records" in traded.status_when_held
    assert missing_rates(traded.settings).is_empty()
    assert traded.result.manifest["is_served"]


def test_a_cancelled_order_needs_no_rate(traded: Traded) -> None:
    found = traded.order("X1")
    assert (found["exchange_rate"], found["net_revenue"], found["margin"]) == (None, 0, 0)


def test_no_amount_is_unknown_once_every_rate_is_there(traded: Traded) -> None:
    for mart in ("orders", "refunds", "order_lines", "cases"):
        types = traded.ask(f"select * from {mart} limit 0")
        money = [n for n, kind in types.schema.items() if kind == pl.Decimal(18, 4)]
        counted = "where is_counted" if "is_counted" in types.columns else ""
        rows = traded.ask(f"select {', '.join(money)} from {mart} {counted}")
        unknown = {n for n in money if rows[n].null_count()}
        # A line without a stated cost has none; the order's cost then rests on a rate of margin.
        assert unknown <= {"known_cost_amount"}, mart


# ---- amounts ----


@pytest.mark.parametrize("order_id", COUNTED)
def test_an_order_is_worth_what_hand_and_pencil_say(traded: Traded, order_id: str) -> None:
    order, found = truth.order_of(order_id), traded.order(order_id)
    expected = {
        "exchange_rate": DOLLARS.order_rate(order),
        "net_revenue_gross_of_refunds": DOLLARS.gross(order),
        "refunded_revenue": DOLLARS.refunded(order),
        "net_revenue": DOLLARS.net_revenue(order),
        "refund_exchange_difference": DOLLARS.exchange_difference(order),
        "paid_amount": DOLLARS.paid(order),
        "margin": DOLLARS.margin(order),
    }
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize("order_id", COUNTED)
def test_lines_add_up_to_their_order(traded: Traded, order_id: str) -> None:
    order = truth.order_of(order_id)
    found = traded.ask(
        "select net_revenue_gross_of_refunds as revenue, known_cost_amount as cost"
        " from order_lines where order_id = $order_id order by line_no",
        order_id=order_id,
    )
    assert found["revenue"].to_list() == DOLLARS.line_revenues(order)
    assert found["revenue"].sum() == traded.order(order_id)["net_revenue_gross_of_refunds"]
    assert found["cost"].to_list() == [DOLLARS.line_cost(order, line) for line in order.lines]


@pytest.mark.parametrize("refund", REFUNDS, ids=lambda refund: refund.refund_id)
def test_the_parts_of_a_refund_add_up_to_it_at_its_own_rate(traded: Traded, refund) -> None:
    found = traded.ask(
        "select * from refunds where refund_id = $refund_id", refund_id=refund.refund_id
    ).row(0, named=True)
    rate = DOLLARS.refund_rate(refund)
    assert found["exchange_rate"] == rate
    assert found["refunded_revenue"] == DOLLARS.rounded(truth.goods(refund) * rate)
    parts = ("refunded_revenue", "refunded_gift_cards", "refunded_shipping", "refunded_tax")
    assert sum(found[part] for part in parts) == DOLLARS.rounded(refund.total * rate)


def test_where_each_rate_comes_from(traded: Traded) -> None:
    orders = dict(traded.ask("select order_id, rate_basis from orders").iter_rows())
    assert orders["U1"] == "same_currency"
    assert orders["E4"] == "stated"
    assert {orders[name] for name in ("E1", "E2", "E3", "G1", "J1", "K1", "C1")} == {"fx_rates"}
    refunds = dict(traded.ask("select refund_id, rate_basis from refunds").iter_rows())
    assert refunds == {"R1": "fx_rates", "R2": "stated_on_order", "R3": "fx_rates",
                       "R4": "fx_rates", "R5": "stated", "R6": "fx_rates"}  # fmt: skip


def test_a_gain_or_loss_of_exchange_is_no_purchase(traded: Traded) -> None:
    """All euros of E2 went back, at more dollars each: the loss shows, the order is undone."""
    found = traded.order("E2")
    assert found["is_fully_refunded"]
    assert not found["is_net_purchase"]
    assert found["net_revenue"] == -found["refund_exchange_difference"] == Decimal("-2.94")


def test_compensation_is_converted(traded: Traded) -> None:
    found = dict(traded.ask("select case_id, compensation from cases").iter_rows())
    assert found == {case: DOLLARS.compensation(case) for case in CASES}


def test_what_marketing_cost_is_converted_at_the_rate_of_its_day(traded: Traded) -> None:
    """The campaign names no channel; it is booked nowhere else, so it counts."""
    spent = {channel: DOLLARS.marketing_cost(*paid) for channel, paid in SPEND.items()}
    spent["unattributed"] = sum(DOLLARS.marketing_cost(*paid) for paid in CAMPAIGNS.values())
    found = traded.ask(
        "select channel, acquisition_spend from acquisition_retention_costs"
        " where channel <> 'all' and acquisition_spend <> 0"
    )
    assert dict(found.iter_rows()) == spent


def test_two_sources_that_disagree_are_warned_of(traded: Traded) -> None:
    assert "exchange_rates_disagree" in traded.result.manifest["warnings"]
    assert traded.order("G1")["exchange_rate"] == Decimal("1.2723")


def test_the_company_adds_up(traded: Traded) -> None:
    net = sum(DOLLARS.net_revenue(order) for order in truth.counted())
    for query in (
        "select sum(net_revenue) from orders",
        "select sum(net_revenue) from customers",
        "select sum(historic_net_revenue) from customer_lifetime_value",
    ):
        assert traded.ask(query).item() == net
    (row,) = traded.result.manifest["reconciliation"]["orders"]
    totals = [
        Decimal(truth.items(o) - o.discount + o.shipping + o.tax) * DOLLARS.order_rate(o)
        for o in truth.counted()
    ]
    assert abs(Decimal(row["total_of_orders"]) - sum(totals)) < Decimal("0.001")


# ---- another reporting currency, another day ----


YEN = Truth("JPY", BEFORE_CORRECTION)


@pytest.fixture(scope="module")
def yen(traded: Traded, tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """Orders of the same lake in yen, a day before the euro was corrected.

    Only the steps that value an order are built.
    """
    settings = replace(
        traded.settings, data=tmp_path_factory.mktemp("yen"), reporting_currency="JPY"
    )
    build_path(settings).parent.mkdir(parents=True)
    (inputs,) = (traded.settings.warehouse / "inputs").iterdir()
    variables = reporting_variables(settings)
    with running_engine(settings) as engine:
        dbt = DbtRun(settings, engine, inputs, BEFORE_CORRECTION, variables)
        dbt.build(route.silent, select="+int_orders_valued")
    with open_build(settings) as build:
        return frame(build, "select * from intermediate.int_orders_valued")


@pytest.mark.parametrize("order_id", ["E1", "U1", "J1", "K1", "G1"])
def test_in_yen_and_before_the_correction(yen: pl.DataFrame, order_id: str) -> None:
    order = truth.order_of(order_id)
    found = yen.row(by_predicate=pl.col("order_id") == order_id, named=True)
    assert found["exchange_rate"] == YEN.order_rate(order) != DOLLARS.order_rate(order)
    assert found["net_revenue_gross_of_refunds"] == YEN.gross(order)
    assert found["net_revenue_gross_of_refunds"] % 1 == 0


@pytest.mark.parametrize("order_id", ["J1", "K1", "G1"])
def test_margins_in_yen(yen: pl.DataFrame, order_id: str) -> None:
    found = yen.row(by_predicate=pl.col("order_id") == order_id, named=True)
    assert found["margin"] == YEN.margin(truth.order_of(order_id))


def test_a_cost_or_refund_without_a_rate_is_never_left_out_of_a_sum(yen: pl.DataFrame) -> None:
    """Kroner and zloty have no rate to yen: what they touch is unknown, and not too good."""
    found = {row["order_id"]: row for row in yen.to_dicts()}
    assert found["U1"]["cost_amount"] is found["U1"]["margin"] is None
    for name in ("refunded_revenue", "net_revenue", "margin", "shipping_revenue", "tax_amount"):
        assert found["E1"][name] is None
    for name in ("list_amount", "net_revenue", "margin", "discounted_net_revenue", "tax_amount"):
        assert found["C1"][name] is None
    assert found["E2"]["paid_amount"] is not None


def test_the_reporting_currency_is_part_of_the_runs_name(traded: Traded) -> None:
    variables = traded.result.manifest["variables"]
    assert variables == {"reporting_currency": "USD", "minor_unit_digits": "2"}
    in_yen = replace(traded.settings, reporting_currency="JPY")
    assert reporting_variables(in_yen) == {"reporting_currency": "JPY", "minor_unit_digits": "0"}


@pytest.mark.parametrize("code", ["usd", "XYZ", "US", "USD' or 1=1"])
def test_a_reporting_currency_that_is_none_is_refused(settings: Settings, code: str) -> None:
    with pytest.raises(ConfigError, match="no currency of ISO 4217") as caught:
        reporting_variables(replace(settings, reporting_currency=code))
    assert caught.value.where == "LOYALTY_REPORTING_CURRENCY"
