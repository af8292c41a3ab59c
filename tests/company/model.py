"""What the small company consists of: plain records, each with the day it is delivered.

A record may appear in several versions; every version is its own object. ``delivered_on`` is the
business day of the drop that carries it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

HISTORY_ON = date(2026, 1, 26)
STARTS_ON = date(2024, 7, 1)
# Drops are always generated for this many days; ``days`` only cuts them off.
MAX_DAYS = 10
ZONES = {
    "north_shop": ZoneInfo("America/New_York"),
    "south_shop": ZoneInfo("America/Chicago"),
    "help_desk": ZoneInfo("America/New_York"),
}
ZERO = Decimal("0.00")


@dataclass(frozen=True)
class Line:
    """A line of an order; prices in the order's currency."""

    sku: str
    title: str
    quantity: int
    price: Decimal
    discount: Decimal = ZERO
    is_gift_card: bool = False
    is_sample: bool = False

    @property
    def listed(self) -> Decimal:
        return self.price * self.quantity


@dataclass(frozen=True)
class Order:
    """One version of an order; ``discount`` is all of it, the lines' discounts included."""

    shop: str
    order_id: str
    ref: str
    email: str
    ordered_at: datetime
    updated_at: datetime
    delivered_on: date
    status: str
    currency: str
    lines: tuple[Line, ...]
    discount: Decimal = ZERO
    shipping: Decimal = ZERO
    tax: Decimal = ZERO
    taxes_included: bool = False
    rate: Decimal | None = None
    channel: str = "web"
    is_test: bool = False
    # Records of the help desk that the shop's order names.
    contact_id: str = ""
    account_id: str = ""

    @property
    def listed(self) -> Decimal:
        return sum((line.listed for line in self.lines), ZERO)

    @property
    def total(self) -> Decimal:
        tax = ZERO if self.taxes_included else self.tax
        return self.listed - self.discount + self.shipping + tax


@dataclass(frozen=True)
class Payment:
    """One event of a payment."""

    payment_id: str
    order_id: str
    kind: str
    status: str
    amount: Decimal
    currency: str
    processed_at: datetime
    delivered_on: date


@dataclass(frozen=True)
class Refund:
    """One refund: its total is goods, tax and shipping; the lines say which goods."""

    refund_id: str
    order_id: str
    refunded_at: datetime
    updated_at: datetime
    delivered_on: date
    goods: tuple[tuple[int, int, Decimal], ...]
    tax: Decimal
    shipping: Decimal
    currency: str
    rate: Decimal | None = None

    @property
    def goods_total(self) -> Decimal:
        return sum((amount for _, _, amount in self.goods), ZERO)

    @property
    def total(self) -> Decimal:
        return self.goods_total + self.tax + self.shipping


@dataclass(frozen=True)
class Rate:
    """Reporting currency for one unit of ``currency``, quoted on working days only."""

    rate_on: date
    currency: str
    rate: Decimal


@dataclass(frozen=True)
class Contact:
    """One version of a CRM contact."""

    contact_id: str
    email: str
    first_name: str
    last_name: str
    created_at: datetime
    updated_at: datetime
    delivered_on: date
    account_id: str = ""
    master_id: str = ""
    external_system: str = ""
    external_ref: str = ""
    phone: str = ""
    birth_on: str = ""
    lifecycle: str = ""
    is_deceased: bool = False
    is_minor: bool = False
    bounced_at: datetime | None = None


@dataclass(frozen=True)
class Account:
    """One version of a CRM account."""

    account_id: str
    name: str
    account_type: str
    is_person: bool
    created_at: datetime
    updated_at: datetime
    delivered_on: date
    external_system: str = ""
    external_ref: str = ""
    bad_debt_at: datetime | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True)
class Service:
    """A row of an export that is written as it stands, as text by column name."""

    export: str
    known_at: datetime
    delivered_on: date
    row: dict[str, str]


@dataclass(frozen=True)
class Company:
    """All versions of all records, and the drops they come in."""

    days: int
    orders: tuple[Order, ...]
    payments: tuple[Payment, ...]
    refunds: tuple[Refund, ...]
    rates: tuple[Rate, ...]
    contacts: tuple[Contact, ...]
    accounts: tuple[Account, ...]
    service: tuple[Service, ...]

    @property
    def as_of(self) -> date:
        return HISTORY_ON + timedelta(days=self.days)

    @property
    def drops(self) -> tuple[date, ...]:
        return tuple(HISTORY_ON + timedelta(days=n) for n in range(1, self.days + 1))


def business_day(system: str, instant: datetime) -> date:
    """Return the calendar day of an instant where the system does business."""
    return instant.astimezone(ZONES[system]).date()


def drop_of(system: str, instant: datetime) -> date:
    """Return the drop that carries what happened at an instant: history or its own day."""
    return max(HISTORY_ON, business_day(system, instant))


def known_on(system: str, delivered_on: date, changed_at: datetime) -> date:
    """Return the day a version became known: its own within the history, else the drop's."""
    if delivered_on > HISTORY_ON:
        return delivered_on
    return min(business_day(system, changed_at), HISTORY_ON)
