"""Named points at which a process can be told to die, to prove that a retry mends everything.

``FAULT_AT=<point>`` makes a process kill itself (SIGKILL) when it comes there, ``<point>:<n>`` when
it comes there for the n-th time. Without the variable a point costs a look at the environment.
"""

from __future__ import annotations

import os
import signal
from collections import Counter

from etl.config import fault_at
from etl.errors import ConfigError

# In the order of the road. Each says what is on the disk when the process dies there.
POINTS = {
    "discover.found": "The exports to stage are known; nothing is written.",
    "stage.begun": "The private work folder is there, empty.",
    "gate.read": "A file is read to its end and hashed; its checked copy has no name yet.",
    "gate.checked": "The checked copy of a file has its name.",
    "sieve.shaped": "A batch is read and mapped; its rows are in no file yet.",
    "sieve.typed": "A batch has passed the contract; its rows are in no file yet.",
    "sieve.written": "A batch's rows are in the growing files, its clear values in the vault.",
    "stage.prepared": "A delivery is written, without its marker.",
    "stage.marked": "A delivery is whole, but not in its place.",
    "stage.placed": "A delivery lies in its place.",
    "files.written": "Any file is complete under its temporary name.",
    "files.renamed": "Any file has its name; the folder is not synced.",
    "commit.linked": "A delivery's files lie in lake and quarantine; no commit lists them.",
    "commit.written": "The commit is complete under its temporary name.",
    "commit.created": "The commit counts; its temporary name and the staged folders are there.",
    "commit.swept": "The commit counts; a staged folder is gone.",
    "ledger.caught_up": "The ledger's index has the new commits, in a transaction that is open.",
    "inputs.linked": "A file of the lake is among the inputs of the build; others are not.",
    "inputs.complete": "All inputs of the build are there.",
    "build.discarded": "The last build is gone.",
    "dbt.before": "A dbt call is about to begin.",
    "dbt.after": "A dbt call has ended.",
    "fit.identities": "Who is one customer is worked out and handed to dbt.",
    "fit.values": "The value models are fitted and handed to dbt.",
    "fit.experiments": "What experiments found is handed to dbt.",
    "build.reconciled": "The marts reconcile with the files; the build has no record yet.",
    "build.proposed": "What the build proposes to state lies beside it; it has no record yet.",
    "build.recorded": "The build is finished; nothing is published.",
    "publish.allowed": "No delivery holds the publish; nothing of the release is written.",
    "release.exported": "A mart is written as Parquet.",
    "release.loaded": "The release's DuckDB file is complete; it has no manifest.",
    "release.prepared": "The release is whole, but has no name.",
    "state.written": "A file of a commit of state is written; no commit lists it.",
    "state.committed": "State has the run's rows; the release has no name.",
    "release.named": "The release has its name; readers have the one before.",
    "current.before": "The new link is beside the old one.",
    "current.after": "Readers have the new release; the folder is not synced.",
    "export.begun": "The manifest of the list before is gone.",
    "export.written": "The files of a list are written; they have no manifest.",
    "export.done": "A list and its manifest are written.",
    "compact.joined": "A table's joined file is written; no commit lists it.",
    "compact.committed": "The joined files count; the old ones are there too.",
    "backup.copied": "A file is in a backup that has no name yet.",
    "backup.named": "The backup counts.",
    "backup.pruned": "An old backup has lost its name and is there.",
    "keep.removed": "One thing that may go is gone.",
    "close.published": "The release of a month's last day is there; the month is open.",
    "close.frozen": "The month is closed; readers do not see it yet.",
    "rotate.prepared": "The vault's new key is beside the old; no value is encrypted with it.",
    "rotate.encrypted": "All values are the new key's, in a transaction that is open.",
    "rotate.committed": "The vault is the new key's, which has no name yet.",
    "rotate.named": "The new key has its name.",
    "erase.begun": "It is written down who is to be erased; nothing else is done.",
    "erase.suppressed": "Nothing brings the erased in any more; they are where they were.",
    "erase.staged": "What was staged is gone.",
    "erase.lake": "The lake reads new files without the erased; the old ones are there too.",
    "erase.old_files": "No file of the lake holds the erased.",
    "erase.quarantine": "Quarantined rows of the erased are masked.",
    "erase.state": "State holds no key of the erased.",
    "erase.vault": "The vault holds no value that no row needs.",
    "erase.build": "The private build is gone; releases hold the erased.",
    "erase.published": "Releases hold the erased no more; there is no certificate.",
    "erase.certified": "The certificate is there; the erasure still counts as open.",
    "restore.copied": "All files of a backup are beside what they will replace.",
    "restore.exchanged": "One area of the data root is the backup's, others are not.",
}
_reached: Counter[str] = Counter()


def reach(point: str) -> None:
    """Say that the process has come to a point; die there if that is wanted.

    Args:
        point: A key of POINTS.

    Raises:
        ConfigError: FAULT_AT names no point.
    """
    _reached[point] += 1
    wanted = fault_at()
    if wanted and _parsed(wanted) == (point, _reached[point]):
        os.kill(os.getpid(), signal.SIGKILL)


def times_reached() -> dict[str, int]:
    """Return how often this process has come to each point."""
    return dict(_reached)


def _parsed(text: str) -> tuple[str, int]:
    point, _, times = text.partition(":")
    if point not in POINTS or not (times or "1").isdecimal():
        raise ConfigError(
            f"{text!r} is not a point at which a process can die.",
            where="FAULT_AT",
            todo="Use a name of POINTS in etl/faults.py, with :<n> for the n-th time; or unset it.",
        )
    return point, int(times or 1)
