"""Who is to be erased: from what a request names to all that is the same person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from etl import identity
from etl.contract import TABLES
from etl.erasure.reading import lake_rows
from etl.erasure.requests import address_hash
from etl.errors import UsageError
from etl.identity.nodes import EMAIL, with_record_key
from etl.identity.persons import persons
from etl.lake.commits import Lake
from etl.privacy.forgetting import HANDLINGS, nodes_of
from etl.privacy.suppression import EMAIL_SHA256, MEMBER, NODE, PHONE, RECORD_KEY, Erased
from etl.privacy.vault import Vault

_VERSION = ("updated_at", "source_sequence", "record_hash")
_ENTITIES = ("account", "contact", "customer_ref", EMAIL, "lead")
_PARTIES = {
    "orders": ("customer_ref", "crm_system", "contact_id", "account_id", "email", "email_is_role",
               "phone"),
    "crm_contacts": ("contact_id", "account_id", "master_id", "email", "email_is_role", "phone",
                     "external_system", "external_ref"),
    "crm_accounts": ("account_id", "master_id", "email", "email_is_role", "phone",
                     "external_system", "external_ref", "is_person"),
    "crm_leads": ("lead_id", "converted_contact_id", "converted_account_id", "email",
                  "email_is_role", "phone"),
}  # fmt: skip


@dataclass(frozen=True)
class People:
    """The people to be erased, all in one.

    Args:
        nodes: NODE, every record, address (by its token), phone and membership of theirs.
        record_keys: The keys that stand for their records in state and marts.
        successors: By record key that is a firm's customer key: the key the firm goes on under.
    """

    nodes: pl.DataFrame
    record_keys: tuple[str, ...]
    successors: dict[str, str]

    def digests(self, erased: Erased) -> list[str]:
        """Return the keyed hashes of all of it, sorted."""
        named = [erased.digest(*node) for node in self.nodes.iter_rows()]
        return sorted({*named, *(erased.digest("", RECORD_KEY, key) for key in self.record_keys)})

    def successor_digests(self, erased: Erased) -> dict[str, str]:
        """Return ``successors`` with the hash of the former key in its place."""
        return {erased.digest("", RECORD_KEY, key): new for key, new in self.successors.items()}


def find_people(vault: Vault, lake: Lake, seeds: pl.DataFrame, erased: Erased) -> People:
    """Find all records of the people to whom some records belong.

    Args:
        vault: Tells the addresses behind tokens, whose hashes requests may name.
        lake: The lake, verified.
        seeds: NODE, what was named.
        erased: Whoever was erased before; its key makes the hashes.

    Raises:
        UsageError: A business account was named.
    """
    rows = {table: _rows(lake, table) for table in _PARTIES}
    records, links = identity.build_graph(*(_latest(rows[table], table) for table in _PARTIES))
    _refuse_firms(records, seeds)
    nodes = persons(records, links, seeds)
    nodes = _with_addresses(nodes, rows, erased)
    more = [_memberships(lake, nodes), _address_hashes(vault, nodes)]
    nodes = pl.concat([nodes, *more]).unique().sort(NODE)
    keyed = with_record_key(nodes.filter(pl.col("entity").is_in(_ENTITIES)))
    keys = tuple(keyed["record_key"])
    return People(nodes, keys, successors(records, links, nodes, keys))


def _rows(lake: Lake, table: str) -> pl.DataFrame:
    """Return all versions of a party table, with the columns of its key."""
    columns = (*TABLES[table].key, *_PARTIES[table], *_VERSION, "known_on", "is_deleted")
    return lake_rows(lake, table, tuple(dict.fromkeys(("source_system", *columns))))


def _latest(rows: pl.DataFrame, table: str) -> pl.DataFrame:
    """Return what was said last of each record; of a deleted one, what was said before."""
    key = ["source_system", *TABLES[table].key]
    ordered = rows.sort(
        ~pl.col("is_deleted"), *_VERSION, nulls_last=False, maintain_order=True
    ).with_columns(pl.col("known_on").min().over(key))
    latest = ordered.unique(key, keep="last", maintain_order=True)
    if table == "orders":
        system = pl.coalesce("crm_system", "source_system").alias("crm_system")
        return latest.with_columns(system).drop("order_id")
    return latest


def _refuse_firms(records: pl.DataFrame, seeds: pl.DataFrame) -> None:
    firms = seeds.join(records.filter("is_business"), on=list(NODE), how="semi")
    if firms.height:
        named = ", ".join(f"{system}/{source_id}" for system, _, source_id in firms.iter_rows())
        raise UsageError(
            f"This is a business account and no person: {named}.",
            where="--customer",
            todo="Name the contact who asks; the firm stays.",
        )


def _with_addresses(
    nodes: pl.DataFrame, rows: dict[str, pl.DataFrame], erased: Erased
) -> pl.DataFrame:
    """Add the addresses and phones that any version of their records has, and nobody else's.

    A firm that states an address of theirs does not make it another person's; a phone it does.
    """
    users = pl.concat([_users(rows[table], table, erased) for table in _PARTIES]).unique()
    theirs = users.join(nodes, on=list(NODE), how="semi")
    found = [nodes]
    for entity in (EMAIL, PHONE):
        of_all = users.filter(pl.col("of") == entity)
        if entity == EMAIL:
            of_all = of_all.filter(~pl.col("is_business"))
        others = of_all.join(nodes, on=list(NODE), how="anti")
        own = theirs.filter(pl.col("of") == entity).join(others, on="token", how="anti")
        found.append(
            own.select(
                source_system=pl.lit(""), entity=pl.lit(entity), source_id=pl.col("token")
            ).unique()
        )
    return pl.concat(found).unique()


def _users(rows: pl.DataFrame, table: str, erased: Erased) -> pl.DataFrame:
    """Return NODE, ``is_business``, ``of`` (email or phone) and ``token``: who uses what."""
    handling = HANDLINGS[table]
    names = [name for name in handling.names if name.is_own or table == "orders"]
    names = [name for name in names if name.entity not in {EMAIL, PHONE}]
    is_business = ~pl.col("is_person") if table == "crm_accounts" else pl.lit(value=False)
    tokens = rows.select(
        email=pl.when(pl.col("email_is_role").eq(other=False)).then("email"),
        phone=pl.col("phone"),
        is_business=is_business,
    )
    found = []
    for name in names:
        is_firms = pl.lit(value=True) if name.entity == "account" and table == "orders" else None
        used = nodes_of(rows, name, erased, is_clear=False).hstack(tokens)
        used = used.with_columns(is_business=is_firms) if is_firms is not None else used
        found.append(
            used.unpivot(
                on=["email", "phone"], index=[*NODE, "is_business"],
                variable_name="of", value_name="token",
            ).drop_nulls(["source_id", "token"])
        )  # fmt: skip
    return pl.concat(found)


def _memberships(lake: Lake, nodes: pl.DataFrame) -> pl.DataFrame:
    """Return the memberships of a loyalty programme whose holder they are now."""
    table = "crm_loyalty_accounts"
    columns = ("source_system", "member_id", "contact_id", *_VERSION, "is_deleted")
    rows = lake_rows(lake, table, columns).with_columns(known_on=pl.lit(None, pl.Date))
    contacts = nodes.filter(pl.col("entity") == "contact").select(
        "source_system", contact_id="source_id"
    )
    held = _latest(rows, table).join(contacts, on=["source_system", "contact_id"], how="semi")
    return held.select("source_system", entity=pl.lit(MEMBER), source_id=pl.col("member_id"))


def _address_hashes(vault: Vault, nodes: pl.DataFrame) -> pl.DataFrame:
    """Return the hashes by which a request may name their addresses."""
    tokens = nodes.filter(pl.col("entity") == EMAIL)["source_id"]
    hashed = [address_hash(value) for value in vault.reveal_all(tokens).values()]
    return pl.DataFrame({"source_id": pl.Series(hashed, dtype=pl.String)}).select(
        source_system=pl.lit(""), entity=pl.lit(EMAIL_SHA256), source_id=pl.col("source_id")
    )


def successors(
    records: pl.DataFrame, links: pl.DataFrame, nodes: pl.DataFrame, keys: Sequence[str]
) -> dict[str, str]:
    """Say under which key a firm goes on whose customer key was that of an erased record.

    Args:
        records: As :func:`etl.identity.resolve` takes them.
        links: The same.
        nodes: NODE, whatever is erased.
        keys: The record keys of those nodes.

    Returns:
        The key it goes on under, by the key it had.
    """
    before = identity.resolve(records, links).identities
    theirs = before.filter(pl.col("customer_key").is_in(pl.Series(keys, dtype=pl.String).implode()))
    left = theirs.join(nodes, on=list(NODE), how="anti")
    if left.is_empty():
        return {}
    after = identity.resolve(*_without(records, links, nodes)).identities
    moved = left.select("record_key", "known_on", old_key="customer_key").join(
        after.select("record_key", "customer_key"), on="record_key"
    )
    first = moved.drop_nulls().sort("known_on", "record_key").unique("old_key", keep="first")
    return dict(first.sort("old_key").select("old_key", "customer_key").iter_rows())


def _without(
    records: pl.DataFrame, links: pl.DataFrame, nodes: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    for side in ("left", "right"):
        ends = nodes.rename({name: f"{side}_{name}" for name in NODE})
        links = links.join(ends, on=ends.columns, how="anti")
    return records.join(nodes, on=list(NODE), how="anti"), links
