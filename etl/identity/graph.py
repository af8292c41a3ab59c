"""From lake records to nodes and links: what says that two records are one customer."""

from __future__ import annotations

import polars as pl

from etl.frames import conform
from etl.identity.nodes import (
    CONFIDENCE,
    EMAIL,
    EMAIL_SYSTEM,
    LINK_SCHEMA,
    NODE,
    RECORD_SCHEMA,
)

_OWN_SYSTEM = pl.col("source_system")
_CRM_SYSTEM = pl.col("crm_system")


def build_graph(
    orders: pl.DataFrame, contacts: pl.DataFrame, accounts: pl.DataFrame, leads: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Turn what is known of orders, contacts, accounts and leads into records and links.

    Linked are: a contact or account and the shop customer its external_ref names; records with the
    same e-mail, role inboxes left out; a merged record and its master; a contact and its account; a
    lead and what it was converted to; the customer number, contact and account that one order
    names. A phone number links nobody.

    Args:
        orders: One row per party named by orders: ``source_system``, ``customer_ref``,
            ``crm_system`` (where its contact and account live), ``contact_id``, ``account_id``,
            ``email`` (token), ``email_is_role``, ``known_on``.
        contacts: One row per contact: ``source_system``, ``contact_id``, ``account_id``,
            ``master_id``, ``email``, ``email_is_role``, ``external_system``, ``external_ref``,
            ``known_on``.
        accounts: One row per account: as contacts without ``contact_id``, with ``is_person``.
        leads: One row per lead: ``source_system``, ``lead_id``, ``converted_contact_id``,
            ``converted_account_id``, ``email``, ``email_is_role``, ``known_on``.

    Returns:
        Records (one per node) and links, as :func:`etl.identity.resolve` takes them.
    """
    people = named(contacts, "contact", "contact_id")
    firms = named(accounts, "account", "account_id").with_columns(is_business=~pl.col("is_person"))
    buyers, callers = _buyers(orders), named(leads, "lead", "lead_id")
    firms_of_orders = _accounts_of(orders, firms)
    known = pl.concat([frame.select(NODE) for frame in (firms, firms_of_orders)])
    parties = (buyers, people, firms, callers)
    records = [_records(frame) for party in parties for frame in (party, _emails(party))]
    records += [_records(firms_of_orders), _records(_contacts_of(orders))]
    links = [_same_email(party) for party in parties]
    links += [_same_order(buyers, entity) for entity in ("contact", "account")]
    links += [_external_ref(people), _external_ref(firms)]
    links += [_master(people, "contact"), _master(firms, "account")]
    links += [_to_account(people, "account_id", "account_member", known)]
    links += _converted(callers, known)
    nodes = pl.concat(records).group_by(NODE)
    found = nodes.agg(pl.col("known_on").min(), pl.col("is_business").any())
    return conform(found, RECORD_SCHEMA), pl.concat(links).unique()


def named(
    frame: pl.DataFrame, entity: str, id_column: str, system: pl.Expr = _OWN_SYSTEM
) -> pl.DataFrame:
    """Add ``entity``, ``source_id``, ``is_business`` and ``mailbox`` (e-mail of one person)."""
    return frame.with_columns(
        source_system=system,
        entity=pl.lit(entity),
        source_id=pl.col(id_column),
        is_business=pl.lit(value=False),
        mailbox=_mailbox(),
    )


def _mailbox() -> pl.Expr:
    return pl.when(pl.col("email_is_role").eq(other=False)).then("email")


def _buyers(orders: pl.DataFrame) -> pl.DataFrame:
    """Name the person of each order: its customer number, else its contact, else its e-mail."""
    by_ref, by_contact = pl.col("customer_ref").is_not_null(), pl.col("contact_id").is_not_null()
    return orders.with_columns(mailbox=_mailbox(), is_business=pl.lit(value=False)).with_columns(
        source_system=pl.when(by_ref)
        .then(_OWN_SYSTEM)
        .when(by_contact)
        .then(_CRM_SYSTEM)
        .otherwise(pl.lit(EMAIL_SYSTEM)),
        entity=pl.when(by_ref)
        .then(pl.lit("customer_ref"))
        .when(by_contact)
        .then(pl.lit("contact"))
        .otherwise(pl.lit(EMAIL)),
        source_id=pl.coalesce("customer_ref", "contact_id", "mailbox"),
    )


def _contacts_of(orders: pl.DataFrame) -> pl.DataFrame:
    return named(orders, "contact", "contact_id", _CRM_SYSTEM)


def _accounts_of(orders: pl.DataFrame, firms: pl.DataFrame) -> pl.DataFrame:
    """Return the accounts that orders name: businesses, unless the CRM says that it is a person."""
    accounts = named(orders, "account", "account_id", _CRM_SYSTEM).drop("is_business")
    accounts = accounts.drop_nulls("source_id")
    delivered = firms.select(*NODE, "is_business").unique(NODE, keep="any")
    told = accounts.join(delivered, on=NODE, how="left")
    return told.with_columns(pl.col("is_business").fill_null(value=True))


def _records(party: pl.DataFrame) -> pl.DataFrame:
    return conform(party.filter(pl.col("source_id").is_not_null()), RECORD_SCHEMA)


def _emails(party: pl.DataFrame) -> pl.DataFrame:
    return party.with_columns(
        source_system=pl.lit(EMAIL_SYSTEM),
        entity=pl.lit(EMAIL),
        source_id=pl.col("mailbox"),
        is_business=pl.lit(value=False),
    )


def _same_email(party: pl.DataFrame) -> pl.DataFrame:
    return _link(party, "same_email", pl.lit(EMAIL_SYSTEM), EMAIL, "mailbox")


def _same_order(buyers: pl.DataFrame, entity: str) -> pl.DataFrame:
    return _link(buyers, "same_order", _CRM_SYSTEM, entity, f"{entity}_id")


def _external_ref(party: pl.DataFrame) -> pl.DataFrame:
    system = pl.col("external_system")
    return _link(party, "external_ref", system, "customer_ref", "external_ref")


def _master(party: pl.DataFrame, entity: str) -> pl.DataFrame:
    return _link(party, "master_id", _OWN_SYSTEM, entity, "master_id")


def _converted(leads: pl.DataFrame, known: pl.DataFrame) -> list[pl.DataFrame]:
    """Link a lead to its contact; to its account only where no contact says for whom they work."""
    alone = leads.filter(pl.col("converted_contact_id").is_null())
    return [
        _link(leads, "converted_lead", _OWN_SYSTEM, "contact", "converted_contact_id"),
        _to_account(alone, "converted_account_id", "converted_lead", known),
    ]


def _to_account(party: pl.DataFrame, column: str, rule: str, known: pl.DataFrame) -> pl.DataFrame:
    """Link to accounts that are known: of another nobody can tell whether it is a person."""
    accounts = known.select(_OWN_SYSTEM, pl.col("source_id").alias(column))
    members = party.join(accounts, on=["source_system", column], how="semi")
    return _link(members, rule, _OWN_SYSTEM, "account", column)


def _link(
    party: pl.DataFrame, rule: str, right_system: pl.Expr, right_entity: str, right_id: str
) -> pl.DataFrame:
    links = party.select(
        *(pl.col(name).alias(f"left_{name}") for name in NODE),
        right_source_system=right_system,
        right_entity=pl.lit(right_entity),
        right_source_id=pl.col(right_id),
        rule=pl.lit(rule),
        confidence=pl.lit(CONFIDENCE[rule]),
    )
    whole = ("left_source_id", "right_source_system", "right_source_id")
    return conform(links, LINK_SCHEMA).drop_nulls(whole)
