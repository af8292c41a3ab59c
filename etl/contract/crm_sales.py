"""Row rules of selling: leads, opportunities, contracts, representatives, partners, wallets."""

from __future__ import annotations

import dataframely as dy
import polars as pl

from etl.contract import columns as c
from etl.contract.rules import days_in_order
from etl.contract.table import Table


class Leads(dy.Schema):
    """One row per lead and version."""

    lead_id = c.text(key=True, about="The lead's id.")
    email = c.text(pii="email", about="E-mail.")
    phone = c.text(pii="phone", about="Phone.")
    company = c.text(about="Company the lead works for.")
    source = c.text(about="Where the lead came from.")
    campaign_id = c.text(about="Campaign that brought it.")
    status = c.text(
        required=True,
        one_of=("new", "working", "qualified", "converted", "disqualified"),
        about="State of the lead.",
    )
    converted_contact_id = c.text(about="Contact it became.")
    converted_account_id = c.text(about="Account it became.")
    converted_at = c.instant(about="When it became a contact or an account.")
    disqualified_reason = c.text(about="Why it was given up.")
    created_at = c.instant(required=True, about="When the record was made.")
    updated_at = c.instant(required=True, about="When the record last changed.")


class Opportunities(dy.Schema):
    """One row per sales opportunity and version."""

    opportunity_id = c.text(key=True, about="The opportunity's id.")
    account_id = c.text(about="Account it is with.")
    contact_id = c.text(about="Contact it is with.")
    stage = c.text(required=True, about="Stage of the sale as the source names it.")
    amount = c.money(about="Amount expected, or won.")
    currency = c.currency()
    expected_close_on = c.day(about="Day it is expected to close.")
    closed_at = c.instant(about="When it was won or lost.")
    is_won = c.flag(about="Won; null while it is open.")
    lost_reason = c.text(about="Why it was lost.")
    created_at = c.instant(required=True, about="When the record was made.")
    updated_at = c.instant(about="When the record last changed.")


class Contracts(dy.Schema):
    """One row per contract with an account and version."""

    contract_id = c.text(key=True, about="The contract's id.")
    account_id = c.text(required=True, about="Account it is with.")
    starts_on = c.day(required=True, about="First day.")
    ends_on = c.day(about="Last day; null for one without an end.")
    auto_renew = c.flag(about="Goes on unless somebody gives notice.")
    sole_source = c.flag(about="The customer may buy from nobody else.")
    cancelled_at = c.instant(about="When notice was given.")
    cancel_reason = c.text(about="Why.")
    updated_at = c.instant(about="When the record last changed.")

    @dy.rule()
    def ends_not_before_start(cls) -> pl.Expr:  # noqa: N805
        """A contract cannot end before it starts."""
        return days_in_order("starts_on", "ends_on")


class Reps(dy.Schema):
    """One row per representative, or queue of them, and version."""

    rep_id = c.text(key=True, about="The representative's id.")
    name = c.text(pii="name", about="Name; tokenised, staff are people too.")
    team = c.text(about="Team.")
    hired_on = c.day(about="First day.")
    left_on = c.day(about="Last day.")
    is_queue = c.flag(required=True, about="No person: a queue or a robot.")
    updated_at = c.instant(about="When the record last changed.")

    @dy.rule()
    def left_not_before_hired(cls) -> pl.Expr:  # noqa: N805
        """Nobody leaves before they come."""
        return days_in_order("hired_on", "left_on")


class Partners(dy.Schema):
    """One row per channel partner and version."""

    partner_id = c.text(key=True, about="The partner's id.")
    name = c.text(required=True, about="Name of the company.")
    type = c.text(about="reseller, distributor, agent ...")
    joined_on = c.day(about="First day.")
    left_on = c.day(about="Last day.")
    updated_at = c.instant(about="When the record last changed.")

    @dy.rule()
    def left_not_before_joined(cls) -> pl.Expr:  # noqa: N805
        """No partner leaves before they come."""
        return days_in_order("joined_on", "left_on")


class CategorySpend(dy.Schema):
    """One row per party, category and year, and version: what they spend with anybody."""

    party_type = c.text(key=True, one_of=("contact", "account"), about="What party_id names.")
    party_id = c.text(key=True, about="Who spends.")
    category = c.text(key=True, about="Category of goods, as in products.")
    year = c.integer(key=True, minimum=1900, about="Calendar year.")
    amount = c.money(required=True, minimum=0, about="What they spend with all sellers.")
    currency = c.currency(required=True)
    basis = c.text(
        required=True, one_of=("declared", "benchmark"), about="Said by the customer, or estimated."
    )
    updated_at = c.instant(about="When the record last changed.")


SALES_TABLES = (
    Table("crm_leads", Leads),
    Table("crm_opportunities", Opportunities, amount="amount"),
    Table("crm_contracts", Contracts),
    Table("crm_reps", Reps),
    Table("crm_partners", Partners),
    Table("crm_category_spend", CategorySpend, amount="amount"),
)
