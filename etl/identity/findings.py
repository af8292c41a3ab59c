"""What a person should look at: records merged in a ring, and crowds too large to be one."""

from __future__ import annotations

import polars as pl

from etl.frames import conform
from etl.identity.components import components
from etl.identity.graph import named
from etl.identity.nodes import EMAIL, FINDING_SCHEMA, NODE, with_record_key

RING = "merge_ring"
CROWD = "quarantined_cluster"


def find_rings(contacts: pl.DataFrame, accounts: pl.DataFrame) -> pl.DataFrame:
    """List records that were merged into each other in a ring, so that none is the master.

    Args:
        contacts: As for :func:`etl.identity.build_graph`.
        accounts: As for :func:`etl.identity.build_graph`.

    Returns:
        One row per record of a ring, columns as in :func:`describe_crowds`, ordered by finding_id
        and node. ``shared_rule`` is master_id, nothing else is shared. A record merged into itself
        is a ring of one.
    """
    parties = (named(contacts, "contact", "contact_id"), named(accounts, "account", "account_id"))
    merged = pl.concat([party.select(*NODE, "master_id") for party in parties])
    merged = merged.drop_nulls().unique().sort(NODE).with_row_index("left")
    targets = merged.select("source_system", "entity", master_id="source_id", right="left")
    arrows = merged.join(targets, on=["source_system", "entity", "master_id"])
    ring = components(merged.height, arrows, connection="strong")
    itself = pl.col("source_id") == pl.col("master_id")
    rings = merged.with_columns(group=ring).filter((pl.len().over("group") > 1) | itself)
    unshared = {name: pl.lit(None) for name in FINDING_SCHEMA if name.startswith("shared_")}
    return _listed(
        with_record_key(rings).with_columns(**unshared | {"shared_rule": pl.lit("master_id")}), RING
    )


def describe_crowds(members: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """List the records of quarantined clusters, with what most of each cluster shares.

    Args:
        members: The clusters' nodes: ``index``, node, ``record_key``, ``cluster``, ``is_record``.
        links: ``left``, ``right`` (indexes) and ``rule`` of what makes records the same.

    Returns:
        One row per record (e-mails left out), ordered by finding_id and node: ``finding``,
        ``finding_id`` (record_key of the cluster's first node by name), ``record_count``, the
        node, and the node that most links of one rule lead to: ``shared_rule``,
        ``shared_system``, ``shared_entity``, ``shared_id`` (null for an e-mail: it is personal)
        and ``shared_by`` (links).
    """
    ends = pl.concat([links.select("rule", index=end) for end in ("left", "right")], how="vertical")
    hubs = (
        ends.join(members, on="index")
        .group_by("cluster", "index", "rule", *NODE)
        .agg(shared_by=pl.len().cast(pl.Int64))
        .sort(-pl.col("shared_by"), "rule", "index")
        .unique("cluster", keep="first", maintain_order=True)
        .select(
            "cluster",
            "shared_by",
            shared_rule="rule",
            shared_system="source_system",
            shared_entity="entity",
            shared_id=pl.when(pl.col("entity") != EMAIL).then("source_id"),
        )
    )
    records = members.filter(pl.col("is_record") & (pl.col("entity") != EMAIL))
    return _listed(records.join(hubs, on="cluster").rename({"cluster": "group"}), CROWD)


def _listed(records: pl.DataFrame, finding: str) -> pl.DataFrame:
    named_after = pl.col("record_key").sort_by(*NODE).first().over("group")
    found = records.with_columns(
        finding=pl.lit(finding), finding_id=named_after, record_count=pl.len().over("group")
    )
    return conform(found, FINDING_SCHEMA).sort("finding_id", *NODE)
