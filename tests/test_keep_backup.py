"""A backup is whole, verified and apart from the vault's; a restore believes nothing unread."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from etl.clock import utc_now
from etl.config import KeepRules, Settings
from etl.errors import EXIT_USAGE, LoyaltyError, UsageError
from etl.files import make_folder, read_json, sha256_of, write_json
from etl.keep.backup import back_up
from etl.keep.generations import MANIFEST, Generation, newest
from etl.keep.restore import restore
from etl.lake.commits import read_lake, verify_files
from etl.privacy.vault import Vault, load_or_create_key
from etl.publish.release import BUILD_NAME, make_current, read_current
from etl.state import commit_state, read_state
from etl.warehouse.build import last_build
from etl.warehouse.database import record_path
from tests.killing import killed_at_write
from tests.test_lake import commit, stage

DAY = date(2026, 1, 31)
FITS = {"business_unit": pl.String()}


@dataclass(frozen=True)
class Kept:
    """A little warehouse and the two places its backups go to."""

    settings: Settings
    target: Path
    vault: Path

    def back_up(self, **options: bool) -> Generation:
        back_up(self.settings, self.target, self.vault, print, **options)
        return self.last()

    def last(self) -> Generation:
        found = newest(self.target)
        assert found is not None
        return found

    def restore(self, root: Settings | None = None, **options: object) -> dict:
        return restore(root or self.settings, self.target, self.vault, print, **options)

    def wipe(self) -> None:
        shutil.rmtree(self.settings.data)


def seen(settings: Settings) -> dict[str, object]:
    """Return what a restore must bring back."""
    lake = read_lake(settings)
    verify_files(lake.files)
    served = read_current(settings)
    return {
        "lake": lake.version,
        "rows": [pl.read_parquet(file.path).height for file in lake.files],
        "state": read_state(settings, "clv_models", FITS, DAY).rows(),
        "served": served and served["run_id"],
        "key": settings.key_file.read_bytes(),
        "secret": Vault(settings).reveal("t1"),
    }


@pytest.fixture
def kept(settings: Settings, tmp_path: Path) -> Kept:
    stage(settings, "d1")
    commit(settings)
    commit_state(settings, "c1", DAY, {"clv_models": pl.DataFrame({"business_unit": ["shop"]})})
    settings.vault.mkdir(mode=0o700, parents=True)
    settings.key_file.write_text("ab" * 32)
    settings.key_file.chmod(0o600)
    load_or_create_key(settings)
    Vault(settings).remember("name", pl.DataFrame({"token": ["t1"], "value": ["Ann"]}))
    publish_by_hand(settings, "2026-01-31-000000000000")
    return Kept(settings, tmp_path / "backup", tmp_path / "safe")


def publish_by_hand(settings: Settings, run_id: str) -> None:
    """Make a release as small as can be, and serve it."""
    release = settings.marts / "releases" / run_id
    release.mkdir(parents=True)
    (release / BUILD_NAME).write_bytes(b"a database")
    (release / "orders.parquet").write_bytes(b"a mart")
    digests = {path.name: sha256_of(path) for path in sorted(release.iterdir())}
    manifest = {
        "run_id": run_id,
        "as_of": run_id[:10],
        "published_at": utc_now().isoformat(),
        "database": {"file": BUILD_NAME, "sha256": digests[BUILD_NAME]},
        "marts": {"orders": {"file": "orders.parquet", "sha256": digests["orders.parquet"]}},
    }
    write_json(release / MANIFEST, manifest)
    make_current(settings, release, DAY)


def test_everything_comes_back_after_the_root_is_gone(kept: Kept) -> None:
    before = seen(kept.settings)
    kept.back_up()
    kept.wipe()
    done = kept.restore()
    assert seen(kept.settings) == before
    assert (done["lake_version"], done["restored"]) == (before["lake"], True)
    assert not list(kept.settings.data.glob(".tmp-*"))


def test_the_vault_is_not_in_the_backup_and_closed_in_its_own(kept: Kept) -> None:
    generation = kept.back_up()
    assert not [name for name in generation.names if "vault" in name or "key" in name]
    secret = newest(kept.vault)
    assert secret is not None
    assert secret.names == {"pseudonym.key", "vault.key", "vault.sqlite"}
    folders = [kept.vault, secret.folder]
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o700}
    assert {path.stat().st_mode & 0o777 for path in secret.folder.iterdir()} == {0o400}


def test_without_the_vault_the_other_comes_back_and_the_key_stays(kept: Kept) -> None:
    before = seen(kept.settings)
    back_up(kept.settings, kept.target, None, print, without_vault=True)
    for area in ("raw", "state", "marts"):
        shutil.rmtree(kept.settings.data / area)
    restore(kept.settings, kept.target, None, print)
    assert seen(kept.settings) == before


def test_only_what_is_new_is_copied(kept: Kept) -> None:
    first = kept.back_up()
    stage(kept.settings, "d2")
    commit(kept.settings)
    second = kept.back_up()
    new = {name for name in second.names if not is_linked(second, first, name)}
    assert {Path(name).parent.name for name in new} == {"orders", "_commits"}
    assert len(new) == 2
    shutil.rmtree(first.folder)
    assert second.is_complete()


def is_linked(generation: Generation, other: Generation, name: str) -> bool:
    path = other.folder / name
    return path.exists() and path.samefile(generation.folder / name)


def test_old_generations_go(kept: Kept) -> None:
    few = replace(kept.settings, keep=KeepRules(generations=2))
    names = [back_up(few, kept.target, kept.vault, print)["generation"] for _ in range(4)]
    assert sorted(path.name for path in kept.target.iterdir()) == names[2:]
    assert len(list(kept.vault.iterdir())) == 2


def test_an_earlier_generation_can_be_had(kept: Kept) -> None:
    before = seen(kept.settings)
    first = kept.back_up()
    stage(kept.settings, "d2")
    commit(kept.settings)
    kept.back_up()
    kept.wipe()
    kept.restore(generation=first.name)
    assert seen(kept.settings) == before
    with pytest.raises(UsageError, match="no generation 'x'") as caught:
        kept.restore(generation="x")
    assert first.name in caught.value.todo


@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
@pytest.mark.parametrize("name", ["raw/orders/d1.parquet", "state/clv_models/c1.parquet", "vault"])
def test_a_damaged_backup_is_refused_and_the_file_named(kept: Kept, name: str, damage: str) -> None:
    generation = kept.back_up()
    secret = newest(kept.vault)
    assert secret is not None
    path = secret.folder / "vault.sqlite" if name == "vault" else generation.folder / name
    spoil(path, damage)
    kept.wipe()
    with pytest.raises(LoyaltyError, match=path.name) as caught:
        kept.restore()
    assert (caught.value.code, caught.value.where) == ("BACKUP_CORRUPT", str(path))
    assert not kept.settings.data.exists()


def spoil(path: Path, damage: str) -> None:
    content = bytearray(path.read_bytes())
    path.unlink()
    if damage == "flip":
        content[len(content) // 2] ^= 1
    if damage != "remove":
        path.write_bytes(content if damage == "flip" else content[:-1])


def test_a_manifest_that_was_changed_is_refused(kept: Kept) -> None:
    path = kept.back_up().folder / MANIFEST
    manifest = read_json(path)
    manifest["files"][0]["name"] = "../elsewhere"
    path.unlink()
    write_json(path, manifest)
    with pytest.raises(LoyaltyError, match="is not what was written"):
        kept.restore(only_check=True)


def test_checking_reads_everything_and_changes_nothing(kept: Kept) -> None:
    generation = kept.back_up()
    kept.wipe()
    assert kept.restore(only_check=True)["restored"] is False
    assert not kept.settings.data.exists()
    spoil(generation.folder / "raw/orders/d1.parquet", "flip")
    with pytest.raises(LoyaltyError, match=r"d1\.parquet"):
        kept.restore(only_check=True)


def test_what_rotted_in_the_backup_is_replaced_when_it_is_read_again(kept: Kept) -> None:
    path = kept.back_up().folder / "raw/orders/d1.parquet"
    content = bytearray(path.read_bytes())
    content[10] ^= 1
    path.chmod(0o640)
    path.write_bytes(content)
    kept.back_up(reread=True)
    assert kept.restore(only_check=True)["generation"] == kept.last().name


def test_a_rotten_lake_makes_no_generation(kept: Kept) -> None:
    good = kept.back_up()
    stage(kept.settings, "d2")
    commit(kept.settings)
    (kept.settings.raw / "orders" / "d2.parquet").write_bytes(b"rotten")
    with pytest.raises(LoyaltyError, match="not those that were written"):
        kept.back_up()
    assert kept.last() == good


def test_a_root_with_data_is_not_overwritten_unasked(kept: Kept) -> None:
    before = seen(kept.settings)
    kept.back_up()
    stage(kept.settings, "d2")
    commit(kept.settings)
    changed = read_lake(kept.settings).version
    with pytest.raises(UsageError, match="holds data: state, marts, raw") as caught:
        kept.restore()
    assert "--force" in caught.value.todo
    assert read_lake(kept.settings).version == changed
    kept.restore(force=True)
    assert seen(kept.settings) == before


def test_a_build_of_the_lake_that_was_there_cannot_be_published_after_a_restore(kept: Kept) -> None:
    kept.back_up()
    kept.wipe()
    make_folder(record_path(kept.settings).parent)
    write_json(record_path(kept.settings), {"run_id": "another lake's"})
    kept.restore()
    assert last_build(kept.settings) is None


@pytest.mark.parametrize(
    ("target", "vault"),
    [
        ("backup", "backup"),
        ("backup", "backup/vault"),
        ("safe/inside", "safe"),
        ("data/backup", "safe"),
        ("backup", "data/vault"),
        (".", "safe"),
    ],
)
def test_places_that_lie_in_each_other_are_refused(kept: Kept, target: str, vault: str) -> None:
    root = kept.settings.data.parent
    with pytest.raises(UsageError, match="lie in each other") as caught:
        back_up(kept.settings, root / target, root / vault, print)
    assert caught.value.exit_code == EXIT_USAGE


def test_an_empty_warehouse_is_backed_up_and_restored(settings: Settings, tmp_path: Path) -> None:
    empty = Kept(settings, tmp_path / "backup", tmp_path / "safe")
    assert empty.back_up().files == ()
    assert empty.restore()["restored"]
    assert not read_lake(settings).commits


def test_nobody_forgets_the_vault_by_accident(kept: Kept) -> None:
    with pytest.raises(UsageError, match="where the vault goes"):
        back_up(kept.settings, kept.target, None, print)


def test_another_warehouses_vault_is_refused(kept: Kept) -> None:
    kept.back_up()
    kept.settings.key_file.write_text("cd" * 32)
    with pytest.raises(LoyaltyError, match="not the one that made") as caught:
        restore(kept.settings, kept.target, None, print, force=True)
    assert caught.value.code == "VAULT_MISMATCH"


@pytest.mark.parametrize("write", [1, 4, 9])
def test_a_backup_killed_anywhere_leaves_the_one_before(kept: Kept, write: int) -> None:
    good = kept.back_up()
    stage(kept.settings, "d2")
    commit(kept.settings)
    code = f"""
from etl.keep.backup import back_up
back_up(settings, Path({str(kept.target)!r}), Path({str(kept.vault)!r}), print)
"""
    assert killed_at_write(write, kept.settings, code)
    assert kept.last() == good
    assert kept.back_up().is_complete()
    assert not list(kept.target.glob(".tmp-*"))
    assert len(list(kept.target.iterdir())) == 2


@pytest.mark.parametrize("write", [3, 12])
def test_a_restore_killed_anywhere_is_whole_after_one_retry(kept: Kept, write: int) -> None:
    before = seen(kept.settings)
    kept.back_up()
    kept.wipe()
    code = f"""
from etl.keep.restore import restore
restore(settings, Path({str(kept.target)!r}), Path({str(kept.vault)!r}), print)
"""
    assert killed_at_write(write, kept.settings, code)
    kept.restore(force=True)
    assert seen(kept.settings) == before
    assert not list(kept.settings.data.glob(".tmp-*"))
