"""Who may work beside whom. A lock belongs to an open file, so one process shows it."""

from __future__ import annotations

import os

import pytest

from etl.config import Settings
from etl.errors import Busy
from etl.locks import keep_lock, landing_lock, writer_lock

AT_ONCE = {"wait_seconds": 0.0}


def test_the_warehouse_has_one_writer(settings: Settings) -> None:
    with writer_lock(settings):
        with pytest.raises(Busy) as caught, writer_lock(settings, **AT_ONCE):
            pass
        with landing_lock(settings, shared=False, **AT_ONCE), keep_lock(settings, **AT_ONCE):
            pass
    assert caught.value.where == str(settings.warehouse / ".writer.lock")
    with writer_lock(settings, **AT_ONCE):
        pass


def test_many_stage_side_by_side(settings: Settings) -> None:
    with landing_lock(settings, shared=True), landing_lock(settings, shared=True, **AT_ONCE):
        pass


@pytest.mark.parametrize("shared", [True, False])
def test_a_commit_waits_for_all_who_stage(settings: Settings, shared: bool) -> None:
    with (
        landing_lock(settings, shared=shared),
        pytest.raises(Busy),
        landing_lock(settings, shared=not shared, **AT_ONCE),
    ):
        pass


def test_the_holder_is_named_and_nobody_else(settings: Settings) -> None:
    with landing_lock(settings, shared=False):
        assert f'"pid": {os.getpid()}' in refused(settings)
    with landing_lock(settings, shared=True):
        assert "pid" not in refused(settings)


def refused(settings: Settings) -> str:
    with pytest.raises(Busy) as caught, landing_lock(settings, shared=False, **AT_ONCE):
        pass
    assert caught.value.todo
    return caught.value.what


def test_one_process_keeps_house(settings: Settings) -> None:
    with keep_lock(settings), pytest.raises(Busy), keep_lock(settings, **AT_ONCE):
        pass
