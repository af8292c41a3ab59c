"""The two shops' exports, as their systems would write them, from the public data sets.

Amounts are whole cents inside and exact decimal text in the files: nothing is lost on the way.
"""

from __future__ import annotations

import polars as pl

from etl.demo.company import BUSINESS_ZONE, MUSIC_SHIFT_DAYS
from etl.errors import LoyaltyError

AMOUNTS = ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")


def decimal_text(units: pl.Expr, digits: int) -> pl.Expr:
    """Write whole units of 10^-digits as decimal text: 1299 with two digits is ``12.99``.

    Args:
        units: Integers, >= 0.
        digits: Decimals, >= 1.
    """
    scale = 10**digits
    fraction = (units % scale).cast(pl.String).str.zfill(digits)
    return pl.concat_str((units // scale).cast(pl.String), pl.lit("."), fraction)


def unit_price(amount_cents: pl.Expr, quantity: pl.Expr) -> pl.Expr:
    """Return the price of one unit in 1/10,000 dollars, half up; of no units, the amount."""
    amount = amount_cents * 100
    return pl.when(quantity > 0).then((2 * amount + quantity) // (2 * quantity)).otherwise(amount)


def grocery_lines(transactions: pl.DataFrame) -> pl.DataFrame:
    """Bring the grocer's lines to whole cents, the lines of a basket together.

    Args:
        transactions: One row per line, amounts as floating-point dollars; naive UTC instants.

    Returns:
        The same lines in time order with amounts in cents (Int64), ``list_cents``,
        ``discount_cents`` (paid by the retailer: its own and its match of coupons) and
        ``business_on``, the date in the company's time zone.

    Raises:
        LoyaltyError: An amount is not a whole number of cents.
    """
    lines = transactions.with_columns(_cents(transactions, name) for name in AMOUNTS)
    instant = pl.col("transaction_timestamp")
    return lines.sort("transaction_timestamp", "basket_id", maintain_order=True).with_columns(
        discount_cents=pl.col("retail_disc") + pl.col("coupon_match_disc"),
        list_cents=pl.sum_horizontal("sales_value", "retail_disc", "coupon_match_disc"),
        business_on=instant.dt.replace_time_zone("UTC")
        .dt.convert_time_zone(BUSINESS_ZONE)
        .dt.date(),
    )


def _cents(frame: pl.DataFrame, name: str) -> pl.Series:
    exact = frame[name] * 100
    cents = exact.round()
    if frame.height and not (exact - cents).abs().max() < 1e-6:  # type: ignore[operator]
        raise LoyaltyError("An amount is not a whole number of cents.", where=name)
    return cents.cast(pl.Int64)


def grocery_transactions(lines: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """Write the line-level export ``transactions.csv`` and the day each line belongs to.

    Args:
        lines: From :func:`grocery_lines`.
        products: ``product_id``, ``product_type``, ``product_category``, ``department``; lines
            of products it lacks are kept and titled by their number.
    """
    title = pl.coalesce("product_type", "product_category", "department")
    titles = products.select("product_id", title=title)
    unknown = pl.concat_str(pl.lit("unknown product "), pl.col("product_id").cast(pl.String))
    return lines.join(titles, on="product_id", how="left", maintain_order="left").select(
        "household_id",
        "store_id",
        "basket_id",
        "product_id",
        pl.col("title").fill_null(unknown),
        "quantity",
        unit_price=decimal_text(unit_price(pl.col("list_cents"), pl.col("quantity")), 4),
        list_amount=decimal_text(pl.col("list_cents"), 2),
        retailer_discount=decimal_text(pl.col("discount_cents"), 2),
        manufacturer_coupon=decimal_text(pl.col("coupon_disc"), 2),
        sales_value=decimal_text(pl.col("sales_value"), 2),
        week="week",
        transaction_timestamp=pl.col("transaction_timestamp").dt.to_string("%Y-%m-%d %H:%M:%S"),
        business_on="business_on",
    )


def music_purchases(text: str) -> pl.DataFrame:
    """Read the music shop's purchases and number them, for the file has no order number.

    Args:
        text: Header, then ``customer date(yyyymmdd) units dollars`` between runs of spaces.

    Returns:
        In file order: customer_id, date (text, as in the file), order_no (customer, date, n-th
        purchase of the day), cds (Int64), cents (Int64), business_on (the shifted date).
    """
    fields = pl.Series("line", text.splitlines()[1:]).str.strip_chars()
    frame = (
        fields.to_frame()
        .filter(pl.col("line") != "")
        .select(
            pl.col("line")
            .str.extract_all("[^ ]+")
            .list.to_struct(fields=["customer_id", "date", "cds", "dollars"])
        )
        .unnest("line")
    )
    nth = pl.int_range(1, pl.len() + 1).over("customer_id", "date")
    return frame.select(
        "customer_id",
        "date",
        order_no=pl.concat_str("customer_id", "date", nth.cast(pl.String), separator="-"),
        cds=pl.col("cds").cast(pl.Int64),
        cents=pl.col("dollars").str.replace(".", "", literal=True).cast(pl.Int64),
        business_on=pl.col("date").str.to_date("%Y%m%d").dt.offset_by(f"{MUSIC_SHIFT_DAYS}d"),
    )


def music_export(purchases: pl.DataFrame) -> pl.DataFrame:
    """Write the export ``purchases.csv`` and the day each purchase is delivered."""
    return purchases.select(
        "customer_id",
        "date",
        "order_no",
        "cds",
        unit_price=decimal_text(unit_price(pl.col("cents"), pl.col("cds")), 4),
        dollars=decimal_text(pl.col("cents"), 2),
        business_on="business_on",
    )
