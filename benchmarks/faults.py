"""Kills commands at every named point and at random moments, gives them again, and looks.

    make faults                          every point three times, and 150 moments at random
    make faults ARGS="--points 1 --land 10 --run 0 --publish 0 --whole 0"     shorter
    make faults ARGS="--json faults.json"                                     for machines

After each kill the same command is given once more, and then must hold: every mart is the same as
without the kill, or what else the command makes: the lake with vault and quarantine, the list, the
backups (I1); readers saw the release before or the one after, whole, at every look (I2); each
record is in a table, in quarantine or left out by the mapping (I3); nothing lies about that belongs
to nothing, and temporaries are gone after `loyalty keep` (I4); no log and no other file holds a
clear personal value (I5). Exits with 1 where one does not hold, or where no kill met a point.

Processes and kills are real. All but `whole run` are forked from a process that has imported the
command line, and run the SQL that dbt compiled once instead of dbt, which takes most of a build's
time; `whole run` is the installed program, dbt and all. The company is the tiny one of
tests/systems/merged.md: a kill at random comes early or late in small files, not in large ones.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from etl.faults import POINTS
from etl.files import write_json
from tests.killed.ground import Ground, add_kept_bases, make_ground
from tests.killed.scenes import SCENES, WHOLE, Scene
from tests.killed.trial import Trial, Undisturbed, killed, undisturbed

_HEAD = ("command", "killed at", "kills", "reads", "temporaries", "seconds", "wrong")
_LINE = "{:<10} {:<20} {:>5} {:>6} {:>11} {:>8}  {}"


def at_points(ground: Ground, scene: Scene, good: Undisturbed, times: int) -> Iterator[list[Trial]]:
    """Kill a command at each of its points: when it comes there first, in the middle, and last."""
    for point in filter(scene.takes, POINTS):
        reached = good.reached.get(point, 0)
        if reached:
            spread = [1 + (reached - 1) * n // max(times - 1, 1) for n in range(times)]
            yield [killed(ground, scene, good, fault=f"{point}:{nth}") for nth in spread]


def at_random(
    ground: Ground, scene: Scene, good: Undisturbed, kills: int, chance: random.Random
) -> list[Trial]:
    """Kill a command at random moments; one that ended before its moment is no kill.

    It shows that the command takes less time now, so later moments are not tried any more.
    """
    shell = ground.program if scene is WHOLE else ground.shell
    done: list[Trial] = []
    attempts, within = 0, good.seconds
    while sum(trial.was_killed for trial in done) < kills and attempts < 3 * kills:
        attempts += 1
        after = chance.uniform(0, within)
        done.append(killed(ground, scene, good, after=after, shell=shell))
        within = within if done[-1].was_killed else after
        if attempts % 10 == 0:
            progress(f"{scene.name}: {attempts} at random")
    return done


def tell(name: str, at: str, trials: list[Trial]) -> None:
    """Print one line of the table, and what went wrong below it."""
    wrong = sum(bool(trial.wrong) for trial in trials)
    kills = sum(trial.was_killed for trial in trials)
    numbers = (sum(trial.reads for trial in trials), sum(trial.temporaries for trial in trials))
    seconds = sum(trial.seconds for trial in trials)
    print(_LINE.format(name, at, kills, *numbers, f"{seconds:.0f}", wrong or "-"), flush=True)
    for trial in trials:
        for what in trial.wrong:
            print(f"    {trial.at}: {what}", flush=True)


def progress(text: str) -> None:
    """Say on the side how far it is."""
    print(f"... {text}", file=sys.stderr, flush=True)


def run_all(ground: Ground, asked: argparse.Namespace) -> list[Trial]:
    """Go through all points and all random kills; print the table."""
    chance = random.Random(asked.seed)
    at_chance = {"land": asked.land, "run": asked.run, "publish": asked.publish}
    trials: list[Trial] = []
    print(_LINE.format(*_HEAD))
    for scene in SCENES:
        if asked.only and scene.name not in asked.only:
            continue
        good = undisturbed(ground, scene)
        if asked.points:
            for found in at_points(ground, scene, good, asked.points):
                tell(scene.name, found[0].at.partition(":")[0], found)
                trials += found
        if kills := at_chance.get(scene.name, 0):
            found = at_random(ground, scene, good, kills, chance)
            tell(scene.name, "at random", found)
            trials += found
    if asked.whole and (not asked.only or WHOLE.name in asked.only):
        good = undisturbed(ground, WHOLE, ground.program)
        found = at_random(ground, WHOLE, good, asked.whole, chance)
        tell(WHOLE.name, "at random", found)
        trials += found
    return trials


def missed(trials: list[Trial], asked: argparse.Namespace) -> list[str]:
    """Return the points that nothing was killed at."""
    if asked.only or not asked.points:
        return []
    come_to = {trial.at.partition(":")[0] for trial in trials if trial.was_killed}
    return [point for point in POINTS if point not in come_to]


def too_few(trials: list[Trial], asked: argparse.Namespace) -> list[str]:
    """Return the commands that were killed at random less often than was asked for."""
    wanted = {name: getattr(asked, name) for name in ("land", "run", "publish")}
    wanted[WHOLE.name] = asked.whole
    found = Counter(t.scene for t in trials if t.was_killed and t.at.endswith(" s"))
    return [
        f"{name}: {found[name]} of {kills} kills at random"
        for name, kills in wanted.items()
        if found[name] < kills and (not asked.only or name in asked.only)
    ]


def main() -> int:
    """Go through all in a folder of its own; 0 when nothing broke."""
    asked = arguments()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="loyalty-faults-") as folder:
        progress("landing, building and publishing the company (dbt once)")
        ground = make_ground(Path(folder))
        add_kept_bases(ground)
        trials = run_all(ground, asked)
    wrong = [trial for trial in trials if trial.wrong]
    never = missed(trials, asked)
    for point in never:
        print(f"nothing was killed at {point}")
    short = too_few(trials, asked)
    for what in short:
        print(what)
    kills = sum(trial.was_killed for trial in trials)
    reads = sum(trial.reads for trial in trials)
    seconds = time.perf_counter() - started
    print(f"{kills} kills, {len(wrong)} with something wrong; {reads} looks of readers;"
          f" {seconds:.0f} s; seed {asked.seed}")  # fmt: skip
    if asked.json:
        told = {"seed": asked.seed, "kills": kills, "wrong": len(wrong), "never_killed_at": never}
        write_json(asked.json, {**told, "trials": [asdict(trial) for trial in trials]})
    return 1 if wrong or never or short else 0


def arguments() -> argparse.Namespace:
    """Read how much is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--points", type=int, default=3, help="kills at each point")
    parser.add_argument("--land", type=int, default=100, help="kills of a landing at random")
    parser.add_argument("--run", type=int, default=20, help="kills of a build at random")
    parser.add_argument("--publish", type=int, default=20, help="kills of a publish at random")
    parser.add_argument("--whole", type=int, default=10, help="kills of a run with dbt at random")
    parser.add_argument("--only", nargs="*", default=[], help="only these commands")
    parser.add_argument("--seed", type=int, default=20261122, help="of the random moments")
    parser.add_argument("--json", type=Path, help="write all trials here")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
