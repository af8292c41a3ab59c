"""Generate the CRM side of the demo company, keyed to the shops' real buyers.

Every row is made up, from a fixed seed and without a clock: the same shops give the same files.
"""

from __future__ import annotations

import polars as pl

from etl.demo import marketing, selling, service
from etl.demo.accounts import account_versions, employ
from etl.demo.cases import case_versions, orders_of_contacts
from etl.demo.consents import consent_events
from etl.demo.draw import Draw, words
from etl.demo.people import changes, contacts_of_buyers, duplicates
from etl.demo.surveys import survey_responses

KNOWN_ON = "known_on"
COLUMNS = {
    "generated_accounts.csv": words(
        "account_id name account_type parent_id master_id industry owner_rep_id email phone "
        "country is_person external_system external_ref credit_status payment_terms_days "
        "bad_debt_at created_at updated_at closed_at"
    ),
    "generated_contacts.csv": words(
        "contact_id account_id master_id email phone first_name last_name birth_on title "
        "lifecycle_raw lead_source owner_rep_id email_bounced_at is_deceased is_minor country "
        "external_system external_ref created_at updated_at"
    ),
    "generated_cases.csv": words(
        "case_id contact_id account_id order_id order_system type reason_code root_cause origin "
        "is_escalated is_public status opened_at first_response_at solved_at closed_at reopens "
        "csat compensation currency updated_at"
    ),
    "generated_survey_responses.csv": words(
        "response_id contact_id survey_type item_code score scale_min scale_max "
        "higher_is_better order_id case_id responded_at"
    ),
    "generated_consent_events.csv": words(
        "consent_id contact_id channel purpose state basis source occurred_at"
    ),
    "generated_case_events.csv": words("event_id case_id event_type occurred_at rep_id is_auto"),
    "generated_interactions.csv": words(
        "interaction_id contact_id rep_id channel direction type occurred_at is_auto outcome"
    ),
    "generated_erasures.csv": words("request_id contact_id requested_at scope"),
    "generated_leads.csv": words(
        "lead_id email phone source status converted_contact_id converted_at "
        "disqualified_reason created_at updated_at"
    ),
    "generated_opportunities.csv": words(
        "opportunity_id account_id stage amount currency expected_close_on closed_at is_won "
        "lost_reason created_at updated_at"
    ),
    "generated_contracts.csv": words(
        "contract_id account_id starts_on ends_on auto_renew sole_source cancelled_at "
        "cancel_reason updated_at"
    ),
    "generated_reps.csv": words("rep_id name team hired_on left_on is_queue updated_at"),
    "generated_partners.csv": words("partner_id name type joined_on updated_at"),
    "generated_category_spend.csv": words(
        "party_type party_id category year amount currency basis updated_at"
    ),
    "generated_campaigns.csv": words(
        "campaign_id name type channel starts_on ends_on spend currency updated_at"
    ),
    "generated_campaign_members.csv": words(
        "campaign_id party_type party_id sent_at responded_at status arm cost updated_at"
    ),
    "generated_marketing_spend.csv": words("spent_on channel purpose amount currency updated_at"),
    "generated_loyalty_accounts.csv": words(
        "member_id contact_id programme tier tier_since_on joined_on left_on updated_at"
    ),
    "generated_loyalty_transactions.csv": words(
        "transaction_id member_id kind points order_id order_system occurred_at expires_on"
    ),
    "generated_referrals.csv": words(
        "referral_id referrer_contact_id referee_contact_id code referred_at converted_order_id "
        "order_system reward_cost currency"
    ),
}


def generate(orders: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return all CRM exports, each row with the day it became known.

    Args:
        orders: One row per order of both shops: source_system, order_id, customer_ref (text),
            ordered_on (date), cents (Int64).

    Returns:
        File name -> the columns of ``COLUMNS`` and ``known_on`` (date), sorted by it. A record
        that changed has a row for each version.
    """
    buyers = buyers_of(orders)
    contacts = employ(contacts_of_buyers(buyers), buyers)
    contacts = contacts.with_columns(created_at=Draw("created at").moments(contacts["created_on"]))
    linked = orders_of_contacts(orders, contacts)
    cases = case_versions(linked, orders)
    accounts = account_versions(contacts)
    frames = {
        "generated_accounts.csv": _account_export(accounts),
        "generated_contacts.csv": _contact_export(contacts),
        "generated_cases.csv": cases,
        "generated_survey_responses.csv": survey_responses(
            linked, orders, buyers, cases
        ).with_columns(known_on="responded_on"),
        "generated_consent_events.csv": consent_events(contacts).with_columns(
            known_on="occurred_on"
        ),
        **_around_cases(contacts, buyers, cases),
        **_selling(contacts, accounts, linked),
        **_marketing(contacts, buyers, orders),
    }
    return {
        # Versions of one day stay in the order they were made.
        name: _complete(frame, COLUMNS[name]).sort(KNOWN_ON, COLUMNS[name][0], maintain_order=True)
        for name, frame in frames.items()
    }


def _around_cases(
    contacts: pl.DataFrame, buyers: pl.DataFrame, cases: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    return {
        "generated_case_events.csv": service.case_events(cases).with_columns(
            known_on="occurred_on"
        ),
        "generated_interactions.csv": service.interactions(contacts, buyers).with_columns(
            known_on="occurred_on"
        ),
        "generated_erasures.csv": service.erasures(contacts).with_columns(known_on="requested_on"),
    }


def _selling(
    contacts: pl.DataFrame, accounts: pl.DataFrame, linked: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    return {
        "generated_leads.csv": selling.leads(contacts).with_columns(known_on="updated_on"),
        "generated_opportunities.csv": selling.opportunities(accounts).with_columns(
            known_on="updated_on"
        ),
        "generated_contracts.csv": selling.contracts(accounts, linked).with_columns(
            known_on="updated_on"
        ),
        "generated_reps.csv": _entered(selling.reps()),
        "generated_partners.csv": _entered(selling.partners()),
        "generated_category_spend.csv": _entered(selling.category_spend(contacts)),
    }


def _marketing(
    contacts: pl.DataFrame, buyers: pl.DataFrame, orders: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    members = marketing.loyalty_accounts(contacts, buyers)
    return {
        "generated_campaigns.csv": _entered(marketing.campaigns()),
        "generated_campaign_members.csv": marketing.campaign_members(contacts, orders).with_columns(
            known_on="updated_on"
        ),
        "generated_marketing_spend.csv": _entered(marketing.marketing_spend()),
        "generated_loyalty_accounts.csv": _entered(members),
        "generated_loyalty_transactions.csv": marketing.loyalty_transactions(
            members, orders
        ).with_columns(known_on="occurred_on"),
        "generated_referrals.csv": marketing.referrals(contacts, buyers, orders).with_columns(
            known_on="referred_on"
        ),
    }


def _entered(frame: pl.DataFrame) -> pl.DataFrame:
    """Say when a record was entered: in the evening of ``updated_on``."""
    at = pl.col("updated_on").dt.to_string("%Y-%m-%dT21:00:00Z")
    return frame.with_columns(updated_at=at, known_on="updated_on")


def buyers_of(orders: pl.DataFrame) -> pl.DataFrame:
    """Return one row per buyer, sorted, with ranks from 0 to 1 within the shop.

    Returns:
        source_system, customer_ref, first_on, last_on, revenue_rank, active_rank (by the day of
        the last order).
    """
    grouped = orders.group_by("source_system", "customer_ref").agg(
        first_on=pl.col("ordered_on").min(),
        last_on=pl.col("ordered_on").max(),
        cents=pl.col("cents").sum(),
    )
    rank = {"revenue_rank": "cents", "active_rank": "last_on"}
    return (
        grouped.sort("source_system", "customer_ref")
        .with_columns(
            ((pl.col(by).rank("average") - 0.5) / pl.len()).over("source_system").alias(name)
            for name, by in rank.items()
        )
        .drop("cents")
    )


def _contact_export(contacts: pl.DataFrame) -> pl.DataFrame:
    """First versions, second records of the same person, and later versions."""
    twice = duplicates(contacts)
    twice = twice.with_columns(created_at=Draw("duplicated at").moments(twice["created_on"]))
    first = pl.concat([contacts, twice]).with_columns(
        known_on="created_on", updated_at="created_at"
    )
    changed = changes(contacts)
    changed = changed.with_columns(
        known_on="updated_on", updated_at=Draw("changed at").moments(changed["updated_on"])
    )
    bounced = pl.when(pl.col("bounced_on").is_not_null()).then("updated_at")
    return pl.concat([first, changed], how="diagonal_relaxed").with_columns(
        email_bounced_at=bounced
    )


def _account_export(versions: pl.DataFrame) -> pl.DataFrame:
    """Put instants in the place of dates; noon in New York is 17:00 UTC in winter."""
    noon = {
        "created_on": "created_at",
        "updated_on": "updated_at",
        "bad_debt_on": "bad_debt_at",
        "closed_on": "closed_at",
    }
    return versions.with_columns(
        pl.col(day).dt.to_string("%Y-%m-%dT17:00:00Z").alias(instant)
        for day, instant in noon.items()
    ).with_columns(known_on="updated_on")


def _complete(frame: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    """Select the export's columns; those nobody fills are empty."""
    empty = [pl.lit(None, pl.String).alias(c) for c in columns if c not in frame.columns]
    return frame.with_columns(empty).select(*columns, KNOWN_ON)
