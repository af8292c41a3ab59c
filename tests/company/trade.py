"""Products, orders and rates of the small company.

Amounts in euros and pounds are multiples of 0.20 and rates multiples of 0.05, so every converted
amount is a whole cent: the totals do not depend on where a program rounds.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from tests.company.model import (
    HISTORY_ON,
    MAX_DAYS,
    STARTS_ON,
    ZERO,
    ZONES,
    Line,
    Order,
    Rate,
    drop_of,
)
from tests.company.people import Person, everyone

# sku -> title, category, price, cost. G-50 is a gift card; T-01 is given away as a sample.
PRODUCTS = {
    "00101": ("Tea, black", "tea", "8.00", "3.10"),
    "00102": ("Tea, green", "tea", "9.00", "3.60"),
    "00103": ("Tea, oolong", "tea", "14.00", "6.25"),
    "P-201": ("Pot, small", "pots", "24.00", "11.00"),
    "P-202": ("Pot, large", "pots", "39.00", "19.50"),
    "P-203": ("Cup", "pots", "6.00", "1.95"),
    "K-301": ("Kettle", "kitchen", "59.00", "31.00"),
    "K-302": ("Scale", "kitchen", "32.00", ""),
    "T-01": ("Tea, sample", "tea", "0.00", "0.40"),
    "G-50": ("Gift card 50", "gift cards", "50.00", ""),
}
# What cheap, middling and generous people buy; the value model needs people to differ.
TASTES = (
    ("00101", "00102", "P-203"),
    ("00102", "00103", "P-201", "P-203"),
    ("00103", "P-202", "K-301", "K-302"),
)
LAST_ON = HISTORY_ON + timedelta(days=MAX_DAYS)
STEP = Decimal("0.20")
CENT = Decimal("0.01")


def rates() -> tuple[Rate, ...]:
    """Return the quotes of euro, pound and krona; none at the weekend."""
    cycle = {"EUR": ("1.05", "1.10", "1.15", "1.20"), "GBP": ("1.25", "1.30", "1.35")}
    days = [STARTS_ON - timedelta(days=5) + timedelta(days=n) for n in range(700)]
    return tuple(
        Rate(day, currency, Decimal(steps[day.month % len(steps)]))
        for day in days
        if day.weekday() < 5 and day <= LAST_ON
        for currency, steps in {**cycle, "SEK": ("0.10",)}.items()
    )


def orders() -> tuple[Order, ...]:
    """Return all versions of all orders, of both shops."""
    bought = [order for person in everyone() for order in _orders_of(person)]
    return (*bought, *_later_versions(bought), *_guests(), *_special())


def _orders_of(person: Person) -> Iterator[Order]:
    chance = person.random
    for shop in ("north_shop", "south_shop"):
        ref = person.north_ref if shop == "north_shop" else person.south_ref
        for nth, day in enumerate(_days(person, chance) if ref else (), start=1):
            at = _instant(shop, day, chance)
            yield _order(shop, f"{ref}-{nth:03}", person, at, chance)


def _days(person: Person, chance: random.Random) -> list[date]:
    """Days on which somebody orders, as the value models think of people.

    Each has an own rate of ordering and, after each order, an own chance of never coming back.
    From number 270 on they first order in a drop, or shortly before.
    """
    day = STARTS_ON + timedelta(days=chance.randrange(90, 540))
    if person.no >= 270:
        day = HISTORY_ON + timedelta(days=person.no % 10 - 6)
    days_between = 1 / chance.gammavariate(1.2, 1 / 30)
    leaves = chance.betavariate(0.9, 3.5)
    days = []
    while day <= LAST_ON:
        days.append(day)
        if chance.random() < leaves:
            break
        day += timedelta(days=1 + round(chance.expovariate(1 / days_between)))
    return days


def _instant(shop: str, day: date, chance: random.Random) -> datetime:
    """Some orders are placed late in the evening: the next day already in UTC."""
    hour = chance.choice((8, 9, 11, 12, 14, 16, 18, 20, 22, 23))
    return datetime(day.year, day.month, day.day, hour, chance.randrange(60), tzinfo=ZONES[shop])


def _order(shop: str, order_id: str, person: Person, at: datetime, chance: random.Random) -> Order:
    currency = "USD"
    if shop == "north_shop" and person.no % 4 == 3:
        currency = "GBP" if person.no % 8 == 7 else "EUR"
    lines = _lines(shop, TASTES[person.no % 3], chance)
    goods = sum((line.listed for line in lines if not line.is_gift_card), ZERO)
    of_lines = sum((line.discount for line in lines), ZERO)
    # A discount on the whole order, beside those of its lines; none where a gift card is sold.
    of_order = ZERO
    if chance.random() < 0.25 and not any(line.is_gift_card for line in lines):
        of_order = stepped((goods - of_lines) * Decimal("0.1"))
    net = goods - of_lines - of_order
    included = currency == "EUR"
    tax = stepped(net * Decimal("0.15")) if included else (net * Decimal("0.08")).quantize(CENT)
    return Order(
        shop=shop,
        order_id=order_id,
        ref=person.north_ref if shop == "north_shop" else person.south_ref,
        email=person.email if shop == "north_shop" else person.south_email,
        ordered_at=at,
        updated_at=at + timedelta(minutes=5),
        delivered_on=drop_of(shop, at + timedelta(minutes=5)),
        status="completed",
        currency=currency,
        lines=lines,
        discount=of_lines + of_order,
        # No shipping where prices contain the tax: nobody need say which part of it is taxed.
        shipping=Decimal("5.00") if goods < 40 and not included else ZERO,
        tax=stepped(tax) if currency == "GBP" else tax,
        taxes_included=included,
        # A sixth of the foreign orders state their own rate.
        rate=Decimal("1.25") if currency != "USD" and chance.random() < 1 / 6 else None,
        channel=chance.choice(("web", "web", "store", "phone")),
    )


def _lines(shop: str, taste: tuple[str, ...], chance: random.Random) -> tuple[Line, ...]:
    count = 1 if shop == "south_shop" else chance.choice((1, 1, 2, 3))
    lines = []
    for sku in chance.sample(taste, count):
        title, _, price, _ = PRODUCTS[sku]
        line = Line(sku, title, chance.choice((1, 1, 2, 3)), Decimal(price))
        if shop == "north_shop" and chance.random() < 0.15:
            line = replace(line, discount=stepped(line.listed * Decimal("0.2")))
        lines.append(line)
    if shop == "north_shop" and chance.random() < 0.05:
        lines.append(Line("T-01", "Tea, sample", 1, ZERO, is_sample=True))
    if shop == "north_shop" and chance.random() < 0.04:
        lines.append(Line("G-50", "Gift card 50", 1, Decimal("50.00"), is_gift_card=True))
    return tuple(lines)


def stepped(amount: Decimal) -> Decimal:
    """Round down to a multiple of 0.20, see above."""
    return (amount // STEP) * STEP


def _later_versions(bought: list[Order]) -> Iterator[Order]:
    """Orders of the history that a drop cancels or shortens, and one that arrives late."""
    north = [order for order in bought if order.shop == "north_shop"]
    old = [order for order in north if order.delivered_on == HISTORY_ON and len(order.lines) > 1]
    for order, day in zip(old[:6:2], (27, 28, 29), strict=True):
        yield _changed(order, day, status="cancelled")
    for order, day in zip(old[1:7:2], (27, 28, 30), strict=True):
        kept = order.lines[:1]
        yield _changed(order, day, lines=kept, discount=kept[0].discount, tax=ZERO)


def _changed(order: Order, day: int, **changes: object) -> Order:
    at = datetime(2026, 1, day, 12, tzinfo=ZONES["north_shop"])
    return replace(order, updated_at=at, delivered_on=at.date(), **changes)  # type: ignore[arg-type]


def _guests() -> Iterator[Order]:
    """Twelve orders without customer and e-mail; one a month, and one in the drops."""
    chance = random.Random("guests")
    for nth in range(12):
        day = date(2025, 1 + nth, 9) if nth < 11 else HISTORY_ON + timedelta(days=2)
        order = _order(
            "north_shop", f"N-G-{nth:03}", Person(1), _instant("north_shop", day, chance), chance
        )
        yield replace(order, ref="", email="")


def _special() -> Iterator[Order]:
    """One of each order that a careless sum gets wrong."""
    chance = random.Random("special")

    def special(no: int, on: date, *, person: int = 2, **changes: object) -> Order:
        at = _instant("north_shop", on, chance)
        order = _order("north_shop", f"N-X-{no:03}", Person(person), at, chance)
        return replace(order, **changes)  # type: ignore[arg-type]

    tea = Line("00101", "Tea, black", 2, Decimal("8.00"))
    plain = {"lines": (tea,), "discount": ZERO, "shipping": ZERO, "tax": ZERO, "rate": None}
    card = Line("G-50", "Gift card 50", 1, Decimal("50.00"), is_gift_card=True)
    sample = Line("T-01", "Tea, sample", 1, ZERO, is_sample=True)
    for no in range(1, 5):
        yield special(no, date(2025, 3, no), **plain, is_test=True)
        yield special(10 + no, date(2025, 4, no), **plain, status="cancelled")
    yield special(20, date(2025, 5, 1), **{**plain, "lines": (card,)})
    yield special(21, date(2025, 5, 2), **{**plain, "lines": (sample,)})
    yield special(22, date(2025, 5, 3), **{**plain, "lines": (replace(tea, price=ZERO),)})
    yield special(23, date(2025, 5, 4), **{**plain, "discount": Decimal("16.00")})
    yield special(24, date(2025, 5, 5), **{**plain, "status": "open"})
    # Without a customer, but with the e-mail of one.
    yield special(25, date(2025, 5, 6), **plain, ref="")
    # Two orders of one day are one purchase day.
    yield special(26, date(2025, 5, 6), person=5, **plain)
    yield special(27, date(2025, 5, 6), person=5, **plain)
    # New Year's Eve in the shop, the first of January in UTC; the euro's rate differs.
    eve = datetime(2025, 12, 31, 23, 30, tzinfo=ZONES["north_shop"])
    yield special(28, date(2025, 12, 31), **plain, currency="EUR", ordered_at=eve, updated_at=eve)
    # Ordered on the 27th, delivered with the drop of the 29th.
    late = HISTORY_ON + timedelta(days=3)
    yield special(29, date(2026, 1, 27), **plain, delivered_on=late)
    # Without customer and e-mail, but naming a record of the help desk.
    nobody = {**plain, "ref": "", "email": ""}
    yield special(30, date(2025, 5, 7), **nobody, contact_id="C-0286")
    yield special(31, date(2025, 5, 8), **nobody, account_id="A-191")
    for no, changes in ((1, {"status": "cancelled"}), (2, {"is_test": True})):
        at = _instant("south_shop", date(2025, 6, no), chance)
        order = _order("south_shop", f"S-X-{no:03}", Person(200), at, chance)
        yield replace(order, **changes)  # type: ignore[arg-type]
