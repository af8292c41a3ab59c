"""Generate service cases about real orders, with the recovery that planted correlations ask for.

Who really ordered again within two months after a case had it solved fast more often, and was
more content with it. The orders are public data and are not touched; the cases are made to fit.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from etl.demo.company import LAST_DAY
from etl.demo.draw import Draw

PER_SHOP = 700
THIS_WEEK = 60
WEEK_STARTS_ON = date(2017, 12, 18)
CAME_BACK_DAYS = 60
TYPES = ("complaint",) * 9 + ("request",) * 5 + ("question",) * 5 + ("suggestion",)
REASONS = ("late_delivery", "damaged", "wrong_item", "price", "staff", "quality", "billing")
CAUSES = ("carrier", "warehouse", "supplier", "pricing", "training", "system")
ORIGINS = ("phone", "email", "web", "web", "store", "social")


def orders_of_contacts(orders: pl.DataFrame, contacts: pl.DataFrame) -> pl.DataFrame:
    """Return the orders whose buyer has a contact, sorted, with who that is.

    Args:
        orders: source_system, order_id, customer_ref, ordered_on.
        contacts: contact_id, account_id, external_system, external_ref, created_on.
    """
    people = contacts.select(
        "contact_id",
        "account_id",
        "created_on",
        source_system="external_system",
        customer_ref="external_ref",
    )
    linked = orders.join(people, on=["source_system", "customer_ref"], how="inner")
    return linked.sort("source_system", "order_id")


def with_return(events: pl.DataFrame, orders: pl.DataFrame, day: str) -> pl.DataFrame:
    """Add ``came_back``: whether the buyer ordered within two months after ``day``.

    Returns:
        ``events`` in their order; ``came_back`` is null where the two months are not over yet
        and no order has come.
    """
    keys = ["source_system", "customer_ref"]
    next_order = orders.select(*keys, next_on="ordered_on").sort("next_on")
    found = events.with_row_index("row").sort(day).join_asof(
        next_order,
        left_on=day,
        right_on="next_on",
        by=keys,
        strategy="forward",
        allow_exact_matches=False,
        check_sortedness=False,
    )  # fmt: skip
    limit = pl.col(day) + pl.duration(days=CAME_BACK_DAYS)
    came_back = pl.when(pl.col("next_on") <= limit).then(True).when(limit <= LAST_DAY).then(False)
    return found.sort("row").with_columns(came_back=came_back).drop("row", "next_on")


def sampled(linked: pl.DataFrame, per_shop: int, this_week: int, draw: Draw) -> pl.DataFrame:
    """Draw orders, as many from each shop, and some more from the last days."""
    parts = [
        part[draw.sample(part.height, per_shop)]
        for part in linked.partition_by("source_system", maintain_order=True)
    ]
    recent = linked.filter(pl.col("ordered_on") >= WEEK_STARTS_ON)
    parts.append(recent[draw.sample(recent.height, this_week)])
    return pl.concat(parts).unique(["source_system", "order_id"], maintain_order=True)


def case_versions(linked: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    """Return each case as it was opened and, once it has ended, as it ended.

    Args:
        linked: From :func:`orders_of_contacts`.
        orders: All orders, to see who came back.

    Returns:
        The columns of the export and ``known_on``, ``solved_on`` (null while unsolved).
    """
    draw = Draw("cases")
    picked = sampled(linked, PER_SHOP, THIS_WEEK, draw)
    wait = draw.days(picked.height, 1, 10)
    picked = picked.with_columns(opened_on=pl.col("ordered_on") + wait).filter(
        pl.col("opened_on") >= pl.col("created_on"), pl.col("opened_on") <= LAST_DAY
    )
    picked = with_return(picked.sort("opened_on", "source_system", "order_id"), orders, "opened_on")
    opened = _opened(picked, draw)
    ended = _ended(opened, draw)
    return pl.concat([opened, ended], how="diagonal_relaxed").sort(
        "case_id", "known_on", maintain_order=True
    )


def _opened(picked: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    size = picked.height
    number = pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(5)
    opened_at = draw.moments(picked["opened_on"], 14, 16)
    return picked.with_columns(
        case_id=pl.concat_str(pl.lit("S"), number),
        order_system="source_system",
        type=draw.pick(size, TYPES),
        reason_code=draw.pick(size, REASONS),
        root_cause=pl.lit(None, pl.String),
        origin=draw.pick(size, ORIGINS),
        is_escalated=pl.Series(draw.chance(size, 0.02)),
        is_public=pl.Series(draw.chance(size, 0.04)),
        status=pl.lit("open"),
        opened_at=opened_at,
        updated_at=opened_at,
        reopens=pl.lit(0, pl.Int64),
        known_on="opened_on",
    )


def _ended(opened: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    """End the cases that end by the last day: solved, or closed without a solution."""
    size = opened.height
    back = pl.col("came_back").fill_null(True)
    fast, slow = draw.days(size, 0, 4), draw.days(size, 3, 25)
    quick = pl.when(back).then(pl.Series(draw.chance(size, 0.85))).otherwise(
        pl.Series(draw.chance(size, 0.40))
    )  # fmt: skip
    unsolved = pl.when(back).then(pl.Series(draw.uniform(size)) < 0.03).otherwise(
        pl.Series(draw.uniform(size)) < 0.20
    )  # fmt: skip
    ended = opened.with_columns(is_quick=quick, unsolved=unsolved).with_columns(
        known_on=pl.col("opened_on") + pl.when(pl.col("is_quick")).then(fast).otherwise(slow)
    )
    return _outcome(ended.filter(pl.col("known_on") <= LAST_DAY), draw)


def _outcome(ended: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    size = ended.height
    at = draw.moments(ended["known_on"], 18, 21)
    solved, slow = ~pl.col("unsolved"), ~pl.col("is_quick")
    complaint = pl.col("type") == "complaint"
    paid = pl.Series(draw.whole(size, 1, 5) * 5)
    compensated = complaint & solved & pl.Series(draw.chance(size, 0.3))
    mood = pl.when(pl.col("is_quick")).then(4.1).otherwise(2.9) + pl.Series(draw.bell(size)) * 0.9
    asked = solved & pl.Series(draw.chance(size, 0.5))
    return ended.with_columns(
        status=pl.when(solved & pl.Series(draw.chance(size, 0.3)))
        .then(pl.lit("solved"))
        .otherwise(pl.lit("closed")),
        root_cause=pl.when(complaint).then(draw.pick(size, CAUSES)),
        is_escalated=pl.col("is_escalated") | (slow & pl.Series(draw.chance(size, 0.25))),
        first_response_at=draw.moments(ended["opened_on"], 17, 17),
        solved_at=pl.when(solved).then(at),
        solved_on=pl.when(solved).then("known_on"),
        closed_at=at,
        updated_at=at,
        reopens=(slow & pl.Series(draw.chance(size, 0.2))).cast(pl.Int64),
        csat=pl.when(asked).then(mood.round().clip(1, 5).cast(pl.Int64)),
        compensation=pl.when(compensated).then(paid),
        currency=pl.when(compensated).then(pl.lit("USD")),
    ).with_columns(closed_at=pl.when(pl.col("status") == "closed").then("closed_at"))
