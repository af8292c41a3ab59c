"""Deliver a text as a file of a small mapping and stage it, for the tests of the ingest."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from etl.config import Settings
from etl.contract import TABLES
from etl.ingest.discover import Delivery
from etl.ingest.extract import stage_delivery
from etl.ingest.staging import StagedDelivery
from etl.mapping import Mapping, load_mapping
from etl.privacy.suppression import NOBODY, Erased
from etl.privacy.tokens import Tokeniser, Vault

DAY = date(2024, 5, 31)
LOADED_AT = datetime(2024, 6, 1, 2, 0, tzinfo=UTC)
KEY = b"k" * 32

# One row per order line; the order's own columns are aggregated or taken from its first row.
BASKETS = """
system: shop
business_time_zone: America/New_York
history_starts_on: 2020-01-01
exports:
  baskets:
    files: "baskets*.csv"
    time_zone: UTC
    known_from: [ordered_at]
    grain: {key: basket}
    targets:
      orders:
        per: document
        columns:
          order_id: {from: basket}
          business_unit: {const: grocery}
          customer_ref: {from: customer}
          email: {from: mail}
          channel: {const: store}
          status: {const: completed}
          is_test: {const: false}
          ordered_at: {from: at, parse: "%Y-%m-%d %H:%M:%S"}
          currency: {const: USD}
          gross_items: {from: amount, aggregate: sum}
          discount: {const: 0}
          shipping: {const: 0}
          tax: {const: 0}
          total: {from: amount, aggregate: sum}
      order_lines:
        columns:
          order_id: {from: basket}
          line_no: {op: row_number}
          sku: {from: sku}
          title: {from: title}
          quantity: {from: quantity}
          unit_price: {from: amount}
          line_amount: {from: amount}
          line_discount: {const: 0}
          is_gift_card: {const: false}
          is_sample: {const: false}
"""
HEADER = "basket,customer,mail,at,sku,title,quantity,amount,note"


def basket_row(basket: str, amount: str = "1.00", **cells: str) -> str:
    """Return one line of a baskets file, good unless told otherwise."""
    row = {
        "basket": basket,
        "customer": "c1",
        "mail": "ann@example.com",
        "at": "2024-05-30 12:00:00",
        "sku": "00123",
        "title": "Tea",
        "quantity": "1",
        "amount": amount,
        "note": "secret note",
    } | cells
    return ",".join(row.values())


GOOD = [
    basket_row("b1", "1.00"),
    basket_row("b1", "2.50"),
    basket_row("b2", "4.00", customer="c2", mail="info@acme.example", at="2024-05-30 02:00:00"),
]


@dataclass(frozen=True)
class Stage:
    """A folder with settings and one mapping, where files can be delivered."""

    settings: Settings
    mapping: Mapping
    vault: Vault | None = None
    erased: Erased = NOBODY

    def deliver(self, rows: list[str], header: str = HEADER, **changes: object) -> StagedDelivery:
        """Write a file of lines into the landing and stage it."""
        export = self.mapping.exports[0]
        name = export.files.replace("*", "_1")
        return self.deliver_text("".join(f"{line}\n" for line in (header, *rows)), name, **changes)

    def deliver_text(self, text: str, name: str, **changes: object) -> StagedDelivery:
        """Write a file of text into the landing and stage it."""
        return self.deliver_bytes(text.encode(), name, **changes)

    def deliver_bytes(self, content: bytes, name: str, **changes: object) -> StagedDelivery:
        """Write a file into the landing and stage it."""
        export = self.mapping.exports[0]
        path = self.settings.landing / self.mapping.system / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        delivery = replace(
            Delivery(self.mapping.system, export.name, path, DAY, export.mode, 20240531),
            **changes,  # type: ignore[arg-type]
        )
        tokens = Tokeniser(KEY, self.vault)
        return stage_delivery(
            delivery, self.mapping, export, self.settings, tokens, LOADED_AT, self.erased
        )


def make_stage(folder: Path, yaml: str = BASKETS) -> Stage:
    """Return a stage below ``folder`` with the mapping written in ``yaml``."""
    path = folder / "mappings" / "mapping.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(yaml), encoding="utf-8")
    settings = Settings(
        data=folder / "data",
        landing=folder / "landing",
        mappings=path.parent,
        key_file=folder / "key",
        business_tz="America/New_York",
        duckdb_threads=1,
        duckdb_memory="1GB",
    )
    return Stage(settings, load_mapping(path))


def table(staged: StagedDelivery, name: str) -> pl.DataFrame:
    """Read the accepted rows of a table; they must have the lake's schema to the letter."""
    frame = pl.read_parquet(staged.folder / f"{name}.parquet")
    assert dict(frame.schema) == TABLES[name].lake_schema()
    assert frame.height == staged.tables[name].rows
    return frame


def rejects(staged: StagedDelivery) -> pl.DataFrame:
    """Read the refused rows; their number must be the number counted."""
    if not staged.rejects.rows:
        assert not (staged.folder / "rejects.parquet").exists()
        return pl.DataFrame(schema={"table": pl.String, "reason": pl.String})
    frame = pl.read_parquet(staged.folder / "rejects.parquet")
    assert frame.height == staged.rejects.rows
    assert frame.height == sum(count.rows for count in staged.rejects.by_reason)
    return frame
