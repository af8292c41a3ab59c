"""The contracts of the small company in the published marts: two, of which one has begun."""

from __future__ import annotations

from datetime import date

from etl.state import read_state
from etl.warehouse.contracts import CONTRACT_FITS, known_fits
from tests.company.published import PublishedCompany


def test_a_contract_with_notice_is_lost_after_its_last_day(published: PublishedCompany) -> None:
    """G-1 was called off in June for the end of the year; G-2 begins later and is not here."""
    contracts = published.ask(
        "select contract_id, state, ended_on, periods_survived, next_renewal_on, p_renewal_next,"
        " rule_id, sufficiency_reason from contract_renewals"
    )
    assert contracts.rows() == [
        (
            *("G-1", "lost", date(2025, 12, 31), 0, None, None, "CR31_LOST"),
            "1 contracts, at least 50 are needed.",
        )
    ]
    owner = published.one(
        "select count(*) from contract_renewals join customer_events using (customer_key)"
        " where event_type = 'contract_cancelled'"
    )
    assert owner == 1


def test_the_fit_is_kept_in_state_and_found_again(published: PublishedCompany) -> None:
    day = published.expected.as_of
    fits = known_fits(published.settings, day)
    assert fits.select("run_cutoff_on", "model", "contracts").rows() == [(day, "none", 1)]
    kept = read_state(published.settings, CONTRACT_FITS, dict(fits.schema), day)
    assert kept.drop("commit_sequence").equals(fits)
