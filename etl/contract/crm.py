"""Row rules of the CRM side: accounts, contacts, cases, survey responses, consent events."""

from __future__ import annotations

import dataframely as dy
import polars as pl

from etl.contract import columns as c
from etl.contract.table import Table


class Accounts(dy.Schema):
    """One row per account and version."""

    account_id = c.text(key=True, about="The account's id.")
    name = c.text(required=True, pii="name", about="Name; of a person for a person account.")
    account_type = c.text(about="customer, prospect, reseller, partner, internal ...")
    nature = c.text(about="Nature of the customer as the source names it.")
    parent_id = c.text(about="Parent account.")
    master_id = c.text(about="Account this one was merged into.")
    industry = c.text(about="Industry.")
    employees = c.integer(minimum=0, about="Number of employees.")
    annual_revenue = c.money(about="Revenue a year.")
    currency = c.currency()
    owner_rep_id = c.text(about="Representative who owns the account.")
    partner_id = c.text(about="Partner that manages it.")
    email = c.text(pii="email", about="E-mail.")
    phone = c.text(pii="phone", about="Phone.")
    website = c.text(about="Website.")
    country = c.text(about="ISO 3166 country.")
    region = c.text(about="Region.")
    is_person = c.flag(required=True, about="A person account (B2C).")
    external_system = c.text(about="Source system that external_ref belongs to.")
    external_ref = c.text(about="customer_ref of the shop named by external_system.")
    credit_status = c.text(about="Credit status.")
    payment_terms_days = c.integer(minimum=0, about="Days to pay.")
    bad_debt_at = c.instant(about="When a debt was written off.")
    created_at = c.instant(required=True, about="When the record was made.")
    updated_at = c.instant(required=True, about="When the record last changed.")
    closed_at = c.instant(about="When the account was closed.")

    @dy.rule()
    def external_pair(cls) -> pl.Expr:  # noqa: N805
        """A reference without its system, or the reverse, cannot be followed."""
        return pl.col("external_system").is_null() == pl.col("external_ref").is_null()


class Contacts(dy.Schema):
    """One row per contact and version."""

    contact_id = c.text(key=True, about="The contact's id.")
    account_id = c.text(about="Account the contact works for.")
    master_id = c.text(about="Contact this one was merged into.")
    email = c.text(pii="email", about="E-mail.")
    phone = c.text(pii="phone", about="Phone.")
    first_name = c.text(pii="name", about="First name.")
    last_name = c.text(pii="name", about="Last name.")
    birth_on = c.day(pii="birth_on", about="Date of birth; only month and day leave the gate.")
    title = c.text(about="Job title.")
    lifecycle_raw = c.text(about="Lifecycle stage as the CRM names it.")
    lead_source = c.text(about="Where the contact came from.")
    owner_rep_id = c.text(about="Representative who owns the contact.")
    email_bounced_at = c.instant(about="When the e-mail last bounced.")
    is_deceased = c.flag(about="The person has died.")
    is_minor = c.flag(about="The person is a minor.")
    country = c.text(about="ISO 3166 country.")
    external_system = c.text(about="Source system that external_ref belongs to.")
    external_ref = c.text(about="customer_ref of the shop named by external_system.")
    created_at = c.instant(required=True, about="When the record was made.")
    updated_at = c.instant(required=True, about="When the record last changed.")

    @dy.rule()
    def external_pair(cls) -> pl.Expr:  # noqa: N805
        """A reference without its system, or the reverse, cannot be followed."""
        return pl.col("external_system").is_null() == pl.col("external_ref").is_null()


class Cases(dy.Schema):
    """One row per service case and version."""

    case_id = c.text(key=True, about="The case's id.")
    contact_id = c.text(about="Contact who raised it.")
    account_id = c.text(about="Account it was raised for.")
    order_id = c.text(about="Order it is about.")
    order_system = c.text(about="Source system of order_id; the case's own when null.")
    email = c.text(pii="email", about="E-mail of the requester.")
    type = c.text(
        required=True,
        one_of=("complaint", "request", "question", "suggestion"),
        about="What it is.",
    )
    reason_code = c.text(about="Reason code.")
    root_cause = c.text(about="Root cause.")
    severity = c.text(about="Severity.")
    origin = c.text(about="Where it came in.")
    is_escalated = c.flag(about="Escalated.")
    is_public = c.flag(about="Raised in public.")
    status = c.text(
        required=True, one_of=("open", "pending", "solved", "closed"), about="State of the case."
    )
    opened_at = c.instant(required=True, about="When it was raised.")
    first_response_at = c.instant(about="First response.")
    solved_at = c.instant(about="Solved.")
    closed_at = c.instant(about="Closed.")
    reopens = c.integer(minimum=0, about="Times reopened.")
    csat = c.score(about="Satisfaction with the case, as scored.")
    compensation = c.money(minimum=0, about="Compensation paid.")
    currency = c.currency()
    updated_at = c.instant(about="When the record last changed.")


class SurveyResponses(dy.Schema):
    """One row per answered survey item and version."""

    response_id = c.text(key=True, about="The response's id.")
    contact_id = c.text(about="Contact who answered.")
    account_id = c.text(about="Account answered for.")
    email = c.text(pii="email", about="E-mail of the respondent.")
    survey_type = c.text(
        required=True,
        one_of=(
            "csat",
            "nps",
            "ces",
            "intent",
            "importance",
            "expectation",
            "perception",
            "staff",
        ),
        about="What is asked.",
    )
    item_code = c.text(required=True, about="Item of the questionnaire.")
    score = c.score(required=True, about="The answer.")
    scale_min = c.score(required=True, about="Lowest possible answer.")
    scale_max = c.score(required=True, about="Highest possible answer.")
    higher_is_better = c.flag(required=True, about="Whether a higher answer is a better one.")
    order_id = c.text(about="Order asked about.")
    case_id = c.text(about="Case asked about: a transactional survey.")
    comment = c.text(pii="name", about="Free text; tokenised, it may name people.")
    responded_at = c.instant(required=True, about="When it was answered.")
    updated_at = c.instant(about="When the record last changed.")

    @dy.rule()
    def score_on_scale(cls) -> pl.Expr:  # noqa: N805
        """An answer outside its own scale has no meaning."""
        return pl.col("score").is_between(pl.col("scale_min"), pl.col("scale_max"))

    @dy.rule()
    def scale_has_width(cls) -> pl.Expr:  # noqa: N805
        """A scale of one point cannot be normalised."""
        return pl.col("scale_min") < pl.col("scale_max")


class ConsentEvents(dy.Schema):
    """One row per consent event."""

    consent_id = c.text(key=True, about="The event's id.")
    contact_id = c.text(about="Contact it concerns.")
    email = c.text(pii="email", about="E-mail it concerns.")
    phone = c.text(pii="phone", about="Phone it concerns.")
    channel = c.text(
        required=True, one_of=("email", "sms", "phone", "post", "any"), about="Channel."
    )
    purpose = c.text(
        required=True,
        one_of=("marketing", "winback", "profiling", "service", "third_party_matching"),
        about="Purpose the consent is for.",
    )
    state = c.text(required=True, one_of=("granted", "denied", "withdrawn"), about="What was said.")
    basis = c.text(about="Legal basis.")
    source = c.text(about="Where it was said.")
    occurred_at = c.instant(required=True, about="When it was said.")
    updated_at = c.instant(about="When the record last changed.")


CRM_TABLES = (
    Table("crm_accounts", Accounts),
    Table("crm_contacts", Contacts),
    Table("crm_cases", Cases),
    Table("crm_survey_responses", SurveyResponses),
    Table("crm_consent_events", ConsentEvents),
)
