"""The audit log: whole lines in a chain, from which none can go unseen."""

from __future__ import annotations

import json
import os
import pwd
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from etl.config import Settings
from etl.doctor import examine
from etl.errors import LoyaltyError
from etl.keep.backup import back_up
from etl.keep.restore import restore
from etl.privacy import audit
from etl.privacy.audit import append, audit_files, read_chain


@pytest.fixture
def months(monkeypatch: pytest.MonkeyPatch):
    """Set the clock to a month of 2026."""

    def set_to(month: int) -> None:
        monkeypatch.setattr(audit, "utc_now", lambda: datetime(2026, month, 5, 12, tzinfo=UTC))

    return set_to


def written(settings: Settings) -> list[dict]:
    texts = [path.read_text(encoding="utf-8") for path in audit_files(settings)]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def rewrite(path: Path, lines: list[bytes]) -> None:
    path.write_bytes(b"".join(lines))


def test_a_line_says_who_when_and_what(settings: Settings) -> None:
    append(settings, "reveal", token="t1", why="a letter came back\nunread")
    (line,) = written(settings)
    assert line["who"] == pwd.getpwuid(os.getuid()).pw_name
    assert line["at"].endswith("+00:00")
    assert (line["kind"], line["token"], line["why"]) == (
        "reveal",
        "t1",
        "a letter came back\nunread",
    )
    (path,) = audit_files(settings)
    assert path.stat().st_mode & 0o777 == 0o640
    assert path.read_bytes().count(b"\n") == 1


def test_no_variable_changes_who_it_was(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("USER", "LOGNAME", "SUDO_USER", "HOME"):
        monkeypatch.setenv(name, "somebody-else")
    append(settings, "explain")
    assert written(settings)[0]["who"] != "somebody-else"


def test_the_chain_goes_on_over_months_and_over_a_clock_set_back(
    settings: Settings, months
) -> None:
    for month in (1, 2, 2, 1, 3):
        months(month)
        append(settings, "explain", month=month)
    assert [path.name for path in audit_files(settings)] == [
        f"audit-2026-0{n}.jsonl" for n in (1, 2, 3)
    ]
    assert [line["month"] for line in written(settings)] == [1, 2, 2, 1, 3]
    assert read_chain(settings) == audit.Chain(5, ())


def test_a_month_that_was_kept_long_enough_may_go(settings: Settings, months) -> None:
    for month in (1, 2):
        months(month)
        append(settings, "explain")
    audit_files(settings)[0].unlink()
    assert read_chain(settings) == audit.Chain(1, ())


@pytest.mark.parametrize(
    ("harm", "broken"),
    [
        (lambda lines: lines[:1] + lines[2:], (2,)),
        (lambda lines: [lines[0], lines[1].replace(b"t1", b"t9"), *lines[2:]], (3,)),
        (lambda lines: [lines[1], lines[0], *lines[2:]], (2, 3)),
        (lambda lines: [lines[0], b"no line of ours\n", *lines[1:]], (2, 3)),
        (lambda lines: [lines[0], lines[1], lines[1], *lines[2:]], (3,)),
    ],
    ids=["removed", "changed", "exchanged", "added", "doubled"],
)
def test_a_line_that_was_tampered_with_shows(settings: Settings, harm, broken) -> None:
    for number in range(4):
        append(settings, "reveal", token=f"t{number}")
    (path,) = audit_files(settings)
    rewrite(path, harm(path.read_bytes().splitlines(keepends=True)))
    assert read_chain(settings).broken == tuple(f"{path.name}:{n}" for n in broken)
    finding = next(f for f in examine(settings) if f.check == "audit log")
    assert not finding.ok
    assert f"{path.name}:{broken[0]}" in finding.seen


def test_processes_at_once_write_one_chain(settings: Settings) -> None:
    with ProcessPoolExecutor(4) as pool:
        list(pool.map(partial(append, settings), ["explain"] * 40))
    assert read_chain(settings) == audit.Chain(40, ())


def test_a_line_that_cannot_be_written_whole_leaves_no_part(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(settings, "explain")
    before = audit_files(settings)[0].read_bytes()
    write = os.write
    with monkeypatch.context() as patch, pytest.raises(OSError, match="whole"):
        patch.setattr(os, "write", lambda d, text: write(d, text[:9]))
        append(settings, "explain")
    assert audit_files(settings)[0].read_bytes() == before


def test_after_a_half_written_line_the_next_stands_alone_and_the_half_shows(
    settings: Settings,
) -> None:
    append(settings, "explain")
    (path,) = audit_files(settings)
    with path.open("ab") as file:
        file.write(b'{"at": "2026-')  # as after a power cut
    append(settings, "explain")
    assert len(path.read_bytes().splitlines()) == 3
    assert read_chain(settings).broken == (f"{path.name}:2",)


# -- in the backup -------------------------------------------------------------------------------


def backed_up(settings: Settings, target: Path) -> dict:
    return back_up(settings, target, None, print, without_vault=True)


def test_the_log_comes_back_with_the_backup_and_goes_on(settings: Settings, tmp_path: Path) -> None:
    append(settings, "explain", number=1)
    backed_up(settings, tmp_path / "backup")
    (path,) = audit_files(settings)
    path.unlink()
    restore(settings, tmp_path / "backup", None, print)
    append(settings, "explain", number=2)
    assert [line["number"] for line in written(settings)] == [1, 2]
    assert read_chain(settings) == audit.Chain(2, ())


def test_a_restore_takes_no_line_from_a_log_that_is_there(
    settings: Settings, tmp_path: Path
) -> None:
    append(settings, "explain", number=1)
    backed_up(settings, tmp_path / "backup")
    append(settings, "explain", number=2)
    restore(settings, tmp_path / "backup", None, print)
    assert [line["number"] for line in written(settings)] == [1, 2]


@pytest.mark.parametrize("harm", ["cut", "changed", "gone"])
def test_lines_cut_off_since_the_last_backup_show(
    settings: Settings, tmp_path: Path, harm: str
) -> None:
    """A chain without its end is a whole chain: only the copy tells."""
    for number in range(3):
        append(settings, "explain", number=number)
    backed_up(settings, tmp_path / "backup")
    (path,) = audit_files(settings)
    lines = path.read_bytes().splitlines(keepends=True)
    if harm == "gone":
        path.unlink()
    else:
        rewrite(path, lines[:2] if harm == "cut" else [b'{"previous": ""}\n'])
    assert read_chain(settings).broken == ()
    with pytest.raises(LoyaltyError) as caught:
        backed_up(settings, tmp_path / "backup")
    assert caught.value.code == "AUDIT_CUT"
    kept = [f.read_bytes() for f in (tmp_path / "backup").glob(f"*/access/{path.name}")]
    assert b"".join(lines) in kept


def test_lines_added_since_the_last_backup_are_no_harm(settings: Settings, tmp_path: Path) -> None:
    for _ in range(2):
        append(settings, "explain")
        backed_up(settings, tmp_path / "backup")


def test_a_month_that_went_by_the_rule_is_not_missed(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "utc_now", lambda: datetime(2020, 1, 5, tzinfo=UTC))
    append(settings, "explain")
    backed_up(settings, tmp_path / "backup")
    audit_files(settings)[0].unlink()
    backed_up(settings, tmp_path / "backup")
