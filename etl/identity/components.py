"""The two questions put to a graph: what hangs together, and by which links it does."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import (
    breadth_first_order,
    connected_components,
    minimum_spanning_tree,
)

from etl.identity.nodes import EMAIL


def components(
    size: int, arrows: pl.DataFrame, connection: Literal["weak", "strong"] = "weak"
) -> pl.Series:
    """Return the number of each node's component; arrows are ``left`` and ``right``."""
    graph = _matrix(size, arrows["left"].to_numpy(), arrows["right"].to_numpy())
    _, labels = connected_components(graph, directed=True, connection=connection)
    return pl.Series(labels, dtype=pl.Int64)


def paths_to_roots(nodes: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """Match each node with the next record on its way to the first record of its customer.

    Args:
        nodes: ``index`` (0, 1, 2 ..., in order), ``is_first``, ``is_record`` and ``entity``.
        links: ``left`` < ``right`` (indexes, each pair once), ``rank`` (1 is the strongest),
            ``rule`` and ``confidence``.

    Returns:
        ``nodes`` with ``matched_index``, ``rule`` (of the first link on the way) and
        ``confidence`` (the least on the way); null for first records and for nodes that none can
        be reached from.
    """
    parents = _parents(nodes, links)
    near, far = pl.min_horizontal("index", "parent"), pl.max_horizontal("index", "parent")
    stepped = (
        nodes.with_columns(parent=pl.Series(parents))
        .with_columns(left=near, right=far)
        .join(links, on=["left", "right"], how="left", maintain_order="left")
    )
    is_stop = nodes.select(
        pl.col("is_first") | (pl.col("is_record") & (pl.col("entity") != EMAIL))
    ).to_series()
    parents, confidence = _pass_over(parents, stepped["confidence"], is_stop)
    return stepped.with_columns(
        matched_index=pl.Series(parents), confidence=pl.Series(confidence)
    ).with_columns(pl.when(pl.col("matched_index") >= 0).then("matched_index"))


def _parents(nodes: pl.DataFrame, links: pl.DataFrame) -> NDArray[np.int64]:
    """Return each node's neighbour towards its first record along the strongest links, or -1.

    A node beyond the last, tied to all first records, is where one search for all starts.
    """
    size = nodes.height
    ranks = links["rank"].to_numpy().astype(np.float64)
    graph = _matrix(size, links["left"].to_numpy(), links["right"].to_numpy(), ranks)
    tree = minimum_spanning_tree(graph).tocoo()
    firsts = nodes.filter("is_first")["index"].to_numpy()
    ends = np.concatenate([tree.row, np.full(len(firsts), size)])
    others = np.concatenate([tree.col, firsts])
    start = _matrix(size + 1, ends, others)
    _, found = breadth_first_order(start, size, directed=False, return_predecessors=True)
    parents = found[:size].astype(np.int64)
    return np.where((parents < 0) | (parents == size), -1, parents)


def _pass_over(
    parents: NDArray[np.int64], confidences: pl.Series, is_stop: pl.Series
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Lead every way on until it stops at a record, keeping the least confidence passed."""
    confidence, stop = confidences.fill_null(1.0).to_numpy().copy(), is_stop.to_numpy()
    parents = parents.copy()
    while (passing := np.flatnonzero((parents >= 0) & ~stop[parents])).size:
        over = parents[passing]
        confidence[passing] = np.minimum(confidence[passing], confidence[over])
        parents[passing] = parents[over]
    return parents, confidence


def _matrix(
    size: int, rows: NDArray[Any], columns: NDArray[Any], weights: NDArray[Any] | None = None
) -> Any:
    ones = np.ones(len(rows), dtype=np.int8)
    values = ones if weights is None else weights
    return coo_array((values, (rows, columns)), shape=(size, size)).tocsr()
