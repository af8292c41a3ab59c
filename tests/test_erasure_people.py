"""Who is one person to an erasure, and what becomes of the rows, keys and closes they stand in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from etl import identity
from etl.clv.closes import CLOSE_SCHEMAS
from etl.contract import TABLES
from etl.erasure import places
from etl.erasure.people import successors
from etl.erasure.places import erase_from_state
from etl.errors import LakeCorrupt
from etl.files import write_json
from etl.history import CLASS_HISTORY, STATE_SCHEMA
from etl.identity.nodes import CLUSTER_LIMIT, LINK_SCHEMA, RECORD_SCHEMA, with_record_key
from etl.identity.persons import persons
from etl.lake.inputs import INPUT_SCHEMAS
from etl.privacy.forgetting import HANDLINGS, Handling, forget
from etl.privacy.quarantined import mask_erased
from etl.privacy.suppression import NODE, Erased
from etl.privacy.tokens import Tokeniser
from etl.state import commit_state, erased_rows, last_stated, rewrite_state
from etl.warehouse.assignments import ASSIGNMENTS, known_assignments
from etl.warehouse.closes import CLOSED_VALUES, CLOSES, closed_rows
from etl.warehouse.identities import KEY_STATE, key_history
from tests.delivering import BASKETS, basket_row, make_stage, rejects, table

DAY = date(2026, 1, 31)
KEY = b"k" * 32
C, R, A, E = ("crm", "contact"), ("shop", "customer_ref"), ("crm", "account"), ("", "email")


def graph(
    *links: tuple[tuple[str, str], str, str, tuple[str, str], str], firms: tuple[str, ...] = ()
):
    """Return records and links from short words: left kind, left id, rule, right kind, right id."""
    rows = [(*a, a_id, *b, b_id, rule, 1.0) for a, a_id, rule, b, b_id in links]
    found = pl.DataFrame(rows, schema=LINK_SCHEMA, orient="row")
    ends = {(*kind, name) for a, a_id, _, b, b_id in links for kind, name in ((a, a_id), (b, b_id))}
    nodes = [(*node, DAY, node[2] in firms) for node in sorted(ends)]
    return pl.DataFrame(nodes, schema=RECORD_SCHEMA, orient="row"), found


def taken(records: pl.DataFrame, links: pl.DataFrame, *seeds: tuple[str, ...]) -> set[str]:
    """Return the ids that go with some seeds."""
    named = pl.DataFrame([(*kind, name) for kind, name in seeds], schema=list(NODE), orient="row")
    return set(persons(records, links, named)["source_id"])


def test_a_person_is_all_their_records_and_never_the_firm():
    found = graph(
        (C, "ann", "external_ref", R, "r1"),
        (C, "ann", "same_email", E, "e1"),
        (R, "r2", "same_email", E, "e1"),
        (C, "ann", "account_member", A, "acme"),
        (C, "bob", "account_member", A, "acme"),
        firms=("acme",),
    )
    assert taken(*found, (C, "ann")) == {"ann", "r1", "r2", "e1"}
    assert taken(*found, (E, "e1")) == {"ann", "r1", "r2", "e1"}


def test_a_login_that_colleagues_share_is_the_firms():
    shared = (
        (R, "r", "same_order", A, "acme"),
        (R, "r", "same_order", C, "ann"),
        (R, "r", "same_order", C, "bob"),
    )
    assert taken(*graph(*shared, firms=("acme",)), (C, "ann")) == {"ann"}
    assert taken(*graph(*shared[:2], firms=("acme",)), (C, "ann")) == {"ann", "r"}


def test_the_firms_own_number_stays_even_if_one_contact_uses_it():
    found = graph(
        (A, "acme", "external_ref", R, "r"),
        (C, "ann", "external_ref", R, "r"),
        firms=("acme",),
    )
    assert taken(*found, (C, "ann")) == {"ann"}


def test_an_address_that_the_firm_states_too_is_the_persons_alone():
    found = (
        (A, "acme", "same_email", E, "e"),
        (C, "ann", "same_email", E, "e"),
    )
    assert taken(*graph(*found, firms=("acme",)), (C, "ann")) == {"ann", "e"}
    colleague = (C, "bob", "same_email", E, "e")
    assert taken(*graph(*found, colleague, firms=("acme",)), (C, "ann")) == {"ann"}


def test_an_address_that_the_firm_states_too_names_its_person_by_all_their_records():
    found = (
        (A, "acme", "same_email", E, "e"),
        (C, "ann", "same_email", E, "e"),
        (R, "r", "same_email", E, "e"),
        (C, "ann", "external_ref", R, "r"),
    )
    colleague = (C, "bob", "same_email", E, "e")
    assert taken(*graph(*found, firms=("acme",)), (E, "e")) == {"e", "ann", "r"}
    assert taken(*graph(*found, colleague, firms=("acme",)), (E, "e")) == {"e"}


def test_of_a_crowd_only_who_was_named_goes():
    crowd = [(R, f"r{n}", "same_email", E, "shared") for n in range(CLUSTER_LIMIT + 1)]
    assert taken(*graph(*crowd), (R, "r3")) == {"r3"}


def test_who_is_not_known_is_taken_as_named():
    assert taken(*graph((C, "ann", "same_email", E, "e")), (C, "eve")) == {"eve"}


def test_a_firm_whose_key_was_the_contacts_goes_on_under_its_own():
    records, links = graph(
        (C, "ann", "account_member", A, "acme"),
        (C, "bob", "account_member", A, "acme"),
        firms=("acme",),
    )
    is_ann = pl.col("source_id") == "ann"
    first = pl.when(is_ann).then(pl.lit(date(2025, 1, 1))).otherwise("known_on")
    records = records.with_columns(first.alias("known_on"))
    key_of = dict(with_record_key(records).select("source_id", "record_key").iter_rows())
    known = identity.resolve(records, links).identities
    assert known["customer_key"].unique().to_list() == [key_of["ann"]]
    gone = records.filter(source_id="ann").select(NODE)
    assert successors(records, links, gone, [key_of["ann"]]) == {key_of["ann"]: key_of["acme"]}
    alone = records.filter(source_id="acme").select(NODE)
    assert successors(records, links.clear(), alone, [key_of["acme"]]) == {}


def erased_of(
    *nodes: tuple[tuple[str, str], str], successors: dict[str, str] | None = None
) -> Erased:
    """Return a list that has some nodes."""
    nobody = Erased(KEY)
    named = {nobody.digest("", "record_key", old): new for old, new in (successors or {}).items()}
    digests = frozenset(nobody.digest(*kind, name) for kind, name in nodes)
    return Erased(KEY, digests | frozenset(named), named)


def rows(table: str, *found: dict[str, object]) -> pl.DataFrame:
    """Return rows of the lake with nothing but what is given."""
    schema = TABLES[table].lake_schema()
    return pl.DataFrame([{"source_system": "crm", **row} for row in found], schema=schema)


def test_every_column_that_may_name_somebody_is_handled():
    """A table or column that joins the contract later must be decided on, not forgotten."""
    names = {"contact_id", "account_id", "lead_id", "party_id", "customer_ref", "external_ref"}
    names |= {"master_id", "parent_id", "email_sha256", "email", "phone", "member_id"}
    names |= {"converted_contact_id", "converted_account_id", "referrer_contact_id"}
    names |= {"referee_contact_id", "referee_email"}
    # Of a record of their own the phone goes with the row; nobody is known by a phone alone.
    done_with = {("crm_contacts", "phone"), ("crm_accounts", "phone"), ("crm_leads", "phone")}
    done_with |= {("crm_loyalty_accounts", "member_id")}
    for name, contract in TABLES.items():
        held = {found.column for found in HANDLINGS.get(name, Handling(())).names}
        may = names & set(contract.schema.column_names())
        assert may - held == {column for of, column in done_with if of == name}, name


def test_a_row_that_names_somebody_else_too_stays_theirs():
    erased = erased_of((C, "ann"))
    answers = rows(
        "crm_survey_responses",
        {"response_id": "1", "contact_id": "ann", "comment": "token", "email": "other"},
        {"response_id": "2", "contact_id": "ann", "account_id": "acme", "comment": "token"},
        {"response_id": "3", "contact_id": "bob", "comment": "token"},
    )
    left = forget(answers, TABLES["crm_survey_responses"], erased, is_clear=False)
    shown = left.rows.select("contact_id", "account_id", "comment", "is_deleted").rows()
    assert shown == [
        (None, None, None, True), (None, "acme", None, None), ("bob", None, "token", None),
    ]  # fmt: skip
    assert left.rows["response_id"].to_list()[1:] == ["2", "3"]
    assert left.changed.to_list() == [True, True, False]


def test_of_a_row_that_goes_stays_when_it_was_and_nothing_else():
    """Its key may be made of the person's number; a hash of it still tells its versions apart."""
    late = datetime(2026, 1, 5, 9, tzinfo=UTC)
    said = {"contact_id": "ann", "channel": "email", "state": "granted", "updated_at": late}
    envelope = {"known_on": DAY, "source_sequence": 7, "batch_id": "d", "is_deleted": False}
    consents = rows(
        "crm_consent_events",
        *({"consent_id": f"ann/{n}", **said, **envelope, "extra_json": "{}"} for n in (1, 1, 2)),
    ).with_columns(updated_on=pl.lit(DAY))
    table, erased = TABLES["crm_consent_events"], erased_of((C, "ann"))
    left = forget(consents, table, erased, is_clear=False)
    assert (left.removed.height, left.changed.to_list()) == (0, [True] * 3)
    assert left.rows["consent_id"].str.contains("^erased-[0-9a-f]{32}$").all()
    assert left.rows["consent_id"].rank("dense").to_list() in ([1, 1, 2], [2, 2, 1])
    filled = [s.name for s in left.rows.drop("consent_id") if s.null_count() < s.len()]
    assert filled == [
        "updated_at", "updated_on", "source_system", "batch_id", "known_on", "source_sequence",
        "is_deleted",
    ]  # fmt: skip
    assert left.rows["is_deleted"].all()
    assert not forget(left.rows, table, erased, is_clear=False).changed.any()


def test_a_row_whose_key_names_the_erased_goes_whole():
    """Nobody else can have had a version of it."""
    spent = rows("crm_category_spend", {"party_type": "contact", "party_id": "ann", "year": 2025})
    left = forget(spent, TABLES["crm_category_spend"], erased_of((C, "ann")), is_clear=False)
    assert (left.rows.height, left.removed.height) == (0, 1)


def test_what_a_mapping_keeps_of_an_erased_persons_order_is_not_let_in_again(tmp_path):
    yaml = BASKETS.replace("    time_zone: UTC\n", "    time_zone: UTC\n    keep: [note]\n")
    stage = replace(make_stage(tmp_path, yaml), erased=erased_of((R, "c1")))
    staged = stage.deliver([basket_row("b1"), basket_row("b2", customer="c2")])
    kept = table(staged, "orders").select("order_id", "extra_json").rows()
    assert kept == [("b1", None), ("b2", '{"note":"secret note"}')]


def test_the_costs_of_two_erased_members_stay_two_rows_that_join_nothing():
    erased = erased_of((C, "ann"), (C, "bob"))
    members = rows(
        "crm_campaign_members",
        *(
            {"campaign_id": campaign, "party_type": "contact", "party_id": who, "cost": Decimal(2)}
            for campaign in ("m1", "m2")
            for who in ("ann", "bob", "carl")
        ),
    )
    table = TABLES["crm_campaign_members"]
    left = forget(members, table, erased, is_clear=False).rows
    assert left["cost"].sum() == members["cost"].sum()
    gone = left.filter(pl.col("party_id").str.starts_with("erased-"))["party_id"]
    assert gone.n_unique() == gone.len() == 4
    again = forget(members, table, erased, is_clear=False).rows
    assert again.equals(left)
    assert forget(left, table, erased, is_clear=False).changed.any() is False


def test_what_comes_in_clear_is_known_by_its_token():
    token = Tokeniser(KEY).tokenise("email", pl.Series(["ann@mail.example"]))[0]
    orders = pl.DataFrame(
        {
            "source_system": ["shop", "shop"],
            "order_id": ["1", "2"],
            "customer_ref": ["r", "s"],
            "email": [" ANN@mail.example", "bob@mail.example"],
        }
    )
    left = forget(orders, TABLES["orders"], erased_of((E, token)), is_clear=True).rows
    assert left["email"].to_list() == [None, "bob@mail.example"]
    # The number is hers only if the list says so: of another's row nothing else is known.
    assert left["customer_ref"].to_list() == ["r", "s"]


def test_a_quarantined_row_that_names_the_erased_keeps_its_reason_and_no_content():
    lines = pl.DataFrame(
        {
            "source_system": ["shop"] * 4,
            "reason": ["NOT_A_NUMBER"] * 4,
            "value": ["x", "r", None, "x"],
            "raw_json": [
                '{"Kunde":"r"}',
                '{"a":"***"}',
                '{"deep":[{"id":" r "}]}',
                '{"Kunde":"s"}',
            ],
        }
    )
    masked = mask_erased(lines, erased_of((R, "r")))
    assert masked["reason"].to_list() == lines["reason"].to_list()
    assert masked.select("value", "raw_json").rows() == [
        ("***", "***"), ("***", "***"), (None, "***"), ("x", '{"Kunde":"s"}'),
    ]  # fmt: skip


def test_a_quarantined_order_that_names_an_erased_contact_of_the_crm_is_masked():
    lines = pl.DataFrame(
        {"source_system": ["shop"], "value": ["x"], "raw_json": ['{"contact_id":"C-7"}']}
    )
    erased = erased_of((C, "C-7"))
    assert mask_erased(lines, erased, ["crm", "shop"])["raw_json"].to_list() == ["***"]
    assert mask_erased(lines, erased, ["other"]).equals(lines)


def test_what_is_refused_of_the_erased_is_masked_even_where_the_mapping_makes_the_id(tmp_path):
    yaml = BASKETS.replace("{from: customer}", "{from: customer, ops: [upper]}")
    stage = replace(make_stage(tmp_path, yaml), erased=erased_of((R, "C1")))
    staged = stage.deliver(
        [
            *(basket_row(f"b{n}", customer="c2") for n in range(3)),
            basket_row("bad1", customer="c1", amount="much"),
            basket_row("bad2", customer="c2", amount="much"),
            basket_row("b9", customer="c1"),
        ]
    )
    shown = dict(
        rejects(staged).filter(table="orders").select("source_row", "raw_json").iter_rows()
    )
    assert [text == "***" for _, text in sorted(shown.items())] == [True, False]
    assert rejects(staged)["raw_json"].str.contains("c1").any() is False
    orders = table(staged, "orders")
    assert orders.select("order_id", "customer_ref").rows()[-1] == ("b9", None)
    assert staged.erased == {}, "an order stays"


@pytest.mark.parametrize("whole", ["crm_consent_events", "crm_campaign_members"])
def test_a_refused_row_of_the_erased_without_a_key_is_masked(tmp_path, whole):
    """Another row of theirs is good."""
    yaml = """
    system: crm
    business_time_zone: UTC
    exports:
      said:
        files: "said*.csv"
        targets:
          crm_campaign_members:
            columns:
              campaign_id: {from: id}
              party_type: {const: contact}
              party_id: {from: who}
          crm_consent_events:
            columns:
              consent_id: {from: id}
              contact_id: {from: who}
              channel: {const: email}
              purpose: {const: marketing}
              state: {const: granted}
              occurred_at: {from: at}
    """
    stage = replace(make_stage(tmp_path, yaml), erased=erased_of((C, "ann")))
    at = "2024-05-01T10:00:00Z"
    staged = stage.deliver([f",ann,{at}", f",bob,{at}", f"1,ann,{at}", f"2,bob,{at}"], "id,who,at")
    shown = rejects(staged).filter(table=whole)["raw_json"]
    assert [text == "***" for text in shown] == [True, False]
    consents = table(staged, "crm_consent_events").select("contact_id", "is_deleted").rows()
    assert consents == [(None, True), ("bob", False)]


def test_what_holds_no_money_is_left_out_and_counted(tmp_path):
    yaml = """
    system: crm
    business_time_zone: UTC
    exports:
      wallets:
        files: "wallets*.csv"
        targets:
          crm_category_spend:
            columns:
              party_type: {const: contact}
              party_id: {from: who}
              category: {from: what}
              year: {const: 2025}
              amount: {from: amount}
              currency: {const: USD}
              basis: {const: declared}
    """
    stage = replace(make_stage(tmp_path, yaml), erased=erased_of((C, "ann")))
    staged = stage.deliver(["ann,tea,2.50", "ann,oil,1.00", "bob,tea,4.00"], "who,what,amount")
    assert (staged.records, staged.tables["crm_category_spend"].rows) == (3, 1)
    assert staged.tables["crm_category_spend"].amount == "4.0000"
    assert staged.document()["erased"] == {"crm_category_spend": {"rows": 2, "amount": "3.5000"}}


HERS, FIRMS, BOBS = "a" * 32, "f" * 32, "b" * 32


def stated(*found: tuple[str, str, date]) -> pl.DataFrame:
    rows = [(key, "stage", code, day, False) for key, code, day in found]
    return pl.DataFrame(rows, schema=STATE_SCHEMA, orient="row")


def test_history_of_the_erased_goes_and_a_firms_goes_on_under_its_next_key(settings):
    first, second = date(2026, 1, 1), date(2026, 1, 2)
    commit_state(
        settings, "one", first, {CLASS_HISTORY: stated((HERS, "new", first), (BOBS, "new", first))}
    )
    commit_state(settings, "two", second, {CLASS_HISTORY: stated((BOBS, "loyal", second))})
    untouched = next((settings.state / CLASS_HISTORY).glob("two*")).read_bytes()
    counts = erase_from_state(settings, erased_of((("", "record_key"), HERS)), "e1")
    assert counts[CLASS_HISTORY] == 1
    known = last_stated(settings, CLASS_HISTORY, STATE_SCHEMA, DAY, ["customer_key", "changed_on"])
    assert known["customer_key"].to_list() == [BOBS, BOBS]
    assert next((settings.state / CLASS_HISTORY).glob("two*")).read_bytes() == untouched
    assert len(list((settings.state / CLASS_HISTORY).iterdir())) == 2, "the old file is gone"
    erase_from_state(settings, erased_of(successors={BOBS: FIRMS}), "e2")
    known = last_stated(settings, CLASS_HISTORY, STATE_SCHEMA, DAY, ["customer_key", "changed_on"])
    assert known["customer_key"].to_list() == [FIRMS, FIRMS]


def key_row(
    record: str, customer: str | None, old: str | None, reason: str | None, day: int
) -> dict:
    on = date(2026, 1, day)
    return {
        "record_key": record, "known_on": on, "customer_key": customer, "old_key": old,
        "old_known_on": on if old else None, "new_known_on": on, "reason": reason, "changed_on": on,
    }  # fmt: skip


def assigned(experiment: str, key: str, month: int, arm: str) -> dict[str, object]:
    on = date(2026, month, 1)
    return {"experiment": experiment, "assigned_key": key, "eligible_on": on, "arm": arm}


def closed(month: int, *values: tuple[str, int]) -> dict[str, pl.DataFrame]:
    """Return a close of some values by key; its day is the first of the month."""
    close = {"close_id": f"{month}", "as_of_on": date(2026, month, 1)}
    found = [
        {"close_id": f"{month}", "customer_key": key, "business_unit": "shop", "orders": orders}
        for key, orders in values
    ]
    return {
        CLOSES: pl.DataFrame([close], schema=CLOSE_SCHEMAS[CLOSES]),
        CLOSED_VALUES: pl.DataFrame(found, schema=CLOSE_SCHEMAS[CLOSED_VALUES]),
    }


@pytest.mark.parametrize("runs", [1, 2], ids=["at once", "ended after a kill"])
def test_a_firm_takes_no_row_of_the_days_on_which_it_was_a_customer_of_its_own(
    settings, monkeypatch, runs
):
    """She is known in January, the firm in February; in March to April the firm has her key."""
    keys = [
        key_row(HERS, HERS, None, None, 1),
        key_row(FIRMS, FIRMS, None, None, 2),
        key_row(FIRMS, HERS, FIRMS, "merged", 3),
        key_row(FIRMS, FIRMS, HERS, "split", 5),
    ]
    history = pl.DataFrame(keys, schema=identity.STATE_SCHEMA).with_columns(
        changed_on=pl.date(2026, pl.col("changed_on").dt.day(), 1)
    )
    months = {
        1: ((HERS, 1),),
        2: ((HERS, 2), (FIRMS, 20)),
        3: ((HERS, 30),),
        4: ((HERS, 40), (FIRMS, 41)),  # the close knew more than the run of the day
        5: ((HERS, 5), (FIRMS, 50)),
    }
    for month, values in months.items():
        commit_state(settings, f"{month}", date(2026, month, 1), closed(month, *values))
    commit_state(settings, "keys", date(2026, 5, 1), {KEY_STATE: history})
    drawn = [
        assigned("x", HERS, 1, "treatment"),
        assigned("x", FIRMS, 2, "control"),
        assigned("y", HERS, 3, "treatment"),
    ]
    arms = pl.DataFrame(drawn, schema=INPUT_SCHEMAS[ASSIGNMENTS])
    commit_state(settings, "drawn", date(2026, 5, 1), {ASSIGNMENTS: arms})
    erased = erased_of(successors={HERS: FIRMS})
    if runs == 2:
        with monkeypatch.context() as patch, pytest.raises(InterruptedError):
            patch.setattr(places, "rewrite_state", killed_at(ASSIGNMENTS))
            erase_from_state(settings, erased, "e1")
    erase_from_state(settings, erased, "e1")
    left = pl.concat([closed_rows(settings, CLOSED_VALUES, str(month)) for month in months])
    assert left.select("close_id", "customer_key", "orders").rows() == [
        ("2", FIRMS, 20), ("3", FIRMS, 30), ("4", FIRMS, 41), ("5", FIRMS, 50),
    ]  # fmt: skip
    gone = [erased_rows(settings, CLOSED_VALUES, str(month)) for month in months]
    assert gone == [1, 1, 0, 1, 1]
    known = known_assignments(settings, DAY.replace(month=12))
    assert known.select("experiment", "assigned_key", "arm").rows() == [
        ("x", FIRMS, "control"), ("y", FIRMS, "treatment"),
    ]  # fmt: skip


def test_lists_go_by_their_day_and_so_does_what_a_killed_export_left(settings):
    """Their releases were removed long ago."""
    kept = [settings.data / "fetched" / "shop" / "segments.csv"]  # a delivery of the same name
    gone = [settings.data / "winback.csv", settings.data / "lists" / "killed" / "segments.parquet"]
    gone.append(settings.data / "lists" / "killed" / ".tmp-x.part")
    for day, paths in ((30, kept), (31, gone)):
        folder = settings.data / "lists" / f"{day}"
        manifest = {"run_id": "pruned", "as_of": f"2026-01-{day}", "files": {}}
        write_json(folder / "segments.manifest.json", manifest)
        paths += [folder / "segments.manifest.json", folder / "segments.csv"]
    for path in (*kept, *gone):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert places.remove_lists(settings, DAY) == 1
    assert [path.exists() for path in (*kept, *gone)] == [True] * 3 + [False] * 5


def killed_at(name: str):
    """Return ``rewrite_state`` that is killed before it rewrites one kind."""

    def rewrite(settings, kind, mark, change):
        if kind == name:
            raise InterruptedError
        return rewrite_state(settings, kind, mark, change)

    return rewrite


def test_the_history_of_keys_is_as_if_the_erased_had_never_been(settings):
    found = [
        key_row(HERS, HERS, None, None, 1),
        key_row(BOBS, HERS, None, None, 2),  # bob was taken for her ...
        key_row(BOBS, BOBS, HERS, "split", 3),  # ... and parted
        key_row(FIRMS, FIRMS, None, None, 4),
    ]
    frame = pl.DataFrame(found, schema=identity.STATE_SCHEMA)
    commit_state(settings, "keys", DAY, {KEY_STATE: frame})
    erase_from_state(settings, erased_of((("", "record_key"), HERS)), "e1")
    left = key_history(settings).sort("changed_on")
    shown = left.select("record_key", "customer_key", "old_key", "reason").rows()
    assert shown == [(BOBS, BOBS, None, None), (FIRMS, FIRMS, None, None)]


def test_a_state_commit_that_was_rewritten_is_verified_like_any_other(settings):
    commit_state(
        settings, "one", DAY, {CLASS_HISTORY: stated((HERS, "new", DAY), (BOBS, "new", DAY))}
    )
    rewrite_state(settings, CLASS_HISTORY, "e1", lambda rows: rows.head(1))
    (path,) = (settings.state / CLASS_HISTORY).iterdir()
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(LakeCorrupt, match="e1"):
        last_stated(settings, CLASS_HISTORY, STATE_SCHEMA, DAY, ["customer_key"])
