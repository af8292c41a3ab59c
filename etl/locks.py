"""Locks between processes. They are the kernel's: a killed process never leaves one behind.

============  ==============================================  ==============================
lock          held alone                                      held together
============  ==============================================  ==============================
writer        while the warehouse is built and published
landing       while staged deliveries become a commit         while deliveries are staged
fetch         while a bucket's new objects are copied
keep          while files are joined, backed up or removed
audit         while a line is added to the audit log
============  ==============================================  ==============================
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from etl.config import Settings
from etl.errors import Busy
from etl.files import make_folder

WAIT_SECONDS = 30.0
# What another process fetches meanwhile need not be fetched again; it may be gigabytes.
FETCH_WAIT_SECONDS = 900.0
_POLL_SECONDS = 0.2


@contextlib.contextmanager
def writer_lock(settings: Settings, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the one lock under which the warehouse is written.

    Raises:
        Busy: Another process held it for longer than ``wait_seconds``; names the holder.
    """
    path = make_folder(settings.warehouse) / ".writer.lock"
    with _held(path, fcntl.LOCK_EX, wait_seconds, "Another run is writing the warehouse"):
        yield


@contextlib.contextmanager
def landing_lock(
    settings: Settings, *, shared: bool, wait_seconds: float = WAIT_SECONDS
) -> Iterator[None]:
    """Hold the landing: shared while staging, alone while committing.

    Raises:
        Busy: It could not be had within ``wait_seconds``.
    """
    path = make_folder(settings.data) / ".landing.lock"
    mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    with _held(path, mode, wait_seconds, "Another run is landing exports"):
        yield


@contextlib.contextmanager
def fetch_lock(settings: Settings, wait_seconds: float = FETCH_WAIT_SECONDS) -> Iterator[None]:
    """Hold the mirror of a bucket.

    Raises:
        Busy: Another process held it for longer than ``wait_seconds``; names the holder.
    """
    path = make_folder(settings.data) / ".fetch.lock"
    with _held(path, fcntl.LOCK_EX, wait_seconds, "Another run is fetching from the bucket"):
        yield


@contextlib.contextmanager
def keep_lock(settings: Settings, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold housekeeping: what a backup copies must not be removed meanwhile.

    Raises:
        Busy: Another process held it for longer than ``wait_seconds``; names the holder.
    """
    path = make_folder(settings.data) / ".keep.lock"
    with _held(path, fcntl.LOCK_EX, wait_seconds, "Another run is keeping house"):
        yield


@contextlib.contextmanager
def audit_lock(settings: Settings, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the audit log: each line names the one before it.

    Raises:
        Busy: Another process held it for longer than ``wait_seconds``; names the holder.
    """
    path = make_folder(settings.data) / ".audit.lock"
    with _held(path, fcntl.LOCK_EX, wait_seconds, "Another process is writing the audit log"):
        yield


@contextlib.contextmanager
def _held(path: Path, mode: int, wait_seconds: float, what: str) -> Iterator[None]:
    with path.open("a+", encoding="utf-8") as file:
        _acquire(file.fileno(), mode, path, wait_seconds, what)
        if mode == fcntl.LOCK_SH:
            yield
            return
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid()}))
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)  # who holds it next, together with others, is not named by this


def _acquire(descriptor: int, mode: int, path: Path, wait_seconds: float, what: str) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise Busy(
                    f"{what} ({path.read_text() or 'unknown'}).",
                    where=str(path),
                    todo="Wait for it to end, then run again.",
                ) from None
            time.sleep(_POLL_SECONDS)
        else:
            return
