"""What must come out, added up from the records themselves with none of the project's code."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from tests.company.model import ZERO, Company, Order, Refund, business_day, known_on

Node = tuple[str, str]
DAYS_A_RATE_LASTS = 4


@dataclass
class ShopTotals:
    """Totals of one shop in dollars; a counted order is neither cancelled nor a test."""

    orders: int = 0
    counted_orders: int = 0
    guest_orders: int = 0
    net_revenue_gross_of_refunds: Decimal = ZERO
    refunded_revenue: Decimal = ZERO
    gift_card_sales: Decimal = ZERO
    # Less what was given back.
    shipping_revenue: Decimal = ZERO

    @property
    def net_revenue(self) -> Decimal:
        return self.net_revenue_gross_of_refunds - self.refunded_revenue


@dataclass(frozen=True)
class Totals:
    """Totals of the company as of a day."""

    as_of: date
    customers: int
    shops: dict[str, ShopTotals] = field(default_factory=dict)


def totals(company: Company, as_of: date) -> Totals:
    """Return what is true by the end of a day, given only what was known by then."""
    orders = latest_orders(company, as_of)
    shops: dict[str, ShopTotals] = {}
    for order in orders.values():
        shop = shops.setdefault(order.shop, ShopTotals())
        shop.orders += 1
        shop.guest_orders += not any((order.ref, order.email, order.contact_id, order.account_id))
        if order.status == "cancelled" or order.is_test:
            continue
        rate = order_rate(company, order)
        shop.counted_orders += 1
        shop.net_revenue_gross_of_refunds += net_revenue(order) * rate
        shop.gift_card_sales += gift_cards(order) * rate
        shop.shipping_revenue += order.shipping * rate
        for refund in refunds_of(company, order, as_of):
            given_back = refund_rate(company, refund, order)
            shop.refunded_revenue += refund.goods_total * given_back
            shop.shipping_revenue -= refund.shipping * given_back
    return Totals(as_of, customers=count_customers(company, as_of), shops=shops)


def latest_orders(company: Company, as_of: date) -> dict[str, Order]:
    """Return the version of each order that was in force at the end of a day."""
    found: dict[str, Order] = {}
    for order in company.orders:
        if known_on(order.shop, order.delivered_on, order.updated_at) <= as_of:
            held = found.get(order.order_id)
            if held is None or order.updated_at > held.updated_at:
                found[order.order_id] = order
    return found


def net_revenue(order: Order) -> Decimal:
    """Goods less discounts, without gift cards and without the tax inside the prices."""
    tax = order.tax if order.taxes_included else ZERO
    return order.listed - gift_cards(order) - order.discount - tax


def gift_cards(order: Order) -> Decimal:
    """What was paid for gift cards: no revenue yet."""
    return sum((line.listed for line in order.lines if line.is_gift_card), ZERO)


def refunds_of(company: Company, order: Order, as_of: date) -> list[Refund]:
    """Return an order's refunds that were known by the end of a day."""
    return [
        refund
        for refund in company.refunds
        if refund.order_id == order.order_id
        if known_on(order.shop, refund.delivered_on, refund.updated_at) <= as_of
    ]


def order_rate(company: Company, order: Order) -> Decimal:
    """Return dollars for one unit of the order's currency."""
    return order.rate or quoted(company, order.currency, business_day(order.shop, order.ordered_at))


def refund_rate(company: Company, refund: Refund, order: Order) -> Decimal:
    """Return the refund's own rate, else the order's if it is the same currency, else a quote."""
    if refund.rate:
        return refund.rate
    if order.rate and order.currency == refund.currency:
        return order.rate
    return quoted(company, refund.currency, business_day(order.shop, refund.refunded_at))


def quoted(company: Company, currency: str, day: date) -> Decimal:
    """Return the last quote on or up to four days before a day."""
    if currency == "USD":
        return Decimal(1)
    quotes = {rate.rate_on: rate.rate for rate in company.rates if rate.currency == currency}
    days = (day - timedelta(days=n) for n in range(DAYS_A_RATE_LASTS + 1))
    return next(quotes[day] for day in days if day in quotes)


def count_customers(company: Company, as_of: date) -> int:
    """Count the people and companies behind all references, e-mails, contacts and accounts."""
    parent: dict[Node, Node] = {}

    def root(node: Node) -> Node:
        while parent.setdefault(node, node) != node:
            node = parent[node]
        return node

    for first, second in _same(company, as_of):
        parent[root(first)] = root(second)
    return len({root(node) for node in parent})


def _same(company: Company, as_of: date) -> list[tuple[Node, Node]]:
    """Pairs of records that belong to one customer; a record alone is paired with itself."""
    pairs: list[tuple[Node, Node]] = []
    for order in latest_orders(company, as_of).values():
        pairs += _pairs((order.shop, order.ref), ("email", _mail(order.email)))
        pairs += _pairs(("contact", order.contact_id), ("account", order.account_id))
    for contact in company.contacts:
        if known_on("help_desk", contact.delivered_on, contact.updated_at) <= as_of:
            own = ("contact", contact.contact_id)
            pairs += _pairs(own, ("email", _mail(contact.email)))
            pairs += _pairs(own, ("contact", contact.master_id))
            pairs += _pairs(own, ("account", contact.account_id))
            pairs += _pairs(own, (contact.external_system, contact.external_ref))
    for account in company.accounts:
        if known_on("help_desk", account.delivered_on, account.updated_at) <= as_of:
            own = ("account", account.account_id)
            pairs += _pairs(own, (account.external_system, account.external_ref))
    return pairs


def _pairs(first: Node, second: Node) -> list[tuple[Node, Node]]:
    named = [node for node in (first, second) if node[1]]
    return [(named[0], named[-1])] if named else []


def _mail(text: str) -> str:
    """Return an e-mail as one writes it; a shared inbox says nothing about who it is."""
    mail = text.strip().lower()
    return "" if mail.startswith("info@") else mail
