"""Write the small company's deliveries: one history, then a drop a day, each with a manifest.

Nothing here reads the clock or the project's code: the same call writes the same bytes.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import io
import json
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from tests.company import money, people, relations, rows, service, trade
from tests.company.model import HISTORY_ON, MAX_DAYS, Company
from tests.company.planted import REFUSED, Refused, with_bad_rows
from tests.company.truth import Totals, totals

MAPPINGS = Path(__file__).parent / "mappings"
MANIFEST = "_manifest.json"
# A day without a row of these brings no file either.
NOT_DAILY = {"product_costs", *relations.EXPORTS}


@dataclass(frozen=True)
class Expected:
    """What the route must make of the deliveries.

    Args:
        records: Records in the files, by system.
        refused: Rows in quarantine, by reason.
    """

    company: Company
    records: dict[str, int]
    refused: tuple[Refused, ...]

    @property
    def as_of(self) -> date:
        """The last business day delivered."""
        return self.company.as_of

    def totals(self, as_of: date | None = None) -> Totals:
        """Return the totals as of a day, the last one if none is given."""
        return totals(self.company, as_of or self.as_of)


@functools.cache
def company(days: int = 5) -> Company:
    """Return the company with the first ``days`` drops."""
    if not 1 <= days <= MAX_DAYS:
        raise ValueError(f"The small company has 1 to {MAX_DAYS} drops, not {days}.")
    bought = trade.orders()
    whole = Company(
        days=days,
        orders=bought,
        payments=money.payments(bought),
        refunds=money.refunds(bought),
        rates=trade.rates(),
        contacts=people.contacts(),
        accounts=people.accounts(),
        service=(*service.service(), *relations.relations()),
    )
    return _through(whole)


def _through(whole: Company) -> Company:
    """Leave out what later drops would carry."""
    last = whole.as_of
    return replace(
        whole,
        orders=tuple(o for o in whole.orders if o.delivered_on <= last),
        payments=tuple(p for p in whole.payments if p.delivered_on <= last),
        refunds=tuple(r for r in whole.refunds if r.delivered_on <= last),
        rates=tuple(r for r in whole.rates if r.rate_on <= last),
        contacts=tuple(c for c in whole.contacts if c.delivered_on <= last),
        service=tuple(s for s in whole.service if s.delivered_on <= last),
    )


def write_company(landing: Path, *, days: int = 5) -> Expected:
    """Write all deliveries below ``landing`` and return what must come of them.

    Args:
        landing: Folder that holds one folder per system.
        days: Number of drops after the history; the last is the as-of day.
    """
    small = company(days)
    records: dict[str, int] = {}
    for system, exports in rows.EXPORTS.items():
        for day in (HISTORY_ON, *small.drops):
            tables = {name: make(small, day) for name, make in exports.items()}
            if day == HISTORY_ON:
                tables = {n: with_bad_rows(system, n, t) for n, t in tables.items()}
            tables = {n: t for n, t in tables.items() if t or n not in NOT_DAILY}
            mode = "history" if day == HISTORY_ON else "incremental"
            _write_folder(landing / system / day.isoformat(), day, mode, tables, small)
            records[system] = records.get(system, 0) + sum(map(len, tables.values()))
    for day in _catalogue_days(small):
        tables = {"products": rows.products(small, day)}
        _write_folder(landing / "north_shop" / "catalogue" / day.isoformat(), day, "full", tables)
        records["north_shop"] += len(tables["products"])
    return Expected(small, records, REFUSED)


def _catalogue_days(small: Company) -> list[date]:
    """The list of products comes whole, with the history and in the third drop."""
    third = HISTORY_ON + timedelta(days=3)
    return [HISTORY_ON, *([third] if third <= small.as_of else [])]


def _write_folder(
    folder: Path,
    day: date,
    mode: str,
    tables: dict[str, list[rows.Row]],
    small: Company | None = None,
) -> None:
    """Write one delivery; an export without rows is a file with its header alone."""
    folder.mkdir(parents=True)
    for name, table in tables.items():
        header = list(table[0]) if table else _header(name, small)
        delimiter = ";" if name == "sales" else ","
        file = f"{name}_{day:%Y%m%d}.csv" if name == "sales" else f"{name}.csv"
        (folder / file).write_bytes(csv_bytes(header, table, delimiter))
    # The south shop's manifests leave the business day to the file name.
    stated = {} if "sales" in tables else {"business_day": day.isoformat()}
    write_manifest(folder, {**stated, "mode": mode})


def _header(name: str, small: Company | None) -> list[str]:
    exports = {n: make for found in rows.EXPORTS.values() for n, make in found.items()}
    assert small is not None
    return list(exports[name](small, HISTORY_ON)[0])


def csv_bytes(header: list[str], table: list[rows.Row], delimiter: str = ",") -> bytes:
    """Return a CSV file as bytes."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return text.getvalue().encode()


def write_manifest(folder: Path, head: dict[str, str]) -> None:
    """State mode and perhaps day, and the records and sha256 of all files of a folder."""
    files = {
        path.name: {
            "rows": len(list(csv.reader(io.StringIO(path.read_text("utf-8"))))) - 1,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in sorted(folder.glob("*.csv"))
    }
    text = json.dumps({**head, "files": files}, indent=2)
    (folder / MANIFEST).write_text(f"{text}\n", encoding="utf-8")
