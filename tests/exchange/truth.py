"""What must come out of the tiny company, in exact fractions, with none of the project's code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from tests.exchange.company import (
    AS_OF,
    CASES,
    COSTS,
    MISSING_RATES,
    ORDERS,
    PAYMENTS,
    RATES,
    REFUNDS,
    ZERO,
    Line,
    Order,
    Payment,
    Refund,
)

COINS = {"USD": 2, "EUR": 2, "GBP": 2, "CHF": 2, "PLN": 2, "JPY": 0, "KWD": 3}
DAYS_A_RATE_LASTS = 4
# seeds/parameters.csv: margin where no cost is known, and costs that grow with revenue.
DEFAULT_MARGIN, VARIABLE_COST = Fraction("0.30"), Fraction("0.03")


@dataclass(frozen=True)
class Truth:
    """The company in one reporting currency, as of a day."""

    currency: str = "USD"
    as_of: date = AS_OF

    def rate(self, currency: str, day: date, *stated: Decimal | None) -> Decimal:
        """Return the first rate that is stated, else the last one of the day or 4 days before."""
        if currency == self.currency:
            return Decimal(1)
        for rate in stated:
            if rate is not None:
                return rate
        days = [day - timedelta(days=n) for n in range(DAYS_A_RATE_LASTS + 1)]
        known = [
            rate
            for rate in (*RATES, *MISSING_RATES)
            if (rate.currency, rate.to) == (currency, self.currency)
            if rate.day in days and rate.known_on <= self.as_of
        ]
        return max(known, key=lambda rate: (rate.day, rate.known_on)).rate

    def order_rate(self, order: Order) -> Decimal:
        """Return the rate of an order."""
        return self.rate(order.currency, order.ordered_on, order.rate)

    def refund_rate(self, refund: Refund) -> Decimal:
        """Return the rate of a refund: its own, its order's stated one, that of its day."""
        of_order = order_of(refund.order_id)
        inherited = of_order.rate if of_order.currency == refund.currency else None
        return self.rate(refund.currency, refund.refunded_on, refund.rate, inherited)

    def payment_rate(self, payment: Payment) -> Decimal:
        """Return the rate of a payment, found as that of a refund."""
        of_order = order_of(payment.order_id)
        inherited = of_order.rate if of_order.currency == payment.currency else None
        return self.rate(payment.currency, payment.paid_on, payment.rate, inherited)

    def rounded(self, amount: Decimal | Fraction) -> Decimal:
        """Round half up to the reporting currency's coin."""
        return rounded(Fraction(amount), COINS[self.currency])

    def gross(self, order: Order) -> Decimal:
        """List amount less discount, each converted as a whole."""
        rate = self.order_rate(order)
        return self.rounded(items(order) * rate) - self.rounded(order.discount * rate)

    def line_revenues(self, order: Order) -> list[Decimal]:
        """Revenue of each line: its part of the running totals, so that they add up."""
        rate, revenues = self.order_rate(order), []
        listed = discounted = before = ZERO
        for line, discount in zip(order.lines, discounts(order), strict=True):
            listed += line.quantity * line.price
            discounted += discount
            after = self.rounded(listed * rate) - self.rounded(discounted * rate)
            revenues.append(after - before)
            before = after
        return revenues

    def line_cost(self, order: Order, line: Line) -> Decimal | None:
        """Return a line's cost, rounded once it is converted; None where nobody states one."""
        cost, currency = line.cost, line.cost_currency or order.currency
        if cost is None:
            cost, currency = COSTS.get(line.sku, (None, ""))
        if cost is None:
            return None
        own = order.rate if currency == order.currency else None
        return self.rounded(cost * line.quantity * self.rate(currency, order.ordered_on, own))

    def refunded(self, order: Order) -> Decimal:
        """Goods given back, each refund at its own rate."""
        return sum(
            (self.rounded(goods(refund) * self.refund_rate(refund)) for refund in refunds(order)),
            ZERO,
        )

    def net_revenue(self, order: Order) -> Decimal:
        """Gross less refunds; a cancelled order has none."""
        return ZERO if order.status == "cancelled" else self.gross(order) - self.refunded(order)

    def margin(self, order: Order) -> Decimal:
        """Net revenue less known costs, the assumed cost of the rest, and variable costs."""
        revenues = self.line_revenues(order)
        costs = [self.line_cost(order, line) for line in order.lines]
        unknown = sum((r for r, c in zip(revenues, costs, strict=True) if c is None), ZERO)
        net = self.net_revenue(order)
        share = Fraction(unknown) / Fraction(sum(revenues, ZERO))
        assumed = self.rounded(Fraction(net) * share * (1 - DEFAULT_MARGIN))
        known = sum((cost for cost in costs if cost is not None), ZERO)
        return net - known - assumed - self.rounded(Fraction(net) * VARIABLE_COST)

    def exchange_difference(self, order: Order) -> Decimal:
        """What the refunds cost more than the same goods had brought in, by the rates alone."""
        found = ZERO
        for refund in refunds(order):
            own = goods(refund)
            if refund.currency != order.currency:
                own = rounded(
                    Fraction(own) * Fraction(self.refund_rate(refund))
                    / Fraction(self.order_rate(order)),
                    COINS[order.currency],
                )  # fmt: skip
            found += self.rounded(goods(refund) * self.refund_rate(refund))
            found -= self.rounded(own * self.order_rate(order))
        return found

    def paid(self, order: Order) -> Decimal:
        """Money received less money paid back, each at its own rate."""
        found = ZERO
        for payment in PAYMENTS:
            if payment.order_id == order.order_id:
                amount = self.rounded(payment.amount * self.payment_rate(payment))
                found += amount if payment.kind == "sale" else -amount
        return found

    def compensation(self, case: str) -> Decimal:
        """Compensation of a case at the rate of its opening day."""
        _, day, amount, currency = CASES[case]
        return self.rounded(amount * self.rate(currency, day))

    def marketing_cost(self, day: date, amount: Decimal, currency: str) -> Decimal:
        """Marketing spend at the rate of its day."""
        return self.rounded(amount * self.rate(currency, day))


def counted() -> list[Order]:
    """Orders that are not cancelled."""
    return [order for order in ORDERS if order.status != "cancelled"]


def order_of(order_id: str) -> Order:
    """Return the order of an id."""
    return next(order for order in ORDERS if order.order_id == order_id)


def refunds(order: Order) -> list[Refund]:
    """Refunds of an order."""
    return [refund for refund in REFUNDS if refund.order_id == order.order_id]


def goods(refund: Refund) -> Decimal:
    """What of a refund is goods."""
    return refund.total - refund.shipping - refund.tax


def items(order: Order) -> Decimal:
    """Items at list price."""
    return sum((line.quantity * line.price for line in order.lines), ZERO)


def discounts(order: Order) -> list[Decimal]:
    """The order's discount over its lines, in whole coins: largest remainder, then first line."""
    coin = Fraction(1, 10 ** COINS[order.currency])
    shares = [
        Fraction(order.discount) * Fraction(line.quantity * line.price) / Fraction(items(order))
        for line in order.lines
    ]
    coins = [share // coin for share in shares]
    left = int(Fraction(order.discount) / coin) - sum(coins)
    by_remainder = sorted(range(len(shares)), key=lambda no: (coins[no] * coin - shares[no], no))
    for no in by_remainder[:left]:
        coins[no] += 1
    return [rounded(number * coin, COINS[order.currency]) for number in coins]


def rounded(amount: Fraction, digits: int) -> Decimal:
    """Round half up, away from zero, without ever leaving exact numbers."""
    units = abs(amount) * 10**digits
    whole = int(units) + (units - int(units) >= Fraction(1, 2))
    sign = -1 if amount < 0 else 1
    exact = Decimal(sign * whole).scaleb(-digits)
    return exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
