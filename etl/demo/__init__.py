"""The demo company: public data of two shops and a generated CRM, written as exports.

Nothing outside this package knows the data sets; the warehouse sees files and mapping YAML.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from etl.config import PACKAGED_MAPPINGS, Settings
from etl.demo.company import CRM, GROCER, HISTORY_ENDS_ON, LAST_DAY, MUSIC, ONLINE
from etl.demo.costs import grocery_costs, music_costs
from etl.demo.crm import KNOWN_ON, generate
from etl.demo.datasets import PRODUCTS, PURCHASES, TRANSACTIONS, fetch
from etl.demo.exports import (
    grocery_lines,
    grocery_transactions,
    music_export,
    music_purchases,
)
from etl.demo.landing import Written, by_day, write_delivery
from etl.demo.online import online_shop
from etl.mapping import load_mapping

__all__ = ["write_demo"]

TRANSACTIONS_CSV, PURCHASES_CSV = "transactions.csv", "purchases.csv"
PRODUCTS_CSV, COSTS_CSV = "products.csv", "generated_product_costs.csv"


def write_demo(settings: Settings, progress: Callable[[str], None]) -> dict[str, Any]:
    """Fetch the public data, generate the rest, and write the landing folder.

    The same call gives the same bytes, so a second delivery changes nothing.

    Args:
        settings: ``landing`` is written, ``data/demo`` holds the cache.
        progress: Told in a sentence what is being done.

    Returns:
        Where, from which day to which, how many files and bytes, and for each system and file
        name the rows of all days together.

    Raises:
        DatasetsMissing: The public data are not cached and cannot be fetched.
    """
    files = fetch(settings.data / "demo", progress)
    progress("Writing the grocer's exports")
    written, grocery_orders = _write_grocer(
        settings.landing, pl.read_parquet(files[TRANSACTIONS]), pl.read_parquet(files[PRODUCTS])
    )
    progress("Writing the music shop's exports")
    music_written, music_orders = _write_music(settings.landing, files[PURCHASES].read_text())
    progress("Generating the CRM side")
    streams = generate(pl.concat([grocery_orders, music_orders]))
    days = {name: by_day(frame, KNOWN_ON) for name, frame in streams.items()}
    written += music_written + _write_days(settings.landing, CRM, days)
    progress("Generating the online shop")
    written += _write_days(settings.landing, ONLINE, _online_days(streams))
    return _summary(settings.landing, written)


def _online_days(streams: dict[str, pl.DataFrame]) -> dict[str, dict[date, pl.DataFrame]]:
    """Return the online shop's files by day; its buyers are people of the CRM."""
    contacts = streams["generated_contacts.csv"].unique("contact_id", keep="first")
    people = contacts.select("contact_id", "email", created_on=KNOWN_ON)
    return {name: by_day(frame, KNOWN_ON) for name, frame in online_shop(people).items()}


def _write_grocer(
    landing: Path, transactions: pl.DataFrame, products: pl.DataFrame
) -> tuple[list[Written], pl.DataFrame]:
    """Write the grocer's folders; return what was written, and its orders for the CRM."""
    lines = grocery_lines(transactions)
    days = {TRANSACTIONS_CSV: by_day(grocery_transactions(lines, products), "business_on")}
    once = {PRODUCTS_CSV: products, COSTS_CSV: grocery_costs(lines, products)}
    orders = lines.group_by("basket_id").agg(
        pl.col("household_id").first(),
        pl.col("business_on").first(),
        pl.col("sales_value").sum(),
    )
    return _write_days(landing, GROCER, days, once), orders.select(
        source_system=pl.lit(GROCER),
        order_id=pl.col("basket_id").cast(pl.String),
        customer_ref=pl.col("household_id").cast(pl.String),
        ordered_on="business_on",
        cents="sales_value",
    )


def _write_music(landing: Path, text: str) -> tuple[list[Written], pl.DataFrame]:
    """Write the music shop's folders; return what was written, and its orders for the CRM."""
    purchases = music_purchases(text)
    days = {PURCHASES_CSV: by_day(music_export(purchases), "business_on")}
    written = _write_days(landing, MUSIC, days, {COSTS_CSV: music_costs(purchases)})
    return written, purchases.select(
        source_system=pl.lit(MUSIC),
        order_id="order_no",
        customer_ref="customer_id",
        ordered_on="business_on",
        cents="cents",
    )


def _write_days(
    landing: Path,
    system: str,
    days: dict[str, dict[date, pl.DataFrame]],
    once: dict[str, pl.DataFrame] | None = None,
) -> list[Written]:
    """Write every day's folder; the files of ``once`` come with the history only.

    What is not expected daily comes on days that have something to tell.
    """
    written: list[Written] = []
    for on in next(iter(days.values())):
        files = {
            name: parts[on]
            for name, parts in days.items()
            if parts[on].height or _is_daily(system, name)
        }
        if on == HISTORY_ENDS_ON:
            files |= once or {}
        written += write_delivery(landing, system, on, files)
    return written


@cache
def _is_daily(system: str, name: str) -> bool:
    """Tell whether the system's mapping expects the file every day."""
    exports = load_mapping(PACKAGED_MAPPINGS / f"{system}.yml").exports
    return any(export.matches(name) and export.expected == "daily" for export in exports)


def _summary(landing: Path, written: list[Written]) -> dict[str, Any]:
    rows: dict[str, int] = {}
    for file in written:
        name = f"{file.system}/{file.name}"
        rows[name] = rows.get(name, 0) + file.rows
    return {
        "landing": str(landing),
        "first_day": HISTORY_ENDS_ON.isoformat(),
        "last_day": LAST_DAY.isoformat(),
        "files": len(written),
        "bytes": sum(file.bytes for file in written),
        "rows": rows,
    }
