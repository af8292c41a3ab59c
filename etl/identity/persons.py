"""Which records are one person, and nobody else's: what an erasure takes.

Weaker than who is one customer: a person never takes the business account along that they belong
to, nor what the business shares with others.
"""

from __future__ import annotations

import polars as pl

from etl.identity.components import components
from etl.identity.nodes import CLUSTER_LIMIT, EMAIL, NODE
from etl.identity.resolving import numbered_edges, numbered_nodes

_SHARED = (EMAIL, "customer_ref")


def persons(records: pl.DataFrame, links: pl.DataFrame, seeds: pl.DataFrame) -> pl.DataFrame:
    """Return the records of the people to whom some records belong.

    The walk goes from record to record by links that say "the same", and ends at a customer number
    or address that a business account uses too. Such a one is the person's where no other person
    uses it, unless the account says that it is its own number. Of a cluster that is too large to be
    one person only the named records are taken.

    Args:
        records: As :func:`etl.identity.resolve` takes them.
        links: The same.
        seeds: NODE, the records that were named.

    Returns:
        NODE, ordered; the seeds themselves too, known or not.
    """
    nodes = numbered_nodes(records, links)
    edges = numbered_edges(links, nodes)
    nodes = _classed(nodes, edges)
    same = _both_ways(edges.filter(~pl.col("is_membership")), nodes)
    clustered = _clustered(nodes.filter("is_walked"), same)
    named = nodes.join(seeds.unique(), on=list(NODE), how="semi")
    start = pl.concat([named.select("index"), _beside_shared(named, same, clustered)]).unique()
    taken = _clusters_of(clustered, start, named)
    taken = pl.concat([taken, _unshared(nodes, same, taken)]).unique()
    found = nodes.join(taken, on="index", how="semi").select(NODE)
    return pl.concat([found, seeds.select(NODE)]).unique().sort(NODE)


def _classed(nodes: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    """Add ``is_shared``, what a business uses too, ``is_firms`` own, and ``is_walked``."""
    firms = nodes.filter("is_business").select(firm="index")
    beside = pl.concat(
        [
            edges.select("rule", firm=one, index=other)
            for one, other in (("left", "right"), ("right", "left"))
        ]
    ).join(firms, on="firm", how="semi")
    owned = beside.filter(pl.col("rule") == "external_ref")
    is_shared = pl.col("index").is_in(beside["index"].implode()) & pl.col("entity").is_in(_SHARED)
    return nodes.with_columns(
        is_shared=is_shared, is_firms=pl.col("index").is_in(owned["index"].implode())
    ).with_columns(is_walked=~pl.col("is_business") & ~pl.col("is_shared"))


def _both_ways(same: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    """Return ``index`` and ``beside`` of each two people's records that are said to be the same."""
    people = nodes.filter(~pl.col("is_business")).select("index")
    both = pl.concat(
        [same.select(index="left", beside="right"), same.select(index="right", beside="left")]
    ).unique()
    return both.join(people, on="index", how="semi").join(
        people.select(beside="index"), on="beside", how="semi"
    )


def _clustered(walked: pl.DataFrame, same: pl.DataFrame) -> pl.DataFrame:
    """Add ``cluster``, which records are one person, and ``is_crowd``, too many to be one."""
    places = walked.select("index").with_row_index("place").with_columns(pl.col("place").cast(int))
    arrows = (
        same.join(places.rename({"place": "left"}), on="index")
        .join(places.rename({"index": "beside", "place": "right"}), on="beside")
        .select("left", "right")
    )
    counted = pl.col("is_record") & (pl.col("entity") != EMAIL)
    return walked.with_columns(cluster=components(walked.height, arrows)).with_columns(
        is_crowd=counted.sum().over("cluster") > CLUSTER_LIMIT
    )


def _beside_shared(
    named: pl.DataFrame, same: pl.DataFrame, clustered: pl.DataFrame
) -> pl.DataFrame:
    """Return the records that use a named address or number, where one person's alone do."""
    beside = same.join(named.filter("is_shared"), on="index", how="semi").join(
        clustered.select("cluster", beside="index"), on="beside", how="left"
    )
    alone = beside.filter(pl.col("cluster").n_unique().over("index") == 1).drop_nulls("cluster")
    return alone.select(index="beside")


def _clusters_of(clustered: pl.DataFrame, start: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """Return the ``index`` of every record of the clusters in which the walk starts."""
    of_start = clustered.join(start, on="index", how="semi").select("cluster").unique()
    whole = clustered.filter(~pl.col("is_crowd")).join(of_start, on="cluster", how="semi")
    return pl.concat([whole.select("index"), named.select("index")]).unique()


def _unshared(nodes: pl.DataFrame, same: pl.DataFrame, taken: pl.DataFrame) -> pl.DataFrame:
    """Return what a business uses too, and of all people only those who are taken."""
    shared = nodes.filter(pl.col("is_shared") & ~pl.col("is_firms")).select("index")
    beside = same.join(shared, on="index", how="semi")
    is_taken = pl.col("beside").is_in(taken["index"].implode())
    return beside.group_by("index").agg(is_taken.all()).filter("beside").select("index")
