"""Takes the erased out of rows of the contract; the same for the lake and for what comes in.

A row that is the person, or that says what they said or did, goes. A row that holds money stays as
nobody's. A row that names somebody else too (the contact of a firm) stays theirs. Where a row that
goes may have taken the place of somebody else's, a deleted version stays that says only when it
was: else the older one would count again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import or_

import polars as pl

from etl.contract import Table
from etl.contract.table import DELETED, ENVELOPE
from etl.identity.nodes import EMAIL
from etl.privacy.suppression import EMAIL_SHA256, MEMBER, NODE, PHONE, Erased


@dataclass(frozen=True)
class Name:
    """A column that names somebody.

    Args:
        column: The column.
        entity: What it names; empty where the column ``party_type`` says it.
        system: Column of the source system; the row's own where it is null or not given.
        is_own: Whether the row is that record.
        is_key: Whether it is part of the table's key, so that it cannot become null.
    """

    column: str
    entity: str
    system: str = ""
    is_own: bool = False
    is_key: bool = False


@dataclass(frozen=True)
class Handling:
    """What becomes of a table's rows that name an erased person.

    Args:
        names: The columns that name somebody.
        stays: Whether a row that names nobody any more stays: it holds money, or is counted.
        loses: Further columns that go.
    """

    names: tuple[Name, ...]
    stays: bool = False
    loses: tuple[str, ...] = ()

    @property
    def is_record(self) -> bool:
        """Whether the rows are records of a party, of whom each column says something."""
        return any(name.is_own for name in self.names)

    @property
    def supersedes(self) -> bool:
        """Whether a row that goes may be a later version of somebody else's: no key names them."""
        return not (self.is_record or self.stays or any(name.is_key for name in self.names))


_CONTACT, _ACCOUNT = Name("contact_id", "contact"), Name("account_id", "account")
_EMAIL, _PHONE = Name("email", EMAIL), Name("phone", PHONE)
_SHOP_CUSTOMER = Name("external_ref", "customer_ref", system="external_system")
_PARTY = Name("party_id", "", is_key=True)
# These belong to no source system.
_TOKENS = {EMAIL, PHONE, EMAIL_SHA256}

HANDLINGS: dict[str, Handling] = {
    "crm_contacts": Handling(
        (
            Name("contact_id", "contact", is_own=True),
            _ACCOUNT,
            Name("master_id", "contact"),
            _SHOP_CUSTOMER,
            _EMAIL,
        )
    ),
    "crm_accounts": Handling(
        (
            Name("account_id", "account", is_own=True),
            Name("parent_id", "account"),
            Name("master_id", "account"),
            _SHOP_CUSTOMER,
            _EMAIL,
        )
    ),
    "crm_leads": Handling(
        (
            Name("lead_id", "lead", is_own=True),
            Name("converted_contact_id", "contact"),
            Name("converted_account_id", "account"),
            _EMAIL,
        )
    ),
    "crm_consent_events": Handling((_CONTACT, _EMAIL, _PHONE)),
    "crm_survey_responses": Handling((_CONTACT, _ACCOUNT, _EMAIL)),
    "crm_interactions": Handling((_CONTACT, _ACCOUNT, Name("lead_id", "lead"))),
    "crm_category_spend": Handling((_PARTY,)),
    "crm_contracts": Handling((_ACCOUNT,)),
    "crm_loyalty_accounts": Handling((_CONTACT,)),
    "crm_loyalty_transactions": Handling((Name("member_id", MEMBER),)),
    "crm_cases": Handling((_CONTACT, _ACCOUNT, _EMAIL), stays=True),
    "crm_opportunities": Handling((_CONTACT, _ACCOUNT), stays=True),
    "crm_campaign_members": Handling((_PARTY,), stays=True),
    "crm_referrals": Handling(
        (
            Name("referrer_contact_id", "contact"),
            Name("referee_contact_id", "contact"),
            Name("referee_email", EMAIL),
        ),
        stays=True,
        loses=("code",),
    ),
    "crm_erasures": Handling((_CONTACT, Name("email_sha256", EMAIL_SHA256)), stays=True),
    "orders": Handling(
        (
            Name("customer_ref", "customer_ref"),
            Name("contact_id", "contact", system="crm_system"),
            Name("account_id", "account", system="crm_system"),
            _EMAIL,
            _PHONE,
        ),
        stays=True,
        loses=("discount_codes",),
    ),
}
# Made of a personal column on its way in, so they go with it.
_DERIVED = ("{}_domain", "{}_is_role")


@dataclass(frozen=True)
class Forgotten:
    """What is left of some rows.

    Args:
        rows: The rows that stay, in their order.
        changed: Tells which of them are not as they were; all false where none is.
        removed: The rows that went, as they were.
    """

    rows: pl.DataFrame
    changed: pl.Series
    removed: pl.DataFrame


def forget(rows: pl.DataFrame, table: Table, erased: Erased, *, is_clear: bool) -> Forgotten:
    """Take the erased out of rows of a table.

    Args:
        rows: ``source_system`` and columns of the contract; a column that lacks names nobody.
        table: The contract table.
        erased: Who was erased.
        is_clear: Whether addresses and phones are as delivered; else they are tokens.
    """
    handling = HANDLINGS.get(table.name, Handling(()))
    names = [name for name in handling.names if name.column in rows.columns]
    hits = {name: erased.are_erased(nodes_of(rows, name, erased, is_clear)) for name in names}
    touched = reduce(or_, hits.values(), _none(rows))
    if not touched.any():
        return Forgotten(rows, _none(rows), rows.clear())
    gone = _gone(rows, handling, hits, touched)
    left = rows.with_columns(_blanks(rows, table, handling, hits, touched, erased))
    if handling.supersedes:
        return Forgotten(_deleted(left, table, gone, erased), touched, rows.clear())
    return Forgotten(left.filter(~gone), touched.filter(~gone), rows.filter(gone))


def nodes_of(rows: pl.DataFrame, name: Name, erased: Erased, is_clear: bool) -> pl.DataFrame:
    """Return whom a column names, as rows of NODE; null where it names nobody."""
    ids = rows[name.column]
    if is_clear and name.entity in {EMAIL, PHONE}:
        ids = erased.token("email" if name.entity == EMAIL else "phone", ids)
    own = pl.col("source_system")
    stated = pl.coalesce(name.system, own) if name.system in rows.columns else own
    return rows.select(
        source_system=pl.lit("") if name.entity in _TOKENS else stated,
        entity=pl.lit(name.entity) if name.entity else pl.col("party_type"),
        source_id=ids,
    ).select(NODE)


def _none(rows: pl.DataFrame) -> pl.Series:
    return pl.repeat(value=False, n=rows.height, eager=True, dtype=pl.Boolean)


def _gone(
    rows: pl.DataFrame, handling: Handling, hits: dict[Name, pl.Series], touched: pl.Series
) -> pl.Series:
    """Tell which rows go: the records themselves, and what names nobody else and holds no money."""
    if handling.is_record:
        return next(hit for name, hit in hits.items() if name.is_own)
    if handling.stays:
        return _none(rows)
    others = [
        rows[name.column].is_not_null() & ~hit
        for name, hit in hits.items()
        if name.entity not in {*_TOKENS, MEMBER}
    ]
    return touched & ~reduce(or_, others, _none(rows))


def _blanks(
    rows: pl.DataFrame,
    table: Table,
    handling: Handling,
    hits: dict[Name, pl.Series],
    touched: pl.Series,
    erased: Erased,
) -> list[pl.Series]:
    """Return the columns as they are afterwards."""
    emptied: dict[str, pl.Series] = {}
    made = []
    for name, hit in hits.items():
        if name.is_key:
            made.append(_tombstones(rows, table, name.column, hit, erased))
        else:
            beside = [name.system] if name.entity == "customer_ref" and name.system else []
            emptied |= dict.fromkeys((name.column, *beside), hit)
    if not handling.is_record:  # of somebody else's record only the name of the erased goes
        emptied |= dict.fromkeys((*table.pii, *handling.loses, "extra_json"), touched)
    for column in [column for column in emptied if column in table.pii]:
        emptied |= {derived.format(column): emptied[column] for derived in _DERIVED}
    return made + [
        _emptied(rows[column], where) for column, where in emptied.items() if column in rows.columns
    ]


def _deleted(rows: pl.DataFrame, table: Table, gone: pl.Series, erased: Erased) -> pl.DataFrame:
    """Leave of the rows that go a deleted version: when it was, under a keyed hash of its key.

    Sources make such keys of a customer's number, so the key itself would name the person.
    """
    (key,) = table.key
    kept = {key, "updated_at", "updated_on", *ENVELOPE} - {"extra_json"}
    emptied = [name for name in table.lake_schema() if name in rows.columns and name not in kept]
    deleted = [rows[DELETED] | gone] if DELETED in rows.columns else []
    return rows.with_columns(
        _tombstones(rows, table, key, gone, erased),
        *(_emptied(rows[name], gone) for name in emptied),
        *deleted,
    )


def _emptied(values: pl.Series, where: pl.Series) -> pl.Series:
    frame = pl.DataFrame({"values": values, "where": where})
    return frame.select(pl.when(~pl.col("where")).then("values")).to_series().alias(values.name)


def _tombstones(
    rows: pl.DataFrame, table: Table, column: str, hit: pl.Series, erased: Erased
) -> pl.Series:
    """Put a keyed hash of the whole key in a person's place, so that no two rows become one."""
    hashed = erased.tombstones(table.name, rows.select("source_system", *table.key))
    return rows[column].zip_with(~hit, hashed)
