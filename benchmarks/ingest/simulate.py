"""Write the orders of a made-up shop as CSV, as large as asked: nobody's data, the same each time.

A line an order, with the columns that shops export: ids, the buyer's e-mail, ISO instants with an
offset, amounts, codes, both addresses, a note in quotes, where the visit came from. A bit more than
half of the columns are mapped.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

ROWS_AT_A_TIME = 200_000
ORDERS_PER_CUSTOMER, MOST_CUSTOMERS = 5, 2_000_000
_START = datetime(2020, 1, 1, tzinfo=UTC)
_SECONDS = 6 * 365 * 86_400
_STREETS = ("High Street", "Rue de la Paix", "Lindenallee", "Via Roma", "Calle Mayor, 2")
_CITIES = ("London", "Lyon", "Köln", "Milano", "Sevilla", "Graz")
_COUNTRIES = ("GB", "FR", "DE", "IT", "ES", "AT")
_NOTES = (None, None, None, 'Please ring "twice", then leave it', "Gift, no invoice")
_PAGES = ("/", "/collections/spring", "/products/tea-sampler", "/blogs/news/how-we-pack")


def write(path: Path, size_bytes: int) -> int:
    """Write whole orders until the file has the size; return their number."""
    orders = 0
    with path.open("wb") as file:
        while file.tell() < size_bytes:
            _some(orders).write_csv(file, include_header=not orders)
            orders += ROWS_AT_A_TIME
    return orders


def _some(first: int) -> pl.DataFrame:
    """Return the orders from number ``first`` on; every value follows from the number."""
    number = pl.col("n")
    rows = pl.select(n=pl.int_range(first, first + ROWS_AT_A_TIME))
    draw = rows.select(number, a=number.hash(1), b=number.hash(2), c=number.hash(3))
    cents = 500 + pl.col("a") % 50_000
    discount = pl.when(pl.col("b") % 4 == 0).then(cents // 10).otherwise(0)
    shipping = pl.when(cents < 5_000).then(490).otherwise(0)
    customer = pl.col("b") % (1 + number // ORDERS_PER_CUSTOMER).clip(upper_bound=MOST_CUSTOMERS)
    buyer = customer.cast(pl.String())
    street = _one_of(pl.col("b") // 19, _STREETS) + " " + (customer % 180).cast(pl.String())
    postcode = (10_000 + customer % 80_000).cast(pl.String())
    ordered = pl.lit(_START) + pl.duration(seconds=pl.col("c") % _SECONDS)
    is_cancelled = pl.col("c") % 50 == 0
    iso = "%Y-%m-%dT%H:%M:%S+00:00"
    return draw.select(
        order_id="GID-" + (number + 5_000_000_000).cast(pl.String()),
        order_no="#" + (number + 1_000).cast(pl.String()),
        customer="C" + buyer,
        email="buyer." + buyer + "@mail" + (customer % 97).cast(pl.String()) + ".example.com",
        channel=_one_of(pl.col("a") // 7, ("web", "web", "app", "store")),
        status=pl.when(is_cancelled).then(pl.lit("cancelled")).otherwise(pl.lit("paid")),
        test=pl.lit("false"),
        ordered_at=ordered.dt.strftime(iso),
        cancelled_at=pl.when(is_cancelled).then((ordered + pl.duration(days=1)).dt.strftime(iso)),
        currency=_one_of(pl.col("c") // 11, ("EUR", "EUR", "GBP", "CHF")),
        items=_money(cents),
        discount=_money(discount),
        shipping=_money(shipping),
        tax=_money((cents - discount + shipping) * 19 // 119),
        total=_money(cents - discount + shipping),
        codes=pl.when(discount > 0).then(_one_of(pl.col("c") // 13, ("SPRING", "WELCOME10"))),
        country=_one_of(pl.col("b") // 17, _COUNTRIES),
        payment=_one_of(pl.col("a") // 5, ("card", "card", "invoice", "wallet")),
        payment_ref="pay_" + pl.col("c").cast(pl.String()),
        delivery=_one_of(pl.col("a") // 3, ("standard", "standard", "express", "pickup point")),
        billing_name="Buyer " + buyer,
        billing_street=street,
        billing_zip=postcode,
        billing_city=_one_of(pl.col("b") // 17, _CITIES),
        billing_country=_one_of(pl.col("b") // 17, _COUNTRIES),
        ship_name="Buyer " + buyer,
        ship_street=street,
        ship_zip=postcode,
        ship_city=_one_of(pl.col("b") // 17, _CITIES),
        note=_one_of(pl.col("c") // 23, _NOTES),
        landing_page=_one_of(pl.col("a") // 29, _PAGES),
        utm_source=_one_of(pl.col("a") // 31, (None, "newsletter", "search", "social")),
        browser=_one_of(pl.col("a") // 37, ("Safari 17 on iOS", "Chrome 126 on Windows")),
        updated_at=(ordered + pl.duration(days=2)).dt.strftime(iso),
    )


def _one_of(number: pl.Expr, texts: tuple[str | None, ...]) -> pl.Expr:
    choices = dict(enumerate(texts))
    return (number % len(texts)).replace_strict(choices, return_dtype=pl.String())


def _money(cents: pl.Expr) -> pl.Expr:
    cents = cents.cast(pl.Int64())
    return pl.concat_str(
        (cents // 100).cast(pl.String()),
        pl.lit("."),
        (cents % 100).cast(pl.String()).str.zfill(2),
    )


if __name__ == "__main__":
    print(write(Path(sys.argv[1]), int(float(sys.argv[2]) * 1e9)))
