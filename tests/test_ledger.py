"""The index answers from the commits, and is made again from them."""

from datetime import date

from etl.lake.commits import commit_staged
from etl.lake.ledger import Ledger
from tests.test_lake import stage


def test_the_index_knows_what_was_committed(settings):
    stage(settings)
    commit_staged(settings, "orders", date(2026, 1, 31))
    ledger = Ledger(settings.raw)
    assert ledger.delivery_ids() == {"d1"}
    assert ledger.exports_on("orders", "2026-01-31") == {("shop", "orders")}
    assert ledger.exports_on("crm", "2026-01-31") == set()


def test_a_lost_index_is_made_again_from_the_commits(settings):
    stage(settings)
    commit_staged(settings, "orders", date(2026, 1, 31))
    (settings.raw / "_ledger.sqlite").unlink()
    assert Ledger(settings.raw).delivery_ids() == {"d1"}


def test_a_commit_that_was_taken_back_leaves_the_index(settings):
    stage(settings)
    commit = commit_staged(settings, "orders", date(2026, 1, 31))
    ledger = Ledger(settings.raw)
    assert ledger.delivery_ids()
    (settings.raw / "_commits" / f"{commit['batch_id']}.json").unlink()
    assert ledger.delivery_ids() == set()
