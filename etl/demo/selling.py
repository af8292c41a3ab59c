"""Generate the sales side: leads, opportunities, contracts, representatives, partners, wallets.

Planted: businesses that stopped buying gave notice more often; leads from a recommendation become
customers more often than bought addresses.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from etl.demo.company import HISTORY_ENDS_ON, LAST_DAY
from etl.demo.draw import Draw, numbered
from etl.demo.people import DOMAINS

REPS = ("R01", "R02", "R03")
LEADS = 500
# source and how likely a lead from there becomes a contact
SOURCES = pl.DataFrame(
    {"source": ["recommendation", "web", "fair", "bought_list"], "likely": [0.5, 0.25, 0.15, 0.04]}
)
CATEGORIES = ("GROCERY", "DRUG GM", "MEAT", "PRODUCE")
QUIET_SINCE = date(2017, 8, 1)
CONTRACT_SHARE, DECLARE_SHARE = 0.6, 0.03


def reps() -> pl.DataFrame:
    """Return the representatives; one left in autumn, one is a queue. ``updated_on`` beside."""
    return pl.DataFrame(
        [
            ("R01", "Robin Vale", "north", date(2014, 3, 1), None, False, date(2017, 1, 2)),
            ("R02", "Sasha Brook", "south", date(2015, 9, 1), None, False, date(2017, 1, 2)),
            ("R03", "Toni Field", "south", date(2016, 1, 4), None, False, date(2017, 1, 2)),
            ("R03", "Toni Field", "south", date(2016, 1, 4), date(2017, 9, 29), False,
             date(2017, 9, 29)),
            ("Q01", "Hotline queue", "service", None, None, True, date(2017, 1, 2)),
        ],
        schema={
            "rep_id": pl.String, "name": pl.String, "team": pl.String, "hired_on": pl.Date,
            "left_on": pl.Date, "is_queue": pl.Boolean, "updated_on": pl.Date,
        },
        orient="row",
    )  # fmt: skip


def partners() -> pl.DataFrame:
    """Return the channel partners, with ``updated_on``."""
    return pl.DataFrame(
        {
            "partner_id": ["V01", "V02"],
            "name": ["Harbor Records Wholesale", "Lakeside School Supply"],
            "type": ["reseller", "distributor"],
            "joined_on": [date(2016, 6, 1), date(2017, 2, 1)],
            "updated_on": [date(2017, 1, 2), date(2017, 2, 1)],
        }
    )


def leads(contacts: pl.DataFrame) -> pl.DataFrame:
    """Return leads: some became the contacts that never bought yet, the others are open or lost.

    Args:
        contacts: contact_id, email, phone, external_ref, created_on, created_at.

    Returns:
        The columns of the export, one row per version, and ``updated_on``.
    """
    draw = Draw("leads")
    people = contacts.filter(pl.col("external_ref").is_null()).sort("contact_id")
    size = LEADS
    made = pl.DataFrame(
        {
            "created_on": pl.Series([date(2017, 1, 9)] * size),
            "source": draw.pick(size, SOURCES["source"].to_list()),
        }
    ).join(SOURCES, on="source", how="left", maintain_order="left")
    made = made.with_columns(
        numbered("lead_id", "L"),
        created_on=pl.col("created_on") + draw.days(size, 0, 330),
        wins=pl.Series(draw.uniform(size)) < pl.col("likely"),
        given_up=pl.Series(draw.uniform(size)) < 0.4,
        domain=draw.pick(size, DOMAINS),
    )
    made = _became(made, people)
    first = made.with_columns(
        status=pl.lit("new"), updated_on="created_on", source="source", converted_contact_id=None
    )
    return _lead_export(pl.concat([first, _lead_ended(made, draw)], how="diagonal_relaxed"), draw)


def _became(made: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Give each winning lead one of the contacts, in order, as long as there are any."""
    winners = made.filter("wins").select("lead_id").head(people.height)
    pairs = winners.hstack(
        people.head(winners.height).select(
            "phone", "created_on", converted_contact_id="contact_id", email="email"
        ).rename({"created_on": "converted_on"})
    )  # fmt: skip
    own = pl.concat_str(pl.lit("lead"), pl.col("lead_id").str.slice(1), pl.lit("@"), "domain")
    return made.join(pairs, on="lead_id", how="left", maintain_order="left").with_columns(
        email=pl.coalesce("email", own),
        # A lead is there before the contact it becomes.
        created_on=pl.min_horizontal("created_on", "converted_on"),
    )


def _lead_ended(made: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    became = pl.col("converted_contact_id").is_not_null()
    after = draw.later(made["created_on"], LAST_DAY)
    return (
        made.with_columns(
            status=pl.when(became)
            .then(pl.lit("converted"))
            .when("given_up")
            .then(pl.lit("disqualified"))
            .otherwise(pl.lit("qualified")),
            updated_on=pl.when(became).then("converted_on").otherwise(after),
        )
        .with_columns(
            disqualified_reason=pl.when(pl.col("status") == "disqualified").then(
                pl.lit("no_budget")
            )
        )
        .filter(pl.col("updated_on") <= LAST_DAY)
    )


def _lead_export(versions: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    ordered = versions.sort("updated_on", "lead_id", "status")
    at = draw.moments(ordered["updated_on"])
    created = draw.moments(ordered["created_on"], 8, 9)
    return ordered.with_columns(
        updated_at=at,
        created_at=created,
        converted_at=pl.when(pl.col("status") == "converted").then(at),
    )


def opportunities(accounts: pl.DataFrame) -> pl.DataFrame:
    """Return sales in progress with businesses: opened, then won, lost, or still open.

    Args:
        accounts: Versions of the accounts: account_id, account_type, is_person, created_on.

    Returns:
        The columns of the export, one row per version, and ``updated_on``.
    """
    draw = Draw("opportunities")
    firms = _firms(accounts)
    size = firms.height
    opened = firms.with_columns(
        numbered("opportunity_id", "O"),
        opened_on=pl.lit(date(2017, 2, 1)) + draw.days(size, 0, 320),
        amount=pl.Series(draw.whole(size, 4, 80) * 50),
        currency=pl.lit("USD"),
        stage=pl.lit("proposal"),
        wins=pl.Series(draw.chance(size, 0.45)),
    ).with_columns(
        expected_close_on=pl.col("opened_on") + pl.duration(days=60), updated_on="opened_on"
    )
    closed = opened.with_columns(
        updated_on=pl.col("opened_on") + draw.days(size, 10, 120),
        stage=pl.when("wins").then(pl.lit("won")).otherwise(pl.lit("lost")),
        is_won="wins",
        lost_reason=pl.when(~pl.col("wins")).then(pl.lit("price")),
    ).filter(pl.col("updated_on") <= LAST_DAY)
    both = pl.concat([opened, closed], how="diagonal_relaxed").sort("updated_on", "opportunity_id")
    at = draw.moments(both["updated_on"])
    return both.with_columns(
        created_at=draw.moments(both["opened_on"], 8, 9),
        updated_at=at,
        closed_at=pl.when(pl.col("is_won").is_not_null()).then(at),
    )


def contracts(accounts: pl.DataFrame, linked: pl.DataFrame) -> pl.DataFrame:
    """Return supply contracts of businesses; who has gone quiet gave notice more often.

    Args:
        accounts: As for :func:`opportunities`.
        linked: account_id, ordered_on of the orders of contacts.

    Returns:
        The columns of the export, one row per version, and ``updated_on``.
    """
    draw = Draw("contracts")
    last = linked.group_by("account_id").agg(last_on=pl.col("ordered_on").max())
    firms = _firms(accounts).join(last, on="account_id", how="left", maintain_order="left")
    signed = firms.filter(pl.Series(draw.chance(firms.height, CONTRACT_SHARE)))
    size = signed.height
    quiet = (pl.col("last_on") < QUIET_SINCE).fill_null(True)
    leaves = pl.when(quiet).then(0.5).otherwise(0.1)
    signed = signed.with_columns(
        numbered("contract_id", "T"),
        starts_on=pl.lit(date(2017, 1, 1)) + draw.days(size, 0, 200),
        auto_renew=pl.Series(draw.chance(size, 0.7)),
        sole_source=pl.Series(draw.chance(size, 0.2)),
        leaves=pl.Series(draw.uniform(size)) < leaves,
    ).with_columns(ends_on=pl.col("starts_on") + pl.duration(days=364), updated_on="starts_on")
    cancelled = signed.filter("leaves").with_columns(
        updated_on=pl.col("starts_on") + pl.duration(days=120),
        auto_renew=pl.lit(False),
        cancel_reason=pl.lit("switched_supplier"),
    )
    both = pl.concat([signed, cancelled], how="diagonal_relaxed").filter(
        pl.col("updated_on") <= LAST_DAY
    )
    both = both.sort("updated_on", "contract_id", "auto_renew")
    at = draw.moments(both["updated_on"])
    return both.with_columns(
        updated_at=at, cancelled_at=pl.when(pl.col("cancel_reason").is_not_null()).then(at)
    )


def category_spend(contacts: pl.DataFrame) -> pl.DataFrame:
    """Return what some people say they spend a year with all sellers, with ``updated_on``."""
    draw = Draw("category spend")
    asked = contacts.filter(pl.Series(draw.chance(contacts.height, DECLARE_SHARE)))
    asked = asked.sort("contact_id")
    size = asked.height
    return asked.select(
        pl.lit("contact").alias("party_type"),
        pl.col("contact_id").alias("party_id"),
        draw.pick(size, CATEGORIES).alias("category"),
        pl.lit(2017).alias("year"),
        pl.Series(draw.whole(size, 2, 60) * 50).alias("amount"),
        pl.lit("USD").alias("currency"),
        pl.lit("declared").alias("basis"),
        pl.col("created_on").clip(upper_bound=HISTORY_ENDS_ON).alias("updated_on"),
    )


def _firms(accounts: pl.DataFrame) -> pl.DataFrame:
    """Return businesses that are customers, once each."""
    firms = accounts.filter(pl.col("account_type") == "customer", ~pl.col("is_person"))
    return firms.unique("account_id").select("account_id").sort("account_id")
