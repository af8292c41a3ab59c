"""One writer, closed files, and readers that can only read."""

from __future__ import annotations

import multiprocessing
import time

import pytest

from etl.errors import Busy, LoyaltyError
from etl.files import make_folder
from etl.locks import writer_lock
from etl.warehouse.database import build_path, discard_build, open_build, read_only


def hold(settings, started, seconds):
    with writer_lock(settings):
        started.set()
        time.sleep(seconds)


def test_a_second_writer_waits_and_then_names_the_holder(settings):
    context = multiprocessing.get_context("spawn")
    started = context.Event()
    holder = context.Process(target=hold, args=(settings, started, 20))
    holder.start()
    try:
        assert started.wait(15)
        with pytest.raises(Busy, match=str(holder.pid)), writer_lock(settings, wait_seconds=0.3):
            pass
    finally:
        holder.kill()
        holder.join()
    with writer_lock(settings, wait_seconds=5):
        pass  # a killed holder leaves nothing behind


def test_a_build_is_closed_when_the_block_ends(settings):
    make_folder(build_path(settings).parent)
    with open_build(settings) as build:
        build.execute("create table t as select 1 as x")
    assert [path.name for path in build_path(settings).parent.iterdir()] == ["loyalty.duckdb"]


def test_a_new_build_forgets_the_record_of_the_one_before(settings):
    record = build_path(settings).parent / "build.json"
    make_folder(record.parent)
    record.write_text("{}")
    build_path(settings).touch()
    discard_build(settings)
    assert list(record.parent.iterdir()) == []


def test_a_reader_before_the_first_publish_is_told_what_to_do(settings):
    with (
        pytest.raises(LoyaltyError, match="Run `loyalty run`"),
        read_only(settings.marts / "current" / "loyalty.duckdb"),
    ):
        pass


def test_a_write_ahead_log_beside_the_build_stops_the_run(settings):
    path = build_path(settings)
    make_folder(path.parent)
    path.with_name(f"{path.name}.wal").write_bytes(b"")
    with pytest.raises(LoyaltyError) as caught, open_build(settings):
        pass
    assert caught.value.code == "STILL_OPEN"
    assert caught.value.where == f"{path}.wal"
