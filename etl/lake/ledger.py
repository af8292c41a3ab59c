"""The index of what was committed: one row per delivery, rebuilt from the commits at any time.

The truth is the lake's commit files. This SQLite file only answers "is it in already?" without
reading all of them, so losing it loses nothing. It must lie on a local disk.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from etl.files import make_folder, read_json

_BUSY_TIMEOUT_SECONDS = 30
_SCHEMA = """
create table if not exists commits (batch_id text primary key);
create table if not exists deliveries (
    delivery_id text primary key,
    batch_id text not null,
    source_system text not null,
    export text not null,
    feed text not null,
    business_day text not null,
    sha256 text not null,
    status text not null
);
create index if not exists deliveries_by_day on deliveries (feed, business_day);
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
        """Yield a connection in an immediate transaction, up to date with the commit files."""
        make_folder(self._path.parent)
        connection = sqlite3.connect(
            self._path, timeout=_BUSY_TIMEOUT_SECONDS, isolation_level=None
        )
        try:
            connection.executescript(_SCHEMA)
            connection.execute("begin immediate")
            self._catch_up(connection)
            yield connection
            connection.execute("commit")
        except BaseException:
            if connection.in_transaction:
                connection.execute("rollback")
            raise
        finally:
            connection.close()

    def delivery_ids(self) -> set[str]:
        """Return the ids of all committed deliveries."""
        with self.open() as connection:
            return {row[0] for row in connection.execute("select delivery_id from deliveries")}

    def exports_on(self, feed: str, business_day: str) -> set[tuple[str, str]]:
        """Return (source_system, export) of the feed's deliveries for a business day."""
        query = "select source_system, export from deliveries where feed = ? and business_day = ?"
        with self.open() as connection:
            return set(connection.execute(query, (feed, business_day)).fetchall())

    def _catch_up(self, connection: sqlite3.Connection) -> None:
        on_disk = {path.stem: path for path in self._commits.glob("*.json")}
        known = {row[0] for row in connection.execute("select batch_id from commits")}
        for vanished in known - on_disk.keys():
            connection.execute("delete from commits where batch_id = ?", (vanished,))
            connection.execute("delete from deliveries where batch_id = ?", (vanished,))
        for batch_id in sorted(on_disk.keys() - known):
            index_commit(connection, read_json(on_disk[batch_id]))


def index_commit(connection: sqlite3.Connection, commit: dict[str, Any]) -> None:
    """Add one commit's deliveries to the index."""
    connection.execute("insert into commits values (?)", (commit["batch_id"],))
    connection.executemany(
        "insert into deliveries values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
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
