"""Generate campaigns, who was in them, what marketing cost, the loyalty programme, referrals.

Planted: who was written to came back more often than the holdout; members buy more; who
recommends the company is among those who buy more.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from etl.demo.cases import with_return
from etl.demo.company import GROCER, LAST_DAY
from etl.demo.draw import Draw, numbered

# id, name, type, channel, first day, last day, spend
CAMPAIGNS = (
    ("M01", "Spring welcome", "acquisition", "web", date(2017, 3, 6), date(2017, 4, 2), 9000),
    ("M02", "Thank you", "retention", "email", date(2017, 5, 8), date(2017, 5, 21), 1500),
    ("M03", "We miss you", "winback", "email", date(2017, 9, 11), date(2017, 9, 24), 2200),
    ("M04", "First box free", "trial", "post", date(2017, 10, 2), date(2017, 10, 29), 3100),
    ("M05", "Bring a friend", "referral", "email", date(2017, 11, 6), date(2017, 12, 24), 1200),
)  # fmt: skip
PER_CAMPAIGN = 500
HOLDOUT = 0.2
SPENDING = (
    ("web", "acquisition", 240), ("tv", "acquisition", 400), ("email", "retention", 25),
    ("post", "retention", 40),
)  # fmt: skip
MEMBERS, REFERRALS = 400, 120
PROGRAMME = "Basket Club"
CENTS_PER_POINT = 100


def campaigns() -> pl.DataFrame:
    """Return the campaigns, with ``updated_on``."""
    names = ("campaign_id", "name", "type", "channel", "starts_on", "ends_on", "spend")
    frame = pl.DataFrame(CAMPAIGNS, schema=list(names), orient="row")
    return frame.with_columns(currency=pl.lit("USD"), updated_on="starts_on")


def campaign_members(contacts: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    """Return who was in each campaign: treated or held out, and who responded.

    Who came back within two months is a little more often among the treated: a planted uplift.

    Args:
        contacts: contact_id, email, external_system, external_ref, created_on.
        orders: source_system, customer_ref, ordered_on.

    Returns:
        The columns of the export and ``updated_on``.
    """
    draw = Draw("campaign members")
    buyers = contacts.filter(
        pl.col("external_ref").is_not_null(), pl.col("email").is_not_null()
    ).sort("contact_id")
    parts = []
    for name, _, _, _, starts_on, _, _ in CAMPAIGNS:
        pool = buyers.filter(pl.col("created_on") < starts_on)
        some = pool[draw.sample(pool.height, PER_CAMPAIGN)]
        parts.append(some.with_columns(campaign_id=pl.lit(name), sent_on=pl.lit(starts_on)))
    members = pl.concat(parts).rename(
        {"external_system": "source_system", "external_ref": "customer_ref"}
    )
    members = with_return(members, orders, "sent_on")
    size = members.height
    back = pl.col("came_back").fill_null(False)
    held_out = pl.Series(draw.uniform(size)) < pl.when(back).then(HOLDOUT - 0.05).otherwise(
        HOLDOUT + 0.05
    )
    members = members.with_columns(is_held_out=held_out).with_columns(
        responds=~pl.col("is_held_out") & back & pl.Series(draw.chance(size, 0.6)),
        response_on=pl.col("sent_on") + draw.days(size, 1, 20),
    )
    return _member_export(members, draw)


def _member_export(members: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    """A first version when the message goes out, a second for each response."""
    treated = ~pl.col("is_held_out")
    sent_at = draw.moments(members["sent_on"], 14, 15)
    first = members.with_columns(
        party_type=pl.lit("contact"),
        party_id="contact_id",
        sent_at=pl.when(treated).then(sent_at),
        status=pl.when(treated).then(pl.lit("sent")).otherwise(pl.lit("held_out")),
        arm=pl.when(treated).then(pl.lit("treatment")).otherwise(pl.lit("holdout")),
        cost=pl.when(treated).then(pl.lit("0.35")),
        updated_at=sent_at,
        updated_on="sent_on",
    )
    answered = first.filter("responds", pl.col("response_on") <= LAST_DAY)
    at = draw.moments(answered["response_on"])
    answered = answered.with_columns(
        responded_at=at, status=pl.lit("responded"), updated_at=at, updated_on="response_on"
    )
    return pl.concat([first, answered], how="diagonal_relaxed").sort(
        "updated_on", "campaign_id", "party_id"
    )


def marketing_spend() -> pl.DataFrame:
    """Return what marketing cost each day of 2017, with ``updated_on``, the day itself."""
    draw = Draw("marketing spend")
    first = date(2017, 1, 1)
    days = pl.DataFrame(
        {"spent_on": [first + timedelta(days=n) for n in range((LAST_DAY - first).days + 1)]}
    )
    kinds = pl.DataFrame(SPENDING, schema=["channel", "purpose", "usual"], orient="row")
    spent = days.join(kinds, how="cross", maintain_order="left_right")
    cents = pl.col("usual") * 100 + pl.Series(draw.whole(spent.height, -999, 999))
    return spent.with_columns(
        amount=pl.format("{}.{}", cents // 100, (cents % 100).cast(pl.String).str.zfill(2)),
        currency=pl.lit("USD"),
        updated_on="spent_on",
    )


def loyalty_accounts(contacts: pl.DataFrame, buyers: pl.DataFrame) -> pl.DataFrame:
    """Return the members of the grocer's programme: the more someone buys, the likelier.

    Returns:
        The columns of the export, one row per version, and ``updated_on``, ``customer_ref``.
    """
    draw = Draw("loyalty accounts")
    people = (
        contacts.filter(pl.col("external_system") == GROCER)
        .join(
            buyers.filter(pl.col("source_system") == GROCER),
            left_on="external_ref",
            right_on="customer_ref",
            how="inner",
        )
        .sort("contact_id")
    )
    likely = 0.05 + 0.5 * people["revenue_rank"].to_numpy()
    joined = people.filter(pl.Series(draw.chance(people.height, likely))).head(MEMBERS)
    tier = pl.when(pl.col("revenue_rank") > 0.8).then(pl.lit("gold")).otherwise(pl.lit("silver"))
    first = joined.select(
        numbered("member_id", "B"),
        "contact_id",
        pl.lit(PROGRAMME).alias("programme"),
        pl.lit("basic").alias("tier"),
        pl.col("created_on").alias("tier_since_on"),
        pl.col("created_on").alias("joined_on"),
        pl.lit(None, pl.Date).alias("left_on"),
        pl.col("created_on").alias("updated_on"),
        pl.col("external_ref").alias("customer_ref"),
        tier.alias("next_tier"),
    )
    risen = first.filter(pl.Series(draw.chance(first.height, 0.5))).with_columns(
        tier="next_tier",
        tier_since_on=pl.col("joined_on") + pl.duration(days=90),
        updated_on=pl.col("joined_on") + pl.duration(days=90),
    )
    return pl.concat([first, risen]).filter(pl.col("updated_on") <= LAST_DAY).sort(
        "updated_on", "member_id"
    )  # fmt: skip


def loyalty_transactions(members: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    """Return points earned with each order after joining, and some burned and expired.

    Args:
        members: From :func:`loyalty_accounts`.
        orders: source_system, order_id, customer_ref, ordered_on, cents.

    Returns:
        The columns of the export and ``occurred_on``.
    """
    draw = Draw("points")
    once = members.unique("member_id", maintain_order=True)
    earned = (
        orders.filter(pl.col("source_system") == GROCER)
        .join(once.select("member_id", "customer_ref", "joined_on"), on="customer_ref")
        .filter(pl.col("ordered_on") >= pl.col("joined_on"))
        .sort("ordered_on", "order_id")
        .with_columns(
            kind=pl.lit("earn"),
            points=pl.col("cents") // CENTS_PER_POINT,
            order_system="source_system",
            occurred_on="ordered_on",
            expires_on=pl.col("ordered_on") + pl.duration(days=730),
        )
        .filter(pl.col("points") > 0)
    )
    burned = earned.filter(pl.Series(draw.chance(earned.height, 0.04))).with_columns(
        kind=pl.lit("burn"), points=-(pl.col("points") // 2), expires_on=pl.lit(None, pl.Date)
    )
    moves = pl.concat([earned, burned.filter(pl.col("points") < 0)]).sort(
        "occurred_on", "order_id", "kind", descending=[False, False, True]
    )
    return moves.select(
        numbered("transaction_id", "X", 7),
        "member_id",
        "kind",
        "points",
        "order_id",
        "order_system",
        draw.moments(moves["occurred_on"]).alias("occurred_at"),
        "expires_on",
        "occurred_on",
    )


def referrals(contacts: pl.DataFrame, buyers: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    """Return recommendations: who buys more recommends more, and their friend came soon after.

    Returns:
        The columns of the export and ``referred_on``.
    """
    draw = Draw("referrals")
    keys = ["external_system", "external_ref"]
    ranked = contacts.join(
        buyers.rename({"source_system": keys[0], "customer_ref": keys[1]}), on=keys
    ).sort("contact_id")
    keen = ranked.filter(pl.col("revenue_rank") > 0.6, pl.col("created_on") < date(2017, 6, 1))
    fresh = ranked.filter(pl.col("first_on") > date(2017, 6, 1))
    size = min(REFERRALS, keen.height, fresh.height)
    first_order = orders.sort("ordered_on", "order_id").unique(
        ["source_system", "customer_ref"], keep="first", maintain_order=True
    )
    pairs = pl.concat(
        [
            keen[draw.sample(keen.height, size)].select(referrer_contact_id="contact_id"),
            fresh[draw.sample(fresh.height, size)].select(
                "first_on", *keys, referee_contact_id="contact_id"
            ),
        ],
        how="horizontal",
    ).join(
        first_order.select(
            "order_id", external_system="source_system", external_ref="customer_ref"
        ),
        on=keys,
        how="left",
    )
    made = pairs.with_columns(referred_on=pl.col("first_on") - draw.days(size, 0, 12)).sort(
        "referred_on", "referrer_contact_id"
    )
    return made.select(
        numbered("referral_id", "W"),
        "referrer_contact_id",
        "referee_contact_id",
        pl.format("FRIEND{}", pl.int_range(pl.len())).alias("code"),
        draw.moments(made["referred_on"]).alias("referred_at"),
        pl.col("order_id").alias("converted_order_id"),
        pl.col("external_system").alias("order_system"),
        pl.lit("5.00").alias("reward_cost"),
        pl.lit("USD").alias("currency"),
        "referred_on",
    )
