"""JSON Lines become the table that a CSV export is, or are refused by name."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.errors import FileRejected
from etl.ingest.batches import read_batches
from etl.ingest.gate import GatedFile, Limits, pass_gate, source
from etl.ingest.gate.json_lines import JsonTable
from etl.ingest.reasons import REASONS
from etl.mapping import Export
from tests.delivering import DAY, Stage, make_stage, rejects, table

TICKETS = """
system: desk
business_time_zone: UTC
exports:
  tickets:
    files: "tickets*"
    format: jsonl
    keep: [custom]
    targets:
      crm_cases:
        columns:
          case_id: {from: id}
          email: {from: requester.email}
          type: {from: type}
          reason_code: {from: tags, ops: [{split_list: ";"}]}
          status: {from: status}
          compensation: {from: paid.amount}
          opened_at: {from: created_at}
"""


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return make_stage(tmp_path, TICKETS)


@pytest.fixture
def export(stage: Stage) -> Export:
    return stage.mapping.exports[0]


def ticket(number: int | str, **changes: Any) -> dict[str, Any]:
    """Return a ticket that is taken unless told otherwise."""
    return {
        "id": number, "type": "question", "status": "open",
        "created_at": "2024-05-30T12:00:00Z", **changes,
    }  # fmt: skip


def lines(*objects: Any) -> str:
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in objects)


def gate(
    folder: Path, export: Export, content: bytes, name: str = "tickets", **kw: Any
) -> GatedFile:
    delivered = folder / name
    delivered.write_bytes(content)
    work = folder / "work"
    work.mkdir(exist_ok=True)
    return pass_gate(delivered, export, work, **kw)


def read(gated: GatedFile, export: Export) -> list[dict[str, str]]:
    frames = list(read_batches(gated, replace(export, keep=gated.header)))
    return pl.concat(frames).select(gated.header).to_dicts() if frames else []


# -- what passes ---------------------------------------------------------------------------------

CELLS = {
    "a number is the text it was written with": ("1.10", "1.10"),
    "a number no float can hold": ("12345678901234567890.12345678901234567890", None),
    "an exponent": ("1.5e+3", "1.5e+3"),
    "minus nought": ("-0", "-0"),
    "leading zeros in a text": ('"00123"', "00123"),
    "true": ("true", "true"),
    "false": ("false", "false"),
    "null": ("null", ""),
    "no text": ('""', ""),
    "a list": ('["a", 2, true]', "a;2;true"),
    "a list of nothing": ("[]", ""),
    "a list whose entries hold the separator": ('["a;b", 1.10]', '["a;b",1.10]'),
    "lists as deep as may be": ("[" * 31 + "1" + "]" * 31, None),
    "a list of objects": ('[{"id": 1.10, "ü": [null]}]', '[{"id":1.10,"ü":[null]}]'),
    "line breaks": (r'"one\ntwo\r\nthree\rfour"', "one\ntwo\nthree\rfour"),
    "quotes and commas": (r'"say \"so\", or not"', 'say "so", or not'),
    "a formula and SQL": ('"=1+1\'; drop table x;--"', "=1+1'; drop table x;--"),
    "escapes": (r'"\u00e9\ud83d\ude00\t"', "é😀\t"),
    "not Latin": ('"中文店 😀"', "中文店 😀"),
    "the name of its own column": ('"x"', "x"),
    "a word for a number that is a text": ('"NaN"', "NaN"),
}


@pytest.mark.parametrize("case", CELLS)
def test_a_value_becomes_its_text(tmp_path: Path, export: Export, case: str) -> None:
    delivered, expected = CELLS[case]
    content = f'{{"id":1,"type":"t","status":"s","created_at":"c","x":{delivered}}}\n'
    gated = gate(tmp_path, export, content.encode())
    (row,) = read(gated, export)
    assert row["x"] == (delivered if expected is None else expected)
    assert gated.path.stat().st_mode & 0o077 == 0


def test_keys_of_nested_objects_are_joined_by_a_point(tmp_path: Path, export: Export) -> None:
    via = {"channel": "email", "source": {"from": {"address": "a@b.example"}, "rel": None}}
    gated = gate(tmp_path, export, lines(ticket(1, via=via, empty={})).encode())
    names = ("via.channel", "via.source.from.address", "via.source.rel")
    assert gated.header == (*ticket(1), *names)
    assert [read(gated, export)[0][name] for name in names] == ["email", "a@b.example", ""]


def test_a_key_may_come_late_go_away_or_be_null_where_it_is_an_object_elsewhere(
    tmp_path: Path, export: Export
) -> None:
    content = lines(
        ticket(1), ticket(2, score={"value": "good"}), ticket(3, score=None, late="x"), ticket(4)
    )
    gated = gate(tmp_path, export, content.encode())
    found = [(row["id"], row["score.value"], row["late"]) for row in read(gated, export)]
    assert found == [("1", "", ""), ("2", "good", ""), ("3", "", "x"), ("4", "", "")]
    assert gated.records == 4


def test_an_object_without_keys_is_a_record_all_the_same(tmp_path: Path, export: Export) -> None:
    gated = gate(tmp_path, export, b"{}\n" + lines(ticket(1)).encode())
    assert [row["id"] for row in read(gated, export)] == ["", "1"]


def test_packing_marks_and_line_ends_do_not_matter(tmp_path: Path, export: Export) -> None:
    plain = lines(ticket(1), ticket(2)).encode()
    packed = bytes(pa.Codec("zstd").compress(plain, asbytes=True))
    variants = [
        plain, b"\xef\xbb\xbf" + plain, plain.replace(b"\n", b"\r\n"), gzip.compress(plain), packed,
    ]  # fmt: skip
    found = {gate(tmp_path, export, content).path.read_bytes() for content in variants}
    assert len(found) == 1


def test_a_suffix_says_nothing(tmp_path: Path, export: Export) -> None:
    content = lines(ticket(1)).encode()
    assert gate(tmp_path, export, content, "tickets.csv").records == 1
    with pytest.raises(FileRejected) as caught:
        gate(tmp_path, export, b"id,type\n1,question\n", "tickets.jsonl")
    assert caught.value.code == "BAD_MAGIC"
    assert "JSON Lines" in caught.value.what


def test_no_bytes_are_no_records_only_if_a_manifest_says_so(tmp_path: Path, export: Export) -> None:
    for content in (b"", gzip.compress(b"")):
        gated = gate(tmp_path, export, content, declared_rows=0)
        assert (gated.header, gated.records, gated.path.read_bytes()) == ((), 0, b"")
        with pytest.raises(FileRejected) as caught:
            gate(tmp_path, export, content)
        assert caught.value.code == "EMPTY_FILE"
    with pytest.raises(FileRejected) as caught:
        gate(tmp_path, export, lines(ticket(1)).encode(), declared_rows=0)
    assert caught.value.code == "MANIFEST_ROWS"


def test_a_manifest_vouches_for_a_last_line_without_its_end(tmp_path: Path, export: Export) -> None:
    content = lines(ticket(1)).encode().removesuffix(b"\n")
    assert gate(tmp_path, export, content, declared_rows=1).records == 1


# -- what does not -------------------------------------------------------------------------------

GOOD = lines(ticket(1))
REFUSED = {
    "a JSON array": ("[" + GOOD.strip() + "]\n", "BAD_MAGIC", ""),
    "a table": ("id,type\n1,question\n", "BAD_MAGIC", ""),
    "an error page": ("<html></html>\n", "BAD_MAGIC", ""),
    "a workbook": ("PK\x03\x04", "BAD_MAGIC", ""),
    "nothing but an empty line": ("\n", "BAD_MAGIC", ""),
    "a number as a line": (GOOD + "5\n", "JSON_NOT_OBJECT", "Record 2"),
    "null as a line": (GOOD + "null\n", "JSON_NOT_OBJECT", "Record 2"),
    "a list as a line": (GOOD + "[1]\n", "JSON_NOT_OBJECT", "Record 2"),
    "an empty line": (GOOD + "\n" + GOOD, "JSON_NOT_OBJECT", "Record 2"),
    "an empty line at the end": (GOOD + "\n", "JSON_NOT_OBJECT", "Record 2"),
    "a cut line": (GOOD + '{"id": 2, "ty\n', "JSON_SYNTAX", "Record 2"),
    "an object over two lines": ('{"id": 1,\n"type": 2}\n', "JSON_SYNTAX", "Record 1"),
    "two objects in a line": (GOOD.strip() + GOOD, "JSON_SYNTAX", "Record 1"),
    "single quotes": ("{'id': 1}\n", "JSON_SYNTAX", "Record 1"),
    "a comma too many": ('{"id": 1,}\n', "JSON_SYNTAX", "Record 1"),
    "a comment": ('{"id": 1} // first\n', "JSON_SYNTAX", "Record 1"),
    "a leading zero": ('{"id": 007}\n', "JSON_SYNTAX", "Record 1"),
    "a tab within a text": ('{"id": "a\tb"}\n', "JSON_SYNTAX", "Record 1"),
    "a key twice": ('{"id": 1, "id": 2}\n', "JSON_DUPLICATE_KEY", "Record 1"),
    "a key twice, deep": ('{"a": {"b": 1, "b": 1}}\n', "JSON_DUPLICATE_KEY", "Record 1"),
    "a key twice, in a list": ('{"a": [{"b": 1, "b": 1}]}\n', "JSON_DUPLICATE_KEY", "Record 1"),
    "a key with a point": ('{"a": {"b": 1}, "a.b": 2}\n', "JSON_DUPLICATE_KEY", "Record 1"),
    "NaN": ('{"id": NaN}\n', "JSON_NOT_FINITE", "Record 1"),
    "minus Infinity": ('{"id": [-Infinity]}\n', "JSON_NOT_FINITE", "Record 1"),
    "a NUL": (r'{"id": "a\u0000b"}' + "\n", "JSON_BAD_TEXT", "Record 1"),
    "a NUL as a byte": ('{"id": "a\0b"}\n', "NUL_BYTE", ""),
    "half a character": (GOOD + r'{"id": ["\ud83d"]}' + "\n", "JSON_BAD_TEXT", "Record 2"),
    "half a character, deep": (r'{"id": [["\ud83d"]]}' + "\n", "JSON_BAD_TEXT", "Record 1"),
    "an empty key": ('{"": 1}\n', "JSON_BAD_KEY", "Record 1"),
    "a key over two lines": (r'{"a\nb": 1}' + "\n", "JSON_BAD_KEY", "Record 1"),
    "half a character as a key": (r'{"\ud83d": 1}' + "\n", "JSON_BAD_KEY", "Record 1"),
    "a giant key": ('{"' + "k" * 257 + '": 1}\n', "JSON_BAD_KEY", "Record 1"),
    "deep objects": ('{"a":' * 40 + "1" + "}" * 40 + "\n", "JSON_TOO_DEEP", "Record 1"),
    "deep lists": ('{"a":' + "[" * 32 + "1" + "]" * 32 + "}\n", "JSON_TOO_DEEP", "32 levels"),
    "very deep lists": ('{"a":' + "[" * 100_000 + "]" * 100_000 + "}\n", "JSON_TOO_DEEP", ""),
    "keys that are data": (
        "".join(f'{{"id": 1, "k{n}": 1}}\n' for n in range(1_001)), "JSON_TOO_MANY_KEYS", "1,000",
    ),
    "a value, then an object": (
        '{"id": 1, "a": "x"}\n{"id": 2, "a": {"b": 1}}\n', "JSON_MIXED_KEY",
        "key a holds a value in record 1 and an object in record 2",
    ),
    "an object, then a list": (
        '{"id": 1, "a": {"b": {}}}\n{"id": 2}\n{"id": 3, "a": {"b": [1]}}\n', "JSON_MIXED_KEY",
        "key a.b holds a value in record 3 and an object in record 1",
    ),
    "no final line end": (GOOD.strip(), "TRUNCATED", ""),
    "not UTF-8": (b'{"id": "\xe9"}\n', "BAD_ENCODING", ""),
    "UTF-16": (GOOD.encode("utf-16"), "BAD_MAGIC", ""),
    "a column that is needed": ('{"id": 1}\n', "HEADER_MISSING_COLUMN", "created_at"),
    "objects without any key": ("{}\n", "HEADER_EMPTY", ""),
    "a giant text": (
        lines(ticket(1, x="x" * 70_000)), "FIELD_TOO_LONG", "Record 1",
    ),
    "a giant text of wide letters": (
        lines(ticket(1, x="中" * 22_000)), "FIELD_TOO_LONG", "Record 1",
    ),
    "a cut gzip": (gzip.compress(GOOD.encode() * 99)[:-9], "BAD_COMPRESSION", ""),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_alike_by_everyone_is_refused(
    tmp_path: Path, export: Export, case: str
) -> None:
    content, code, said = REFUSED[case]
    data = content if isinstance(content, bytes) else content.encode()
    with pytest.raises(FileRejected) as caught:
        gate(tmp_path, export, data)
    assert caught.value.code == code
    assert said in caught.value.what
    assert REASONS[code].level == "file"
    assert list((tmp_path / "work").iterdir()) == [], "a refused file leaves nothing behind"


def test_a_line_is_bounded(tmp_path: Path, export: Export) -> None:
    few = Limits(record_bytes=1_000)
    one = lines(ticket(1, x=["x" * 10] * 100)).encode()
    for content in (one, one.removesuffix(b"\n") * 3_000):
        with pytest.raises(FileRejected) as caught:
            gate(tmp_path, export, content, limits=few, declared_sha256=None)
        assert caught.value.code == "LINE_TOO_LONG"
        assert "Record 1 is a line longer than 1,000 bytes" in caught.value.what


def test_messages_never_quote_a_value(tmp_path: Path, export: Export) -> None:
    for content in ('{"id": "ann@example.com" oops}\n', '{"id": "ann@example.com", "id": 1}\n'):
        with pytest.raises(FileRejected) as caught:
            gate(tmp_path, export, content.encode())
        assert "ann" not in str(caught.value)


# -- all together --------------------------------------------------------------------------------

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(),
    st.text(st.sampled_from('ab;",\n\té中😀'), max_size=6),
)  # fmt: skip
OBJECTS = st.dictionaries(st.sampled_from(["a", "b", "c"]), SCALARS, max_size=3)


def text_of(value: Any) -> str:
    """Say what a scalar must have become, without asking the code under test."""
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100
)
@given(rows=st.lists(OBJECTS, min_size=1, max_size=12), block=st.integers(1, 40))
def test_every_value_arrives_in_its_place(
    tmp_path: Path, export: Export, rows: list[dict[str, Any]], block: int
) -> None:
    objects = [ticket(n, nested=row) for n, row in enumerate(rows)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "BLOCK_BYTES", block)
        gated = gate(tmp_path, export, lines(*objects).encode())
    found = read(gated, export)
    names = {f"nested.{key}" for row in rows for key in row}
    assert set(gated.header) == {*ticket(0), *names}
    for row, cells in zip(rows, found, strict=True):
        expected = {f"nested.{key}": text_of(value) for key, value in row.items()}
        assert {name: cells[name] for name in names} == dict.fromkeys(names, "") | expected


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        spool = tmp_path / f"{count}"
        spool.touch()
        one = lines(ticket(1, text="x" * 200)).encode() * 100
        tracemalloc.start()
        rows = JsonTable(spool, Limits(), "file")
        rows.read((one for _ in range(count)), vouched=False)
        for _ in rows.csv_blocks():
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert rows.records == count * 100
        return found

    small, large = peak(20), peak(200)
    assert large < 1.2 * small


def test_the_rest_of_the_road_sees_a_table(stage: Stage) -> None:
    text = lines(
        ticket(1, requester={"email": "Ann@Example.com"}, tags=["late", "vip"]),
        ticket(2, paid={"amount": 12.5}, custom=[{"id": 7}], secret="hidden", more=None),
        ticket(3, status="lost"),
        ticket(4, secret="hidden too", custom=None),
    )
    staged = stage.deliver_text(text, "tickets.jsonl")
    rows = table(staged, "crm_cases")
    assert staged.business_day == DAY
    assert rows["case_id"].to_list() == ["1", "2", "4"]
    assert rows["source_row"].to_list() == [1, 2, 4]
    assert rows["reason_code"].to_list() == ["late", None, None]
    assert rows["compensation"].cast(pl.String).to_list() == [None, "12.5000", None]
    assert rows["email_domain"].to_list() == ["example.com", None, None]
    assert rows["extra_json"].to_list() == [None, '{"custom":"[{\\"id\\":7}]"}', None]
    assert staged.unmapped == {"more": 0, "secret": 2}
    (refused,) = rejects(staged).to_dicts()
    assert (refused["source_row"], refused["reason"]) == (3, "UNKNOWN_CODE")
    assert "hidden" not in refused["raw_json"]
