"""The same facts delivered in another way: none of these may change a mart."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from tests.company.generate import MANIFEST, csv_bytes, write_manifest

_DELIMITERS = {"sales": ";"}


def redeliver_same(landing: Path) -> None:
    """Put a copy of every delivery beside it: the same bytes, the same day, another folder."""
    for folder in delivery_folders(landing):
        shutil.copytree(folder, folder.with_name(f"{folder.name}-again"))


def split_in_two(landing: Path) -> None:
    """Replace every file by two: the first half of its documents, and the rest."""
    for folder in delivery_folders(landing):
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        if manifest["mode"] == "full":
            continue  # Half of a full list would say that the other half is gone.
        for path in sorted(folder.glob("*.csv")):
            _split(path)
        manifest.pop("files")
        write_manifest(folder, manifest)


def reverse_order(written: Path, landing: Path) -> Iterator[str]:
    """Let the deliveries arrive the newest business day first; yields each day that is there."""
    folders = delivery_folders(written)
    for day in sorted({folder.name for folder in folders}, reverse=True):
        for folder in (folder for folder in folders if folder.name == day):
            shutil.copytree(folder, landing / folder.relative_to(written))
        yield day


def withhold(folder: Path, name: str, *, to: Path) -> None:
    """Take one file out of a delivery; ``to`` becomes a delivery of it alone."""
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    manifest.pop("files")
    to.mkdir(parents=True)
    (folder / name).rename(to / name)
    for place in (folder, to):
        write_manifest(place, manifest)


def deliver_nothing(system_folder: Path, day: str) -> None:
    """Deliver every export of a system's first drop for a quiet day: header lines alone."""
    _, drop, *_ = delivery_folders(system_folder)
    quiet = system_folder.parent.with_name(f"{system_folder.name}-{day}")  # outside the landing
    quiet.mkdir()
    for path in sorted(drop.glob("*.csv")):
        name = path.name.replace(drop.name.replace("-", ""), day.replace("-", ""))
        (quiet / name).write_text(path.read_text("utf-8").splitlines()[0] + "\n", "utf-8")
    write_manifest(quiet, {"business_day": day, "mode": "incremental"})
    quiet.rename(system_folder / day)  # all at once: somebody may be looking already


def delivery_folders(landing: Path) -> list[Path]:
    """Return every folder that holds a delivery."""
    return sorted(path.parent for path in landing.rglob(MANIFEST))


def plant_missing_rate(landing: Path, day: date) -> None:
    """Add an order in a currency that no rate is known for."""
    row = {
        "Id": "N-CHF-001",
        "Customer": "N-0001",
        "Email": "",
        "Contact": "",
        "Account": "",
        "Created at": f"{day.isoformat()} 10:00:00 -0500",
        "Updated at": f"{day.isoformat()} 10:00:00 -0500",
        "Status": "paid",
        "Currency": "CHF",
        "Subtotal": "16.00",
        "Discount": "0.00",
        "Shipping": "0.00",
        "Taxes": "0.00",
        "Taxes included": "no",
        "Total": "16.00",
        "Channel": "Web",
        "Test": "no",
        "Line sku": "'00101",
        "Line name": "Tea, black",
        "Line quantity": "2",
        "Line price": "8.00",
        "Line discount": "0.00",
        "Gift card": "0",
        "Sample": "0",
    }
    folder = landing / "north_shop" / f"{day.isoformat()}-francs"
    folder.mkdir(parents=True)
    (folder / "orders_export.csv").write_bytes(csv_bytes(list(row), [row]))
    write_manifest(folder, {"business_day": day.isoformat(), "mode": "incremental"})


def _split(path: Path) -> None:
    """Split between two documents: rows that share their first column stay together."""
    header, *lines = path.read_text("utf-8").splitlines(keepends=True)
    delimiter = _DELIMITERS.get(path.name.split("_")[0], ",")
    keys = [line.split(delimiter, 1)[0] for line in lines]
    cut = len(lines) // 2
    while 0 < cut < len(lines) and keys[cut] == keys[cut - 1]:
        cut += 1
    for part, piece in (("part1", lines[:cut]), ("part2", lines[cut:])):
        path.with_name(f"{path.stem}_{part}.csv").write_text(header + "".join(piece), "utf-8")
    path.unlink()
