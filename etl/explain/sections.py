"""What an explanation consists of: a table, one line per mart that says something of a customer.

A mart or a column that a release does not have is left out: an older release can be asked too.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """One mart with a row per customer.

    Args:
        name: Stable name, for machines.
        title: Headline, for people.
        mart: The mart. Its class columns (those that class_labels knows), ``rule_id`` and
            ``reason`` are always told.
        values: Further columns to show.
        thresholds: Parameters that its rules compare with; ``*`` stands for anything.
        told: Columns of these that the customer may see too. Classes are told in the words that
            class_labels has for them; ``reason``, rules and thresholds are not.
        absent: What it means that the customer has no row.
        of_rows: Columns and values that name the row, where a mart has several per customer.
    """

    name: str
    title: str
    mart: str
    values: tuple[str, ...]
    thresholds: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    absent: str = "There is no row for this customer."
    of_rows: tuple[tuple[str, str], ...] = ()


SECTIONS = (
    Section(
        name="lifecycle",
        title="Stage and activity",
        mart="lifecycle_stages",
        values=(
            "entered_on",
            "entered_on_basis",
            "next_stage_on",
            "stage_max",
            "stage_max_voided",
            "purchase_days",
            "first_ordered_on",
            "last_ordered_on",
            "gap_days",
            "recency_ratio",
            "next_expected_order_on",
        ),
        thresholds=(
            "activity_active_ratio_max",
            "activity_at_risk_ratio_max",
            "activity_lapsed_ratio_max",
            "activity_reactivated_max_days",
            "lifecycle_experiencing_days_min",
            "lifecycle_first_time_max_days",
            "lifecycle_stable_days_min",
        ),
        told=("entered_on", "purchase_days", "first_ordered_on", "last_ordered_on"),
    ),
    Section(
        name="loyalty",
        title="Satisfaction and loyalty",
        mart="loyalty_segments",
        values=(
            "satisfaction_score",
            "satisfaction_basis",
            "satisfaction_responded_on",
            "satisfaction_score_lowest",
            "satisfaction_respondents",
            "behavioural_score",
            "discount_share",
            "components_available",
        ),
        thresholds=(
            "loyalty_attitude_high_min",
            "loyalty_price_driven_min",
            "loyalty_score_high_min",
            "loyalty_too_new_days",
            "satisfaction_critic_max",
            "satisfaction_trapped_max",
            "satisfaction_high_from_*",
        ),
        told=("satisfaction_score", "satisfaction_responded_on"),
    ),
    Section(
        name="scores",
        title="Loyalty in three dimensions",
        mart="loyalty_scores",
        values=(
            "behavioural_score",
            "repeat_part",
            "recency_part",
            "share_part",
            "tenure_part",
            "affective_score",
            "satisfaction_part",
            "recommendation_part",
            "identification_part",
            "conative_score",
            "total_score",
        ),
        thresholds=("loyalty_*_weight",),
        told=("behavioural_score", "affective_score", "conative_score"),
    ),
    Section(
        name="rfm",
        title="Recency, frequency, money",
        mart="customer_rfm",
        values=(
            "r_score",
            "f_score",
            "m_score",
            "recency_days",
            "frequency_days",
            "monetary",
            "peer_count",
        ),
        thresholds=(
            "rfm_frequency_score_*",
            "rfm_window_days",
            "score_group_min_customers",
        ),
        of_rows=(("business_unit", "all"),),
    ),
    Section(
        name="grades",
        title="Grade",
        mart="customer_grades",
        values=("quarters_active", "cycle_days", "growth_amount", "grade_method"),
        thresholds=(
            "grade_a_rfm_min",
            "grade_b_rfm_min",
            "grade_c_rfm_min",
            "grade_key_quarters_min",
            "grade_public_gold_days_min",
            "grade_public_silver_days_min",
            "grade_window_days",
        ),
    ),
    Section(
        name="profit_loyalty",
        title="Profit and loyalty",
        mart="profit_loyalty_matrix",
        values=(
            "profit",
            "profit_threshold",
            "is_profit_high",
            "margin",
            "margin_basis",
            "cost_to_serve",
            "case_count",
            "contact_count",
            "behavioural_score",
            "is_loyalty_high",
        ),
        thresholds=(
            "profit_loyalty_quantile",
            "profit_loyalty_window_days",
            "score_group_min_customers",
            "serve_cost_per_case",
            "serve_cost_per_contact",
        ),
    ),
    Section(
        name="value",
        title="Value so far and to come",
        mart="customer_lifetime_value",
        values=(
            "historic_net_revenue",
            "historic_margin",
            "margin_basis",
            "p_alive",
            "p_order_12m",
            "expected_orders_12m",
            "clv_12m_margin_discounted",
            "clv_36m_margin_discounted",
            "clv_total_margin",
            "model",
            "choice_code",
            "clv_cutoff_on",
            "sufficiency_reason",
        ),
        thresholds=("clv_discount_rate_annual", "clv_gate_*", "margin_default_rate"),
    ),
    Section(
        name="winback",
        title="Win-back",
        mart="winback_targets",
        values=(
            "is_eligible",
            "eligible_channels",
            "lapsed_on",
            "days_lapsed",
            "p_treat",
            "p_control",
            "uplift_basis",
            "expected_margin_if_won_back",
            "expected_regain_profit",
            "offer_ceiling",
            "priority_rank",
            "is_exploration",
            "experiment",
            "arm",
            "stratum",
            "first_eligible_on",
            "is_arm_conflict",
        ),
        thresholds=(
            "winback_contact_cost",
            "winback_exploration_budget",
            "winback_exploration_share",
            "winback_haircut",
            "winback_max_attempts",
            "winback_min_profit",
            "winback_offer_cost",
            "winback_quiet_days",
        ),
        absent="Neither lapsed nor lost, so there is nobody to win back.",
    ),
)
