"""Names, links, pipes and manifests: what a file is before anybody opens it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from tests.delivering import DAY
from tests.nasty.case import COLUMNS, GOOD, GOOD_2, Case
from tests.nasty.cells import as_csv, as_json_lines

FILE = as_csv([COLUMNS, GOOD, GOOD_2])
DIGEST = hashlib.sha256(FILE).hexdigest()
NAMES = (
    "a*.csv", "a[1].csv", "a?.csv", "-x.csv", "--help", "中文.csv", "a b.csv", "x", "x.xlsx",
    "x.csv.gz", "%2e%2e%2fx.csv", "$(touch y).csv", "a'b.csv", 'a"b.csv', "a;b.csv", "a\nb.csv",
    "con.csv", "a\\b.csv", "~", "x" * 240 + ".csv",
)  # fmt: skip


def _promise(**said: object) -> dict[str, object]:
    return {"business_day": DAY.isoformat(), "files": {"x.csv": said}}


def _link(folder: Path) -> None:
    (folder.parent / "real.csv").write_bytes(FILE)
    (folder / "x.csv").symlink_to(folder.parent / "real.csv")


def _link_out(folder: Path) -> None:
    (folder / "x.csv").symlink_to("/etc/passwd")


def _dangling(folder: Path) -> None:
    (folder / "x.csv").symlink_to("nowhere")


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "x.csv")


def _not_text(folder: Path) -> None:
    (folder / os.fsdecode(b"x\xff.csv")).write_bytes(FILE)


def _nothing(_: Path) -> None:
    """Deliver nothing."""


PLACES: dict[str, tuple[Callable[[Path], None], str]] = {
    "a link": (_link, "NOT_REGULAR_FILE"),
    "a link out of the landing": (_link_out, "NOT_REGULAR_FILE"),
    "a link to nothing": (_dangling, "NOT_REGULAR_FILE"),
    "a pipe that nobody writes to": (_pipe, "NOT_REGULAR_FILE"),
    "a name that is not UTF-8": (_not_text, "NAME_NOT_UTF8"),
}
HALF = FILE[: -len(FILE) // 4]
CASES: dict[str, Case] = {
    **{f"the name {name[:30]!r}": Case("B11", FILE, name=name) for name in NAMES},
    **{name: Case("B11", place, code) for name, (place, code) in PLACES.items()},
    "half an upload": Case("B1", HALF, "TRUNCATED"),
    "an upload cut at a line's end, with a promise of rows": Case(
        "B1", as_csv([COLUMNS, GOOD]), "MANIFEST_ROWS", manifest=_promise(rows=2)
    ),
    "an upload cut at a line's end, with a digest": Case(
        "B1", as_csv([COLUMNS, GOOD]), "MANIFEST_SHA256", manifest=_promise(sha256=DIGEST)
    ),
    "a last line without its end, vouched for": Case("B1", FILE[:-1], manifest=_promise(rows=2)),
    "a file that the manifest promises and that is not there": Case(
        "B1", _nothing, "MANIFEST_FILE_MISSING", manifest=_promise(rows=2)
    ),
    "a manifest that is no JSON": Case("B1", FILE, "MANIFEST_INVALID", manifest=b"{"),
    "a manifest with an unknown word": Case(
        "B1", FILE, "MANIFEST_INVALID", manifest={"buisness_day": "2024-05-31"}
    ),
    "a manifest that points out of the folder": Case(
        "B1", FILE, "MANIFEST_INVALID", manifest={"files": {"../x.csv": {}}}
    ),
    "nothing says which day it is for": Case("B6", FILE, "NO_BUSINESS_DAY", manifest={}),
    "a day that does not exist": Case(
        "B6", FILE, "MANIFEST_INVALID", manifest={"business_day": "2024-02-30"}
    ),
    "no bytes": Case("B6", b"", "EMPTY_FILE"),
    "a header alone": Case("B6", as_csv([COLUMNS]), rows=()),
    "a header alone, rows promised": Case(
        "B6", as_csv([COLUMNS]), "MANIFEST_ROWS", manifest=_promise(rows=2)
    ),
    "JSON Lines without bytes": Case("B6", b"", "EMPTY_FILE", options="format: jsonl"),
    "JSON Lines without bytes, declared empty": Case(
        "B6", b"", rows=(), options="format: jsonl", manifest=_promise(rows=0)
    ),
    "JSON Lines cut off": Case(
        "B1", as_json_lines([COLUMNS, GOOD, GOOD_2])[:-9], "TRUNCATED", options="format: jsonl"
    ),
}
