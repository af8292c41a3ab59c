"""Which commands are killed, from where they start, and what they must have come to in the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from etl.files import read_json
from etl.keep.generations import newest, verify_generation
from etl.privacy.vault import Vault
from tests.killed.ground import DAY, MONTH, Ground, as_of, backup_places, listed
from tests.killed.invariants import lake_rows, mart_hashes

# What a command comes to, in a form that two runs of it can be compared by.
Outcome = dict[str, Any]


@dataclass(frozen=True)
class Scene:
    """A command that is killed and then given again.

    Args:
        name: For the table.
        base: What it starts from, see :mod:`tests.killed.ground`.
        command: The command that is killed.
        areas: The areas of the points of ``etl.faults`` that it is killed at.
        outcome: What it comes to.
        is_read: Whether readers look on; a restore takes the marts away for a moment, an erasure
            the releases that somebody was in.
        is_counted: Whether each record delivered must be there; not so for the erased.
    """

    name: str
    base: str
    command: Callable[[Ground], tuple[str, ...]]
    areas: tuple[str, ...]
    outcome: Callable[[Ground], Outcome]
    is_read: bool = True
    is_counted: bool = True

    def takes(self, point: str) -> bool:
        """Tell whether it is killed at a point."""
        return point.split(".")[0] in self.areas


def lake(ground: Ground) -> Outcome:
    """Lake, vault and quarantine."""
    return lake_rows(ground.settings)


def marts(ground: Ground) -> Outcome:
    """Every mart, and all that it is made of."""
    return mart_hashes(ground.settings) | lake_rows(ground.settings)


def clear_values(ground: Ground) -> Outcome:
    """All that the vault knows, in clear, and nothing beside it but its key."""
    tokens = lake_rows(ground.settings)["vault"]
    names = sorted(path.name for path in ground.settings.vault.iterdir())
    return {"values": Vault(ground.settings).reveal_all(tokens), "files": names}


def erased(ground: Ground) -> Outcome:
    """Every mart and what it is made of, and what the certificate counts; its name has a time."""
    found = marts(ground)
    del found["run_id"]
    (certificate,) = (ground.settings.erasures / "certificates").iterdir()
    counts = read_json(certificate)["counts"]
    return found | {"certificate": counts, "open": listed(ground.settings.erasures / "open")}


def list_files(ground: Ground) -> Outcome:
    """The list, and what its manifest says of it but the time."""
    files = listed(ground.now / "lists")
    manifest = read_json(ground.now / "lists" / "segments.manifest.json")
    del files["segments.manifest.json"], manifest["exported_at"]
    return {"files": files, "manifest": manifest}


def backups(ground: Ground) -> Outcome:
    """The newest backups, every byte of them read, and nothing beside them."""
    found: Outcome = {}
    for name in ("backup", "vault_backup"):
        folder = ground.now / name
        generation = newest(folder)
        assert generation is not None
        verify_generation(generation)
        found[name] = {file["name"]: file["bytes"] for file in generation.files}
        found[f"{name} has"] = len(list(folder.iterdir()))
    return found


def what_stays(ground: Ground) -> Outcome:
    """All files of the data root, by name; a lock is one or not."""
    names = {str(path) for path in ground.settings.data.rglob("*") if path.suffix != ".lock"}
    return {"files": sorted(names), **mart_hashes(ground.settings)}


SCENES = (
    Scene(
        "land", "released", lambda _: ("land", *as_of(DAY)),
        ("discover", "stage", "gate", "sieve", "commit", "files"), lake,
    ),
    Scene(
        "run", "landed", lambda _: ("run", *as_of(DAY)),
        ("ledger", "inputs", "build", "dbt", "fit", "files"), marts,
    ),
    Scene(
        "publish", "built", lambda _: ("publish",),
        ("publish", "release", "state", "current", "files"), marts,
    ),
    Scene("rotate", "published", lambda _: ("vault", "rotate"), ("rotate",), clear_values),
    Scene(
        "erase", "published", lambda _: ("erase", "--customer", "hubspot/101"),
        ("erase",), erased, is_read=False, is_counted=False,
    ),
    Scene("close", "published", lambda _: ("close", MONTH), ("close",), marts),
    Scene(
        "export", "published",
        lambda ground: ("export", "segments", "--to", str(ground.now / "lists")),
        ("export", "files"), list_files,
    ),
    Scene("compact", "april", lambda _: ("compact",), ("compact",), lake),
    Scene(
        "backup", "backed_up", lambda ground: ("backup", *backup_places(ground)),
        ("backup",), backups,
    ),
    Scene("keep", "aged", lambda _: ("keep",), ("keep",), what_stays),
    Scene(
        "restore", "backed_up",
        lambda ground: (
            "restore", "--force", "--from", str(ground.now / "backup"),
            "--vault-from", str(ground.now / "vault_backup"),
        ),
        ("restore",), marts, is_read=False,
    ),
)  # fmt: skip
# From the landing to the readers in one command.
WHOLE = Scene("whole run", "released", lambda _: ("run", *as_of(DAY)), (), marts)
