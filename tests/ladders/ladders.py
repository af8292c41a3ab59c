"""The lattice of every ladder; a model named ``int_*_rules`` without one fails the test.

Thresholds come from the parameters in force, so that a changed threshold moves the lattice too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal

from tests.ladders.lattice import Ladder

NO = (False, True)
BIT = Decimal("0.000001")
ACTIVITY = ("active", "at_risk", "lapsed", "lost", "reactivated", "none")


def around(value: Decimal, step: Decimal = BIT) -> tuple[Decimal, ...]:
    """A threshold and its neighbours."""
    return (value, value - step, value + step)


def satisfaction_loyalty(p: Mapping[str, Decimal], _as_of: date) -> Ladder:
    return Ladder(
        rule_set="satisfaction_loyalty",
        facts={
            "int_customer_loyalty_facts": {
                "is_internal": NO,
                "purchase_days": (3, 0, 1),
                "is_profiling_objected": NO,
                "is_not_profiled": NO,
                "is_satisfaction_high": (True, False, None),
                "tenure_days": (400, *map(int, around(p["loyalty_too_new_days"], Decimal(1))), 0),
                "has_critic_signal": NO,
                "activity_status": ACTIVITY,
                "behavioural_score": (*around(p["loyalty_score_high_min"]), None),
                "has_advocacy": NO,
                "survey_type": (None, "nps", "csat"),
                "has_wish_to_leave": NO,
                "switching_barrier": ("unknown", "none", "contract", "sole_source"),
                "discount_share": (None, *around(p["loyalty_price_driven_min"])),
                "satisfaction_score": (
                    Decimal(1),
                    *around(p["satisfaction_critic_max"]),
                    *around(p["satisfaction_trapped_max"]),
                    None,
                ),
            }
        },
        never_null=("rule_id", "is_loyalty_high"),
    )


def dick_basu(p: Mapping[str, Decimal], _as_of: date) -> Ladder:
    everywhere = tuple(Decimal(n) * 2 / 5 for n in range(251))
    return Ladder(
        rule_set="dick_basu",
        facts={
            "int_customer_loyalty_facts": {
                "is_internal": NO,
                "is_not_profiled": NO,
                "affective_score": (None, *around(p["loyalty_attitude_high_min"]), *everywhere),
            },
            "int_customer_loyalty_rules": {"is_loyalty_high": NO},
        },
    )


def lifecycle(p: Mapping[str, Decimal], as_of: date) -> Ladder:
    ages = (*around(p["lifecycle_first_time_max_days"], Decimal(1)), Decimal(0))
    days = {
        int(around_it)
        for name in ("lifecycle_experiencing_days_min", "lifecycle_stable_days_min")
        for around_it in around(p[name], Decimal(1))
    }
    return Ladder(
        rule_set="lifecycle",
        facts={
            "customers": {
                "purchase_days": (0, *sorted(days), 50),
                "first_ordered_on": (None, *(as_of - timedelta(days=int(age)) for age in ages)),
            },
            "int_customer_qualifications": {
                "is_qualified_lead": NO,
                "has_open_opportunity": NO,
                "has_responded": NO,
            },
            "int_customer_signals": {
                "has_advocacy": (None, False, True),
                "has_critic_signal": (None, False, True),
                "has_wish_to_leave": NO,
            },
        },
    )


def winback(_p: Mapping[str, Decimal], _as_of: date) -> Ladder:
    reasons = (
        "objected_profiling", "objected_marketing", "deceased", "internal", "fraud_or_bad_debt",
        "minor", "intentionally_pushed", "consent_feed_stale", "no_reachable_channel",
        "channel_capped", "open_complaint", "open_order", "open_opportunity", "recently_contacted",
        "too_many_attempts", "value_unknown", "not_profitable",
    )  # fmt: skip
    return Ladder(
        rule_set="winback",
        facts={
            "int_winback_facts": {f"is_{reason}": NO for reason in (*reasons, "exploration")},
        },
        never_null=("rule_id", "class_code", "reason_count"),
    )


def rfm(p: Mapping[str, Decimal], as_of: date) -> Ladder:
    peers = (*map(int, around(p["score_group_min_customers"], Decimal(1))), None)
    units = {"business_unit": ("all",)}
    return Ladder(
        rule_set="rfm",
        facts={
            "int_customer_rfm_facts": {
                **units,
                "is_internal": NO,
                "is_not_profiled": NO,
                "last_ordered_on": (as_of, None),
                "frequency_days": (1, 0, 2, 5, 9),
                "monetary": (Decimal(1), *around(Decimal(0), Decimal("0.0001"))),
            },
            "int_customer_rfm_scores": {**units, "recency_peers": peers, "monetary_peers": peers},
        },
    )


def management(p: Mapping[str, Decimal], _as_of: date) -> Ladder:
    def counts(*names: str) -> tuple[int, ...]:
        return tuple({int(n): None for name in names for n in (0, *around(p[name], Decimal(1)))})

    return Ladder(
        rule_set="management",
        facts={
            "int_customer_grade_facts": {
                "is_internal": NO,
                "is_not_profiled": NO,
                "purchase_days": (2, 0, 1),
                "pareto_class": (None, "A", "B", "C"),
                "quarters_active": counts("grade_key_quarters_min"),
                "has_contract": NO,
                "is_strategic": NO,
                "is_growth_top": NO,
                "days_since_last": (30, 29, 31, None),
                "cycle_days": (Decimal(30), *around(Decimal(31))),
                "grade_method": ("rfm", "margin", None),
                "rfm_total": (
                    None,
                    *counts("grade_a_rfm_min", "grade_b_rfm_min", "grade_c_rfm_min"),
                ),
                "recent_purchase_days": counts(
                    "grade_public_gold_days_min", "grade_public_silver_days_min"
                ),
            }
        },
        never_null=("rule_id", "internal_grade", "public_tier"),
    )


def profit_loyalty(_p: Mapping[str, Decimal], _as_of: date) -> Ladder:
    """The thresholds are those of the build; a group without one has nobody to compare with."""
    return Ladder(
        rule_set="profit_loyalty",
        facts={
            "int_profit_loyalty_facts": {
                "score_group": ("person", "business", "of nobody"),
                "is_internal": NO,
                "is_not_profiled": NO,
                "purchase_days": (2, 0, 1),
                "profit": (*(Decimal(amount) for amount in range(-500, 500, 50)), None),
                "is_loyalty_high": NO,
                "case_count": (0, 1, 2),
            }
        },
    )


LADDERS: Mapping[str, Callable[[Mapping[str, Decimal], date], Ladder]] = {
    "int_customer_loyalty_rules": satisfaction_loyalty,
    "int_customer_dick_basu_rules": dick_basu,
    "int_customer_lifecycle_rules": lifecycle,
    "int_winback_rules": winback,
    "int_customer_rfm_rules": rfm,
    "int_customer_grade_rules": management,
    "int_profit_loyalty_rules": profit_loyalty,
}
