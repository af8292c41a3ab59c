"""Row rules of marketing: campaigns, what they cost, the loyalty programme, referrals."""

from __future__ import annotations

import dataframely as dy
import polars as pl

from etl.contract import columns as c
from etl.contract.rules import days_in_order
from etl.contract.table import Table


class Campaigns(dy.Schema):
    """One row per campaign and version."""

    campaign_id = c.text(key=True, about="The campaign's id.")
    name = c.text(required=True, about="Name.")
    type = c.text(
        required=True,
        one_of=("acquisition", "retention", "winback", "trial", "referral"),
        about="What it is for.",
    )
    channel = c.text(about="Channel it runs on.")
    starts_on = c.day(about="First day.")
    ends_on = c.day(about="Last day.")
    spend = c.money(minimum=0, about="What it cost.")
    currency = c.currency()
    updated_at = c.instant(about="When the record last changed.")

    @dy.rule()
    def ends_not_before_start(cls) -> pl.Expr:  # noqa: N805
        """A campaign cannot end before it starts."""
        return days_in_order("starts_on", "ends_on")


class CampaignMembers(dy.Schema):
    """One row per party of a campaign and version."""

    campaign_id = c.text(key=True, about="The campaign.")
    party_type = c.text(
        key=True, one_of=("contact", "account", "lead"), about="What party_id names."
    )
    party_id = c.text(key=True, about="Who was addressed.")
    sent_at = c.instant(about="When the message went out.")
    responded_at = c.instant(about="When they first responded.")
    status = c.text(about="State as the source names it.")
    arm = c.text(about="Arm of the experiment: treatment, holdout ...")
    cost = c.money(minimum=0, about="Cost of addressing this party, in the campaign's currency.")
    updated_at = c.instant(about="When the record last changed.")


class MarketingSpend(dy.Schema):
    """One row per day, channel and purpose, and version."""

    spent_on = c.day(key=True, about="Day it was spent.")
    channel = c.text(key=True, about="Channel.")
    purpose = c.text(key=True, about="acquisition, retention, brand ...")
    amount = c.money(required=True, about="What was spent; negative for a credit.")
    currency = c.currency(required=True)
    updated_at = c.instant(about="When the record last changed.")


class LoyaltyAccounts(dy.Schema):
    """One row per membership of a loyalty programme and version."""

    member_id = c.text(key=True, about="The membership's id.")
    contact_id = c.text(required=True, about="Contact who is the member.")
    programme = c.text(required=True, about="Programme.")
    tier = c.text(about="Tier, as the programme names it.")
    tier_since_on = c.day(about="First day in the tier.")
    joined_on = c.day(required=True, about="First day of the membership.")
    left_on = c.day(about="Last day of the membership.")
    updated_at = c.instant(about="When the record last changed.")

    @dy.rule()
    def left_not_before_joined(cls) -> pl.Expr:  # noqa: N805
        """Nobody leaves before they join."""
        return days_in_order("joined_on", "left_on")


class LoyaltyTransactions(dy.Schema):
    """One row per movement of points and version."""

    transaction_id = c.text(key=True, about="The movement's id.")
    member_id = c.text(required=True, about="Membership whose balance moves.")
    kind = c.text(
        required=True,
        one_of=("earn", "burn", "expire", "adjust", "reverse"),
        about="Why it moves.",
    )
    points = c.points(
        required=True,
        about="Change of the balance: positive when earned, negative when burned or expired.",
    )
    order_id = c.text(about="Order they were earned or burned with.")
    order_system = c.text(about="Source system of order_id; the movement's own when null.")
    occurred_at = c.instant(required=True, about="When the balance moved.")
    expires_on = c.day(about="Last day the points can be used.")
    updated_at = c.instant(about="When the record last changed.")

    @dy.rule()
    def sign_fits_kind(cls) -> pl.Expr:  # noqa: N805
        """Earning does not lower a balance; burning and expiring do not raise it."""
        kind, points = pl.col("kind"), pl.col("points")
        lowers = kind.is_in(["burn", "expire"]) & (points > 0)
        return ~(lowers | ((kind == "earn") & (points < 0)))


class Referrals(dy.Schema):
    """One row per referral and version."""

    referral_id = c.text(key=True, about="The referral's id.")
    referrer_contact_id = c.text(required=True, about="Contact who recommended.")
    referee_contact_id = c.text(about="Contact who was recommended to.")
    referee_email = c.text(pii="email", about="E-mail of whom it was recommended to.")
    code = c.text(about="Referral code.")
    referred_at = c.instant(required=True, about="When it was recommended.")
    converted_order_id = c.text(about="First order that came of it.")
    order_system = c.text(
        about="Source system of converted_order_id; the referral's own when null."
    )
    reward_cost = c.money(minimum=0, about="What the reward cost.")
    currency = c.currency()
    updated_at = c.instant(about="When the record last changed.")


MARKETING_TABLES = (
    Table("crm_campaigns", Campaigns, amount="spend"),
    Table("crm_campaign_members", CampaignMembers),
    Table("crm_marketing_spend", MarketingSpend, amount="amount"),
    Table("crm_loyalty_accounts", LoyaltyAccounts),
    Table("crm_loyalty_transactions", LoyaltyTransactions),
    Table("crm_referrals", Referrals),
)
