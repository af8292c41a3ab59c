"""From lake records to nodes and links: what says that two records are one customer."""

from __future__ import annotations

import polars as pl

from etl.identity.nodes import (
    CONFIDENCE,
    EMAIL,
    EMAIL_SYSTEM,
    LINK_SCHEMA,
    NODE,
    RECORD_SCHEMA,
    fit,
)

_OWN_SYSTEM = pl.col("source_system")


def build_graph(
    orders: pl.DataFrame, contacts: pl.DataFrame, accounts: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Turn the latest orders, contacts and accounts into records and links.

    Linked are: a contact or account and the shop customer its external_ref names; records with the
    same e-mail, role inboxes left out; a merged record and its master; a contact and its account.

    Args:
        orders: One row per order: ``source_system``, ``customer_ref``, ``email`` (token),
            ``email_is_role``, ``known_on``.
        contacts: One row per contact: ``source_system``, ``contact_id``, ``account_id``,
            ``master_id``, ``email``, ``email_is_role``, ``external_system``, ``external_ref``,
            ``known_on``.
        accounts: One row per account: as contacts without ``contact_id``, with ``is_person``.

    Returns:
        Records (one per node) and links, as :func:`etl.identity.resolve` takes them.
    """
    shop = named(orders, "customer_ref", "customer_ref")
    people = named(contacts, "contact", "contact_id")
    firms = named(accounts, "account", "account_id").with_columns(is_business=~pl.col("is_person"))
    parties = (shop, people, firms)
    nodes = pl.concat([_records(frame) for party in parties for frame in (party, _emails(party))])
    links = [
        _link(party, "same_email", pl.lit(EMAIL_SYSTEM), EMAIL, "mailbox") for party in parties
    ]
    for party, entity in ((people, "contact"), (firms, "account")):
        system = pl.col("external_system")
        links.append(_link(party, "external_ref", system, "customer_ref", "external_ref"))
        links.append(_link(party, "master_id", _OWN_SYSTEM, entity, "master_id"))
    links.append(
        _link(_employed(people, firms), "account_member", _OWN_SYSTEM, "account", "account_id")
    )
    records = nodes.group_by(NODE).agg(pl.col("known_on").min(), pl.col("is_business").any())
    return fit(records, RECORD_SCHEMA), pl.concat(links).unique()


def named(frame: pl.DataFrame, entity: str, id_column: str) -> pl.DataFrame:
    """Add ``entity``, ``source_id``, ``is_business`` and ``mailbox`` (e-mail of one person)."""
    personal = pl.col("email_is_role").eq(other=False)
    return frame.with_columns(
        entity=pl.lit(entity),
        source_id=pl.col(id_column),
        is_business=pl.lit(value=False),
        mailbox=pl.when(personal).then("email"),
    )


def _records(party: pl.DataFrame) -> pl.DataFrame:
    return fit(party.filter(pl.col("source_id").is_not_null()), RECORD_SCHEMA)


def _emails(party: pl.DataFrame) -> pl.DataFrame:
    return party.with_columns(
        source_system=pl.lit(EMAIL_SYSTEM),
        entity=pl.lit(EMAIL),
        source_id=pl.col("mailbox"),
        is_business=pl.lit(value=False),
    )


def _employed(people: pl.DataFrame, firms: pl.DataFrame) -> pl.DataFrame:
    """Keep contacts whose account was delivered: of another nobody knows if it is a person."""
    return people.join(firms, on=["source_system", "account_id"], how="semi")


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
    return fit(links, LINK_SCHEMA).drop_nulls(whole)
