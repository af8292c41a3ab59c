"""Row rules of service: cases and what was done about them, surveys, interactions."""

from __future__ import annotations

import dataframely as dy
import polars as pl

from etl.contract import columns as c
from etl.contract.table import Table


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


class CaseEvents(dy.Schema):
    """One row per step taken in a case and version."""

    event_id = c.text(key=True, about="The event's id.")
    case_id = c.text(required=True, about="Case it belongs to.")
    event_type = c.text(
        required=True,
        one_of=("apology", "acknowledge", "solution_offered", "remedy_done", "reply", "reopen"),
        about="What was done.",
    )
    occurred_at = c.instant(required=True, about="When it was done.")
    rep_id = c.text(about="Representative who did it.")
    is_auto = c.flag(about="Done by a machine: no response to the customer.")
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
    order_system = c.text(about="Source system of order_id; the response's own when null.")
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


class Interactions(dy.Schema):
    """One row per contact between the company and a party, and version."""

    interaction_id = c.text(key=True, about="The interaction's id.")
    contact_id = c.text(about="Contact who took part.")
    account_id = c.text(about="Account it was for.")
    lead_id = c.text(about="Lead who took part.")
    rep_id = c.text(about="Representative who took part.")
    channel = c.text(required=True, about="email, phone, chat, meeting, web, store ...")
    direction = c.text(
        required=True, one_of=("in", "out"), about="in: from the customer; out: to the customer."
    )
    type = c.text(required=True, about="call, visit, open, click, review, course ...")
    occurred_at = c.instant(required=True, about="When it happened.")
    is_auto = c.flag(about="Made by a machine; it counts as no engagement.")
    outcome = c.text(about="What came of it.")
    updated_at = c.instant(about="When the record last changed.")

    @dy.rule()
    def names_a_party(cls) -> pl.Expr:  # noqa: N805
        """An interaction with nobody belongs to nobody."""
        parties = pl.col("contact_id", "account_id", "lead_id")
        return pl.any_horizontal(parties.is_not_null())


SERVICE_TABLES = (
    Table("crm_cases", Cases),
    Table("crm_case_events", CaseEvents),
    Table("crm_survey_responses", SurveyResponses),
    Table("crm_interactions", Interactions),
)
