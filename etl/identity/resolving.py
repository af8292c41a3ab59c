"""From nodes and links to customers."""

from __future__ import annotations

import hashlib
from typing import Literal

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from etl.identity.graph import named
from etl.identity.nodes import CLUSTER_LIMIT, EMAIL, IDENTITY_SCHEMA, NODE, fit

_MEMBERSHIP = "account_member"


def resolve(records: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """Give every record its customer.

    A link to a node without a record counts: two records merged into one that was never delivered
    are one customer. A cluster of more than ``CLUSTER_LIMIT`` records (e-mails and the members of
    a business account not counted) is quarantined, not merged. A person named by several business
    accounts belongs to the one that was known first.

    Args:
        records: One row per node: ``source_system``, ``entity``, ``source_id``, ``known_on`` (date
            it was first known) and ``is_business`` (an account that is no person).
        links: ``left_*`` and ``right_*`` (the three node columns), ``rule`` and ``confidence``
            (0 to 1). With rule ``account_member`` and a business account on the right, the left
            node belongs to the right one; every other link makes both the same.

    Returns:
        One row per record, ordered by node: the node, ``customer_key`` (32 hex digits, null in
        quarantine), ``rule`` and ``confidence`` of the strongest link that holds the record
        (``own_record``, 1 for the record that gave the key; ``quarantined_cluster``, 0), and
        ``known_on``.
    """
    nodes = _nodes(records, links)
    edges = _edges(links, nodes)
    same = edges.filter(~pl.col("is_membership"))
    clustered = _with_clusters(nodes, same)
    homes = _homes(clustered, edges.filter("is_membership"))
    placed = clustered.join(homes, on="cluster", how="left").with_columns(
        customer=pl.coalesce("home", "cluster")
    )
    members = placed.filter("is_record")
    labelled = (
        members.join(_first_members(members), on="customer", how="left")
        .join(_strongest_links(placed, edges), on="index", how="left")
        .with_columns(is_first=pl.col("index") == pl.col("first_index"))
    )
    return fit(_with_verdict(labelled).sort("index"), IDENTITY_SCHEMA)


def find_rings(contacts: pl.DataFrame, accounts: pl.DataFrame) -> pl.DataFrame:
    """List records that were merged into each other in a ring, so that none is the master.

    Args:
        contacts: As for :func:`etl.identity.build_graph`.
        accounts: As for :func:`etl.identity.build_graph`.

    Returns:
        ``source_system``, ``entity``, ``source_id`` and ``ring`` (smallest source_id of the ring),
        ordered. A record merged into itself is a ring of one.
    """
    parties = (named(contacts, "contact", "contact_id"), named(accounts, "account", "account_id"))
    merged = pl.concat([party.select(*NODE, "master_id") for party in parties])
    merged = merged.drop_nulls().unique().with_row_index("left")
    targets = merged.select("source_system", "entity", master_id="source_id", right="left")
    arrows = merged.join(targets, on=["source_system", "entity", "master_id"])
    ring = _components(merged.height, arrows, connection="strong")
    itself = pl.col("source_id") == pl.col("master_id")
    return (
        merged.with_columns(component=ring)
        .filter((pl.len().over("component") > 1) | itself)
        .with_columns(ring=pl.col("source_id").min().over("component"))
        .select(*NODE, "ring")
        .sort(NODE)
    )


def _nodes(records: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """Number the records and the nodes that are only linked to, in the order of NODE.

    From here on ``index`` stands for the three texts: it joins and sorts faster.
    """
    ends = [
        links.select(pl.col(f"{side}_{n}").alias(n) for n in NODE) for side in ("left", "right")
    ]
    unseen = pl.concat(ends).join(records, on=NODE, how="anti").unique()
    found = records.with_columns(is_record=pl.lit(value=True))
    nodes = pl.concat([found, unseen], how="diagonal").sort(NODE).with_row_index("index")
    return nodes.with_columns(pl.col("is_record", "is_business").fill_null(value=False))


def _edges(links: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    """Return ``left``, ``right`` (indexes), ``rule``, ``confidence`` and ``is_membership``."""
    numbered = links
    for side in ("left", "right"):
        ends = nodes.select(
            *(pl.col(name).alias(f"{side}_{name}") for name in NODE),
            pl.col("index").alias(side),
            pl.col("is_business").alias(f"{side}_is_business"),
            pl.col("is_record").alias(f"{side}_is_record"),
        )
        numbered = numbered.join(ends, on=[f"{side}_{name}" for name in NODE])
    return _useful(numbered.filter(pl.col("left") != pl.col("right"))).select(
        "left", "right", "rule", "confidence",
        is_membership=(pl.col("rule") == _MEMBERSHIP) & pl.col("right_is_business"),
    )  # fmt: skip


def _useful(edges: pl.DataFrame) -> pl.DataFrame:
    """Drop links to an unseen node that nobody else is linked to: they hold nothing together."""
    unseen = [
        edges.filter(~pl.col(f"{end}_is_record")).select(node=end, neighbour=other)
        for end, other in (("left", "right"), ("right", "left"))
    ]
    neighbours = pl.concat(unseen).group_by("node").agg(pl.col("neighbour").n_unique())
    alone = neighbours.filter(pl.col("neighbour") == 1)["node"]
    return edges.filter(
        ~pl.col("left").is_in(alone.implode()) & ~pl.col("right").is_in(alone.implode())
    )


def _components(
    size: int, arrows: pl.DataFrame, connection: Literal["weak", "strong"] = "weak"
) -> pl.Series:
    """Return the number of each node's component; arrows are ``left`` and ``right``."""
    ends = (arrows["left"].to_numpy(), arrows["right"].to_numpy())
    ones = np.ones(arrows.height, dtype=np.int8)
    graph = coo_array((ones, ends), shape=(size, size)).tocsr()
    _, labels = connected_components(graph, directed=True, connection=connection)
    return pl.Series(labels, dtype=pl.Int64)


def _with_clusters(nodes: pl.DataFrame, same: pl.DataFrame) -> pl.DataFrame:
    """Add ``cluster`` (records that are the same) and what is true of the cluster as a whole."""
    counted = pl.col("is_record") & (pl.col("entity") != EMAIL)
    return nodes.with_columns(cluster=_components(nodes.height, same)).with_columns(
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
        .sort("known_on", "right")
        .unique("cluster", keep="first", maintain_order=True)
        .select("cluster", "home")
    )


def _first_members(members: pl.DataFrame) -> pl.DataFrame:
    """Return ``customer``, ``first_index`` and ``customer_key`` of each customer."""
    first = (
        members.filter(~pl.col("is_quarantined"))
        .sort(pl.col("entity") == EMAIL, "known_on", "index")
        .unique("customer", keep="first", maintain_order=True)
    )
    names = first.select(pl.concat_str(NODE, separator="|")).to_series()
    keys = [hashlib.md5(name.encode(), usedforsecurity=False).hexdigest() for name in names]
    return first.select("customer", first_index="index").with_columns(
        customer_key=pl.Series(keys, dtype=pl.String)
    )


def _strongest_links(nodes: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    """Return ``index``, ``rule`` and ``confidence`` of the best link within each customer."""
    customers = nodes.select("index", "customer")
    ranks = edges.select("rule", "confidence").unique()
    ranks = ranks.sort(-pl.col("confidence"), "rule").with_row_index("rank")
    holding = (
        edges.join(customers.rename({"index": "left"}), on="left")
        .join(customers.rename({"index": "right"}), on=["right", "customer"])
        .join(ranks, on=["rule", "confidence"])
    )
    ends = pl.concat([holding.select("rank", index=side) for side in ("left", "right")])
    return ends.group_by("index").agg(pl.col("rank").min()).join(ranks, on="rank").drop("rank")


def _with_verdict(members: pl.DataFrame) -> pl.DataFrame:
    quarantined = pl.col("is_quarantined")
    return members.with_columns(
        rule=pl.when(quarantined)
        .then(pl.lit("quarantined_cluster"))
        .when("is_first")
        .then(pl.lit("own_record"))
        .otherwise("rule"),
        confidence=pl.when(quarantined)
        .then(0.0)
        .when("is_first")
        .then(1.0)
        .otherwise("confidence"),
    )
