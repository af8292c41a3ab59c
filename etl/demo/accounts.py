"""Generate the accounts: business customers of the music shop, staff, and person accounts."""

from __future__ import annotations

from datetime import date

import polars as pl

from etl.demo.company import HISTORY_ENDS_ON, LAST_DAY, MUSIC
from etl.demo.draw import Draw, words
from etl.demo.people import phones

PLACES = words(
    "Ashford Bayview Cedar Clifton Dover Eastgate Fairview Glenwood Harbor Highland Kingston "
    "Lakeside Linden Maple Milton Northfield Oakdale Parkway Ridge Riverside Salem Southport "
    "Spring Stonebridge Summit Valley Westbrook Willow Windsor Woodland"
)
KINDS = ("School", "Library", "Radio", "Music School", "College", "Community Centre")
JOBS = ("Librarian", "Music teacher", "Programme director", "Buyer", "Office manager")
OPENED_ON = date(2016, 6, 1)
BUSINESSES = 300
STAFF_GROUPS = 8
MEMBERS = 3
PERSON_ACCOUNTS = 150
DEBTORS = 4


def employ(contacts: pl.DataFrame, buyers: pl.DataFrame) -> pl.DataFrame:
    """Add ``account_id`` and ``title``: who buys for a business, who is staff, who is alone.

    Businesses are found among the better music buyers: they buy for many. People who buy in both
    shops stay private, for an account would take both shops' orders with it.

    Args:
        contacts: From :func:`etl.demo.people.contacts_of_buyers`.
        buyers: source_system, customer_ref, revenue_rank (0 to 1 within the shop).
    """
    draw = Draw("employment")
    ranked = contacts.join(
        buyers.select("revenue_rank", external_system="source_system", external_ref="customer_ref"),
        on=["external_system", "external_ref"],
        how="left",
        maintain_order="left",
    )
    free = ranked.filter(
        pl.col("email").str.to_lowercase().str.strip_chars().is_duplicated().not_()
        & pl.col("external_ref").is_not_null()
    )
    better = free.filter(
        (pl.col("external_system") == MUSIC) & (pl.col("revenue_rank") > 0.6)
    ).select("contact_id")
    business = _members(better, "A", BUSINESSES, draw)
    rest = free.select("contact_id").join(better, on="contact_id", how="anti").sort("contact_id")
    staff = _members(rest, "S", STAFF_GROUPS, draw)
    alone = rest.join(staff, on="contact_id", how="anti").sort("contact_id")
    alone = alone[draw.sample(alone.height, PERSON_ACCOUNTS)].with_columns(
        account_id=pl.concat_str(pl.lit("P"), pl.col("contact_id").str.slice(1))
    )
    jobs = business.with_columns(title=draw.pick(business.height, JOBS))
    employed = pl.concat([jobs, staff, alone], how="diagonal_relaxed")
    return _at_work(ranked.join(employed, on="contact_id", how="left", maintain_order="left"))


def _members(pool: pl.DataFrame, prefix: str, accounts: int, draw: Draw) -> pl.DataFrame:
    """Spread one to three of the pool over each account."""
    size = min(pool.height, accounts * MEMBERS)
    seat = pl.Series("seat", draw.whole(size, 1, accounts)).cast(pl.String).str.zfill(4)
    members = pool[draw.sample(pool.height, size)].with_columns(account_id=prefix + seat)
    return members.filter(pl.int_range(pl.len()).over("account_id") < MEMBERS)


def _at_work(contacts: pl.DataFrame) -> pl.DataFrame:
    """Give employed people an address at work; every fourth account has one shared inbox."""
    number = pl.col("account_id").str.slice(1).cast(pl.Int64)
    domain = pl.concat_str(pl.lit("@org"), number, pl.lit(".example.org"))
    own = pl.col("email").str.strip_chars().str.to_lowercase().str.replace("@.*", "")
    shared = pl.concat_str(pl.lit("info"), domain)
    business = pl.col("account_id").str.starts_with("A")
    work = pl.when(number % 4 == 0).then(shared).otherwise(pl.concat_str(own, domain))
    has_email = pl.col("email").is_not_null()
    return contacts.with_columns(
        email=pl.when(business & has_email).then(work).otherwise("email")
    ).drop("revenue_rank")


def account_versions(contacts: pl.DataFrame) -> pl.DataFrame:
    """Return every version of every account that employs a contact.

    Args:
        contacts: With ``account_id``, from :func:`employ`.

    Returns:
        The columns of the export, dates instead of instants (``created_on``, ``updated_on``,
        ``bad_debt_on``, ``closed_on``).
    """
    draw = Draw("accounts")
    ids = contacts["account_id"].drop_nulls().unique().sort()
    firm = ids.filter(~ids.str.starts_with("P")).to_frame()
    first = pl.concat(
        [_companies(firm, draw), _persons(contacts)], how="diagonal_relaxed"
    ).with_columns(updated_on="created_on")
    return pl.concat([first, _ended(first, draw)], how="diagonal_relaxed").sort(
        "account_id", "updated_on"
    )


def _companies(ids: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    size = ids.height
    kind, place = draw.pick(size, KINDS), draw.pick(size, PLACES)
    staff = pl.col("account_id").str.starts_with("S")
    return ids.with_columns(
        name=pl.when(staff)
        .then(pl.concat_str(pl.lit("Staff of "), place))
        .otherwise(pl.concat_str(place, kind, pl.col("account_id"), separator=" ")),
        account_type=pl.when(staff).then(pl.lit("internal")).otherwise(pl.lit("customer")),
        industry=pl.when(~staff).then(kind.str.to_lowercase()),
        owner_rep_id=draw.pick(size, ("R01", "R02", "R03")),
        phone=phones(size, draw),
        country=pl.lit("US"),
        is_person=pl.lit(False),
        credit_status=pl.lit("good"),
        payment_terms_days=pl.lit(30),
        created_on=pl.lit(OPENED_ON),
    )


def _persons(contacts: pl.DataFrame) -> pl.DataFrame:
    alone = contacts.filter(pl.col("account_id").str.starts_with("P"))
    return alone.sort("account_id").select(
        "account_id",
        pl.concat_str("first_name", "last_name", separator=" ").alias("name"),
        pl.lit("customer").alias("account_type"),
        "owner_rep_id",
        "email",
        "phone",
        "country",
        pl.lit(True).alias("is_person"),
        "created_on",
    )


def _ended(first: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    """A few business accounts do not pay and are closed; two more only close, one this week."""
    firms = first.filter(pl.col("account_type") == "customer", ~pl.col("is_person"))
    ended = firms[draw.sample(firms.height, DEBTORS + 2)].with_row_index("n")
    days = (HISTORY_ENDS_ON - date(2017, 3, 1)).days // max(ended.height, 1)
    on = pl.lit(date(2017, 3, 1)) + pl.duration(days=pl.col("n") * days)
    owes = pl.col("n") < DEBTORS
    on = pl.when(pl.col("n") == ended.height - 1).then(LAST_DAY).otherwise(on)
    return ended.with_columns(
        updated_on=on,
        closed_on=on,
        bad_debt_on=pl.when(owes).then(on),
        credit_status=pl.when(owes).then(pl.lit("blocked")).otherwise("credit_status"),
    ).drop("n")
