"""One trial: kill a command, give it again, and look for what is not as it should be."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.killed.command import Ended, Shell
from tests.killed.ground import Ground, canaries, delivered_records
from tests.killed.invariants import (
    broken_releases,
    differences,
    leftovers,
    told,
    uncounted_records,
    written_since,
)
from tests.killed.reader import Reader
from tests.killed.scenes import Outcome, Scene

_THREE_DAYS = 3 * 86_400


@dataclass(frozen=True)
class Undisturbed:
    """A scene's command that nobody killed.

    Args:
        outcome: What it came to.
        reached: How often it came to each point.
        releases: What readers may see: the release before, and the one after.
    """

    outcome: Outcome
    reached: dict[str, int]
    seconds: float
    releases: list[object]


@dataclass(frozen=True)
class Trial:
    """What came of one kill.

    Args:
        at: The point, or the seconds after which it came.
        was_killed: Whether it came in time.
        wrong: Violations of the invariants; empty is good.
        reads: How often readers looked meanwhile.
        temporaries: Files under temporary names that were there after the retry; nothing reads
            them, and ``loyalty keep`` has removed them.
    """

    scene: str
    at: str
    was_killed: bool
    wrong: tuple[str, ...]
    reads: int = 0
    temporaries: int = 0
    seconds: float = 0.0


def undisturbed(ground: Ground, scene: Scene, shell: Shell | None = None) -> Undisturbed:
    """Run a scene's command to its end, twice where the first is no measure of the time.

    Raises:
        AssertionError: It fails without being killed, or what it leaves is wrong already.
    """
    ground.put(scene.base)
    releases = [ground.look()]
    ended = (shell or ground.shell).run(*scene.command(ground))
    assert ended.code == 0, f"{scene.name}: {ground.shell.log.read_text()}"
    releases.append(ground.look())
    wrong = _wrong(ground, scene, since=0)
    assert not wrong, f"{scene.name}, undisturbed: {wrong}"
    return Undisturbed(scene.outcome(ground), ended.reached, ended.seconds, releases)


def killed(
    ground: Ground,
    scene: Scene,
    good: Undisturbed,
    *,
    fault: str = "",
    after: float | None = None,
    shell: Shell | None = None,
) -> Trial:
    """Kill a scene's command at a point or after some seconds, give it again, and look."""
    ground.put(scene.base)
    shell, since = shell or ground.shell, time.time()
    with ExitStack() as stack:
        reader = Reader(ground.settings.marts, good.releases)
        if scene.is_read:
            stack.enter_context(reader)
        ended = shell.run(*scene.command(ground), fault=fault, after=after)
        wrong = _between(ground, scene, ended, fault)
        again = shell.run(*scene.command(ground))
        if again.code != 0:
            wrong.append(f"the retry ended with {again.code}")
    if again.code == 0:
        wrong += differences(scene.outcome(ground), good.outcome)
    wrong += [*_wrong(ground, scene, since), *reader.seen.wrong]
    temporaries = leftovers(ground.settings)[1]
    wrong += _not_cleaned(ground, temporaries)
    return Trial(
        scene.name,
        fault or f"{after:.3f} s",
        ended.was_killed,
        tuple(dict.fromkeys(wrong)),
        reader.seen.reads,
        len(temporaries),
        time.time() - since,
    )


def _between(ground: Ground, scene: Scene, ended: Ended, fault: str) -> list[str]:
    """Look right after the kill: what readers can open must be whole."""
    if fault and not ended.was_killed:
        return [f"it never came to {fault}, and ended with {ended.code}"]
    return broken_releases(ground.settings) if scene.is_read else []


def _wrong(ground: Ground, scene: Scene, since: float) -> list[str]:
    settings = ground.settings
    lost = uncounted_records(settings, delivered_records()) if scene.is_counted else []
    return [
        *broken_releases(settings),
        *lost,
        *leftovers(settings)[0],
        *told([ground.shell.log, *written_since(settings, since)], canaries()),
    ]


def _not_cleaned(ground: Ground, temporaries: list[Path]) -> list[str]:
    """Let three days go by for what a kill left, and clean up: nothing of it may stay."""
    if not temporaries:
        return []
    old = time.time() - _THREE_DAYS
    for path in {*temporaries, *(path.parent for path in temporaries)}:
        os.utime(path, (old, old), follow_symlinks=False)
    ended = ground.shell.run("keep")
    if ended.code != 0:
        return [f"`loyalty keep` ended with {ended.code}"]
    return [f"I4 {path.name} stays for ever" for path in leftovers(ground.settings)[1]]
