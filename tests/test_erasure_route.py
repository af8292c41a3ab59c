"""After an erasure the served day is there again: without the person, and to the cent the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb
import polars as pl
import polars.selectors as cs
import pytest

from etl import route
from etl.config import Settings
from etl.erasure.erasing import Certificate, erase, preview
from etl.erasure.requests import Asked
from etl.export import export_list
from etl.files import make_folder, read_json
from etl.identity.nodes import with_record_key
from etl.warehouse.database import BUILD_NAME, frame, read_only
from tests.canaries import hits
from tests.company.generate import write_manifest
from tests.company.published import PublishedCompany, lower_the_gate
from tests.compiled import CompiledModels

# A person with records in three systems, the contact of a firm, and whoever asked in the CRM.
ASKED = Asked(pending=True, customers=("help_desk/C-0001", "help_desk/C-0191"))


@dataclass(frozen=True)
class Erased:
    """The small company after some people were erased.

    Args:
        texts: Their addresses, tokens and keys: what is found nowhere but where they are.
        keys: Their record keys.
    """

    settings: Settings
    certificate: Certificate
    texts: tuple[str, ...]
    keys: tuple[str, ...]

    def ask(self, query: str) -> pl.DataFrame:
        """Ask the served release."""
        with read_only(self.settings.marts / "current" / BUILD_NAME) as release:
            return frame(release, query)


@pytest.fixture(scope="module")
def erased(published: PublishedCompany, tmp_path_factory: pytest.TempPathFactory) -> Erased:
    """Erase three people from a copy of the published company."""
    settings = published.copied(tmp_path_factory.mktemp("erased"))
    correct_a_consent(settings)
    export_list(settings, "segments", settings.data / "lists", with_match_keys=False)
    nodes = preview(settings, ASKED).people.nodes
    keys = with_record_key(nodes)["record_key"].to_list()
    tokens = nodes.filter(pl.col("entity").is_in(["email", "email_sha256"]))["source_id"].to_list()
    with pytest.MonkeyPatch.context() as patch:
        lower_the_gate(patch)
        (certificate,) = erase(settings, ASKED)
    return Erased(settings, certificate, (*keys, *tokens, "bo.berg1@mail.example"), tuple(keys))


def correct_a_consent(settings: Settings) -> None:
    """Deliver that a consent of one contact was another's, who is erased afterwards."""
    written = settings.landing / "help_desk" / "2026-01-26" / "consents.csv"
    head, *rows = written.read_text(encoding="utf-8").splitlines()
    (row,) = (row for row in rows if row.startswith("K-0003b,C-0003,"))
    folder = make_folder(settings.landing / "help_desk" / "corrected")
    corrected = f"{head}\n{row.replace('C-0003', 'C-0001')}\n"
    (folder / "consents.csv").write_text(corrected, encoding="utf-8")
    write_manifest(folder, {"business_day": "2026-01-30", "mode": "incremental"})
    commits = route.land(settings, date(2026, 1, 31))
    assert sum(commit["deliveries"] for commit in commits) == 1


def test_they_were_in_the_release_before(published: PublishedCompany, erased: Erased) -> None:
    found = published.one(
        "select count(*) from customer_identities where record_key in (select unnest($keys))",
        keys=list(erased.keys),
    )
    assert found == 6  # a contact and two shops; a contact; a contact and a shop


def test_no_address_token_or_key_of_theirs_is_left_anywhere(erased: Erased) -> None:
    assert hits(erased.settings, erased.texts) == []


def test_only_the_new_release_is_there_and_served(
    published: PublishedCompany, erased: Erased
) -> None:
    (release,) = (erased.settings.marts / "releases").iterdir()
    assert (erased.settings.marts / "current").resolve() == release
    assert erased.certificate["releases_removed"] == [published.result.run_id]
    assert release.name != published.result.run_id
    assert read_json(release / "manifest.json")["as_of"] == str(published.expected.as_of)


def test_a_list_of_the_old_release_in_the_data_root_is_gone(erased: Erased) -> None:
    assert not list((erased.settings.data / "lists").iterdir())


@pytest.mark.parametrize(
    "mart", ["orders", "order_lines", "refunds", "cases", "acquisition_retention_costs"]
)
def test_totals_are_the_same_to_the_cent(
    published: PublishedCompany, erased: Erased, mart: str
) -> None:
    before, after = (
        found.select(pl.len(), cs.decimal().sum())
        for found in (company.ask(f"select * from {mart}") for company in (published, erased))
    )
    assert after.equals(before)
    assert after.width > 1


def test_requests_stay_counted(published: PublishedCompany, erased: Erased) -> None:
    query = "select customer_count from winback_suppressions where line = 'erased'"
    assert erased.ask(query).item() == published.one(query) == 1


def test_a_consent_that_was_corrected_to_the_erased_is_not_in_force_again(
    published: PublishedCompany, erased: Erased
) -> None:
    """It was another's before. That nobody agreed to it is how the source left it."""
    query = (
        "select is_granted from consents join customer_identities using (customer_key)"
        " where source_id = 'C-0003' and channel = 'email' and purpose = '{}'"
    )
    assert published.ask(query.format("winback")).to_series().to_list() == [True]
    assert erased.ask(query.format("winback")).is_empty()
    assert erased.ask(query.format("marketing")).height == 1, "the others of theirs are"


def test_their_orders_are_nobodys_and_the_firms_are_the_firms(
    published: PublishedCompany, erased: Erased
) -> None:
    of_hers = "select count(*) from orders where order_id like '_-0001-%' and customer_key is {}"
    assert published.one(of_hers.format("null")) == 0
    assert erased.ask(of_hers.format("not null")).item() == 0
    assert erased.ask(of_hers.format("null")).item() > 2
    firm = "select count(*) from customer_identities where source_id = 'A-191'"
    assert erased.ask(firm).item() == published.one(firm) == 1
    orders = (
        "select count(*), sum(net_revenue) from orders join customer_identities as firm"
        " using (customer_key) where firm.source_id = 'A-191'"
    )
    assert erased.ask(orders).equals(published.ask(orders))


def test_everybody_else_is_still_a_customer(published: PublishedCompany, erased: Erased) -> None:
    query = "select customer_key from customers order by all"
    before, after = published.ask(query)["customer_key"], erased.ask(query)["customer_key"]
    gone = set(before) - set(after)
    assert gone <= set(erased.keys)
    assert set(after) < set(before)
    assert 2 <= len(gone) <= 3


def test_an_older_consent_delivered_again_does_not_undo_a_later_objection(
    published: PublishedCompany,
) -> None:
    """What was said last counts, not what arrived last."""
    models = CompiledModels(published.settings)
    refused = published.one(
        "select count(*) from (select customer_key, channel, purpose from consents"
        " where state <> 'granted' group by all)"
    )
    assert refused > 0

    def redelivered(_: duckdb.DuckDBPyConnection) -> dict[str, str]:
        events = models.relations["stg_crm__consent_events"]
        again = (
            f"select * replace (date '{models.as_of}' as known_on, source_sequence + 1000000"
            f" as source_sequence, 'again' as batch_id) from {events} where state = 'granted'"
        )
        return {"stg_crm__consent_events": f"select * from {events} union all by name {again}"}

    with models.rebuilt(redelivered) as rebuilt:
        before, after = rebuilt.both("stg_crm__consent_events")
        assert after.height > before.height
        assert rebuilt.differences("consents") == 0
        assert rebuilt.differences("export_segments") == 0
