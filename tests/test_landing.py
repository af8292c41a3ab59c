"""Exports in a bucket take the road of exports in a folder; what cannot be taken is named."""

from __future__ import annotations

import errno
import itertools
import json
import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from etl import route
from etl.config import PROJECT_ROOT, Settings, load_settings
from etl.contract.table import VOLATILE
from etl.errors import ConfigError, DataBlocked, DiskFull
from etl.files import read_json, write_document
from etl.ingest import landing
from etl.lake.commits import read_lake
from etl.lake.quarantine import Filter, list_refusals
from etl.mapping import load_mappings
from etl.route import silent
from tests.buckets import Bucket, make_bucket, s3_server
from tests.delivering import BASKETS, DAY, GOOD, HEADER, basket_row, make_stage
from tests.test_cli import LOYALTY

TEXT = "".join(f"{line}\n" for line in (HEADER, *GOOD))
DAILY = BASKETS.replace(
    "time_zone: UTC", 'time_zone: UTC\n    business_day: "_([0-9-]+)"\n    expected: daily'
)
FILE = f"shop/baskets_{DAY}.csv"
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with s3_server(tmp_path_factory.mktemp("s3") / "server.log") as environment:
        yield environment


@pytest.fixture
def bucket(server: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """An empty bucket of its own; the test's process may read it."""
    for name, value in server.items():
        monkeypatch.setenv(name, value)
    return make_bucket(f"bucket-{next(numbers)}", server)


@pytest.fixture
def remote(bucket: Bucket, tmp_path: Path) -> Settings:
    """Settings of an empty warehouse whose exports come from the bucket."""
    mappings = make_stage(tmp_path, DAILY).settings.mappings
    return load_settings(data=tmp_path / "data", landing=bucket.url, mappings=mappings)


def files(settings: Settings) -> dict[str, bytes]:
    """What the mirror holds."""
    root = settings.landing
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def fetch(settings: Settings) -> list[str]:
    """Bring the mirror up to date; return what was copied."""
    told: list[str] = []
    landing.fetch(settings, load_mappings(settings.mappings), told.append)
    return [line.removeprefix("fetching ") for line in told]


def refusals(settings: Settings) -> dict[str, str]:
    found = list_refusals(settings, Filter(), {})
    return dict(found.select("file", "reason").rows())


def rows(settings: Settings) -> list[dict[str, Any]]:
    """All orders of the lake, without what tells when and from where they came."""
    held = [pl.read_parquet(f.path) for f in read_lake(settings).files if f.table == "orders"]
    return pl.concat(held).drop(VOLATILE).sort("record_hash").to_dicts()


def test_a_bucket_and_a_folder_give_the_same_lake(
    bucket: Bucket, remote: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "landing"
    later = basket_row("b9", "9.00", mail="eve@example.com")
    for name, text in {
        FILE: TEXT,
        "shop/deep/er/baskets_2024-05-30.csv": f"{HEADER}\n{later}\n",
        "shop/told/baskets_中文 [1].csv": f"{HEADER}\n{basket_row('b4')}\n",
        "shop/told/_manifest.json": json.dumps({"business_day": "2024-05-29"}),
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    bucket.put_folder(folder)
    local = load_settings(data=tmp_path / "other", landing=folder, mappings=remote.mappings)
    for settings in (local, remote):
        route.land(replace(settings, key_file=tmp_path / "key"), DAY)
    assert read_lake(remote).version == read_lake(local).version
    assert rows(remote) == rows(local)
    assert len(rows(remote)) == 4


def test_only_what_changed_is_copied_again(bucket: Bucket, remote: Settings) -> None:
    bucket.put(FILE, TEXT)
    bucket.put("shop/baskets_2024-05-30.csv", TEXT)
    assert len(fetch(remote)) == 2
    assert fetch(remote) == []
    changed = TEXT.replace("4.00", "5.00")  # as long ...
    bucket.put(FILE, changed)
    as_if_within_the_same_second(bucket, remote)
    assert fetch(remote) == [FILE]
    assert files(remote)[FILE] == changed.encode()


def test_a_damaged_index_has_everything_copied_again(bucket: Bucket, remote: Settings) -> None:
    bucket.put(FILE, TEXT)
    assert fetch(remote) == [FILE]
    index = remote.landing.parent / "index.json"
    index.write_text(index.read_text().replace(str(len(TEXT)), str(len(TEXT) + 1), 1))
    assert fetch(remote) == [FILE]
    assert fetch(remote) == []


def as_if_within_the_same_second(bucket: Bucket, settings: Settings) -> None:
    """Let the index have the time of the object as it is now."""
    index = read_json(landing._index_path(settings))
    told = bucket.client.head_object(Bucket=bucket.name, Key=f"exports/{FILE}")
    entry = index["objects"][FILE]
    entry["modified"] = told["LastModified"].isoformat()
    assert entry["size"] == told["ContentLength"]
    write_document(landing._index_path(settings), index)


def test_what_left_the_bucket_leaves_the_mirror_and_stays_in_the_lake(
    bucket: Bucket, remote: Settings
) -> None:
    bucket.put(FILE, TEXT)
    bucket.put("shop/a/b/baskets_2024-05-30.csv", TEXT)
    route.land(remote, DAY)
    before = read_lake(remote).version
    bucket.delete("shop/a/b/baskets_2024-05-30.csv")
    (remote.landing / ".tmp-killed.part").write_bytes(b"half")
    assert fetch(remote) == []
    assert list(files(remote)) == [FILE]
    assert not (remote.landing / "shop" / "a").exists()
    route.land(remote, DAY)
    assert read_lake(remote).version == before


def test_an_object_that_goes_after_it_was_listed_leaves_the_mirror(
    bucket: Bucket, remote: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put(FILE, TEXT)
    fetch(remote)
    asked = landing._etag

    def deleted_meanwhile(*arguments: Any) -> str:
        bucket.delete(FILE)
        return asked(*arguments)

    monkeypatch.setattr(landing, "_etag", deleted_meanwhile)
    fetch(remote)
    assert files(remote) == {}


def test_an_object_that_changes_while_it_is_read_is_read_again(
    bucket: Bucket, remote: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put(FILE, TEXT)
    writes = iter([TEXT.replace("4.00", "5.00")])
    asked = landing._etag

    def written_meanwhile(*arguments: Any) -> str:
        for text in itertools.islice(writes, 1):
            bucket.put(FILE, text)
        return asked(*arguments)

    monkeypatch.setattr(landing, "_etag", written_meanwhile)
    fetch(remote)
    assert files(remote)[FILE] == TEXT.replace("4.00", "5.00").encode()


def test_an_object_that_never_stands_still_is_refused_until_it_does(
    bucket: Bucket, remote: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put("shop/baskets_2024-05-30.csv", TEXT)
    bucket.put(FILE, TEXT)
    with monkeypatch.context() as patch:
        asked = landing._etag

        def written_meanwhile(store: Any, settings: Settings, name: str) -> str:
            if name == FILE:
                bucket.put(FILE, TEXT + f"{basket_row(f'n{next(numbers)}')}\n")
            return asked(store, settings, name)

        patch.setattr(landing, "_etag", written_meanwhile)
        with pytest.raises(DataBlocked, match=f"baskets_{DAY}") as caught:
            route.land(remote, DAY)
    assert caught.value.code == "CHANGED_WHILE_READ"
    assert [d["business_day"] for d in read_lake(remote).deliveries] == ["2024-05-30"]
    assert refusals(remote) == {f"baskets_{DAY}.csv": "CHANGED_WHILE_READ"}
    route.land(remote, DAY)
    assert len(read_lake(remote).deliveries) == 2
    assert refusals(remote) == {}


@pytest.mark.parametrize(
    "key",
    ["shop/../../baskets_2024-05-30.csv", "shop//baskets_2024-05-30.csv",
     "shop/a\u200bb/baskets_2024-05-30.csv", f"shop/{'x' * 300}/baskets_2024-05-30.csv"],
)  # fmt: skip
def test_a_key_that_can_be_no_file_is_refused_and_touches_nothing(
    bucket: Bucket, remote: Settings, key: str
) -> None:
    bucket.put(FILE, TEXT)
    bucket.put(key, TEXT)
    with pytest.raises(DataBlocked) as caught:
        route.land(remote, DAY)
    assert caught.value.code == "NAME_NOT_USABLE"
    assert list(files(remote)) == [FILE]
    assert len(read_lake(remote).deliveries) == 1


def test_an_object_that_is_a_folder_too_is_refused(bucket: Bucket, remote: Settings) -> None:
    bucket.put("shop/baskets_2024-05-30.csv", TEXT)
    bucket.put(f"shop/baskets_2024-05-30.csv/baskets_{DAY}.csv", TEXT)
    fetch(remote)
    assert list(files(remote)) == [f"shop/baskets_2024-05-30.csv/baskets_{DAY}.csv"]
    assert refusals(remote) == {"baskets_2024-05-30.csv": "NAME_NOT_USABLE"}


def test_an_object_without_room_is_not_even_copied(
    bucket: Bucket, remote: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How large it is does not matter; what is packed is bounded by the gate, as in a folder."""
    bucket.put(FILE, TEXT)
    listed = landing._listed
    with monkeypatch.context() as patch, pytest.raises(DiskFull):
        sizes = {"size": 1 << 60}
        patch.setattr(landing, "_listed", lambda *a: [replace(o, **sizes) for o in listed(*a)])
        fetch(remote)
    assert files(remote) == {}
    assert fetch(remote) == [FILE]


def test_what_no_mapping_takes_is_named_and_not_copied(bucket: Bucket, remote: Settings) -> None:
    bucket.put(FILE, TEXT)
    bucket.put("shop/film.mp4", b"0" * 1000)
    bucket.put("nobody/baskets_2024-05-30.csv", TEXT)
    told: list[str] = []
    route.land(remote, DAY, told.append)
    assert list(files(remote)) == [FILE]
    left = [line for line in told if line.startswith("left alone")]
    assert len(left) == 2
    assert "film.mp4" in "".join(left)


def test_the_mirror_is_private(bucket: Bucket, remote: Settings) -> None:
    bucket.put("shop/a/baskets_2024-05-30.csv", TEXT)
    fetch(remote)
    held = [remote.landing.parent, *remote.landing.parent.rglob("*")]
    modes = {stat.S_IMODE(path.stat().st_mode) for path in held}
    assert modes == {0o600, 0o700}


def test_a_daily_export_is_missing_until_its_object_is_there(
    bucket: Bucket, remote: Settings
) -> None:
    assert route.wait_for_day(remote, "orders", DAY) == ["shop.baskets"]
    bucket.put(FILE, TEXT)
    assert route.wait_for_day(remote, "orders", DAY) == []
    (delivery,) = route.stage_export(remote, "shop", "baskets", DAY)
    assert route.commit_day(remote, "orders", DAY)["accepted"] == 5
    assert delivery == read_lake(remote).deliveries[0]["delivery_id"]


def test_another_bucket_starts_anew(
    bucket: Bucket, remote: Settings, server: dict[str, str]
) -> None:
    bucket.put(FILE, TEXT)
    fetch(remote)
    other = make_bucket(f"bucket-{next(numbers)}", server)
    other.put("shop/baskets_2024-05-30.csv", TEXT)
    moved = load_settings(data=remote.data, landing=other.url, mappings=remote.mappings)
    fetch(moved)
    assert list(files(moved)) == ["shop/baskets_2024-05-30.csv"]


def loyalty(settings: Settings, bucket: Bucket, **environment: str) -> Any:
    return subprocess.run(
        [LOYALTY, "land", "--as-of", DAY.isoformat(), "--data", settings.data,
         "--mappings", settings.mappings],
        env=os.environ | bucket.environment | {"LOYALTY_LANDING": bucket.url} | environment,
        cwd=PROJECT_ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_command_leaves_no_credential_anywhere(bucket: Bucket, remote: Settings) -> None:
    bucket.put(FILE, TEXT)
    done = loyalty(remote, bucket)
    assert done.returncode == 0, done.stderr
    key, secret = (bucket.environment[f"AWS_{n}"] for n in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"))
    written = b"".join(p.read_bytes() for p in remote.data.rglob("*") if p.is_file())
    for text in (key, secret):
        assert text.encode() not in written
        assert text not in done.stdout + done.stderr
    wrong = loyalty(remote, bucket, AWS_SECRET_ACCESS_KEY="not-the-secret")
    (error,) = [json.loads(line) for line in wrong.stderr.splitlines() if "error" in line]
    assert (wrong.returncode, error["code"]) == (2, "BUCKET_NOT_READABLE")
    assert "SIGNATURE_DOES_NOT_MATCH" in error["what"]
    assert not any(text in wrong.stdout + wrong.stderr for text in (key, secret, "not-the-secret"))


@pytest.mark.parametrize("point", ["files.written:2", "files.renamed:2"])
def test_a_fetch_that_was_killed_is_made_good_by_the_next(
    bucket: Bucket, remote: Settings, point: str
) -> None:
    bucket.put(FILE, TEXT)
    bucket.put("shop/baskets_2024-05-30.csv", TEXT)
    killed = loyalty(remote, bucket, FAULT_AT=point)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    route.land(remote, DAY)
    assert sorted(files(remote)) == ["shop/baskets_2024-05-30.csv", FILE]
    assert len(read_lake(remote).deliveries) == 2


def test_a_bucket_that_is_not_there_or_does_not_answer_is_told(
    bucket: Bucket, remote: Settings, server: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mappings = remote.mappings
    nowhere = load_settings(data=remote.data, landing="s3://no-such-bucket", mappings=mappings)
    with pytest.raises(ConfigError, match="NO_SUCH_BUCKET"):
        fetch(nowhere)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    silent_store = load_settings(data=remote.data, landing=bucket.url, mappings=mappings)
    with pytest.raises(OSError, match="NETWORK_CONNECTION") as caught:
        fetch(silent_store)
    assert caught.value.errno == errno.EIO  # which a DAG tries again


@pytest.mark.parametrize(
    "text",
    ["s3://key:hunter2@bucket/x", "s3://bucket/x?secret_key=hunter2", "s3:/bucket", "s3://B/x",
     "s3://bucket/../x", "s3://bucket//x", "s3://", "s3://bucket/a b"],
)  # fmt: skip
def test_an_address_that_is_more_than_bucket_and_prefix_is_refused_unread(
    tmp_path: Path, text: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(data=tmp_path, landing=text)
    assert "hunter2" not in str(caught.value)


def test_an_endpoint_with_a_password_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://key:hunter2@127.0.0.1:9000")
    with pytest.raises(ConfigError) as caught:
        load_settings(data=tmp_path, landing="s3://bucket")
    assert "hunter2" not in str(caught.value)


def test_a_folder_needs_no_fetching(tmp_path: Path) -> None:
    stage = make_stage(tmp_path, DAILY)
    landing.fetch(stage.settings, (stage.mapping,), silent)
    assert not stage.settings.landing.exists()
    assert stage.settings.landing_name == str(stage.settings.landing)
    assert date.fromisoformat("2024-05-31") == DAY
