"""What lies in the landing: which file is a delivery of which export, for which business day.

``landing/<system>/**/<file>``; a file's name decides its export, a ``_manifest.json`` in its own
folder or a pattern on its name decides its business day. Nothing is opened but manifests, links are
not followed, and every file ends up in exactly one of the three lists of a :class:`Discovery` (or
waits for a later business day). A name that is not UTF-8 is listed in a form that can be printed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from etl.errors import ConfigError, FileRejected
from etl.files import readable
from etl.ingest.manifest import MANIFEST_NAME, Manifest, read_manifest
from etl.ingest.reasons import file_rejected
from etl.mapping import Export, Mapping

# What Python makes of bytes that are not UTF-8, and JSON of an escape that is half a character.
_NOT_TEXT = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Delivery:
    """One file of one export for one business day.

    Args:
        system: ``source_system``, the folder below the landing.
        export: Name of the export in the system's mapping.
        path: The file.
        business_day: Day the delivery is for; its rows are known from then on at the latest.
        mode: full, incremental or history.
        sequence: Which of two deliveries is the later one.
        declared_rows: Records the manifest promises, or None.
        declared_sha256: Digest the manifest promises, or None.
    """

    system: str
    export: str
    path: Path
    business_day: date
    mode: str
    sequence: int
    declared_rows: int | None = None
    declared_sha256: str | None = None


@dataclass(frozen=True)
class Refused:
    """A file that belongs to an export but cannot become a delivery.

    Args:
        system: Folder below the landing.
        export: Name of the export; empty when none or several fit.
        path: The file.
        business_day: Day its manifest gives, or None.
        error: Why; ``error.code`` is a file code of ``etl.ingest.reasons``.
    """

    system: str
    export: str
    path: Path
    business_day: date | None
    error: FileRejected


@dataclass(frozen=True)
class Discovery:
    """All that lies in the landing up to a business day.

    Args:
        deliveries: Ordered by business day, sequence, system, export and path.
        unmatched: Files that no export asks for, and links; ordered.
        refused: Files of an export that cannot be taken; ordered by path.
    """

    deliveries: tuple[Delivery, ...] = ()
    unmatched: tuple[Path, ...] = ()
    refused: tuple[Refused, ...] = ()


@dataclass
class _Found:
    deliveries: list[Delivery] = field(default_factory=list)
    unmatched: list[Path] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def discover(
    landing: Path, mappings: tuple[Mapping, ...], through: date, feed: str | None = None
) -> Discovery:
    """List the deliveries up to a business day.

    Args:
        landing: Root of the landing.
        mappings: All mappings; a folder without one makes its files ``unmatched``.
        through: Last business day wanted, inclusive; later files are not mentioned.
        feed: ``orders`` or ``crm`` for the exports of that feed only; None for all.

    Raises:
        ConfigError: There is no landing folder.
    """
    if not landing.is_dir():
        todo = "Create it, or set LOYALTY_LANDING."
        raise ConfigError("The landing folder does not exist.", where=str(landing), todo=todo)
    by_system = {mapping.system: mapping for mapping in mappings}
    found = _Found()
    for folder, names, links in _folders(landing):
        found.unmatched += [folder / name for name in links]
        parts = folder.relative_to(landing).parts
        mapping = by_system.get(parts[0]) if parts else None
        if mapping is None:
            found.unmatched += [folder / name for name in names]
        else:
            _sort_folder(folder, names, mapping, found)
    return _selected(found, by_system, through, feed)


def missing_feeds(
    deliveries: tuple[Delivery, ...], mappings: tuple[Mapping, ...], day: date, feed: str
) -> tuple[str, ...]:
    """Return ``system.export`` of the daily exports of a feed without a delivery for ``day``."""
    present = {(d.system, d.export) for d in deliveries if d.business_day == day}
    return tuple(
        f"{mapping.system}.{export.name}"
        for mapping in mappings
        for export in mapping.exports
        if export.expected == "daily"
        and export.feed == feed
        and (mapping.system, export.name) not in present
    )


def _folders(landing: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Yield each folder, its file names and its links to folders, in a fixed order."""
    for root, folders, files in os.walk(landing, followlinks=False, onerror=_raise):
        folders.sort()
        links = [name for name in folders if Path(root, name).is_symlink()]
        yield Path(root), sorted(files), links


def _raise(error: OSError) -> None:
    raise error  # os.walk would leave the folder out in silence


def _sort_folder(folder: Path, names: list[str], mapping: Mapping, found: _Found) -> None:
    """Put the files of one folder, and those its manifest lists in vain, where they belong."""
    promised: Manifest | FileRejected | None = None
    if MANIFEST_NAME in names:
        promised = _read_promises(folder)
    manifest = promised if isinstance(promised, Manifest) else None
    delivered = [name for name in names if name != MANIFEST_NAME]
    absent = sorted(set(manifest.files) - set(names)) if manifest else []
    matched = {name: _matching(mapping, name) for name in (*delivered, *absent)}
    day = manifest.business_day if manifest else None
    found.unmatched += [folder / name for name in delivered if not matched[name]]
    takeable = [name for name in delivered if matched[name]] + absent
    if isinstance(promised, FileRejected) and not takeable:
        path = Path(readable(folder / MANIFEST_NAME))
        found.refused.append(Refused(mapping.system, "", path, None, promised))
    for name in takeable:
        exports = matched[name]
        try:
            if _NOT_TEXT.search(str(folder / name)):
                raise file_rejected("NAME_NOT_UTF8", readable(name))
            if isinstance(promised, FileRejected):
                raise promised
            if name in absent:
                raise file_rejected("MANIFEST_FILE_MISSING", name)
            found.deliveries.append(_delivery(folder / name, exports, manifest))
        except FileRejected as error:
            export = exports[0].name if len(exports) == 1 else ""
            path = Path(readable(folder / name))
            found.refused.append(Refused(mapping.system, export, path, day, error))


def _read_promises(folder: Path) -> Manifest | FileRejected:
    try:
        manifest = read_manifest(folder / MANIFEST_NAME)
        if any(map(_NOT_TEXT.search, manifest.files)):
            detail = "files holds a name that is no text"
            raise file_rejected("MANIFEST_INVALID", MANIFEST_NAME, detail=detail)
        return manifest
    except FileRejected as error:
        return error


def _matching(mapping: Mapping, name: str) -> list[Export]:
    """Return the exports whose pattern fits; ``*`` does not fit a hidden file, as in a shell."""
    hidden = name.startswith(".")
    return [
        export
        for export in mapping.exports
        if export.matches(name) and (not hidden or export.files.startswith("."))
    ]


def _delivery(path: Path, matching: list[Export], manifest: Manifest | None) -> Delivery:
    if len(matching) > 1:
        names = ", ".join(export.name for export in matching)
        raise file_rejected("AMBIGUOUS_EXPORT", path.name, detail=names)
    return delivery_of(path, matching[0], manifest)


def delivery_of(
    path: Path, export: Export, manifest: Manifest | None, day: date | None = None
) -> Delivery:
    """Return a file as a delivery of an export: what is told wins, then the manifest.

    Args:
        manifest: The one beside the file, or None.
        day: Its business day, where somebody tells it.

    Raises:
        FileRejected: NO_BUSINESS_DAY: nothing tells the business day.
    """
    declared = manifest.files.get(path.name) if manifest else None
    business_day = (
        day or (manifest and manifest.business_day) or business_day_of_name(export, path.name)
    )
    sequence = manifest.sequence if manifest else None
    return Delivery(
        system=export.system,
        export=export.name,
        path=path,
        business_day=business_day,
        mode=(manifest and manifest.mode) or export.mode,
        sequence=int(f"{business_day:%Y%m%d}") if sequence is None else sequence,
        declared_rows=declared.rows if declared else None,
        declared_sha256=declared.sha256 if declared else None,
    )


def business_day_of_name(export: Export, name: str) -> date:
    """Read the business day out of a file name: ``2017-12-25`` or ``20171225``."""
    found = re.search(export.business_day, name) if export.business_day else None
    text = (found.group(1) or "") if found else ""
    try:
        if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}", text):
            return date.fromisoformat(text)
    except ValueError:
        pass  # digits that are no day of the calendar
    raise file_rejected("NO_BUSINESS_DAY", name)


def _selected(
    found: _Found, by_system: dict[str, Mapping], through: date, feed: str | None
) -> Discovery:
    def wanted(item: Delivery | Refused) -> bool:
        in_time = item.business_day is None or item.business_day <= through
        anywhere = feed is None or not item.export
        return in_time and (anywhere or by_system[item.system].export(item.export).feed == feed)

    def order(d: Delivery) -> tuple[date, int, str, str, str]:
        return d.business_day, d.sequence, d.system, d.export, str(d.path)

    return Discovery(
        deliveries=tuple(sorted(filter(wanted, found.deliveries), key=order)),
        unmatched=tuple(sorted(Path(readable(path)) for path in found.unmatched)),
        refused=tuple(sorted(filter(wanted, found.refused), key=lambda r: str(r.path))),
    )
