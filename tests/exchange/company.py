"""The records of the tiny company, and the files they are delivered in.

Each order is there for one reason, told at its side. Nothing reads the clock or the project's code.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from tests.company.generate import csv_bytes, write_manifest

MAPPINGS = Path(__file__).parent / "mappings"
AS_OF = date(2026, 6, 30)
HISTORY_ON = date(2026, 6, 15)
CORRECTED_ON = date(2026, 6, 20)
# One day before the correction became known.
BEFORE_CORRECTION = date(2026, 6, 19)
ZERO = Decimal(0)


@dataclass(frozen=True)
class Line:
    """A line; its cost, if it states one, is in ``cost_currency``."""

    sku: str
    quantity: Decimal
    price: Decimal
    cost: Decimal | None = None
    cost_currency: str = ""


@dataclass(frozen=True)
class Order:
    """An order; ``rate`` is one it states itself."""

    order_id: str
    currency: str
    ordered_on: date
    lines: tuple[Line, ...]
    discount: Decimal = ZERO
    shipping: Decimal = ZERO
    tax: Decimal = ZERO
    rate: Decimal | None = None
    status: str = "completed"


@dataclass(frozen=True)
class Payment:
    """Money received (``sale``) or paid back (``refund``)."""

    payment_id: str
    order_id: str
    kind: str
    amount: Decimal
    currency: str
    paid_on: date
    rate: Decimal | None = None


@dataclass(frozen=True)
class Refund:
    """A refund without lines; shipping and tax are stated, the rest is goods."""

    refund_id: str
    order_id: str
    currency: str
    refunded_on: date
    total: Decimal
    shipping: Decimal = ZERO
    tax: Decimal = ZERO
    rate: Decimal | None = None


@dataclass(frozen=True)
class Rate:
    """Units of ``to`` for one unit of ``currency``, and when which system told it."""

    system: str
    day: date
    currency: str
    to: str
    rate: Decimal
    known_on: date


def _line(sku: str, quantity: str, price: str, cost: str = "", currency: str = "") -> Line:
    stated = Decimal(cost) if cost else None
    return Line(sku, Decimal(quantity), Decimal(price), stated, currency)


FRIDAY, TUESDAY, WEDNESDAY = date(2026, 3, 6), date(2026, 3, 10), date(2026, 3, 11)
MONTHS_LATER = date(2026, 6, 15)

ORDERS = (
    # Odd amounts on three lines, a discount to share, costs in kronor, in euros and none.
    Order(
        "E1", "EUR", FRIDAY,
        (_line("A", "3", "9.99"), _line("B", "1", "0.35", "0.11"), _line("C", "2", "4.45")),
        Decimal("1.00"), Decimal("4.90"), Decimal("3.33"),
    ),
    # Four days after the last rate: the long weekend.
    Order("E2", "EUR", TUESDAY, (_line("C", "7", "12.35"),), tax=Decimal("8.65")),
    # Five days after it: held until that day's rate is delivered.
    Order("E3", "EUR", WEDNESDAY, (_line("C", "1", "10.01"),)),
    # States its own rate; its refund, which states none, takes it over.
    Order("E4", "EUR", FRIDAY, (_line("C", "1", "33.33"),), rate=Decimal("1.1")),
    # Two sources state the pound's rate; paid in pounds and in dollars.
    Order("G1", "GBP", FRIDAY, (_line("B", "3", "7.77", "1.015", "GBP"),)),
    # No decimals.
    Order("J1", "JPY", FRIDAY, (_line("C", "3", "1980"), _line("D", "1", "55")), Decimal(297)),
    # Three decimals, and a discount that three lines cannot share alike.
    Order(
        "K1", "KWD", FRIDAY,
        (_line("C", "1", "12.345"), _line("C", "1", "12.345"), _line("C", "1", "12.345")),
        Decimal("1.000"),
    ),
    # In dollars; refunded in euros; one cost in a currency without a rate.
    Order("U1", "USD", FRIDAY, (_line("B", "1", "100.00", "250", "DKK"),)),
    # Only dollars to francs are delivered.
    Order("C1", "CHF", FRIDAY, (_line("C", "1", "80.05"),)),
    # Cancelled: nobody needs its rate.
    Order("X1", "BRL", FRIDAY, (_line("C", "1", "10"),), status="cancelled"),
)  # fmt: skip
COSTS = {"A": (Decimal("40.10"), "SEK")}
PAYMENTS = (
    Payment("P1", "G1", "sale", Decimal("13.31"), "GBP", FRIDAY),
    Payment("P2", "G1", "sale", Decimal("12.71"), "USD", FRIDAY),
    Payment("P3", "G1", "sale", Decimal("5.00"), "NOK", TUESDAY),
    Payment("P4", "E2", "sale", Decimal("95.10"), "EUR", TUESDAY, Decimal("1.09")),
    # Paid back months later, at the rate of its own day.
    Payment("P5", "E2", "refund", Decimal("95.10"), "EUR", MONTHS_LATER),
    # The order states a rate: its payment takes it over.
    Payment("P6", "E4", "sale", Decimal("33.33"), "EUR", TUESDAY),
)
REFUNDS = (
    # All of it, months later: the dollars differ, the euros do not.
    Refund("R1", "E2", "EUR", MONTHS_LATER, Decimal("95.10"), tax=Decimal("8.65")),
    Refund("R2", "E4", "EUR", MONTHS_LATER, Decimal("11.11")),
    Refund("R3", "U1", "EUR", MONTHS_LATER, Decimal("10.00")),
    Refund("R4", "J1", "JPY", MONTHS_LATER, Decimal("1000")),
    Refund("R5", "J1", "JPY", MONTHS_LATER, Decimal("500"), rate=Decimal("0.0066")),
    Refund("R6", "E1", "PLN", date(2026, 4, 20), Decimal("9.99"), Decimal("4.44"), Decimal("1.11")),
)
# case -> order, day, compensation, currency
CASES = {"K-1": ("E1", date(2026, 5, 4), Decimal("5000"), "HUF")}

# What marketing cost -> day, amount, currency; the campaign's purpose is booked nowhere by day.
SPEND = {
    "search": (FRIDAY, Decimal("100.01"), "EUR"),
    "fair": (date(2026, 5, 4), Decimal("20000"), "HUF"),
}
CAMPAIGNS = {"M-1": (date(2026, 4, 20), Decimal("999.99"), "PLN")}


def _rates() -> tuple[Rate, ...]:
    told = (
        (FRIDAY, "EUR", "USD", "1.0837"),
        (FRIDAY, "GBP", "USD", "1.2719"),
        (FRIDAY, "JPY", "USD", "0.006712"),
        (FRIDAY, "KWD", "USD", "3.2451"),
        (FRIDAY, "SEK", "USD", "0.0957"),
        # The other direction, of which nothing may be made.
        (FRIDAY, "USD", "CHF", "0.8928"),
        (date(2026, 6, 12), "EUR", "USD", "1.1213"),
        (date(2026, 6, 12), "JPY", "USD", "0.006431"),
        # For a company that reports in yen.
        (FRIDAY, "USD", "JPY", "148.98"),
        (FRIDAY, "EUR", "JPY", "161.45"),
        (FRIDAY, "GBP", "JPY", "189.49"),
        (FRIDAY, "KWD", "JPY", "483.46"),
        (FRIDAY, "SEK", "JPY", "14.257"),
        (date(2026, 6, 12), "EUR", "JPY", "174.36"),
    )
    found = [Rate("treasury", d, frm, to, Decimal(rate), d) for d, frm, to, rate in told]
    # Another source states the pound too, some days later; and the euro is corrected in June.
    found.append(Rate("bureau", FRIDAY, "GBP", "USD", Decimal("1.2723"), date(2026, 6, 16)))
    found.append(Rate("treasury", FRIDAY, "EUR", "USD", Decimal("1.0873"), CORRECTED_ON))
    found.append(Rate("treasury", FRIDAY, "EUR", "JPY", Decimal("161.99"), CORRECTED_ON))
    return tuple(found)


RATES = _rates()
# What is missing at first: an order twice, a payment, a cost, a refund and a campaign, a
# compensation and marketing spend.
MISSING_RATES = tuple(
    Rate("treasury", day, currency, "USD", Decimal(rate), AS_OF)
    for day, currency, rate in (
        (WEDNESDAY, "EUR", "1.0911"),
        (FRIDAY, "CHF", "1.1201"),
        (TUESDAY, "NOK", "0.0941"),
        (FRIDAY, "DKK", "0.1457"),
        (date(2026, 4, 20), "PLN", "0.2511"),
        (date(2026, 5, 4), "HUF", "0.00271"),
    )
)


def write_exchange(landing: Path) -> None:
    """Write the history and, day by day, what became known after it; not the missing rates."""
    tables = {
        "sales": [row for order in ORDERS for row in _order_rows(order)],
        "payments": [_payment_row(payment) for payment in PAYMENTS],
        "refunds": [_refund_row(refund) for refund in REFUNDS],
        "product_costs": [
            {"sku": sku, "valid_from": "2026-01-01", "cost": str(cost), "currency": currency}
            for sku, (cost, currency) in COSTS.items()
        ],
    }
    _write(landing / "bazaar", HISTORY_ON, "history", tables)
    cases = [
        {"case": case, "order": order, "opened": _at(day), "compensation": str(amount),
         "currency": currency}
        for case, (order, day, amount, currency) in CASES.items()
    ]  # fmt: skip
    spend = [
        {"day": day.isoformat(), "channel": channel, "amount": str(amount), "currency": currency}
        for channel, (day, amount, currency) in SPEND.items()
    ]
    campaigns = [
        {"campaign": campaign, "starts": day.isoformat(), "spend": str(amount),
         "currency": currency}
        for campaign, (day, amount, currency) in CAMPAIGNS.items()
    ]  # fmt: skip
    tables = {"cases": cases, "media_cost": spend, "campaigns": campaigns}
    _write(landing / "care", HISTORY_ON, "history", tables)
    write_rates(landing, RATES)


def write_rates(landing: Path, rates: tuple[Rate, ...]) -> None:
    """Write rates as their systems deliver them: the history at once, later ones on their day."""
    for system in sorted({rate.system for rate in rates}):
        own = [rate for rate in rates if rate.system == system]
        for day in sorted({max(rate.known_on, HISTORY_ON) for rate in own}):
            rows = [_rate_row(rate) for rate in own if max(rate.known_on, HISTORY_ON) == day]
            mode = "history" if day == HISTORY_ON else "incremental"
            _write(landing / system, day, mode, {"rates": rows})


def _order_rows(order: Order) -> list[dict[str, str]]:
    items = sum((line.quantity * line.price for line in order.lines), ZERO)
    head = {
        "order": order.order_id,
        "customer": f"c-{order.order_id}",
        "status": order.status,
        "at": _at(order.ordered_on),
        "currency": order.currency,
        "rate": _text(order.rate),
        "items": str(items),
        "discount": str(order.discount),
        "shipping": str(order.shipping),
        "tax": str(order.tax),
        "total": str(items - order.discount + order.shipping + order.tax),
    }
    return [
        {
            **head,
            "sku": line.sku,
            "quantity": str(line.quantity),
            "price": str(line.price),
            "cost": _text(line.cost),
            "cost_currency": line.cost_currency,
        }
        for line in order.lines
    ]


def _payment_row(payment: Payment) -> dict[str, str]:
    return {
        "payment": payment.payment_id,
        "order": payment.order_id,
        "kind": payment.kind,
        "amount": str(payment.amount),
        "currency": payment.currency,
        "rate": _text(payment.rate),
        "at": _at(payment.paid_on),
    }


def _refund_row(refund: Refund) -> dict[str, str]:
    return {
        "refund": refund.refund_id,
        "order": refund.order_id,
        "at": _at(refund.refunded_on),
        "total": str(refund.total),
        "shipping": str(refund.shipping),
        "tax": str(refund.tax),
        "currency": refund.currency,
        "rate": _text(refund.rate),
    }


def _rate_row(rate: Rate) -> dict[str, str]:
    return {
        "day": rate.day.isoformat(),
        "from": rate.currency,
        "to": rate.to,
        "rate": str(rate.rate),
    }


def _at(day: date) -> str:
    return f"{day.isoformat()} 12:00:00 +0000"


def _text(value: Decimal | None) -> str:
    return "" if value is None else str(value)


def _write(folder: Path, day: date, mode: str, tables: dict[str, list[dict[str, str]]]) -> None:
    folder = folder / day.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        (folder / f"{name}.csv").write_bytes(csv_bytes(list(rows[0]), rows))
    write_manifest(folder, {"business_day": day.isoformat(), "mode": mode})
