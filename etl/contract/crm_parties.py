"""Row rules of who the CRM knows: accounts, contacts, their consents and erasures."""

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


class Erasures(dy.Schema):
    """One row per request to be forgotten and version."""

    request_id = c.text(key=True, about="The request's id.")
    contact_id = c.text(about="Contact to be forgotten.")
    email_sha256 = c.text(
        regex="^[0-9a-f]{64}$",
        about="SHA-256 of the trimmed lower-case e-mail, 64 lower-case hex digits.",
    )
    requested_at = c.instant(required=True, about="When it was asked for.")
    scope = c.text(required=True, about="What is to be forgotten, as the source names it.")
    updated_at = c.instant(about="When the record last changed.")

    @dy.rule()
    def names_somebody(cls) -> pl.Expr:  # noqa: N805
        """A request that names nobody cannot be followed."""
        return pl.any_horizontal(pl.col("contact_id", "email_sha256").is_not_null())


PARTY_TABLES = (
    Table("crm_accounts", Accounts),
    Table("crm_contacts", Contacts),
    Table("crm_consent_events", ConsentEvents),
    Table("crm_erasures", Erasures),
)
