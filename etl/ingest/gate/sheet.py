"""The rows of a worksheet, cell by cell, as text."""

from __future__ import annotations

import re
from collections.abc import Callable

from etl.errors import FileRejected
from etl.ingest.gate.archive import XmlReader
from etl.ingest.gate.formats import Shown, number_text
from etl.ingest.gate.source import Limits
from etl.ingest.gate.tables import NOT_TEXT
from etl.ingest.reasons import file_rejected

_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_REFERENCE = re.compile("([A-Z]{1,3})[0-9]*")
_MOST_COLUMNS = 16_384
_FLAGS = {"0": "false", "1": "true"}


def plain_text(text: str) -> str:
    """Return a text of a workbook with its escaped characters (``_x000D_``) as what they are."""
    if "_x" not in text:
        return text
    found = _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text)
    # Halves of a character that stand together are one; a half alone stays one, and is refused.
    return found.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


class SheetReader(XmlReader):
    """Collects the rows of a sheet that hold something.

    Args:
        where: Name of the file in messages.
        limits: Longest field.
        shared: Returns the text of a number that cells share.
        styles: What each cell style shows.
        is_1904: Whether days count from 1904.
        is_calculated: Whether the values of formulas are those of the last calculation.

    Attributes:
        rows: Number and cells of each finished row; whoever takes them empties the list. Cells go
            as far as the last one that is filled.
    """

    def __init__(
        self,
        where: str,
        limits: Limits,
        shared: Callable[[int], str],
        styles: list[Shown],
        *,
        is_1904: bool,
        is_calculated: bool,
    ) -> None:
        super().__init__(where)
        self.rows: list[tuple[int, list[str]]] = []
        self._limits = limits
        self._shared = shared
        self._styles = styles
        self._is_1904 = is_1904
        self._is_calculated = is_calculated
        self._row = 0
        self._cells: list[str] = []
        self._kind: str | None = None  # of the cell that is open
        self._column = -1  # of the cell that was opened last
        self._style = 0
        self._pieces: list[str] = []
        self._size = 0
        self._is_text = self._is_reading = self._is_formula = self._has_value = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Open a row, a cell or a text within."""
        if name == "c":
            self._open_cell(attributes)
        elif name == "row":
            self._open_row(attributes)
        elif name == "mergeCell":
            raise file_rejected("MERGED_CELLS", self.where)
        elif self._kind is None:
            return
        elif name == "v" or (name == "t" and not self._is_reading):
            self._is_text = self._has_value = True
        elif name == "f":
            self._is_formula = True
        elif name == "rPh":
            self._is_reading = True

    def text(self, text: str) -> None:
        """Keep a piece of the text of a cell."""
        if self._is_text:
            self._pieces.append(text)
            self._size += len(text)
            if self._size > self._limits.field_bytes:
                raise self._fault("FIELD_TOO_LONG", detail=f"{self._limits.field_bytes:,} bytes")

    def end(self, name: str) -> None:
        """Close a text, a cell or a row."""
        if name in ("v", "t"):
            self._is_text = False
        elif name == "c":
            self._close_cell()
        elif name == "row":
            while self._cells and not self._cells[-1]:
                self._cells.pop()
            if self._cells:
                self.rows.append((self._row, self._cells))
        elif name == "rPh":
            self._is_reading = False

    def _open_row(self, attributes: dict[str, str]) -> None:
        number = attributes.get("r") or f"{self._row + 1}"
        if not number.isdecimal() or int(number) <= self._row:
            raise self._damaged()
        self._row, self._cells, self._column = int(number), [], -1

    def _open_cell(self, attributes: dict[str, str]) -> None:
        column, style = self._column + 1, attributes.get("s", "0")
        if "r" in attributes:
            found = _REFERENCE.fullmatch(attributes["r"])
            column = _column_number(found[1]) if found else -1
        if not self._column < column < _MOST_COLUMNS or not style.isdecimal():
            raise self._damaged()
        self._column, self._style = column, int(style)
        self._kind = attributes.get("t", "n")
        self._pieces, self._size = [], 0
        self._is_formula = self._has_value = False

    def _close_cell(self) -> None:
        if self._is_formula and not (self._has_value and self._is_calculated):
            raise self._fault("FORMULA_WITHOUT_VALUE")
        try:
            text = self._cell_text("".join(self._pieces))
        except (ValueError, IndexError, KeyError, OverflowError):
            raise self._damaged() from None
        if NOT_TEXT.search(text):
            raise self._fault("BAD_TEXT")
        if text:
            self._cells += [""] * (self._column - len(self._cells))
            self._cells.append(text)
        self._kind = None

    def _cell_text(self, value: str) -> str:
        """Return the text of a cell by its kind.

        Raises:
            ValueError, IndexError, KeyError: There is no such value of this kind.
        """
        if self._kind in ("str", "inlineStr"):
            return plain_text(value)
        if not value:
            return ""
        if self._kind == "s":
            return self._shared(int(value))
        if self._kind == "n":
            shown = self._styles[self._style] if self._styles else "number"
            return number_text(value.strip(), shown, is_1904=self._is_1904)
        if self._kind == "b":
            return _FLAGS[value]
        if self._kind in ("e", "d"):
            return value
        raise ValueError

    def _damaged(self) -> FileRejected:
        return file_rejected("WORKBOOK_DAMAGED", self.where)

    def _fault(self, code: str, **details: object) -> FileRejected:
        record = str(self._row - 1) if self._row > 1 else "0 (the header)"
        return file_rejected(code, self.where, record=record, **details)


def _column_number(letters: str) -> int:
    """Return the position of a column, ``A`` is 0."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
