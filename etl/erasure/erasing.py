"""Erases people, in steps that can be killed and run again.

1. ``data/erasures/open/<id>.json`` says what is to be done, as keyed hashes.
2. The list of who was erased gets those hashes: from here on nothing brings the person in.
3. Staged files, lake, quarantine, state, vault and private build are made to agree with the list.
4. The first file says which releases go: all since the person was known.
5. The served day is built and published again; those releases and their lists go.
6. The certificate is written; the first file goes.

Until step 4 nothing is built or published. What was begun is ended by the next ``loyalty erase``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from etl import route
from etl.clock import utc_now
from etl.config import Settings
from etl.erasure.lake import erase_from_lake, remove_replaced
from etl.erasure.people import People, find_people
from etl.erasure.places import (
    drop_private_build,
    drop_staged,
    erase_from_quarantine,
    erase_from_state,
    erase_from_vault,
    remove_lists,
)
from etl.erasure.requests import Asked, Named, read_asked
from etl.failures import failures_named
from etl.faults import reach
from etl.files import digest_of, fsync_folder, read_document, write_document
from etl.keep.removal import Removal, remove
from etl.lake.commits import read_lake, verify_files
from etl.locks import keep_lock, landing_lock, writer_lock
from etl.privacy import audit
from etl.privacy.suppression import Erased, open_erasures, read_erased, suppress
from etl.privacy.vault import Vault
from etl.publish.release import MANIFEST, read_current
from etl.warehouse.build import build_warehouse
from etl.warehouse.transform import Progress

Certificate = dict[str, Any]
_STORED = "is_stored"


@dataclass(frozen=True)
class Found:
    """Who would be erased.

    Args:
        named: What was asked for.
        people: All that is the same people.
    """

    named: Named
    people: People

    def counts(self) -> dict[str, int]:
        """Count what is theirs, by kind."""
        counted = self.people.nodes.group_by("entity").len().sort("entity")
        return dict(counted.iter_rows())


def preview(settings: Settings, asked: Asked) -> Found:
    """Find who would be erased; change nothing.

    Raises:
        UsageError: As :func:`etl.erasure.requests.read_asked`; or it is a business account.
        LakeCorrupt: A committed file changed.
    """
    lake = read_lake(settings)
    verify_files(lake.files)
    erased, vault = read_erased(settings), Vault(settings)
    named = read_asked(vault, lake, asked, erased)
    return Found(named, find_people(vault, lake, named.seeds, erased))


@failures_named()
def erase(
    settings: Settings,
    asked: Asked,
    progress: Progress = route.silent,
    *,
    rebuild: bool = True,
) -> list[Certificate]:
    """End what was begun, then erase whoever is asked for.

    Args:
        rebuild: Build and publish the served day again. Without it nothing is served until the next
            run: for tests, and where no release was ever published it makes no difference.

    Returns:
        The certificates, one per erasure that was carried out; none where nobody is pending.

    Raises:
        UsageError: As :func:`preview`.
        DataBlocked: The day cannot be published again; run it again when that is mended.
        Busy: A run is landing, building or keeping house.
    """
    with keep_lock(settings), landing_lock(settings, shared=False), writer_lock(settings):
        done = finish_open(settings, progress, rebuild=rebuild)
        if asked.is_nothing and done:
            return done
        found = preview(settings, asked)
        if found.named.seeds.is_empty():
            return done
        begin(settings, found.named.requests, found.people)
        return done + finish_open(settings, progress, rebuild=rebuild)


def begin(settings: Settings, requests: Iterable[str], people: People) -> None:
    """Write down what is to be done; from here on it will be ended."""
    erased = read_erased(settings)
    _begin(settings, requests, people.digests(erased), people.successor_digests(erased))


def begin_again(settings: Settings) -> None:
    """Write down that the list is to be obeyed by what a restore puts in place."""
    _begin(settings, (), [], {})


def _begin(
    settings: Settings, requests: Iterable[str], digests: list[str], successors: dict[str, str]
) -> None:
    now = utc_now()
    erasure_id = f"{now:%Y-%m-%d}-{digest_of([digests, now.isoformat()])[:12]}"
    audit.append(settings, "erase", erasure=erasure_id, requests=sorted(requests))
    document = {
        "erasure_id": erasure_id,
        "requests": sorted(requests),
        "begun_at": now.isoformat(),
        "digests": digests,
        "successors": successors,
        "releases": [],
        "counts": {},
        _STORED: False,
    }
    _write_open(settings, document)
    reach("erase.begun")


def finish_open(
    settings: Settings, progress: Progress, *, rebuild: bool = True
) -> list[Certificate]:
    """End every erasure that was begun, the caller holding all three locks.

    None is published before all are stored: it would hold the people of the next.
    """
    opened = [read_document(path, "erasure_id", "digests") for path in open_erasures(settings)]
    if not opened:
        return []
    for document in opened:
        progress(f"erasing {document['erasure_id']}")
        erased = suppress(settings, document["digests"], document["successors"])
        reach("erase.suppressed")
        _clean(settings, document, erased)
    _mark_stored(settings, opened)
    _replace_releases(settings, opened, progress, rebuild=rebuild)
    reach("erase.published")
    return [_certify(settings, document) for document in opened]


def _clean(settings: Settings, opened: dict[str, Any], erased: Erased) -> None:
    """Make each place agree with the list, in an order that leaves nothing to copy from."""
    erasure_id = opened["erasure_id"]

    def note(name: str, found: int | dict[str, int]) -> None:
        opened["counts"] = _added(opened["counts"], name, found)
        _write_open(settings, opened)

    note("staged", drop_staged(settings))
    reach("erase.staged")
    erase_from_lake(settings, erased, erasure_id)  # its commit has the counts
    reach("erase.lake")
    note("old_files", remove_replaced(settings, erased))
    reach("erase.old_files")
    note("quarantine", erase_from_quarantine(settings, erased))
    reach("erase.quarantine")
    note("state", erase_from_state(settings, erased, erasure_id))
    reach("erase.state")
    note("vault", erase_from_vault(settings, read_lake(settings)))
    reach("erase.vault")
    drop_private_build(settings)
    reach("erase.build")


def _added(counts: dict[str, Any], name: str, found: int | dict[str, int]) -> dict[str, Any]:
    """Add what a step did to what it did before it was killed."""
    if isinstance(found, int):
        return {**counts, name: counts.get(name, 0) + found}
    before = counts.get(name, {})
    return {**counts, name: {kind: before.get(kind, 0) + n for kind, n in found.items()}}


def _lake_parts(settings: Settings, erasure_id: str) -> list[dict[str, Any]]:
    commits = read_lake(settings).commits
    own = [c for c in commits if c.get("erased", {}).get("erasure_id") == erasure_id]
    return [{"batch_id": commit["batch_id"], **commit["erased"]} for commit in own]


def _left_to_others(settings: Settings, erasure_id: str) -> dict[str, list[str]]:
    """Name what holds the person and is not ours to change: files as delivered, old backups."""
    brought = {name for part in _lake_parts(settings, erasure_id) for name in part["deliveries"]}
    files = [
        f"{delivery['system']}/{delivery['business_day']}/{delivery['file']}"
        for delivery in read_lake(settings).deliveries
        if delivery["delivery_id"] in brought
    ]
    folder = settings.backup
    backups = folder.glob("[!.]*/manifest.json") if folder and folder.is_dir() else ()
    return {
        "delivered_in": sorted(files),
        "backups": sorted(path.parent.name for path in backups),
    }


def _known_since(settings: Settings, erasure_id: str) -> date:
    """Return the first day on which the lake knew anybody of them."""
    days = [part["known_on"] for part in _lake_parts(settings, erasure_id)]
    return min(map(date.fromisoformat, days), default=date.max)


def _first_known(settings: Settings, opened: list[dict[str, Any]]) -> date:
    return min(_known_since(settings, document["erasure_id"]) for document in opened)


def _mark_stored(settings: Settings, opened: list[dict[str, Any]]) -> None:
    """Write down which releases may hold one of the people: none is published before this.

    What was written down once stays so: a release that came after it is built without them.
    """
    since = _first_known(settings, opened)
    manifests = sorted((settings.marts / "releases").glob(f"[!.]*/{MANIFEST}"))
    theirs = [path.parent.name for path in manifests if _as_of(path) >= since]
    for document in opened:
        if not document[_STORED]:
            document.update({_STORED: True, "releases": theirs})
            _write_open(settings, document)


def _replace_releases(
    settings: Settings, opened: list[dict[str, Any]], progress: Progress, *, rebuild: bool
) -> None:
    """Publish the served day again and remove the releases that may hold the people."""
    theirs = {name for document in opened for name in document["releases"]}
    served = read_current(settings)
    if served and served["run_id"] in theirs:
        if rebuild:
            built = build_warehouse(settings, date.fromisoformat(served["as_of"]), progress)
            route.publish_build(settings, built, progress)
        else:
            (settings.marts / "current").unlink()
            fsync_folder(settings.marts)
    remove_lists(settings, _first_known(settings, opened))
    for name in sorted(theirs):
        folder = settings.marts / "releases" / name
        remove(Removal("erasure", folder, "an erased person may be in it"))


def _as_of(manifest: Path) -> date:
    return date.fromisoformat(read_document(manifest, "as_of")["as_of"])


def _certify(settings: Settings, opened: dict[str, Any]) -> Certificate:
    """Write the certificate, which is kept for ever, then forget that the erasure is open."""
    erasure_id, lake = opened["erasure_id"], read_lake(settings)
    parts = _lake_parts(settings, erasure_id)
    files = [file for p in parts for t in p["tables"].values() for file in t["after"]["files"]]
    certificate = {
        "erasure_id": erasure_id,
        "requests": opened["requests"],
        "begun_at": opened["begun_at"],
        "ended_at": utc_now().isoformat(),
        "hashes_on_the_list": len(opened["digests"]),
        "counts": {**opened["counts"], "lake": len(files)},
        "releases_removed": opened["releases"],
        "left_to_others": _left_to_others(settings, erasure_id),
        "lake": {
            "content": lake.content,
            "version": lake.version,
            "commits": parts,
        },
    }
    write_document(settings.erasures / "certificates" / f"{erasure_id}.json", certificate)
    reach("erase.certified")
    (settings.erasures / "open" / f"{erasure_id}.json").unlink()
    fsync_folder(settings.erasures / "open")
    return certificate


def _write_open(settings: Settings, document: dict[str, Any]) -> None:
    write_document(settings.erasures / "open" / f"{document['erasure_id']}.json", document)
