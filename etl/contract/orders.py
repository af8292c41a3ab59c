"""Row rules of the order side: orders, their lines, payments, refunds, products, costs, rates."""

from __future__ import annotations

import dataframely as dy
import polars as pl

from etl.contract import columns as c
from etl.contract.table import Table


class Orders(dy.Schema):
    """One row per order and version."""

    order_id = c.text(key=True, about="The order's id in its source system.")
    business_unit = c.text(required=True, about="Shop or brand the order belongs to.")
    order_no = c.text(about="Number printed for the customer.")
    customer_ref = c.text(about="The shop's own customer id.")
    email = c.text(pii="email", about="E-mail on the order.")
    phone = c.text(pii="phone", about="Phone on the order.")
    account_id = c.text(about="CRM account named on the order.")
    contact_id = c.text(about="CRM contact named on the order.")
    crm_system = c.text(
        about="Source system of account_id and contact_id; the order's own when null."
    )
    partner_id = c.text(about="Channel partner that sold it.")
    rep_id = c.text(about="Sales representative.")
    channel = c.text(required=True, about="Where it was sold: store, web, mail, phone ...")
    status = c.text(
        required=True,
        one_of=("open", "completed", "cancelled"),
        about="State of the order.",
    )
    financial_status = c.text(about="Payment state as the source names it.")
    is_test = c.flag(required=True, about="A test order, never counted.")
    ordered_at = c.instant(required=True, about="When the customer ordered.")
    processed_at = c.instant(about="When the shop processed it.")
    cancelled_at = c.instant(about="When it was cancelled.")
    currency = c.currency(required=True)
    gross_items = c.money(required=True, about="Items at list price, before discount.")
    discount = c.money(required=True, minimum=0, about="Discounts the retailer pays for; positive.")
    shipping = c.money(required=True, about="Shipping charged.")
    tax = c.money(required=True, about="Tax on the order.")
    tip = c.money(about="Tip.")
    total = c.money(required=True, about="What the seller receives for the order.")
    taxes_included = c.flag(about="Whether item prices contain the tax.")
    discount_codes = c.text(about="Codes used, separated by semicolons.")
    promised_at = c.instant(about="Delivery promised for.")
    delivered_at = c.instant(about="Delivered.")
    ship_country = c.text(about="ISO 3166 country of delivery.")
    is_fraud = c.flag(about="The source calls it fraud.")
    fx_rate = c.fx(about="Rate to the reporting currency that the source states.")
    updated_at = c.instant(about="When the source last changed the record.")

    @dy.rule()
    def cancelled_has_status(cls) -> pl.Expr:  # noqa: N805 - dataframely's form
        """A cancellation instant on an order that is not cancelled contradicts itself."""
        return pl.col("cancelled_at").is_null() | (pl.col("status") == "cancelled")


class OrderLines(dy.Schema):
    """One row per order line and version of the order."""

    order_id = c.text(key=True, about="Order the line belongs to.")
    line_no = c.integer(key=True, minimum=1, about="Position within the order, from 1.")
    line_id = c.text(about="The line's own id, where the source has one.")
    product_id = c.text(about="Product sold.")
    sku = c.text(about="Stock keeping unit; costs are kept by it.")
    title = c.text(required=True, about="What the line says was sold.")
    quantity = c.quantity(required=True, about="Units sold; may be 0 for priced-by-weight items.")
    unit_price = c.money(
        about="List price of one unit, to four decimals; null where only line_amount is stated."
    )
    line_amount = c.money(
        about="List amount of the line where the source states it: quantity x unit price "
        "cannot carry it for goods sold by weight. Wins over the product."
    )
    compare_at_price = c.money(about="Crossed-out price.")
    line_discount = c.money(
        required=True, minimum=0, about="Discount on this line that the retailer pays for."
    )
    tax = c.money(about="Tax on the line.")
    is_gift_card = c.flag(required=True, about="Sale of a gift card: no revenue yet.")
    is_sample = c.flag(required=True, about="Free sample.")
    unit_cost = c.money(about="Cost of one unit at the time of sale.")
    cost_currency = c.text(regex="^[A-Z]{3}$", about="Currency of unit_cost.")
    updated_at = c.instant(about="When the source last changed the record.")

    @dy.rule()
    def line_is_priced(cls) -> pl.Expr:  # noqa: N805
        """A line whose price nobody states is worth nothing that could be added up."""
        return pl.col("unit_price").is_not_null() | pl.col("line_amount").is_not_null()


class Payments(dy.Schema):
    """One row per payment event and version."""

    payment_id = c.text(key=True, about="The payment's id.")
    order_id = c.text(required=True, about="Order paid.")
    kind = c.text(
        required=True,
        one_of=("sale", "capture", "refund", "authorization", "void", "chargeback"),
        about="What the payment event is.",
    )
    status = c.text(
        required=True, one_of=("success", "failure", "pending"), about="Outcome of the event."
    )
    amount = c.money(required=True, minimum=0, about="Amount, positive for every kind.")
    currency = c.currency(required=True)
    fx_rate = c.fx(about="Rate to the reporting currency that the source states.")
    gateway = c.text(about="Payment service.")
    processed_at = c.instant(required=True, about="When it happened.")
    updated_at = c.instant(about="When the source last changed the record.")


class Refunds(dy.Schema):
    """One row per refund and version."""

    refund_id = c.text(key=True, about="The refund's id.")
    order_id = c.text(required=True, about="Order refunded.")
    refunded_at = c.instant(required=True, about="When the money went back.")
    refund_total = c.money(required=True, minimum=0, about="All that went back, tax included.")
    refund_tax = c.money(minimum=0, about="Tax part of refund_total; null is none stated.")
    refund_shipping = c.money(minimum=0, about="Shipping part of refund_total.")
    currency = c.currency(required=True)
    fx_rate = c.fx(about="Rate to the reporting currency that the source states.")
    reason = c.text(about="Reason code of the source.")
    date_basis = c.text(
        required=True,
        one_of=("actual", "assumed"),
        about="Whether refunded_at is known or assumed.",
    )
    updated_at = c.instant(about="When the source last changed the record.")


class RefundLines(dy.Schema):
    """One row per refunded line and version of the refund."""

    refund_id = c.text(key=True, about="Refund the line belongs to.")
    line_no = c.integer(key=True, minimum=1, about="Position within the refund, from 1.")
    order_line_no = c.integer(about="Line of the order that came back.")
    quantity = c.quantity(required=True, minimum=0, about="Units that came back.")
    amount = c.money(required=True, minimum=0, about="Net amount refunded for the line.")
    restocked = c.flag(about="Whether the goods can be sold again.")
    updated_at = c.instant(about="When the source last changed the record.")


class Products(dy.Schema):
    """One row per product and version."""

    product_id = c.text(key=True, about="The product's id.")
    sku = c.text(about="Stock keeping unit.")
    title = c.text(required=True, about="Name of the product.")
    category = c.text(about="Category.")
    brand = c.text(about="Brand.")
    is_premium = c.flag(about="A premium line.")
    is_ethical = c.flag(about="Tagged ethical: fair trade, organic ...")
    is_customised = c.flag(about="Made to order.")
    launched_on = c.day(about="First sold.")
    status = c.text(about="State as the source names it.")
    updated_at = c.instant(about="When the source last changed the record.")


class ProductCosts(dy.Schema):
    """One row per SKU and day from which a cost is valid."""

    sku = c.text(key=True, about="Stock keeping unit.")
    valid_from = c.day(key=True, about="First day the cost is valid.")
    unit_cost = c.money(required=True, minimum=0, about="Cost of one unit.")
    currency = c.currency(required=True)
    cost_basis = c.text(
        one_of=("actual", "standard", "generated"),
        about="How the cost is known; generated marks demo data, and marts carry the word on.",
    )
    updated_at = c.instant(about="When the source last changed the record.")


class FxRates(dy.Schema):
    """One row per day and pair of currencies."""

    rate_on = c.day(key=True, about="Day the rate is for.")
    from_currency = c.text(key=True, regex="^[A-Z]{3}$", about="Currency converted from.")
    to_currency = c.text(key=True, regex="^[A-Z]{3}$", about="Currency converted to.")
    rate = c.fx(required=True, about="Units of to_currency for one of from_currency.")

    @dy.rule()
    def rate_positive(cls) -> pl.Expr:  # noqa: N805
        """A rate of zero would turn money into nothing."""
        return pl.col("rate") > 0


ORDER_TABLES = (
    Table("orders", Orders, lines="order_lines", amount="total"),
    Table("order_lines", OrderLines, document="order_id", amount="line_amount"),
    Table("payments", Payments, amount="amount"),
    Table("refunds", Refunds, lines="refund_lines", amount="refund_total"),
    Table("refund_lines", RefundLines, document="refund_id", amount="amount"),
    Table("products", Products),
    Table("product_costs", ProductCosts),
    Table("fx_rates", FxRates),
)
