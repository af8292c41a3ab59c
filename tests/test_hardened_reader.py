"""What a BI connection cannot do: each statement does its harm on one that is not hardened.

Without that control a statement that was misspelt would count as blocked.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from etl.config import PROJECT_ROOT
from etl.warehouse.database import read_only, statement

# What each does, where {folder} has a release, another database, and files of other people.
ESCAPES = {
    "makes a table": "create table stolen as select 1",
    "makes a view": "create view hidden as select 1",
    "adds a row": "insert into t values (2)",
    "changes a row": "update t set x = 2",
    "removes a row": "delete from t",
    "drops a table": "drop table t",
    "changes a table": "alter table t add column y integer",
    "comments a table": "comment on table t is 'mine'",
    "writes a CSV": "copy t to '{folder}/leak.csv'",
    "writes a Parquet": "copy t to '{folder}/leak.parquet' (format parquet)",
    "writes JSON": "copy (select x from t) to '{folder}/leak.json' (format json)",
    "writes to a device": "copy t to '/dev/null' (format csv)",
    "writes into the release": "copy t to '{folder}/orders.parquet' (format parquet)",
    "exports all": "export database '{folder}/all'",
    "imports all": "import database '{folder}/exported'",
    "reads a CSV": "select * from read_csv('{folder}/secret.csv')",
    "reads a file by its name": "select * from '{folder}/secret.csv'",
    "reads text": "select content from read_text('{folder}/secret.csv')",
    "reads bytes": "select content from read_blob('{folder}/secret.csv')",
    "reads JSON": "select * from read_json('{folder}/secret.json')",
    "reads JSON objects": "select * from read_json_objects('{folder}/secret.json')",
    "reads Parquet": "select * from read_parquet('{folder}/secret.parquet')",
    "reads Parquet's footer": "select * from parquet_file_metadata('{folder}/secret.parquet')",
    "reads Parquet's columns": "select * from parquet_schema('{folder}/secret.parquet')",
    "guesses a CSV": "select * from sniff_csv('{folder}/secret.csv')",
    "lists a folder": "select * from glob('{folder}/*')",
    "reads a process": "select content from read_text('/proc/self/environ')",
    "loads a file": "create temp table own (a varchar); copy own from '{folder}/secret.csv'",
    "attaches another database": "attach '{folder}/other.duckdb' as other (read_only)",
    "attaches a new database": "attach '{folder}/new.duckdb' as other",
    "attaches the key's database": "attach '{folder}/vault.sqlite' as other (type duckdb)",
    "keeps a secret": "create persistent secret s (type http, bearer_token 'x')",
    "unlocks": "set lock_configuration = false",
    "allows a folder": "set allowed_directories = ['{folder}']",
    "allows a file": "set allowed_paths = ['{folder}/secret.csv']",
    "loads code by itself": "set autoload_known_extensions = true",
    "installs code by itself": "set autoinstall_known_extensions = true",
    "names another repository": "set custom_extension_repository = 'http://127.0.0.1:1'",
    "moves the extensions": "set extension_directory = '{folder}'",
    "moves the secrets": "set secret_directory = '{folder}'",
    "takes all memory": "set memory_limit = '900GB'",
    "gives the limit back": "reset memory_limit",
    "takes all processors": "set threads = 64",
    "takes them by pragma": "pragma threads = 64",
    "spills somewhere": "set temp_directory = '{folder}/spill'",
    "spills without end": "set max_temp_directory_size = '900GB'",
    "writes a profile": "set profiling_output = '{folder}/profile.txt'",
    "logs its questions": "set log_query_path = '{folder}/questions.log'",
    "reads from a search path": "set file_search_path = '{folder}'",
}
# The same for which there is no control: they need a network, or DuckDB refuses them to everybody
# once it runs.
ALSO_CLOSED = (
    "install httpfs",
    "load httpfs",
    "load '/tmp/own.duckdb_extension'",
    "force install icu",
    "update extensions",
    "select * from 'https://example.com/a.parquet'",
    "copy t to 's3://bucket/leak.parquet'",
    "attach 'host=127.0.0.1' as pg (type postgres)",
    "set enable_external_access = true",
    "set allow_community_extensions = true",
    "set allow_unsigned_extensions = true",
    "set allow_persistent_secrets = true",
)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release's file, and beside it what is none of a reader's business."""
    folder = tmp_path_factory.mktemp("prepared")
    for name in ("loyalty.duckdb", "other.duckdb", "vault.sqlite"):
        with duckdb.connect(str(folder / name)) as connection:
            connection.execute("create table t as select 1 as x")
            if name == "other.duckdb":
                connection.execute(f"copy t to '{folder}/secret.parquet'")
                connection.execute(f"copy t to '{folder}/orders.parquet'")
    (folder / "exported").mkdir()
    (folder / "exported" / "schema.sql").write_text("create table imported (x integer);")
    (folder / "exported" / "load.sql").write_text("")
    (folder / "secret.csv").write_text("a\nvalue of somebody\n")
    (folder / "secret.json").write_text('{"a": "value of somebody"}\n')
    return folder


@pytest.fixture
def folder(prepared: Path, tmp_path: Path) -> Path:
    """A copy of it, for one statement."""
    return shutil.copytree(prepared, tmp_path / "own")


@pytest.fixture
def hardened(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with read_only(folder / "loyalty.duckdb") as reader:
        yield reader


def test_there_are_at_least_25_ways_out() -> None:
    assert len(ESCAPES) == len(set(ESCAPES.values())) >= 25


@pytest.mark.parametrize("escape", ESCAPES.values(), ids=ESCAPES.keys())
def test_the_way_out_is_open_without_hardening(folder: Path, escape: str) -> None:
    with duckdb.connect(str(folder / "loyalty.duckdb")) as connection:
        connection.execute(f"set secret_directory = '{folder}/secrets'")
        connection.execute(escape.format(folder=folder)).fetchall()


@pytest.mark.parametrize("escape", ESCAPES.values(), ids=ESCAPES.keys())
def test_the_way_out_is_closed_to_a_reader(
    folder: Path, hardened: duckdb.DuckDBPyConnection, escape: str
) -> None:
    before = contents(folder)
    assert hardened.execute("select x from t").fetchall() == [(1,)]
    with pytest.raises(duckdb.Error):
        hardened.execute(escape.format(folder=folder)).fetchall()
    assert contents(folder) == before
    assert hardened.execute("select x from t").fetchall() == [(1,)]


@pytest.mark.parametrize("escape", ALSO_CLOSED)
def test_nothing_is_loaded_or_opened_again(
    hardened: duckdb.DuckDBPyConnection, escape: str
) -> None:
    with pytest.raises(duckdb.Error, match=r"(?i)disabled|locked|cannot change"):
        hardened.execute(escape).fetchall()


@pytest.mark.parametrize("name", ["leak", "loyalty"])
def test_logging_to_a_file_writes_nothing(folder: Path, name: str) -> None:
    """The call itself is not locked in DuckDB 1.5: the session is unusable after it, no more.

    In a process of its own, which DuckDB ends by abort.
    """
    call = f"call enable_logging('QueryLog', storage = 'file', storage_path = '{folder}/{name}')"
    code = (
        "import sys; from pathlib import Path; from etl.warehouse.database import read_only\n"
        "with read_only(Path(sys.argv[1])) as reader:\n"
        "    reader.execute(sys.argv[2]); reader.execute('select 1')"
    )
    before = contents(folder)
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder / "loyalty.duckdb"), call],
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT_ROOT,
    )
    assert done.returncode != 0
    assert "file system operations are disabled" in done.stderr
    assert contents(folder) == before


def test_a_question_without_end_is_stopped_by_memory_and_leaves_no_file(folder: Path) -> None:
    with duckdb.connect(str(folder / "loyalty.duckdb"), read_only=True) as reader:
        reader.execute(statement("harden_reader").replace("'4GB'", "'100MB'"))
        with pytest.raises(duckdb.OutOfMemoryException):
            reader.execute("select count(distinct x || repeat('x', 80)) from range(9000000) r(x)")
    assert not [path for path in folder.rglob("*") if "tmp" in path.name]


def test_what_a_reader_runs_with_is_set_before_it_is_locked() -> None:
    lines = [line for line in statement("harden_reader").splitlines() if line.startswith("set ")]
    names = [line.split()[1] for line in lines]
    assert names[-2:] == ["enable_external_access", "lock_configuration"]
    assert {"memory_limit", "threads", "temp_directory", "max_temp_directory_size"} < set(names)
    assert not [name for name in names if name.startswith("allowed_")]


def test_a_reader_loads_no_code_by_itself(hardened: duckdb.DuckDBPyConnection) -> None:
    names = ("autoinstall_known_extensions", "autoload_known_extensions")
    for name in (*names, "allow_community_extensions", "allow_persistent_secrets"):
        assert hardened.execute("select current_setting(?)", [name]).fetchall() == [(False,)], name


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {
        os.path.relpath(path, folder): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
