"""What a library says when it fails, made fit for a log: engines quote the cell they failed on."""

from __future__ import annotations

import contextlib
import re
import traceback
from collections.abc import Iterator
from pathlib import Path

from etl.config import PROJECT_ROOT
from etl.errors import LoyaltyError
from etl.space import full_disk_named, is_disk_full

_ENGINES = ("_duckdb", "dataframely", "duckdb", "openpyxl", "polars", "pyarrow", "sqlite3")
# A cell may hold marks itself, so nothing after the first one is safe.
_MARK = re.compile(r"""[`"'\[({]""")
_LENGTH = 160


@contextlib.contextmanager
def failures_named() -> Iterator[None]:
    """Turn failures of engines and of the disk into errors that quote no cell; leave the rest.

    Raises:
        DiskFull: The disk ran full inside the block.
        LoyaltyError: ENGINE_FAILED: an engine stopped; says which, how and where.
    """
    with full_disk_named():
        try:
            yield
        except (Exception, _panic()) as error:
            if not _is_of_engine(error) or is_disk_full(error):
                raise
            raise LoyaltyError(
                f"{_engine(error)} stopped with {type(error).__name__}: {without_cells(error)}",
                where=_place(error),
                todo="Values are left out here. `loyalty check` shows the rows of a file; else"
                " report this text.",
                code="ENGINE_FAILED",
            ) from None  # the first error's text would be printed with it


def without_cells(error: BaseException) -> str:
    """Return an error's text up to the first thing that it quotes: what kind of failure it is."""
    line = (str(error).strip().splitlines() or [""])[0]
    return _MARK.split(line)[0].strip()[:_LENGTH]


def _panic() -> type[BaseException]:
    """Return what Polars raises where it should not fail at all; it is no Exception."""
    from polars.exceptions import PanicException

    return PanicException


def _engine(error: BaseException) -> str:
    return type(error).__module__.split(".")[0].removeprefix("_").replace("pyo3_runtime", "polars")


def _is_of_engine(error: BaseException) -> bool:
    return type(error).__module__.split(".")[0] in (*_ENGINES, "pyo3_runtime")


def _place(error: BaseException) -> str:
    """Return the last line of our own code that the error came through."""
    own = [
        f"{Path(frame.filename).relative_to(PROJECT_ROOT)}:{frame.lineno} in {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(PROJECT_ROOT / "etl")
    ]
    return own[-1] if own else ""
