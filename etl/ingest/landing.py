"""Where exports are delivered: a folder, or an S3 bucket that is mirrored into a private one.

A bucket's objects are copied to ``<data root>/fetched/objects/`` before anything looks at them;
from there they take the same road, through the same gate, as files of a folder. The mirror follows
the bucket: an object that changed is copied again, one that is gone goes. Credentials are those
that any AWS tool finds, in the environment or in its files; none is read, kept or written here.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from etl.clock import utc_now
from etl.config import Settings
from etl.errors import ConfigError, FileRejected, LakeCorrupt
from etl.files import DIGEST, atomic_path, make_folder, read_document, write_document
from etl.ingest.discover import Discovery, Refused, discover
from etl.ingest.manifest import MANIFEST_NAME
from etl.ingest.reasons import file_rejected
from etl.locks import fetch_lock
from etl.mapping import Mapping
from etl.space import require_space

if TYPE_CHECKING:
    from pyarrow.fs import S3FileSystem

_PRIVATE_FOLDER, _PRIVATE_FILE = 0o700, 0o600
_BLOCK_BYTES = 8 << 20
_TRIES = 3
_NAME_BYTES = 255
# A bucket's clock is another one, and its times are whole seconds: so long after its time an object
# could be written again under the same time, and is asked for its ETag.
_UNSETTLED = timedelta(hours=1)
# What no second try mends. The code is all that is told of the store's answer.
_REFUSALS = {
    "INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH", "ACCESS_DENIED", "NO_SUCH_BUCKET",
    "INVALID_CLIENT_TOKEN_ID", "MISSING_AUTHENTICATION_TOKEN", "EXPIRED_TOKEN",
    "INVALID_SIGNATURE", "UNRECOGNIZED_CLIENT", "INVALID_BUCKET_NAME",
}  # fmt: skip
_NOTHING: dict[str, Any] = {"objects": {}, "refused": {}, "unmatched": []}


@dataclass(frozen=True)
class _Object:
    """One object as the bucket lists it; ``name`` is its key without the prefix."""

    name: str
    size: int
    modified: datetime


class _Changed(Exception):  # noqa: N818 - never leaves this module
    """The object is another one than at the first byte."""


def survey(
    settings: Settings, mappings: tuple[Mapping, ...], through: date, feed: str | None = None
) -> Discovery:
    """List what lies in the landing, with what a bucket has and the mirror could not take.

    Args:
        mappings: All mappings.
        through: Last business day wanted, inclusive.
        feed: ``orders`` or ``crm`` for the exports of that feed only; None for all.

    Raises:
        ConfigError: There is no landing folder.
    """
    found = discover(settings.landing, mappings, through, feed)
    if not settings.landing_url:
        return found
    index = _read_index(settings)
    return replace(
        found,
        unmatched=(*found.unmatched, *(settings.landing / name for name in index["unmatched"])),
        refused=(*found.refused, *_refused(settings, index)),
    )


def fetch(
    settings: Settings, mappings: tuple[Mapping, ...], progress: Callable[[str], None]
) -> None:
    """Bring the mirror of a bucket up to date; a landing that is a folder needs none.

    Raises:
        ConfigError: The bucket does not exist or may not be read.
        OSError: It does not answer; a later try may mend that.
        DiskFull: There is no room for what is new.
        Busy: Another process has been fetching for long.
    """
    if not settings.landing_url:
        return
    with fetch_lock(settings), _bucket_errors(settings.landing_url):
        make_folder(settings.landing, _PRIVATE_FOLDER)
        store, index = _connected(settings), _read_index(settings)
        listed = _listed(store, settings.landing_url)
        taken = {o.name: o for o in listed if _is_taken(o.name, mappings)}
        refused = {name: error for name, o in taken.items() if (error := _unusable(o, taken))}
        wanted = [o for name, o in taken.items() if name not in refused]
        kept = {o.name: entry for o in wanted if (entry := _kept(store, settings, index, o))}
        fresh = [o for o in wanted if o.name not in kept]
        _prune(settings.landing, kept.keys())
        require_space(settings.landing, sum(o.size for o in fresh), f"Fetching {len(fresh)} files")
        for item in fresh:
            progress(f"fetching {item.name}")
            try:
                kept[item.name] = _copied(store, settings, item)
            except FileNotFoundError:
                continue  # it went after it was listed
            except FileRejected as error:
                refused[item.name] = error
        _write_index(settings, kept, refused, sorted({o.name for o in listed} - taken.keys()))


def count_objects(settings: Settings) -> int:
    """Count the objects of the bucket; nothing is copied.

    Raises:
        ConfigError: The bucket does not exist or may not be read.
        OSError: It does not answer.
    """
    with _bucket_errors(settings.landing_url):
        return len(_listed(_connected(settings), settings.landing_url))


def _connected(settings: Settings) -> S3FileSystem:
    """Connect with the credentials that the AWS library finds by itself."""
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

    endpoint = urlsplit(settings.s3_endpoint)
    elsewhere = {"endpoint_override": endpoint.netloc, "scheme": endpoint.scheme}
    return S3FileSystem(
        connect_timeout=10,
        request_timeout=60,
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=_TRIES),
        **(elsewhere if settings.s3_endpoint else {}),
    )


def _root(url: str) -> str:
    return url.removeprefix("s3://").rstrip("/")


def _listed(store: S3FileSystem, url: str) -> list[_Object]:
    from pyarrow.fs import FileSelector, FileType

    root = _root(url)
    try:
        found = store.get_file_info(FileSelector(root, recursive=True))
    except FileNotFoundError:
        return []  # a bucket has no folders: nothing was delivered yet
    objects = [
        _Object(info.path.removeprefix(f"{root}/"), info.size, info.mtime.astimezone(UTC))
        for info in found
        if info.type == FileType.File
    ]
    return sorted(objects, key=lambda item: item.name)


def _is_taken(name: str, mappings: tuple[Mapping, ...]) -> bool:
    """Tell whether an export asks for an object, or it is the manifest of a system's folder."""
    system, _, rest = name.partition("/")
    last = rest.rpartition("/")[2]
    return any(
        last == MANIFEST_NAME or any(export.matches(last) for export in mapping.exports)
        for mapping in mappings
        if mapping.system == system and last
    )


def _unusable(item: _Object, taken: dict[str, _Object]) -> FileRejected | None:
    """Return why an object is not even copied, if it is not."""
    parts, last = item.name.split("/"), item.name.rpartition("/")[2]
    detail = ""
    if any(part in {"", ".", ".."} or not part.isprintable() for part in parts):
        detail = "it has a part that is empty, dots or not printable"
    elif any(len(part.encode()) > _NAME_BYTES for part in parts):
        detail = f"it has a part of more than {_NAME_BYTES} bytes"
    elif any(other.startswith(f"{item.name}/") for other in taken):
        detail = "it is the folder of other objects"
    return file_rejected("NAME_NOT_USABLE", last, detail=detail) if detail else None


def _kept(
    store: S3FileSystem, settings: Settings, index: dict[str, Any], item: _Object
) -> dict[str, Any] | None:
    """Return the index entry of an object that the mirror has as it is, or None."""
    entry: dict[str, Any] | None = index["objects"].get(item.name)
    described = {"size": item.size, "modified": item.modified.isoformat()}
    if entry is None or entry != entry | described or not (settings.landing / item.name).is_file():
        return None
    if datetime.fromisoformat(entry["checked_at"]) - item.modified > _UNSETTLED:
        return entry
    try:
        if _etag(store, settings, item.name) != entry["etag"]:
            return None
    except FileNotFoundError:
        return None  # it went after it was listed
    return entry | {"checked_at": utc_now().isoformat()}


def _copied(store: S3FileSystem, settings: Settings, item: _Object) -> dict[str, Any]:
    """Copy one object, and return its index entry.

    Raises:
        FileRejected: CHANGED_WHILE_READ: it was another one at the last byte, at every try.
        FileNotFoundError: It is gone.
    """
    target = settings.landing / item.name
    make_folder(target.parent, _PRIVATE_FOLDER)
    for _ in range(_TRIES):
        with contextlib.suppress(_Changed), atomic_path(target, _PRIVATE_FILE) as temporary:
            etag = _copy_once(store, settings, item.name, temporary)
            instant = item.modified.timestamp()
            os.utime(temporary, (instant, instant))
        if target.exists():
            described = {"size": item.size, "modified": item.modified.isoformat()}
            return {**described, "etag": etag, "checked_at": utc_now().isoformat()}
    raise file_rejected("CHANGED_WHILE_READ", target.name)


def _copy_once(store: S3FileSystem, settings: Settings, name: str, target: Path) -> str:
    key = f"{_root(settings.landing_url)}/{name}"
    size = 0
    with store.open_input_stream(key) as stream, target.open("wb") as output:
        before = stream.metadata()
        while block := stream.read(_BLOCK_BYTES):
            size += len(block)
            output.write(block)
    if size != int(before["Content-Length"]):
        raise _Changed
    etag: str = before["ETag"].decode()
    if _etag(store, settings, name) != etag:
        raise _Changed
    return etag


def _etag(store: S3FileSystem, settings: Settings, name: str) -> str:
    with store.open_input_file(f"{_root(settings.landing_url)}/{name}") as file:
        etag: str = file.metadata()["ETag"].decode()
        return etag


def _prune(root: Path, kept: Set[str]) -> None:
    """Remove what the bucket has no more, and what a killed run left."""
    for folder, folders, files in os.walk(root, topdown=False):
        for name in files:
            path = Path(folder, name)
            if path.relative_to(root).as_posix() not in kept:
                path.unlink()
        for name in folders:
            with contextlib.suppress(OSError):  # it is not empty
                Path(folder, name).rmdir()


def _index_path(settings: Settings) -> Path:
    return settings.landing.parent / "index.json"


def _read_index(settings: Settings) -> dict[str, Any]:
    """Read what the mirror holds; of another bucket, or of a damaged index, it holds nothing."""
    path = _index_path(settings)
    if not path.exists():
        return _NOTHING
    try:
        index = read_document(path, "url", *_NOTHING, DIGEST)
    except LakeCorrupt:
        return _NOTHING  # the bucket has it all
    return index if index["url"] == settings.landing_url else _NOTHING


def _write_index(
    settings: Settings,
    objects: dict[str, Any],
    refused: dict[str, FileRejected],
    unmatched: list[str],
) -> None:
    index = {
        "url": settings.landing_url,
        "objects": objects,
        "refused": {name: error.as_dict() for name, error in refused.items()},
        "unmatched": unmatched,
    }
    write_document(_index_path(settings), index, _PRIVATE_FILE)


def _refused(settings: Settings, index: dict[str, Any]) -> Iterator[Refused]:
    for name, told in sorted(index["refused"].items()):
        error = FileRejected(
            told["what"], where=told["where"], todo=told["todo"], code=told["code"]
        )
        yield Refused(name.partition("/")[0], "", settings.landing / name, None, error)


@contextlib.contextmanager
def _bucket_errors(url: str) -> Iterator[None]:
    """Turn what the AWS library raises into errors one can act on; its own words are left out."""
    try:
        yield
    except OSError as error:
        code = re.search("AWS Error ([A-Z_]+)", str(error))
        if code is None:
            raise  # of the local disk
        if code[1] in _REFUSALS:
            raise _not_readable(url, code[1]) from None
        raise OSError(errno.EIO, f"The bucket does not answer ({code[1]})", url) from None


def _not_readable(url: str, code: str) -> ConfigError:
    return ConfigError(
        f"The bucket cannot be read ({code}).",
        where=url,
        todo="Check its name, the credentials in the environment or in ~/.aws, and what they may.",
        code="BUCKET_NOT_READABLE",
    )
