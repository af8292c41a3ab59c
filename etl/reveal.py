"""Clear values for the few who may see them: who can read the vault, for a reason, written down.

A customer's values are those that the lake holds a token of: each version of their records, not the
latest alone, since a letter may have gone to an earlier address.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from etl.config import Settings
from etl.contract import TABLES
from etl.errors import LoyaltyError, UsageError
from etl.explain.lookup import find_customer
from etl.explain.release import served_release
from etl.identity.nodes import EMAIL, EMAIL_SYSTEM, with_record_key
from etl.lake.commits import read_lake, verify_files
from etl.privacy import audit
from etl.privacy.vault import Vault, vault_path

REASON_LENGTH = range(10, 201)
# Where the values of each kind of record stand, and what names the record there.
_HOLDERS = {
    "contact": ("crm_contacts", "contact_id"),
    "account": ("crm_accounts", "account_id"),
    "lead": ("crm_leads", "lead_id"),
    "customer_ref": ("orders", "customer_ref"),
}
_NAMES = ("source_system", "entity", "source_id")
_RECORD = dict.fromkeys(_NAMES, pl.String())


class NotAllowed(LoyaltyError):  # noqa: N818 - names the state
    """The process's user may not read the vault."""

    default_code = "NOT_ALLOWED"


@dataclass(frozen=True)
class Revealed:
    """What was shown.

    Args:
        customer_key: Whose values; None where a token was asked for.
        rows: ``source_system``, ``entity``, ``source_id``, ``field``, ``value`` (None where the
            vault does not know it) and ``known_on``, the last day it was delivered.
    """

    customer_key: str | None
    rows: list[dict[str, Any]]


def reveal_token(settings: Settings, token: str, why: str) -> Revealed:
    """Return the clear value of one token, after writing down who asked and why.

    Raises:
        UsageError: No reason, or the vault knows no such token.
        NotAllowed: The process's user may not read the vault; written down too.
    """
    with _written_down(settings, why) as facts:
        facts["tokens"] = [token]
        value = _values(settings, [token]).get(token)
        if value is None:
            facts["tokens"] = []  # it may be anything
            todo = "Tokens are 32 hex digits; an erased person's are gone."
            raise UsageError("The vault knows no such token.", where="--token", todo=todo)
    row = {**dict.fromkeys(_NAMES), "field": None, "value": value, "known_on": None}
    return Revealed(None, [row])


def reveal_customer(settings: Settings, asked: str, why: str) -> Revealed:
    """Return the clear values of a customer's records, after writing down who asked and why.

    Args:
        asked: A customer_key, or ``<source_system>/<id>``.

    Raises:
        UsageError: No reason, or there is no such customer in the served release.
        NotAllowed: The process's user may not read the vault; written down too.
        LakeCorrupt: A file of the lake is not as it was committed.
    """
    with _written_down(settings, why) as facts:
        _values(settings, [])  # who may not read the vault learns nothing of the lake
        with served_release(settings) as release:
            facts["run_id"] = release.run_id
            key = find_customer(release, asked).customer_key
            facts["customer_key"] = key
            records = pl.DataFrame(
                release.rows_of("customer_identities", key), schema_overrides=dict(_RECORD)
            )
        held = _tokens_of(settings, key, records.select(*_NAMES))
        tokens = held["token"].unique().sort().to_list()
        facts["tokens"] = tokens
        values = _values(settings, tokens)
    shown = held.with_columns(
        value=pl.col("token").replace_strict(values, default=None, return_dtype=pl.String)
    )
    return Revealed(key, shown.drop("token").to_dicts())


@contextlib.contextmanager
def _written_down(settings: Settings, why: str) -> Iterator[dict[str, Any]]:
    """Write the line when the block ends and before anything is shown; an error is written too."""
    reason = " ".join(why.split())
    if len(reason) not in REASON_LENGTH:
        todo = "Say what it is for in 10 to 200 characters, without a name: --reason TEXT."
        raise UsageError("No clear value is shown without a reason.", where="--reason", todo=todo)
    facts: dict[str, Any] = {"why": reason, "tokens": []}
    try:
        yield facts
    except PermissionError as error:
        with contextlib.suppress(OSError):  # who may not read the vault may not write the log
            audit.append(settings, "reveal", **facts, outcome=NotAllowed.default_code)
        raise NotAllowed(
            "You may not read the vault.",
            where=str(error.filename or vault_path(settings)),
            todo="Ask the owner of the vault; the key file is open to them alone.",
        ) from None
    except LoyaltyError as error:
        audit.append(settings, "reveal", **facts, outcome=error.code)
        raise
    audit.append(settings, "reveal", **facts, outcome="shown")


def _values(settings: Settings, tokens: list[str]) -> dict[str, str]:
    if not vault_path(settings).exists():
        raise LoyaltyError(
            "There is no vault here.",
            where=str(vault_path(settings)),
            todo="Reveal where the exports are landed, not on a copy of the marts.",
            code="NO_VAULT",
        )
    return Vault(settings).reveal_all(tokens)


def _tokens_of(settings: Settings, key: str, records: pl.DataFrame) -> pl.DataFrame:
    """Return every token that the lake holds of a customer's records, with the last day of each."""
    held = [
        _of_table(settings, entity, records.filter(pl.col("entity") == entity))
        for entity in _HOLDERS
        if entity in records["entity"]
    ]
    if not held:
        held = [_of_guest(settings, key)]
    return (
        pl.concat(held)
        .drop_nulls("token")
        .group_by(*_NAMES, "field", "token")
        .agg(pl.col("known_on").max())
        .sort(*_NAMES, "field", "known_on", "token", descending=[*[False] * 4, True, False])
    )


def _of_table(settings: Settings, entity: str, records: pl.DataFrame) -> pl.DataFrame:
    table, id_column = _HOLDERS[entity]
    named = records.lazy().select("source_system", "source_id")
    rows = _lake_rows(settings, table).rename({id_column: "source_id"})
    return _long(rows.join(named, on=["source_system", "source_id"], how="semi"), table, entity)


def _of_guest(settings: Settings, key: str) -> pl.DataFrame:
    """Find a customer who is known by the address of an order alone: their key is made of it."""
    address = {"source_system": EMAIL_SYSTEM, "entity": EMAIL}
    orders = _lake_rows(settings, "orders").drop_nulls("email").collect()
    named = orders.select(pl.col("email").alias("source_id")).unique()
    nodes = with_record_key(named.with_columns(**{n: pl.lit(v) for n, v in address.items()}))
    known = nodes.filter(pl.col("record_key") == key)["source_id"]
    own = orders.filter(pl.col("email").is_in(known.implode()))
    return _long(own.lazy().with_columns(source_id=pl.lit(None, pl.String)), "orders", EMAIL)


def _long(rows: pl.LazyFrame, table: str, entity: str) -> pl.DataFrame:
    """Return one row per record, personal column and version."""
    fields = list(TABLES[table].pii)
    return (
        rows.with_columns(entity=pl.lit(entity))
        .unpivot(fields, index=[*_NAMES, "known_on"], variable_name="field", value_name="token")
        .collect()
    )


def _lake_rows(settings: Settings, table: str) -> pl.LazyFrame:
    """Return what counts of a table of the lake, its bytes verified."""
    files = [file for file in read_lake(settings).files if file.table == table]
    verify_files(files)
    parts = [
        pl.scan_parquet(f.path, glob=False).filter(pl.col("batch_id").is_in(list(f.deliveries)))
        for f in files
    ]
    empty = pl.LazyFrame(schema=TABLES[table].lake_schema())
    return pl.concat([empty, *parts], how="diagonal")
