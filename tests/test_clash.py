"""Readers while others publish, with real processes: the short form of ``make clash``."""

from __future__ import annotations

from pathlib import Path

from benchmarks.clash import WAYS, clash


def test_readers_see_one_whole_release_while_others_publish(tmp_path: Path) -> None:
    published, *readers = clash(tmp_path, publishes=20, reads=100)
    assert published.releases >= 20
    assert not published.errors
    assert {seen.who for seen in readers} == set(WAYS)
    for seen in readers:
        assert (seen.torn, seen.errors) == ((), ()), seen.who
        if seen.who == "DuckDB's file, held open":
            assert seen.releases == 1
        else:
            assert seen.releases > 1, seen.who


def test_a_publisher_who_writes_over_served_files_is_noticed(tmp_path: Path) -> None:
    """The control: the readers above can see a mixture."""
    published, *readers = clash(tmp_path, publishes=8, reads=50, in_place=True)
    assert not published.errors
    assert any(seen.torn or seen.errors for seen in readers)
