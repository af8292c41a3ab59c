"""What each mart lacks: the contract columns it needs, and what it says without them.

The list says what a reader of the mart would notice, not every column that is used.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass


@dataclass(frozen=True)
class Need:
    """Something that a mart can do only with certain columns.

    Args:
        mart: Name of the mart.
        any_of: Contract columns, ``table.column``; one of them is enough.
        without: What the mart says without any of them.
    """

    mart: str
    any_of: tuple[str, ...]
    without: str


NEEDS = (
    Need("orders", ("orders.order_id",), "Empty: nothing else of the warehouse can be filled."),
    Need(
        "customers",
        ("orders.customer_ref", "orders.email", "orders.account_id", "orders.contact_id"),
        "Every order stays a guest's: no customer, no value, no class.",
    ),
    Need(
        "customers",
        ("crm_contacts.external_ref", "crm_accounts.external_ref", "crm_contacts.email"),
        "The CRM's people and the shop's customers stay apart.",
    ),
    Need(
        "customer_lifetime_value",
        ("product_costs.unit_cost", "order_lines.unit_cost"),
        "Margins use the default rate and say so (margin_basis).",
    ),
    Need(
        "refunds",
        ("refunds.refund_total", "payments.amount"),
        "Net revenue contains what was given back.",
    ),
    Need(
        "loyalty_segments",
        ("crm_survey_responses.score", "crm_cases.csat"),
        "Everybody is unknown_satisfaction.",
    ),
    Need(
        "lifecycle_stages",
        ("crm_leads.lead_id", "crm_contacts.contact_id", "crm_opportunities.opportunity_id"),
        "No stage before the first order: suspects and prospects are not seen.",
    ),
    Need(
        "winback_targets",
        ("crm_consent_events.state",),
        "Nobody is eligible: no consent, not on the list.",
    ),
)


def unmet(mapped: Set[str]) -> tuple[Need, ...]:
    """Return the needs that a set of mapped contract columns (``table.column``) leaves open."""
    return tuple(need for need in NEEDS if not set(need.any_of) & mapped)
