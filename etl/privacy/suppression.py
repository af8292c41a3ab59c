"""Who was erased, as keyed hashes: enough to know them again, too little to say who they are.

``data/erasures/suppressed.json`` is one flat, sorted list for all erasures together, so that it
does not say which records were one person. It is kept for ever and only grows.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from etl.config import Settings
from etl.contract.columns import Pii
from etl.errors import DataBlocked, LakeCorrupt
from etl.files import DIGEST, read_document, write_document
from etl.privacy.digests import KeyedDigest
from etl.privacy.tokens import Tokeniser
from etl.privacy.vault import load_or_create_key

# Beside the entities of identity (contact, account, lead, customer_ref, email by its token): a
# phone by its token, a membership, the hash of an address that a request names, a record's key.
PHONE, MEMBER, EMAIL_SHA256, RECORD_KEY = "phone", "member", "email_sha256", "record_key"
NODE = ("source_system", "entity", "source_id")
# How a key begins that is a keyed hash.
TOMBSTONE = "erased-"
_DIGITS = 32
_SEPARATOR = "\x1f"
_LIST, _SUCCESSORS = "suppressed", "successors"


@dataclass(frozen=True)
class Erased:
    """The people who were erased.

    Args:
        key: The pseudonym key.
        digests: One per record, address, phone, membership and record key.
        successors: By digest of a record key that was a firm's customer key: the key that the
            firm goes on under.
    """

    key: bytes
    digests: frozenset[str] = frozenset()
    successors: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Tell whether anybody was."""
        return bool(self.digests)

    def digest(self, system: str, entity: str, source_id: str) -> str:
        """Return the keyed hash of a node of identity; of an address or phone by its token."""
        name = _SEPARATOR.join(("erased", system, entity, source_id))
        return hmac.digest(self.key, name.encode(), "sha256").hex()[:_DIGITS]

    def tombstones(self, table: str, keys: pl.DataFrame) -> pl.Series:
        """Return what takes a person's place in each key: a keyed hash, the same each time.

        Args:
            table: Name of the contract table.
            keys: ``source_system`` and the columns of the table's key; a refused row may lack one.
        """
        texts = keys.select(
            pl.concat_str(pl.all().cast(pl.String).fill_null(""), separator=_SEPARATOR)
        )
        prefix = _SEPARATOR.join(("tombstone", table, "")).encode()
        return TOMBSTONE + KeyedDigest(self.key).digests(prefix, texts.to_series())

    def token(self, kind: Pii, values: pl.Series) -> pl.Series:
        """Return the tokens of clear values; nothing is remembered in the vault."""
        return Tokeniser(self.key).tokenise(kind, values)

    def are_erased(self, nodes: pl.DataFrame) -> pl.Series:
        """Tell of each row of NODE whether it was erased; a null names nobody."""
        distinct = nodes.drop_nulls().unique()
        is_listed = [self.digest(*node) in self.digests for node in distinct.iter_rows()]
        found = distinct.filter(pl.Series(is_listed, dtype=pl.Boolean))
        if found.is_empty():
            return pl.repeat(value=False, n=nodes.height, eager=True, dtype=pl.Boolean)
        marked = nodes.join(
            found.with_columns(is_erased=pl.lit(value=True)),
            on=list(NODE), how="left", maintain_order="left",
        )  # fmt: skip
        return marked["is_erased"].fill_null(value=False)

    def is_key(self, keys: pl.Series) -> pl.Series:
        """Tell of each customer or record key whether it stands for an erased record."""
        return self.are_erased(key_nodes(keys))

    def successor(self, key: str) -> str | None:
        """Return the key that a firm goes on under whose key was an erased person's."""
        return self.successors.get(self.digest("", RECORD_KEY, key))


NOBODY = Erased(b"")


def key_nodes(keys: pl.Series) -> pl.DataFrame:
    """Return record keys as rows of NODE."""
    return pl.DataFrame({"source_id": keys}).select(
        source_system=pl.lit(""), entity=pl.lit(RECORD_KEY), source_id=pl.col("source_id")
    )


def read_erased(settings: Settings) -> Erased:
    """Return who was erased; nobody where there is no list.

    Raises:
        LakeCorrupt: The list is not what was written, or is missing beside its certificates.
        ConfigError: The pseudonym key is missing or cannot be used.
    """
    key = load_or_create_key(settings)
    path = list_path(settings)
    if path.exists():
        return Erased(key, *_read_list(path))
    if any(settings.erasures.glob("certificates/*.json")):
        raise LakeCorrupt(
            "The list of who was erased is missing; without it they would come back.",
            where=str(path),
            todo="Restore data/erasures from a backup; do not land anything before.",
        )
    return Erased(key)


def suppress(settings: Settings, digests: Iterable[str], successors: Mapping[str, str]) -> Erased:
    """Add to the list, durably; return it. The caller holds the landing alone."""
    before = read_erased(settings)
    after = Erased(before.key, before.digests | set(digests), {**before.successors, **successors})
    _write_list(settings, after.digests, after.successors)
    return after


def merge_lists(settings: Settings, others: Iterable[Path]) -> frozenset[str]:
    """Add lists of backups to the one that is there; nobody is ever taken off. Return all of it."""
    digests: frozenset[str] = frozenset()
    successors: dict[str, str] = {}
    for path in (*others, list_path(settings)):
        if path.exists():
            more, named = _read_list(path)
            digests, successors = digests | more, successors | named
    if digests:
        _write_list(settings, digests, successors)
    return digests


def listed(path: Path) -> frozenset[str]:
    """Return the hashes of a list; none where there is no such file."""
    return _read_list(path)[0] if path.exists() else frozenset()


def list_path(settings: Settings) -> Path:
    """Return where the list of who was erased lies."""
    return settings.erasures / "suppressed.json"


def _read_list(path: Path) -> tuple[frozenset[str], dict[str, str]]:
    document = read_document(path, _LIST, _SUCCESSORS, DIGEST)
    return frozenset(document[_LIST]), document[_SUCCESSORS]


def _write_list(settings: Settings, digests: Iterable[str], successors: Mapping[str, str]) -> None:
    write_document(list_path(settings), {_LIST: sorted(digests), _SUCCESSORS: successors})


def open_erasures(settings: Settings) -> list[Path]:
    """Return the files of erasures that were begun and not ended."""
    return sorted((settings.erasures / "open").glob("[!.]*.json"))


def refuse_unfinished(settings: Settings) -> None:
    """Stop a build or a publish while what it rests on may hold somebody who is being erased.

    Raises:
        DataBlocked: ERASURE_OPEN.
    """
    for path in open_erasures(settings):
        if not read_document(path, "is_stored")["is_stored"]:
            raise DataBlocked(
                "An erasure was begun and not ended: what is published now could hold the person.",
                where=str(path),
                todo="Run `loyalty erase` to end it.",
                code="ERASURE_OPEN",
            )
