"""Generate product costs for both shops; the public data carry none.

A cost is the average price the shop really got for one unit, less a margin that is usual for the
department. The file says so in every row: ``cost_basis`` is ``generated``.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from etl.demo.draw import Draw
from etl.demo.exports import decimal_text

# Assumed gross margin, percent of the price; about what grocers report by department.
MARGIN_PERCENT = {
    "COSMETICS": 40,
    "DELI": 40,
    "DRUG GM": 32,
    "FLORAL": 45,
    "FUEL": 7,
    "GROCERY": 26,
    "MEAT": 27,
    "MEAT-PCKGD": 28,
    "MISCELLANEOUS": 8,
    "NUTRITION": 33,
    "PASTRY": 42,
    "PRODUCE": 34,
    "SALAD BAR": 48,
    "SEAFOOD": 30,
}
OTHER_MARGIN_PERCENT = 30
# The spread of single products around their department, in percentage points.
SPREAD_POINTS = 4
GROCERY_VALID_FROM = date(2017, 1, 1)
MUSIC_VALID_FROM = date(2016, 6, 1)
MUSIC_SKU = "CD"
MUSIC_MARGIN_PERCENT = 31


def grocery_costs(lines: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """Return one cost per product that was sold for money and is in the product file.

    Args:
        lines: product_id, quantity, sales_value (cents).
        products: product_id, department.

    Returns:
        The columns of the export ``generated_product_costs.csv``.
    """
    sold = (
        lines.filter(pl.col("quantity") > 0)
        .group_by("product_id")
        .agg(pl.col("sales_value").sum(), pl.col("quantity").sum())
        .filter(pl.col("sales_value") > 0)
        .join(products.select("product_id", "department"), on="product_id", how="inner")
        .sort("product_id")
    )
    spread = Draw("costs").whole(sold.height, -SPREAD_POINTS, SPREAD_POINTS)
    percent = pl.col("department").replace_strict(
        MARGIN_PERCENT, default=OTHER_MARGIN_PERCENT, return_dtype=pl.Int64
    )
    margin = pl.max_horizontal(percent + pl.Series(spread), 1)
    cost = _unit_cost(pl.col("sales_value"), pl.col("quantity"), margin)
    return _export(sold, pl.col("product_id").cast(pl.String), cost, GROCERY_VALID_FROM)


def music_costs(purchases: pl.DataFrame) -> pl.DataFrame:
    """Return the one cost of the music shop, whose file does not say which CDs were sold.

    Args:
        purchases: cds (units), cents.
    """
    sold = purchases.select(pl.col("cents").sum(), pl.col("cds").sum())
    cost = _unit_cost(pl.col("cents"), pl.col("cds"), pl.lit(MUSIC_MARGIN_PERCENT))
    return _export(sold, pl.lit(MUSIC_SKU), cost, MUSIC_VALID_FROM)


def _unit_cost(cents: pl.Expr, units: pl.Expr, margin_percent: pl.Expr) -> pl.Expr:
    """Cost of one unit in 1/10,000 dollars, half up: 1 cent is 100, less the margin."""
    return (2 * cents * (100 - margin_percent) + units) // (2 * units)


def _export(sold: pl.DataFrame, sku: pl.Expr, cost: pl.Expr, valid_from: date) -> pl.DataFrame:
    return sold.select(
        sku=sku,
        valid_from=pl.lit(valid_from),
        unit_cost=decimal_text(cost, 4),
        currency=pl.lit("USD"),
        cost_basis=pl.lit("generated"),
    )
