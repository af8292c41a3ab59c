"""A month that is closed stays closed: frozen once, shown, rolled forward, never changed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from etl import close, route
from etl.close import (
    CLOSED,
    CLOSED_AGAIN_SAME,
    CLOSED_ALREADY,
    Close,
    ClosedMonth,
    close_month,
)
from etl.clv.rollforward import LINES
from etl.clv.terms import at_opening_terms
from etl.config import Settings
from etl.errors import EXIT_DATA_BLOCKED, EXIT_USAGE, DataBlocked, LakeCorrupt
from etl.files import read_json
from etl.keep.backup import back_up
from etl.keep.generations import newest
from etl.publish.release import MANIFEST, find_release, read_current
from etl.reports import find_report, run_report
from etl.warehouse import closing
from etl.warehouse.build import last_build
from etl.warehouse.closes import CLOSED_LINES, CLOSED_VALUES, closed_rows, own_closes
from etl.warehouse.database import BUILD_NAME, frame, read_only
from tests.company.generate import MAPPINGS, write_company
from tests.company.published import leave_out_generic_tests, lower_the_gate, settings_at
from tests.test_cli import lines, loyalty

DECEMBER, JANUARY = date(2025, 12, 31), date(2026, 1, 31)
VALUE = "clv_residual_margin_discounted"
REASON = "to see what happens"


@dataclass
class Story:
    """One warehouse in which December and January are closed."""

    settings: Settings
    december: Close
    january: ClosedMonth

    def ask(self, query: str) -> pl.DataFrame:
        """Ask the served release a question."""
        with read_only(self.settings.marts / "current" / BUILD_NAME) as connection:
            return frame(connection, query)

    def one(self, query: str) -> object:
        return self.ask(query).item()


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, key_file: Path) -> Iterator[Story]:
    """December is closed and killed before readers see it; then January comes and is closed."""
    settings = settings_at(tmp_path_factory.mktemp("close"), key_file)
    with pytest.MonkeyPatch.context() as patch:
        lower_the_gate(patch)
        with pytest.MonkeyPatch.context() as briefly:
            # The builds of `again` have all the rows that these have, and are checked.
            leave_out_generic_tests(briefly)
            december = _killed_close(settings)
            shutil.rmtree(settings.landing)
            write_company(settings.landing, days=5)
            route.land(settings, JANUARY)
            january = close_month(settings, date(2026, 1, 3))
        yield Story(settings, december, january)


def _killed_close(settings: Settings) -> Close:
    """Close December, and die before readers see it."""
    write_company(settings.landing, days=1)
    route.land(settings, JANUARY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(close, "_show", killed)
        with pytest.raises(KeyboardInterrupt):
            close_month(settings, DECEMBER)
    (december,) = own_closes(settings, date.max).rows(named=True)
    return december


@pytest.fixture(scope="module")
def again(story: Story) -> ClosedMonth:
    """January closed again after the warehouse was lost: all that is frozen is in state."""
    shutil.rmtree(story.settings.warehouse)
    return close_month(story.settings, JANUARY, reason=REASON)


def test_the_first_close_opens_with_nothing(story):
    rolled = "select line, sum(amount) as amount from clv_rollforwards where month = '2025-12-01'"
    amounts = dict(story.ask(f"{rolled} group by line").iter_rows())
    filled = {line: amount for line, amount in amounts.items() if amount}
    assert filled == dict.fromkeys(("first_close", "closing"), story.december[VALUE])
    assert story.december[VALUE] > 0


def test_a_close_that_was_killed_before_readers_saw_it_stands(story):
    assert story.december["close_id"] == "2025-12-v1"
    assert (story.january.outcome, story.january.close["close_id"]) == (CLOSED, "2026-01-v1")
    assert story.january.shown_in == read_current(story.settings)["run_id"]


def test_a_close_freezes_the_release_of_the_months_last_day(story):
    release = find_release(story.settings, story.january.close["run_id"])
    with read_only(release / BUILD_NAME) as connection:
        columns = "customer_key, business_unit, p_alive, historic_margin, " + VALUE
        query = f"select {columns} from customer_lifetime_value_parts"
        parts = frame(connection, query)
        as_of_date = frame(connection, "select max(as_of_date) from customer_lifetime_value").item()
    assert as_of_date == JANUARY
    frozen = closed_rows(story.settings, CLOSED_VALUES, "2026-01-v1").select(parts.columns)
    keys = ["customer_key", "business_unit"]
    assert frozen.sort(keys).equals(parts.sort(keys))
    assert frozen.height == story.january.close["value_rows"]


def test_readers_see_every_version_and_what_holds(story, again):
    closes = story.ask("select * from clv_month_closes order by month, version")
    assert closes["close_id"].to_list() == ["2025-12-v1", "2026-01-v1", "2026-01-v2"]
    assert closes["is_latest"].to_list() == [True, False, True]
    assert closes["reason"].to_list() == ["", "", REASON]
    assert closes["previous_close_id"].to_list() == ["", "2025-12-v1", "2025-12-v1"]
    assert again.shown_in == read_current(story.settings)["run_id"]


def test_the_rollforward_of_readers_foots_and_opens_as_the_month_before_closed(story):
    rolled = story.ask("select month, business_unit, line, amount from clv_rollforwards")
    for (_, _), part in rolled.group_by("month", "business_unit"):
        amounts = dict(part.select("line", "amount").iter_rows())
        assert sum(amounts.values()) == 2 * amounts["closing"]
    totals = rolled.group_by("month", "line").agg(pl.col("amount").sum())
    by_line = {(month, line): amount for month, line, amount in totals.iter_rows()}
    december, january = date(2025, 12, 1), date(2026, 1, 1)
    assert by_line[december, "closing"] == by_line[january, "opening"]
    assert by_line[january, "closing"] == story.january.close[VALUE]
    assert by_line[january, "restated_opening"] == 0


def test_what_happened_in_january_is_in_its_lines(story):
    moved = story.january.lines
    assert moved["new_customers"] > 0
    assert moved["discount_unwind"] > 0
    assert moved["churned"] < 0
    assert moved["refit"] != 0
    assert moved["margin_rate_change"] != 0
    assert moved["discount_rate_change"] == 0
    assert moved["profiling_changes"] == 0
    assert moved["merges_and_erasures"] != 0


def test_finance_sees_the_lines_of_the_last_month_by_shop_and_in_total(story):
    with read_only(story.settings.marts / "current" / BUILD_NAME) as connection:
        told = run_report(connection, find_report("value_rollforward"))
    assert set(told["month"]) == {date(2026, 1, 1)}
    in_total = told.filter(pl.col("business_unit") == "all shops")
    assert in_total["line"].to_list() == list(LINES)
    assert dict(in_total.select("line", "amount").iter_rows()) == story.january.lines
    shops = told.filter(pl.col("business_unit") != "all shops", pl.col("line") == "closing")
    assert shops["amount"].sum() == story.january.close[VALUE]
    assert told["business_unit"].n_unique() == shops.height + 1 > 2


def test_money_earned_is_taken_off_where_a_value_stood_against_it(story):
    """Of customers without a forecast at both closes nothing was expected."""
    growths = story.ask(
        "select sum(case when month = '2025-12-01' then -historic_margin else historic_margin end)"
        f" as growth, count({VALUE}) > 0 as is_valued from clv_closed_values where is_latest"
        " group by coalesce(current_customer_key, customer_key), business_unit"
    )
    valued = growths.filter("is_valued")["growth"].sum()
    moved = story.january.lines
    assert -valued == moved["realised_margin"] + moved["refunds"] + moved["exchange"]
    assert valued != growths["growth"].sum()


def test_a_key_that_changed_since_stands_beside_the_one_of_then(story):
    keys = story.ask(
        "select customer_key, current_customer_key from clv_closed_values"
        " where month = '2025-12-01' and customer_key <> current_customer_key"
    )
    changes = story.ask("select old_key, current_key from customer_key_changes")
    moved = dict(changes.filter(pl.col("old_key") != pl.col("current_key")).iter_rows())
    assert moved.items() >= dict(keys.iter_rows()).items()
    now = set(story.ask("select customer_key from customers")["customer_key"])
    assert set(keys["current_customer_key"].drop_nulls()) <= now


def test_what_was_quoted_stays_whatever_was_delivered_and_fitted_since(story):
    quoted = story.ask(
        f"select sum({VALUE}) as value, count(*) as rows from clv_closed_values"
        " where month = '2025-12-01'"
    ).row(0)
    assert quoted == (story.december[VALUE], story.december["value_rows"])


def test_closing_again_for_a_reason_is_a_version_and_says_that_nothing_changed(story, again):
    assert again.outcome == CLOSED_AGAIN_SAME
    assert again.close["version"] == 2
    assert again.close["values_hash"] == story.january.close["values_hash"]


def test_customers_at_todays_terms_are_worth_what_the_mart_says(story, again):
    """What the rollforward values in Python is what SQL scores; so a refit is only a refit."""
    read = closing._read(story.settings, JANUARY, None)
    today = closing._terms(story.settings, JANUARY, read.settings)
    rates = read.values.group_by("business_unit").agg(opening_margin_rate=pl.max("margin_rate"))
    histories = read.rows.drop_nulls("segment")
    valued = at_opening_terms(read.values, histories, rates, today, today).drop_nulls(VALUE)
    assert valued.height > 200
    for name in ("terms", "rates", "margin"):
        difference = (pl.col(f"value_at_opening_{name}") - pl.col(VALUE)).abs().max()
        assert valued.select(difference).item() <= Decimal("0.0001")


def test_closing_again_without_a_reason_or_for_the_same_one_freezes_nothing(
    story, again, monkeypatch
):
    monkeypatch.setattr(close, "build_warehouse", no_build)
    before = own_closes(story.settings, date.max)
    for reason in ("", REASON):
        assert close_month(story.settings, JANUARY, reason=reason).outcome == CLOSED_ALREADY
    assert own_closes(story.settings, date.max).equals(before)


def test_other_numbers_need_a_reason_and_both_are_told(story, again, monkeypatch):
    def other(settings, record, before):
        frozen = freeze(settings, record, before)
        return close.Frozen(
            frozen.as_of_on,
            frozen.values,
            frozen.lines,
            frozen.summary | {"values_hash": "other", VALUE: 7},
        )

    freeze = close.freeze
    monkeypatch.setattr(close, "build_warehouse", no_build)
    monkeypatch.setattr(close, "_stands", lambda *_: False)
    monkeypatch.setattr(close, "freeze", other)
    with pytest.raises(DataBlocked) as refused:
        close_month(story.settings, JANUARY)
    assert refused.value.code == "ALREADY_CLOSED"
    assert f"{story.january.close[VALUE]} of" in refused.value.what
    assert "it would be 7 of" in refused.value.what
    assert f"First difference: {VALUE}: {story.january.close[VALUE]} frozen" in refused.value.what
    assert "--reason" in refused.value.todo


def test_running_it_again_shows_what_readers_do_not_see_yet(story, again, monkeypatch):
    """The first try froze and died; the second freezes nothing and shows the close."""
    shown, built = [], last_build(story.settings)

    def publish(_settings, day, _progress):
        shown.append(day)
        return built

    monkeypatch.setattr(close, "find_release", lambda *_: None)
    monkeypatch.setattr(close, "_publish", publish)
    done = close_month(story.settings, JANUARY)
    assert (done.outcome, shown) == (CLOSED_ALREADY, [JANUARY])


@pytest.mark.parametrize(
    ("month", "todo"),
    [
        (date(2025, 11, 1), "Nothing before the first close can be closed"),
        (date(2026, 3, 1), "Close 2026-02 first"),
    ],
)
def test_months_are_closed_one_after_the_other(story, month, todo):
    with pytest.raises(DataBlocked, match="is not the next month") as refused:
        close_month(story.settings, month)
    assert refused.value.code == "NOT_CLOSABLE"
    assert todo in refused.value.todo


def test_a_month_that_is_not_over_in_the_lake_cannot_be_closed(story):
    with pytest.raises(DataBlocked, match="last day landed is 2026-01-31") as refused:
        close_month(story.settings, date(2026, 2, 1))
    assert refused.value.code == "NOT_CLOSABLE"


def test_a_day_that_was_never_delivered_keeps_the_month_open(settings):
    write_company(settings.landing, days=5)
    shutil.rmtree(settings.landing / "help_desk" / "2026-01-30")
    route.land(settings, JANUARY)
    with pytest.raises(DataBlocked, match="2026-01-30: help_desk") as refused:
        close_month(settings, JANUARY)
    assert refused.value.code == "NOT_CLOSABLE"


def test_december_is_the_same_in_february_and_readers_stay_where_they_are(story, monkeypatch):
    """Built again from a lake that has January in it, and after the models were fitted anew."""
    leave_out_generic_tests(monkeypatch)
    done = close_month(story.settings, DECEMBER)
    assert done.outcome == CLOSED_ALREADY
    assert done.close == story.december
    assert read_current(story.settings)["as_of"] == JANUARY.isoformat()


def test_an_old_run_did_not_know_later_closes(story):
    manifest = read_json(find_release(story.settings, story.january.close["run_id"]) / MANIFEST)
    assert manifest["marts"]["clv_month_closes"]["rows"] == 1


def test_a_backup_has_the_closes(story, again, tmp_path):
    back_up(story.settings, tmp_path / "backup", tmp_path / "safe", print)
    kept = newest(tmp_path / "backup").folder
    for name in ("clv_closes", CLOSED_VALUES, CLOSED_LINES):
        paths = list((story.settings.state / name).glob("*.parquet"))
        assert len(paths) == 3
        for path in paths:
            copy = kept / path.relative_to(story.settings.data)
            assert copy.read_bytes() == path.read_bytes()


def test_a_changed_byte_is_refused(story, tmp_path):
    (path,) = (story.settings.state / CLOSED_VALUES).glob("*2025-12-v1.parquet")
    kept = path.read_bytes()
    try:
        path.chmod(0o640)
        path.write_bytes(kept[:-1] + b"x")
        with pytest.raises(LakeCorrupt, match=r"2025-12-v1\.parquet"):
            closed_rows(story.settings, CLOSED_VALUES, "2025-12-v1")
    finally:
        path.write_bytes(kept)


def test_the_command_prints_the_close_and_its_lines(story, again):
    done = loyalty("close", "2026-01", "--data", story.settings.data, "--mappings", MAPPINGS)
    assert done.returncode == 0, done.stderr
    (told,) = lines(done.stdout)
    assert (told["outcome"], told["close_id"]) == (CLOSED_ALREADY, "2026-01-v2")
    assert told["closing"] == str(story.january.close[VALUE])


def test_the_command_says_what_a_month_is(tmp_path):
    assert loyalty("close", "January", "--data", tmp_path / "data").returncode == EXIT_USAGE
    empty = loyalty("close", "2026-01", "--data", tmp_path / "data")
    assert empty.returncode == EXIT_DATA_BLOCKED
    assert "last day landed is none" in empty.stderr


def killed(*_: object) -> None:
    raise KeyboardInterrupt


def no_build(*_: object) -> None:
    raise AssertionError("nothing needs to be built")
