"""The index of what was committed: one row per delivery, rebuilt from the commits at any time.

A file that was read again with a corrected mapping has one row: that of its latest reading.

The truth is the lake's commit files. This SQLite file only answers "is it in already?" without
reading all of them, so losing it loses nothing. It must lie on a local disk.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from etl.errors import LakeCorrupt
from etl.faults import reach
from etl.files import damaged, digest_of, make_folder, read_document, sqlite_errors
from etl.lake.commits import subject_of

_BUSY_TIMEOUT_SECONDS = 30
_SCHEMA = """
create table if not exists commits (batch_id text primary key);
create table if not exists sums (digest text not null);
create table if not exists deliveries (
    subject text primary key,
    delivery_id text not null,
    batch_id text not null,
    source_system text not null,
    export text not null,
    feed text not null,
    business_day text not null,
    sha256 text not null,
    status text not null
);
"""


class Ledger:
    """Committed deliveries of one lake.

    Args:
        raw: The lake's folder; commits lie in ``_commits/``.
    """

    def __init__(self, raw: Path) -> None:
        self._commits = raw / "_commits"
        self._path = raw / "_ledger.sqlite"

    @contextlib.contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection in an immediate transaction, up to date with the commit files.

        Raises:
            Busy: Another process held the index for too long.
            LakeCorrupt: A commit file is damaged; names it.
        """
        make_folder(self._path.parent)
        with sqlite_errors(self._path), contextlib.closing(self._connected()) as connection:
            yield connection
            connection.execute("commit")  # without it, closing rolls back

    def delivery_ids(self) -> set[str]:
        """Return the ids of all committed deliveries."""
        with self.open() as connection:
            return {row[0] for row in connection.execute("select delivery_id from deliveries")}

    def exports_on(self, feed: str, business_day: str) -> set[tuple[str, str]]:
        """Return (source_system, export) of the feed's deliveries for a business day."""
        query = "select source_system, export from deliveries where feed = ? and business_day = ?"
        with self.open() as connection:
            return set(connection.execute(query, (feed, business_day)).fetchall())

    def _connected(self) -> sqlite3.Connection:
        """Connect; an index that cannot be used is made again, by one process at a time."""
        with self._left_if_unusable():
            return self._begun()
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            with self._left_if_unusable():
                return self._begun()  # another process has made it again
            for path in self._path.parent.glob(f"{self._path.name}*"):  # with -journal and -wal
                path.unlink()
            return self._begun()
        finally:
            os.close(folder)

    @contextlib.contextmanager
    def _left_if_unusable(self) -> Iterator[None]:
        try:
            with sqlite_errors(self._path):
                yield
        except LakeCorrupt as error:
            if error.where != str(self._path):
                raise  # not the index: a commit
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            pass  # such as the tables of another version

    def _begun(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=_BUSY_TIMEOUT_SECONDS, isolation_level=None
        )
        try:
            connection.executescript(_SCHEMA)
            connection.execute("begin immediate")
            if not _is_as_written(connection):
                raise damaged(self._path)
            if self._catch_up(connection):
                connection.execute("delete from sums")
                connection.execute("insert into sums values (?)", (_digest(connection),))
        except BaseException:
            connection.close()
            raise
        return connection

    def _catch_up(self, connection: sqlite3.Connection) -> bool:
        """Bring the index up to date with the commit files; tell whether anything changed."""
        on_disk = {path.stem: path for path in self._commits.glob("*.json")}
        known = {row[0] for row in connection.execute("select batch_id from commits")}
        if known == on_disk.keys():
            return False
        if known - on_disk.keys():  # a commit was taken back: what it replaced counts again
            connection.execute("delete from commits")
            connection.execute("delete from deliveries")
            known = set()
        needed = ("sequence", "batch_id", "deliveries")
        fresh = [read_document(on_disk[name], *needed) for name in on_disk.keys() - known]
        for commit in sorted(fresh, key=lambda commit: int(commit["sequence"])):
            try:
                index_commit(connection, commit)
            except (KeyError, TypeError):  # JSON, but not a commit
                raise damaged(self._commits / f"{commit['batch_id']}.json") from None
        reach("ledger.caught_up")
        return True


def _is_as_written(connection: sqlite3.Connection) -> bool:
    """Tell whether the rows are those that were written: SQLite does not see a flipped byte."""
    stored = connection.execute("select digest from sums").fetchall()
    counts = "select (select count(*) from commits) + (select count(*) from deliveries)"
    is_new = connection.execute(counts).fetchone() == (0,)
    return is_new or stored == [(_digest(connection),)]


def _digest(connection: sqlite3.Connection) -> str:
    schema = connection.execute("select sql from sqlite_schema order by name").fetchall()
    commits = connection.execute("select * from commits order by batch_id").fetchall()
    deliveries = connection.execute("select * from deliveries order by subject").fetchall()
    return digest_of([schema, commits, deliveries])


def index_commit(connection: sqlite3.Connection, commit: dict[str, Any]) -> None:
    """Add one commit's deliveries to the index."""
    connection.execute("insert into commits values (?)", (commit["batch_id"],))
    connection.executemany(
        "insert or replace into deliveries values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                subject_of(delivery),
                delivery["delivery_id"],
                commit["batch_id"],
                delivery["system"],
                delivery["export"],
                delivery["feed"],
                delivery["business_day"],
                delivery["sha256"],
                delivery["status"],
            )
            for delivery in commit["deliveries"]
        ],
    )
