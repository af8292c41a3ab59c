"""Puts an explanation together from the rows of one customer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from etl.config import Settings
from etl.errors import LoyaltyError
from etl.explain.known import known
from etl.explain.lookup import Found, find_customer
from etl.explain.release import Release, Row, served_release
from etl.explain.told import told
from etl.privacy import audit

STAFF, CUSTOMER = "staff", "customer"


@dataclass(frozen=True)
class Explanation:
    """Why one customer stands where they stand, in one release.

    Args:
        customer_key: Whom it is about.
        former_key: The key that was asked for, where it was an older one.
        as_of: Last day that counts.
        run_id: The release.
        variant: staff, or customer: what may be shown to the customer.
        is_profiled: False: nothing is told but why not.
        not_profiled_because: Objections and other reasons, empty for the profiled.
        records: Records that are this customer, with the rule that matched each.
        permissions: The customer's own decisions, for the customer only.
        sections: One per mart: classes, rule, inputs, values, thresholds.
        history: Classes with the days they held, oldest first within each kind.
        missing: What is not known, and why.
    """

    customer_key: str
    former_key: str | None
    as_of: date
    run_id: str
    variant: str
    is_profiled: bool
    not_profiled_because: list[Row] = field(default_factory=list)
    records: list[Row] = field(default_factory=list)
    permissions: list[Row] = field(default_factory=list)
    sections: list[Row] = field(default_factory=list)
    history: list[Row] = field(default_factory=list)
    missing: list[Row] = field(default_factory=list)


def explain(settings: Settings, asked: str, *, for_customer: bool = False) -> Explanation:
    """Explain a customer from the served release, and record who asked.

    Args:
        asked: A customer_key, or ``<source_system>/<id>``.
        for_customer: What the customer may be told, instead of all there is.

    Raises:
        LoyaltyError: Nothing is published, or nobody can be explained; that is recorded too.
    """
    variant = CUSTOMER if for_customer else STAFF
    with served_release(settings) as release:
        seen = {"run_id": release.run_id, "variant": variant}
        try:
            explanation = _explanation(release, find_customer(release, asked), variant)
        except LoyaltyError as error:
            # What was asked for is not kept: it may be anything.
            audit.append(settings, "explain", **seen, customer_key=None, outcome=error.code)
            raise
    key = explanation.customer_key
    audit.append(settings, "explain", **seen, customer_key=key, outcome="shown")
    return explanation


def _explanation(release: Release, found: Found, variant: str) -> Explanation:
    (profile,) = release.rows_of("customer_360", found.customer_key)
    head = {
        "customer_key": found.customer_key,
        "former_key": found.former_key,
        "as_of": release.as_of,
        "run_id": release.run_id,
        "variant": variant,
        "is_profiled": profile["is_profiled"],
    }
    if not profile["is_profiled"]:
        return Explanation(**head, not_profiled_because=_why_not(release, found.customer_key))
    if variant == CUSTOMER:
        return Explanation(**head, **told(release, found.customer_key))
    return Explanation(**head, **known(release, found.customer_key))


def _why_not(release: Release, key: str) -> list[Row]:
    """Return why a customer is not profiled: an objection, or their age."""
    objections = [
        {
            "why": "Objected to profiling.",
            **{name: row[name] for name in ("channel", "state", "decided_on", "source_system")},
        }
        for row in release.rows_of("consents", key, "channel, source_system")
        if row["purpose"] == "profiling" and not row["is_granted"]
    ]
    (customer,) = release.rows_of("customers", key)
    minor = [{"why": "Known to be a minor."}] if customer["is_minor"] else []
    return [*objections, *minor]
