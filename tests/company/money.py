"""Payments and refunds of the north shop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from tests.company.model import HISTORY_ON, MAX_DAYS, ZERO, ZONES, Order, Payment, Refund, drop_of
from tests.company.trade import CENT, stepped


def payments(bought: tuple[Order, ...]) -> tuple[Payment, ...]:
    """Return one to three events an order; only successful sales and captures are money paid."""
    first = {order.order_id: order for order in reversed(bought) if order.shop == "north_shop"}
    return tuple(event for order in first.values() for event in _payments_of(order))


def _payments_of(order: Order) -> Iterator[Payment]:
    kind = sum(map(ord, order.order_id)) % 5
    half = (order.total / 2).quantize(CENT)
    events = {
        0: [("sale", "success", half), ("capture", "success", order.total - half)],
        1: [("authorization", "success", order.total), ("capture", "success", order.total)],
        2: [
            ("authorization", "success", order.total),
            ("void", "success", order.total),
            ("sale", "success", order.total),
        ],
        3: [("sale", "failure", order.total), ("sale", "success", order.total)],
        4: [("sale", "success", order.total)],
    }[kind]
    for nth, (what, status, amount) in enumerate(events, start=1):
        yield Payment(
            payment_id=f"{order.order_id}-P{nth}",
            order_id=order.order_id,
            kind=what,
            status=status,
            amount=amount,
            currency=order.currency,
            processed_at=order.ordered_at + timedelta(minutes=nth),
            delivered_on=order.delivered_on,
        )


def refunds(bought: tuple[Order, ...]) -> tuple[Refund, ...]:
    """Return a refund for every ninth plain order of the north shop, and two more."""
    versions = Counter(order.order_id for order in bought)
    plain = [
        order
        for order in bought
        if order.shop == "north_shop" and order.ref and versions[order.order_id] == 1
        if not order.order_id.startswith("N-X-") and order.listed > order.discount
    ]
    named = {order.order_id: order for order in bought}
    found = [_refund(nth, order) for nth, order in enumerate(plain[::9])]
    cancelled = replace(_refund(0, named["N-X-011"]), refund_id="R-X-011")
    return (*found, cancelled, _dollars_for_euros(named["N-X-028"]), *_late_refunds(plain))


def _dollars_for_euros(order: Order) -> Refund:
    """Give dollars back for an order in euros: by way of euros and cents they would become 4.52."""
    refund = _refund(1, order)
    return replace(refund, refund_id="R-X-028", currency="USD", goods=((1, 1, Decimal("4.51")),))


def _late_refunds(plain: list[Order]) -> Iterator[Refund]:
    """Refunds that the drops carry, of orders long in the history; the third happened before."""
    others = [
        order for nth, order in enumerate(plain) if nth % 9 and order.delivered_on <= HISTORY_ON
    ]
    for nth, order in enumerate(others[:: len(others) // MAX_DAYS][:MAX_DAYS]):
        at = datetime(2026, 1, 27, 13, tzinfo=ZONES["north_shop"]) + timedelta(days=nth)
        yield replace(
            _refund(3 * nth, order),
            refund_id=f"R-L-{nth:03}",
            refunded_at=at - timedelta(days=10 if nth == 2 else 0),
            updated_at=at,
            delivered_on=at.date(),
        )


def _refund(nth: int, order: Order) -> Refund:
    at = order.ordered_at + timedelta(days=5 + nth * 7 % 60)
    # Told to the warehouse ten days after it happened, for one in seven.
    updated_at = at + timedelta(days=10 if nth % 7 == 5 else 0)
    currency, rate = order.currency, None
    if nth % 11 == 3:
        currency = "EUR" if order.currency == "USD" else "USD"
    if nth % 11 == 7:
        currency, rate = "SEK", Decimal("0.15")
    is_full = nth % 3 == 0 and currency == order.currency
    return Refund(
        refund_id=f"R-{nth:04}",
        order_id=order.order_id,
        refunded_at=at,
        updated_at=updated_at,
        delivered_on=drop_of("north_shop", updated_at),
        goods=_all_goods(order) if is_full else _some_goods(order),
        tax=order.tax if is_full else ZERO,
        shipping=order.shipping if is_full else ZERO,
        currency=currency,
        rate=rate,
    )


def _some_goods(order: Order) -> tuple[tuple[int, int, Decimal], ...]:
    """Half of what the first line cost, for one unit."""
    line = order.lines[0]
    return ((1, 1, stepped((line.listed - line.discount) / 2)),)


def _all_goods(order: Order) -> tuple[tuple[int, int, Decimal], ...]:
    """All goods without tax; what the order's own discount and tax take goes off the dearest."""
    lines = [(no, line) for no, line in enumerate(order.lines, start=1)]
    goods = {no: line.listed - line.discount for no, line in lines if not line.is_gift_card}
    taken = order.discount - sum((line.discount for _, line in lines), ZERO)
    dearest = max(goods, key=lambda no: goods[no])
    goods[dearest] -= taken + (order.tax if order.taxes_included else ZERO)
    return tuple((no, order.lines[no - 1].quantity, amount) for no, amount in goods.items())
