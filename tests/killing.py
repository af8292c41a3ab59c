"""Run a piece of Python in a process of its own that kills itself at its n-th write to the disk."""

from __future__ import annotations

import signal
import subprocess
import sys

from etl.config import PROJECT_ROOT, Settings

_PROLOGUE = """
import os, signal
from dataclasses import replace
from pathlib import Path
from etl.config import load_settings

writes, fsync = 0, os.fsync

def dying(descriptor):
    global writes
    writes += 1
    if writes == {nth}:
        os.kill(os.getpid(), signal.SIGKILL)
    fsync(descriptor)

os.fsync = dying
settings = load_settings(data=Path({data!r}), landing=Path({landing!r}))
settings = replace(settings, key_file=Path({key_file!r}))
"""


def killed_at_write(nth: int, settings: Settings, code: str) -> bool:
    """Run ``code``, which finds ``settings``; tell whether it lived to make its n-th write."""
    places = {name: str(getattr(settings, name)) for name in ("data", "landing", "key_file")}
    done = subprocess.run(
        [sys.executable, "-c", _PROLOGUE.format(nth=nth, **places) + code],
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT_ROOT,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0
