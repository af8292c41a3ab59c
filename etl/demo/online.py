"""Generate a small online shop that sells in three currencies: orders to rates, all made up.

The two public shops have neither payments nor refunds nor foreign currencies; this one has. Its
buyers are people of the CRM, known by their e-mail, and some who are not.

Planted: a parcel that came late is sent back more often, and its buyer orders less again.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from etl.demo.company import LAST_DAY
from etl.demo.draw import Draw, numbered
from etl.demo.exports import decimal_text

FIRST_DAY = date(2017, 1, 2)
BUYERS, GUESTS, REPEATS = 420, 60, 6
PRODUCTS = 40
KINDS = ("record player", "headphones", "shelf", "cleaning kit", "songbook", "gift card")
CURRENCIES = ("USD", "USD", "USD", "EUR", "EUR", "GBP")
# Units of US dollars for one unit, on the first day; from there on they wander.
FIRST_RATES = {"EUR": 1.045, "GBP": 1.228}
ABROAD = {"USD": "US", "EUR": "DE", "GBP": "GB"}


def online_shop(contacts: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return the shop's exports by file name, each row with ``known_on``.

    Args:
        contacts: contact_id, email (as typed), created_on.
    """
    draw = Draw("online shop")
    products = _products(draw)
    orders = _orders(contacts, draw)
    lines = _lines(orders, products, draw)
    orders = _totals(orders, lines)
    refunds, refund_lines = _refunds(orders, lines, draw)
    return {
        "generated_orders.csv": _order_export(orders),
        "generated_order_lines.csv": _line_export(lines),
        "generated_payments.csv": _payments(orders, refunds, draw),
        "generated_refunds.csv": _refund_export(refunds),
        "generated_refund_lines.csv": refund_lines,
        "generated_products.csv": products.select(
            "product_id", "sku", "title", "category", "brand", "is_premium", "is_ethical",
            "is_customised", known_on=pl.lit(FIRST_DAY),
        ),
        "generated_shop_costs.csv": _costs(products),
        "generated_fx_rates.csv": _rates(draw),
    }  # fmt: skip


def _products(draw: Draw) -> pl.DataFrame:
    kind = draw.pick(PRODUCTS, KINDS)
    price = pl.Series(draw.whole(PRODUCTS, 8, 240) * 100 - 1)
    gift_card = pl.col("category") == "gift card"
    return pl.DataFrame({"category": kind, "price_cents": price}).select(
        numbered("product_id", "P", 4),
        numbered("sku", "SKU-", 4),
        pl.concat_str(pl.lit("The "), "category").alias("title"),
        "category",
        draw.pick(PRODUCTS, ("Northwind", "Lark", "Own")).alias("brand"),
        pl.when(gift_card).then(5000).otherwise("price_cents").alias("price_cents"),
        (pl.col("price_cents") > 15_000).alias("is_premium"),
        pl.Series(draw.chance(PRODUCTS, 0.2)).alias("is_ethical"),
        pl.Series(draw.chance(PRODUCTS, 0.1)).alias("is_customised"),
        gift_card.alias("is_gift_card"),
    )


def _orders(contacts: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    """One row per order; buyers of the CRM order up to a few times, guests once, without e-mail."""
    known = contacts.filter(
        pl.col("email").is_not_null(), pl.col("created_on") < date(2017, 9, 1)
    ).sort("contact_id")
    known = known[draw.sample(known.height, BUYERS)].select("email", "created_on")
    guests = pl.DataFrame(
        {"email": [None] * GUESTS, "created_on": [FIRST_DAY] * GUESTS},
        schema={"email": pl.String, "created_on": pl.Date},
    )
    people = pl.concat([known, guests])
    people = people.with_columns(
        currency=draw.pick(people.height, CURRENCIES),
        wanted=pl.when(pl.col("email").is_null())
        .then(1)
        .otherwise(pl.Series(draw.whole(people.height, 1, REPEATS))),
    )
    rounds = pl.DataFrame({"nth": range(1, REPEATS + 1)})
    orders = people.join(rounds, how="cross", maintain_order="left_right").filter(
        pl.col("nth") <= pl.col("wanted")
    )
    size = orders.height
    late = draw.chance(size, 0.15)
    spread = (pl.lit(LAST_DAY) - pl.col("created_on")).dt.total_days()
    part = pl.Series(draw.uniform(size))
    ordered = orders.with_columns(
        is_late=pl.Series(late),
        ordered_on=pl.col("created_on") + pl.duration(days=(part * spread).floor().cast(pl.Int64)),
    ).filter(pl.col("ordered_on") >= FIRST_DAY)
    # Whoever waited for the first parcel comes back less often.
    waited = pl.col("is_late").first().over("email", order_by=["ordered_on", "nth"])
    stays = (pl.col("nth") == 1) | ~waited | (pl.Series(draw.uniform(ordered.height)) < 0.4)
    kept = ordered.filter(stays).sort("ordered_on", "email", "nth", nulls_last=True)
    return kept.with_columns(
        numbered("order_id", "N"),
        ordered_at=draw.moments(kept["ordered_on"], 14, 19),
        promised_on=pl.col("ordered_on") + pl.duration(days=4),
        delivered_on=pl.col("ordered_on")
        + pl.duration(days=pl.when("is_late").then(9).otherwise(3)),
        ship_country=pl.col("currency").replace_strict(ABROAD, return_dtype=pl.String),
        shipping_cents=pl.Series(draw.whole(kept.height, 0, 1) * 495),
        is_cancelled=pl.Series(draw.chance(kept.height, 0.02)),
        is_test=pl.Series(draw.chance(kept.height, 0.004)),
    )


def _lines(orders: pl.DataFrame, products: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    wanted = orders.with_columns(lines=pl.Series(draw.whole(orders.height, 1, 3)))
    positions = pl.DataFrame({"line_no": [1, 2, 3]})
    lines = wanted.join(positions, how="cross", maintain_order="left_right").filter(
        pl.col("line_no") <= pl.col("lines")
    )
    size = lines.height
    chosen = products[draw.whole(size, 0, products.height - 1)]
    sample = pl.Series(draw.chance(size, 0.02)) & ~chosen["is_gift_card"]
    return (
        lines.select("order_id", "line_no", "ordered_on", "ordered_at")
        .hstack(chosen.select("product_id", "sku", "title", "price_cents", "is_gift_card"))
        .with_columns(
            is_sample=sample,
            quantity=pl.when("is_gift_card").then(1).otherwise(pl.Series(draw.whole(size, 1, 3))),
            percent_off=pl.Series(draw.chance(size, 0.25)).cast(pl.Int64) * 20,
        )
        .with_columns(price_cents=pl.when("is_sample").then(0).otherwise("price_cents"))
        .with_columns(
            list_cents=pl.col("price_cents") * pl.col("quantity"),
            discount_cents=pl.when(~pl.col("is_gift_card"))
            .then(pl.col("price_cents") * pl.col("quantity") * pl.col("percent_off") // 100)
            .otherwise(0),
        )
    )


def _totals(orders: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Prices are without tax; 7 % of what is paid for goods come on top, rounded down."""
    sums = lines.group_by("order_id").agg(
        pl.col("list_cents").sum(),
        pl.col("discount_cents").sum(),
        taxed=(
            (pl.col("list_cents") - pl.col("discount_cents")).filter(~pl.col("is_gift_card"))
        ).sum(),
    )
    joined = orders.join(sums, on="order_id", how="left", maintain_order="left")
    return joined.with_columns(tax_cents=pl.col("taxed") * 7 // 100).with_columns(
        total_cents=pl.col("list_cents")
        - pl.col("discount_cents")
        + pl.col("shipping_cents")
        + pl.col("tax_cents")
    )


def _order_export(orders: pl.DataFrame) -> pl.DataFrame:
    """A first version when ordered; a second once the parcel has come, or the order is off."""
    off = pl.col("is_cancelled")
    first = orders.with_columns(
        status=pl.lit("open"), updated_at="ordered_at", known_on="ordered_on"
    )
    done_on = (
        pl.when(off).then(pl.col("ordered_on") + pl.duration(days=1)).otherwise("delivered_on")
    )
    done = orders.with_columns(known_on=done_on).filter(pl.col("known_on") <= LAST_DAY)
    at = pl.col("known_on").dt.to_string("%Y-%m-%dT20:30:00Z")
    done = done.with_columns(
        status=pl.when(off).then(pl.lit("cancelled")).otherwise(pl.lit("completed")),
        updated_at=at,
        cancelled_at=pl.when(off).then(at),
        delivered_at=pl.when(~off).then(at),
    )
    both = pl.concat([first, done], how="diagonal_relaxed")
    return both.sort("known_on", "order_id", "status").select(
        "order_id", "email", "status", "is_test", "ordered_at", "cancelled_at", "delivered_at",
        pl.col("promised_on").dt.to_string("%Y-%m-%dT20:00:00Z").alias("promised_at"),
        "currency",
        *(decimal_text(pl.col(f"{name}_cents"), 2).alias(name)
          for name in ("list", "discount", "shipping", "tax", "total")),
        "ship_country", "updated_at", "known_on",
    )  # fmt: skip


def _line_export(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.sort("ordered_on", "order_id", "line_no").select(
        "order_id", "line_no", "product_id", "sku", "title", "quantity",
        decimal_text(pl.col("price_cents"), 2).alias("unit_price"),
        decimal_text(pl.col("list_cents"), 2).alias("line_amount"),
        decimal_text(pl.col("discount_cents"), 2).alias("line_discount"),
        "is_gift_card", "is_sample", "ordered_at", known_on="ordered_on",
    )  # fmt: skip


def _refunds(
    orders: pl.DataFrame, lines: pl.DataFrame, draw: Draw
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Send the first line of some orders back, weeks to months later; late parcels more often."""
    able = orders.filter(~pl.col("is_cancelled"), ~pl.col("is_test"))
    likely = pl.when("is_late").then(0.25).otherwise(0.06)
    back = able.filter(pl.Series(draw.uniform(able.height)) < likely)
    first = lines.filter(pl.col("line_no") == 1, ~pl.col("is_gift_card"), ~pl.col("is_sample"))
    back = back.join(
        first.select("order_id", "quantity", paid=pl.col("list_cents") - pl.col("discount_cents")),
        on="order_id",
        maintain_order="left",
    )
    refunds = back.with_columns(
        refunded_on=pl.col("delivered_on") + draw.days(back.height, 2, 120),
        refund_tax=pl.col("paid") * 7 // 100,
    ).filter(pl.col("refunded_on") <= LAST_DAY)
    refunds = refunds.sort("refunded_on", "order_id").with_columns(numbered("refund_id", "G"))
    refunds = refunds.with_columns(
        refunded_at=draw.moments(refunds["refunded_on"]),
        refund_cents=pl.col("paid") + pl.col("refund_tax"),
    )
    lines_back = refunds.select(
        "refund_id",
        pl.lit(1).alias("line_no"),
        pl.lit(1).alias("order_line_no"),
        "quantity",
        decimal_text(pl.col("paid"), 2).alias("amount"),
        (~pl.col("is_late")).alias("restocked"),
        "refunded_at",
        pl.col("refunded_on").alias("known_on"),
    )
    return refunds, lines_back


def _refund_export(refunds: pl.DataFrame) -> pl.DataFrame:
    reason = pl.when("is_late").then(pl.lit("late_delivery")).otherwise(pl.lit("not_as_expected"))
    return refunds.select(
        "refund_id", "order_id", "refunded_at",
        decimal_text(pl.col("refund_cents"), 2).alias("refund_total"),
        decimal_text(pl.col("refund_tax"), 2).alias("refund_tax"),
        "currency", reason.alias("reason"), known_on="refunded_on",
    )  # fmt: skip


def _payments(orders: pl.DataFrame, refunds: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    """One sale per order that stands, one refund each, and a few chargebacks."""
    paid = orders.filter(~pl.col("is_cancelled"), pl.col("total_cents") > 0)
    amount = "amount_cents"
    sales = paid.select(
        "order_id", "currency", kind=pl.lit("sale"), amount_cents="total_cents",
        processed_at="ordered_at", known_on="ordered_on",
    )  # fmt: skip
    given = refunds.select(
        "order_id", "currency", kind=pl.lit("refund"), amount_cents="refund_cents",
        processed_at="refunded_at", known_on="refunded_on",
    )  # fmt: skip
    disputed = sales.filter(pl.Series(draw.chance(sales.height, 0.004))).with_columns(
        kind=pl.lit("chargeback"), known_on=pl.col("known_on") + pl.duration(days=30)
    )
    disputed = disputed.filter(pl.col("known_on") <= LAST_DAY)
    disputed = disputed.with_columns(processed_at=draw.moments(disputed["known_on"]))
    every = pl.concat([sales, given, disputed]).sort("known_on", "order_id", "kind")
    return every.select(
        numbered("payment_id", "Y"), "order_id", "kind", pl.lit("success").alias("status"),
        decimal_text(pl.col(amount), 2).alias("amount"), "currency",
        draw.pick(every.height, ("card", "card", "wallet")).alias("gateway"),
        "processed_at", "known_on",
    )  # fmt: skip


def _costs(products: pl.DataFrame) -> pl.DataFrame:
    """The shop buys in euros: 55 % of the price, 60 % from July on."""
    halves = pl.DataFrame({"valid_from": [FIRST_DAY, date(2017, 7, 1)], "percent": [55, 60]})
    costs = products.filter(~pl.col("is_gift_card")).join(
        halves, how="cross", maintain_order="left_right"
    )
    return costs.select(
        "sku", "valid_from",
        decimal_text(pl.col("price_cents") * pl.col("percent"), 4).alias("unit_cost"),
        pl.lit("EUR").alias("currency"), pl.lit("generated").alias("cost_basis"),
        known_on="valid_from",
    )  # fmt: skip


def _rates(draw: Draw) -> pl.DataFrame:
    """Rates of working days, as a central bank states them: no Saturdays, no Sundays."""
    days = [FIRST_DAY + timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days + 1)]
    days = [day for day in days if day.weekday() < 5]
    parts = []
    for currency, first in FIRST_RATES.items():
        steps = pl.Series(draw.uniform(len(days)) - 0.5) * 0.008
        micros = ((steps.cum_sum() + first) * 1_000_000).round().cast(pl.Int64)
        parts.append(
            pl.DataFrame({"rate_on": days, "micros": micros}).select(
                "rate_on",
                pl.lit(currency).alias("from_currency"),
                pl.lit("USD").alias("to_currency"),
                decimal_text(pl.col("micros"), 6).alias("rate"),
                pl.col("rate_on").alias("known_on"),
            )
        )
    return pl.concat(parts).sort("rate_on", "from_currency")
