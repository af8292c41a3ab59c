"""One way from a CSV file to Parquet, alone in its process: ``candidates.py <who> <csv> <folder>``.

The last line printed is the number of rows written, as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

MAPPINGS = Path(__file__).resolve().parent
DAY = date(2026, 3, 31)


def ours(path: Path, folder: Path) -> int:
    """Stage a delivery as the route does: gate, rules, tokens, vault, digests, lake's Parquet."""
    from etl.config import load_settings
    from etl.ingest.discover import Delivery
    from etl.ingest.extract import stage_delivery
    from etl.mapping import load_mapping
    from etl.privacy.suppression import read_erased
    from etl.privacy.tokens import Tokeniser, Vault, load_or_create_key

    mapping = load_mapping(MAPPINGS / "mapping.yml")
    [export] = mapping.exports
    settings = load_settings(data=folder / "data", landing=path.parent, mappings=MAPPINGS)
    tokens = Tokeniser(load_or_create_key(settings), Vault(settings))
    delivery = Delivery(mapping.system, export.name, path, DAY, export.mode, 20260331)
    now = datetime(2026, 4, 1, 2, tzinfo=UTC)
    erased = read_erased(settings)
    staged = stage_delivery(delivery, mapping, export, settings, tokens, now, erased)
    if staged.status != "accepted" or staged.rejects.rows:
        raise SystemExit(f"{staged.status} {staged.file_reason}, {staged.rejects.rows} refused")
    return staged.tables["orders"].rows


def start(path: Path, folder: Path) -> int:
    """Import what ours imports, and stage a hundred rows."""
    short = folder / path.name
    with path.open(encoding="utf-8") as lines:
        short.write_text("".join(next(lines) for _ in range(101)), encoding="utf-8")
    return ours(short, folder)


def polars(path: Path, folder: Path) -> int:
    """Scan and sink, nothing said about either."""
    import polars as pl

    target = folder / "floor.parquet"
    pl.scan_csv(path).sink_parquet(target)
    return int(pl.scan_parquet(target).select(pl.len()).collect().item())


def duckdb(path: Path, folder: Path) -> int:
    """COPY with the types that DuckDB finds by itself."""
    import duckdb as engine

    with engine.connect(config={"threads": 2}) as connection:
        copied = connection.execute(
            f"copy (select * from read_csv('{path}')) to '{folder / 'copy.parquet'}'"
            " (format parquet, compression zstd)"
        ).fetchone()
    return int(copied[0]) if copied else 0


CANDIDATES: dict[str, Callable[[Path, Path], int]] = {
    "start": start,
    "loyalty": ours,
    "polars": polars,
    "duckdb": duckdb,
}


if __name__ == "__main__":
    who, csv, folder = sys.argv[1:]
    print(json.dumps(CANDIDATES[who](Path(csv), Path(folder))))
