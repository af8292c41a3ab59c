"""Generate the people of the CRM: contacts, each a buyer of a shop or a prospect.

Names come from two short lists, e-mails from domains that are reserved for examples, phone
numbers from the block 555-0100 to 555-0199 that is reserved for fiction.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from etl.demo.company import GROCER, HISTORY_ENDS_ON, LAST_DAY, MUSIC
from etl.demo.draw import Draw, words

FIRST_NAMES = words(
    "Ada Alan Alice Amara Amir Ana Anna Arjun Aya Ben Bo Carla Carlos Chen Clara Dan Dora Edith "
    "Elena Eli Emma Erik Eva Farah Felix Fiona Frank Grace Hana Hans Hugo Ida Imani Ines Iris Ivan "
    "Jack Jan Jia Jonas Jorge Julia Kai Karin Kofi Lars Lea Leo Lin Lucia Luis Maja Marco Maria "
    "Max Mei Mina Nadia Nils Noor Olga Omar Oscar Paula Petra Priya Rafael Ravi Rosa Ruth Sam Sara "
    "Sofia Tara Theo Tomas Uma Vera Victor Wei Yara Yusuf Zoe"
)
LAST_NAMES = words(
    "Abbott Adeyemi Ahmed Alvarez Anders Baker Barnes Bauer Becker Bell Berg Bianchi Bishop Blake "
    "Brandt Brooks Byrne Carter Castro Chan Cohen Cole Conti Costa Cruz Dahl Diaz Dubois Dunn "
    "Ellis Engel Evans Farr Fischer Flores Ford Garcia Gomez Grant Green Gupta Haas Hall Hansen "
    "Hill Horn Hughes Ibrahim Ito Jensen Jones Kaur Keller Kelly Khan Kim Klein Kowal Lam Lang "
    "Larsen Lee Lewis Lopez Marsh Martin Mehta Meyer Moore Moreau Mori Murphy Nagy Nguyen Novak "
    "Okafor Olsen Ortiz Owens Park Patel Perez Price Quinn Ramos Reed Rossi Ryan Sato Schmid Shaw "
    "Silva Singh Smit Stone Suzuki Tanaka Torres Vogel Wagner Walsh Wang Ward Weber West Wolf Wong "
    "Young"
)
DOMAINS = ("example.com", "mail.example.com", "example.net", "post.example.org")
AREA_CODES = ("202", "212", "303", "312", "404", "415", "503", "513", "602", "617", "713", "859")
SHARE_WITH_CONTACT = {GROCER: 0.60, MUSIC: 0.55}
IN_BOTH_SHOPS = 120
PROSPECTS = 300
DUPLICATES = 40
ROLE_INBOX = "info@example.net"


def contacts_of_buyers(buyers: pl.DataFrame) -> pl.DataFrame:
    """Give a part of the buyers, and some people who never bought, a contact.

    Args:
        buyers: One row per buyer, sorted: source_system, customer_ref (text), first_on (date).

    Returns:
        One row per contact: the columns of the export but ``account_id`` and ``title``, as of
        the day it was made, and ``created_on`` (date).
    """
    draw = Draw("contacts")
    share = buyers["source_system"].replace_strict(SHARE_WITH_CONTACT, return_dtype=pl.Float64)
    known = buyers.filter(pl.Series(draw.chance(buyers.height, share.to_numpy())))
    prospects = pl.DataFrame(
        {"first_on": [date(2017, 1, 2)] * PROSPECTS}, schema={"first_on": pl.Date}
    )
    people = pl.concat([known, prospects], how="diagonal").with_row_index("n", offset=1)
    people = _signed_up(people, draw)
    people = _named(people, draw)
    people = _in_both_shops(people, draw)
    return _reachable(people, draw).select(
        pl.format("C{}", pl.col("n").cast(pl.String).str.zfill(6)).alias("contact_id"),
        pl.lit(None, pl.String).alias("master_id"),
        "email",
        "phone",
        "first_name",
        "last_name",
        "birth_on",
        pl.when(pl.col("customer_ref").is_null())
        .then(pl.lit("lead"))
        .otherwise(pl.lit("customer"))
        .alias("lifecycle_raw"),
        "lead_source",
        "owner_rep_id",
        pl.lit(None, pl.Date).alias("bounced_on"),
        pl.lit(False).alias("is_deceased"),
        # Born less than 18 years before the end of the year.
        (pl.col("birth_on") > date(1999, 12, 31)).fill_null(False).alias("is_minor"),
        "country",
        pl.when(pl.col("customer_ref").is_not_null())
        .then("source_system")
        .alias("external_system"),
        pl.col("customer_ref").alias("external_ref"),
        "created_on",
    )


def _signed_up(people: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    """Most sign up within a month of the first order, one in seven at any later day."""
    late, wait = draw.chance(people.height, 1 / 7), draw.uniform(people.height)
    left = (pl.lit(LAST_DAY) - pl.col("first_on")).dt.total_days()
    days = pl.when(pl.Series(late)).then(left + 1).otherwise(pl.min_horizontal(left + 1, 30))
    waited = (pl.Series(wait) * days).floor().cast(pl.Int64)
    return people.with_columns(created_on=pl.col("first_on") + pl.duration(days=waited))


def _named(people: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    size = people.height
    domain = draw.pick(size, DOMAINS)
    grown, child = draw.days(size, 18 * 366, 84 * 365), draw.days(size, 9 * 366, 17 * 365)
    age = pl.when(pl.Series(draw.chance(size, 0.01))).then(child).otherwise(grown)
    born = pl.lit(LAST_DAY) - age
    people = people.with_columns(
        first_name=draw.pick(size, FIRST_NAMES),
        last_name=draw.pick(size, LAST_NAMES),
        birth_on=pl.when(pl.Series(draw.chance(size, 0.6))).then(born),
    )
    name = pl.concat_str("first_name", "last_name", separator=".").str.to_lowercase()
    return people.with_columns(email=pl.concat_str(name, pl.col("n"), pl.lit("@"), domain))


def _in_both_shops(people: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    """Let some buyers of both shops be one person: same name, birthday and e-mail."""
    rows = people["source_system"].to_frame().with_row_index("row")
    grocer = rows.filter(pl.col("source_system") == GROCER)["row"]
    music = rows.filter(pl.col("source_system") == MUSIC)["row"]
    size = min(IN_BOTH_SHOPS, grocer.len(), music.len())
    chosen = pl.DataFrame(
        {
            "twin": grocer[draw.sample(grocer.len(), size)],
            "row": music[draw.sample(music.len(), size)],
        }
    )
    both = pl.concat([chosen["twin"], chosen["row"]])
    same = ["first_name", "last_name", "birth_on", "email"]
    twins = people.with_row_index("twin").select("twin", *same).join(chosen, on="twin")
    return (
        people.with_row_index("row")
        .update(twins.drop("twin"), on="row", how="left", include_nulls=True)
        .with_columns(in_both=pl.col("row").is_in(both.implode()))
        .drop("row")
        .sort("n")
    )


def _reachable(people: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    """Write e-mails as people type them, leave some out, share an inbox, add phones."""
    size = people.height
    typed, role = draw.uniform(size), draw.chance(size, 0.002)
    without = pl.Series(draw.chance(size, 0.05)) & ~people["in_both"]
    email = (
        pl.when(pl.Series(without)).then(None)
        .when(pl.Series(role) & ~pl.col("in_both")).then(pl.lit(ROLE_INBOX))
        .when(pl.Series(typed) < 0.05).then(pl.col("email").str.to_uppercase())
        .when(pl.Series(typed) < 0.08).then(pl.format(" {} ", "email"))
        .otherwise("email")
    )  # fmt: skip
    return people.with_columns(
        email=email,
        phone=pl.when(pl.Series(draw.chance(size, 0.7))).then(phones(size, draw)),
        lead_source=draw.pick(size, ("store", "store", "web", "web", "referral", "fair")),
        owner_rep_id=draw.pick(size, ("R01", "R02", "R03", "R04", "R05")),
        country=draw.pick(size, ("US",) * 38 + ("CA", "GB")),
    )


def phones(size: int, draw: Draw) -> pl.Series:
    """Draw numbers of the fictional block; with 1,200 numbers, strangers share some."""
    last = pl.Series(draw.whole(size, 0, 99)).cast(pl.String).str.zfill(2)
    return "+1 " + draw.pick(size, AREA_CODES) + " 555 01" + last


def duplicates(contacts: pl.DataFrame) -> pl.DataFrame:
    """Return second records of some people, merged into the first (``master_id``).

    Args:
        contacts: From :func:`contacts_of_buyers`, made in the history at the latest.
    """
    draw = Draw("duplicates")
    old = contacts.filter(pl.col("created_on") < HISTORY_ENDS_ON)
    chosen = old[draw.sample(old.height, DUPLICATES)]
    later = pl.Series(draw.uniform(chosen.height))
    left = (pl.lit(HISTORY_ENDS_ON) - pl.col("created_on")).dt.total_days()
    return chosen.with_columns(
        contact_id=pl.concat_str(pl.col("contact_id"), pl.lit("D")),
        master_id=pl.col("contact_id"),
        phone=phones(chosen.height, draw),
        lead_source=pl.lit("web"),
        external_system=pl.lit(None, pl.String),
        external_ref=pl.lit(None, pl.String),
        created_on=pl.col("created_on") + pl.duration(days=(later * left).floor() + 1),
    )


def changes(contacts: pl.DataFrame) -> pl.DataFrame:
    """Return later versions of some contacts: bounced, deceased, a new phone number.

    Args:
        contacts: One row per contact, with ``created_on``.

    Returns:
        The same columns, and ``updated_on`` after ``created_on``.
    """
    draw = Draw("changes")
    size = contacts.height
    updated_on = draw.later(contacts["created_on"], LAST_DAY)
    what = pl.Series(draw.uniform(size))
    bounced, died = what < 0.025, what.is_between(0.025, 0.03)
    return contacts.with_columns(
        updated_on=updated_on,
        bounced_on=pl.when(bounced & pl.col("email").is_not_null()).then(updated_on),
        is_deceased=died,
        phone=pl.when(what > 0.03).then(phones(size, draw)).otherwise("phone"),
    ).filter(what < 0.10, pl.col("updated_on").is_not_null())
