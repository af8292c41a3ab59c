"""From nodes and links to customers."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from etl.frames import conform
from etl.identity.components import components, paths_to_roots
from etl.identity.findings import describe_crowds
from etl.identity.nodes import (
    CLUSTER_LIMIT,
    EMAIL,
    IDENTITY_SCHEMA,
    MEMBERSHIPS,
    NODE,
    with_record_key,
)


@dataclass(frozen=True)
class Resolution:
    """Who is who, and what was too large to be one customer.

    Args:
        identities: One row per record, ordered by node: the node, ``record_key`` (stands for the
            node), ``customer_key`` (the record_key of the member known first; null in quarantine),
            ``rule`` and ``confidence`` (0 to 1) by which it joined (``own_record``, 1 for the first
            record, before any e-mail; ``quarantined_cluster``, 0), ``matched_*`` (the record it was
            matched with, null for the first) and ``known_on``.
        crowds: The quarantined clusters; see :func:`etl.identity.findings.describe_crowds`.
    """

    identities: pl.DataFrame
    crowds: pl.DataFrame


def resolve(records: pl.DataFrame, links: pl.DataFrame) -> Resolution:
    """Give every record its customer.

    A link to a node without a record counts: two records merged into one that was never delivered
    are one customer. A cluster of more than ``CLUSTER_LIMIT`` records (e-mails and the members of
    a business account not counted) is quarantined, not merged. A person named by several business
    accounts belongs to the one that says so most surely, then to the one that was known first.

    The links within a customer that hold it together are its strongest ones: they form a tree, and
    each record is matched with the next one on its way to the first record. E-mails and nodes
    without a record are passed over on that way; the weakest link passed gives the confidence.

    Args:
        records: One row per node: ``source_system``, ``entity``, ``source_id``, ``known_on`` (date
            it was first known) and ``is_business`` (an account that is no person).
        links: ``left_*`` and ``right_*`` (the three node columns), ``rule`` and ``confidence``
            (0 to 1). With a rule of ``MEMBERSHIPS`` and a business account on the right, the left
            node belongs to the right one; every other link makes both the same.
    """
    nodes = numbered_nodes(records, links)
    edges = numbered_edges(links, nodes)
    same = edges.filter(~pl.col("is_membership"))
    clustered = _with_clusters(nodes, same)
    homes = _homes(clustered, edges.filter("is_membership"))
    placed = clustered.join(homes, on="cluster", how="left").with_columns(
        customer=pl.when(~pl.col("is_quarantined")).then(pl.coalesce("home", "cluster"))
    )
    matched = paths_to_roots(_with_firsts(placed), _ranked(edges, placed))
    return Resolution(
        identities=conform(_with_verdict(matched).filter("is_record"), IDENTITY_SCHEMA),
        crowds=describe_crowds(placed.filter("is_quarantined"), same),
    )


def numbered_nodes(records: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """Number the records and the nodes that are only linked to, in the order of NODE.

    From here on ``index`` stands for the three texts: it joins and sorts faster.
    """
    ends = [
        links.select(pl.col(f"{side}_{n}").alias(n) for n in NODE) for side in ("left", "right")
    ]
    unseen = pl.concat(ends).join(records, on=NODE, how="anti").unique()
    found = records.with_columns(is_record=pl.lit(value=True))
    nodes = pl.concat([found, unseen], how="diagonal").sort(NODE).with_row_index("index")
    flags = pl.col("is_record", "is_business").fill_null(value=False)
    return with_record_key(nodes.with_columns(flags, pl.col("index").cast(pl.Int64)))


def numbered_edges(links: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    """Return ``left``, ``right`` (indexes), ``rule``, ``confidence`` and ``is_membership``."""
    numbered = links
    for side in ("left", "right"):
        ends = nodes.select(
            *(pl.col(name).alias(f"{side}_{name}") for name in NODE),
            pl.col("index").alias(side),
            pl.col("is_business").alias(f"{side}_is_business"),
        )
        numbered = numbered.join(ends, on=[f"{side}_{name}" for name in NODE])
    return numbered.filter(pl.col("left") != pl.col("right")).select(
        "left", "right", "rule", "confidence",
        is_membership=pl.col("rule").is_in(MEMBERSHIPS) & pl.col("right_is_business"),
    )  # fmt: skip


def _with_clusters(nodes: pl.DataFrame, same: pl.DataFrame) -> pl.DataFrame:
    """Add ``cluster`` (records that are the same) and what is true of the cluster as a whole."""
    counted = pl.col("is_record") & (pl.col("entity") != EMAIL)
    return nodes.with_columns(cluster=components(nodes.height, same)).with_columns(
        is_quarantined=counted.sum().over("cluster") > CLUSTER_LIMIT,
        has_business=pl.col("is_business").any().over("cluster"),
    )


def _homes(nodes: pl.DataFrame, memberships: pl.DataFrame) -> pl.DataFrame:
    """Return the ``home`` cluster, that of a business account, of each ``cluster`` of persons."""
    persons = nodes.filter(~pl.col("is_quarantined") & ~pl.col("has_business"))
    firms = nodes.filter(~pl.col("is_quarantined"))
    return (
        memberships.join(persons.select("cluster", left="index"), on="left")
        .join(firms.select("known_on", home="cluster", right="index"), on="right")
        .sort(-pl.col("confidence"), "known_on", "right")
        .unique("cluster", keep="first", maintain_order=True)
        .select("cluster", "home")
    )


def _with_firsts(placed: pl.DataFrame) -> pl.DataFrame:
    """Add ``customer_key``, of the member known first, and ``is_first``, the first but for e-mails.

    An address that a guest left before any record named it has a key already, and keeps it.
    """
    is_email = pl.col("entity") == EMAIL
    members = placed.filter("is_record").drop_nulls("customer")
    keys = _first_of(members.sort("known_on", is_email, "index"))
    firsts = _first_of(members.sort(is_email, "known_on", "index"))
    return (
        placed.join(keys.select("customer", customer_key="record_key"), on="customer", how="left")
        .join(firsts.select("customer", first_index="index"), on="customer", how="left")
        .with_columns(is_first=pl.col("index").eq(pl.col("first_index")).fill_null(value=False))
        .sort("index")
    )


def _first_of(members: pl.DataFrame) -> pl.DataFrame:
    return members.unique("customer", keep="first", maintain_order=True)


def _ranked(edges: pl.DataFrame, placed: pl.DataFrame) -> pl.DataFrame:
    """Keep the strongest link of each pair within a customer, ``rank`` 1 being the strongest."""
    customers = placed.select("index", "customer")
    return (
        edges.join(customers.rename({"index": "left"}), on="left")
        .join(customers.rename({"index": "right"}), on=["right", "customer"])
        .select(
            "rule",
            "confidence",
            left=pl.min_horizontal("left", "right"),
            right=pl.max_horizontal("left", "right"),
        )
        .sort(-pl.col("confidence"), "rule", "left", "right")
        .unique(["left", "right"], keep="first", maintain_order=True)
        .with_row_index("rank", offset=1)
    )


def _with_verdict(matched: pl.DataFrame) -> pl.DataFrame:
    """Say why each record is where it is, and name the record it was matched with."""
    names = matched.select(
        matched_index="index",
        matched_system="source_system",
        matched_entity="entity",
        matched_id="source_id",
    )
    first, quarantined = pl.col("is_first"), pl.col("is_quarantined")
    return matched.join(names, on="matched_index", how="left", maintain_order="left").with_columns(
        rule=pl.when(first)
        .then(pl.lit("own_record"))
        .when(quarantined)
        .then(pl.lit("quarantined_cluster"))
        .otherwise("rule"),
        confidence=pl.when(first).then(1.0).when(quarantined).then(0.0).otherwise("confidence"),
    )
