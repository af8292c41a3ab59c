"""The small company's records as the rows of the exports that its systems write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal

from tests.company import relations, trade
from tests.company.model import HISTORY_ON, ZONES, Account, Company, Contact, Order, Refund

Row = dict[str, str]
# system -> export -> rows of one drop
Exports = dict[str, dict[str, Callable[[Company, date], list[Row]]]]


def orders_export(company: Company, day: date) -> list[Row]:
    """One row a line; what belongs to the order stands on its first row only."""
    found = [o for o in company.orders if o.shop == "north_shop" and o.delivered_on == day]
    return [row for order in found for row in _order_rows(order)]


def _order_rows(order: Order) -> Iterator[Row]:
    head = {
        "Customer": order.ref,
        "Email": order.email,
        "Contact": order.contact_id,
        "Account": order.account_id,
        "Created at": _north(order.ordered_at),
        "Updated at": _north(order.updated_at),
        "Cancelled at": _north(order.updated_at) if order.status == "cancelled" else "",
        "Status": {"completed": "paid", "cancelled": "void", "open": "pending"}[order.status],
        "Currency": order.currency,
        "Rate": _text(order.rate),
        "Subtotal": _text(order.listed),
        "Discount": _text(order.discount),
        "Shipping": _text(order.shipping),
        "Taxes": _text(order.tax),
        "Taxes included": "yes" if order.taxes_included else "no",
        "Total": _text(order.total),
        "Channel": order.channel.title(),
        "Test": "yes" if order.is_test else "no",
    }
    for nth, line in enumerate(order.lines):
        yield {
            "Id": order.order_id,
            **(head if nth == 0 else dict.fromkeys(head, "")),
            "Line sku": f"'{line.sku}",
            "Line name": line.title,
            "Line quantity": str(line.quantity),
            "Line price": _text(line.price),
            "Line discount": _text(line.discount),
            "Gift card": "1" if line.is_gift_card else "0",
            "Sample": "1" if line.is_sample else "0",
        }


def payments(company: Company, day: date) -> list[Row]:
    """One row an event."""
    return [
        {
            "Payment": event.payment_id,
            "Order": event.order_id,
            "Kind": event.kind,
            "Status": event.status,
            "Amount": _text(event.amount),
            "Currency": event.currency,
            "At": _north(event.processed_at),
        }
        for event in company.payments
        if event.delivered_on == day
    ]


def refunds(company: Company, day: date) -> list[Row]:
    """One row a refunded line; the refund's own columns are repeated on each."""
    found = [refund for refund in company.refunds if refund.delivered_on == day]
    return [row for refund in found for row in _refund_rows(refund)]


def _refund_rows(refund: Refund) -> Iterator[Row]:
    for line_no, quantity, amount in refund.goods:
        yield {
            "Refund": refund.refund_id,
            "Order": refund.order_id,
            "Refunded at": _north(refund.refunded_at),
            "Updated at": _north(refund.updated_at),
            "Total": _text(refund.total),
            "Tax": _text(refund.tax),
            "Shipping": _text(refund.shipping),
            "Currency": refund.currency,
            "Rate": _text(refund.rate),
            "Line": str(line_no),
            "Quantity": str(quantity),
            "Amount": _text(amount),
        }


def products(company: Company, day: date) -> list[Row]:
    """The whole list each time; from the third drop on without a product never sold."""
    listed = {**trade.PRODUCTS, "Z-99": ("Tray, never sold", "kitchen", "19.00", "")}
    if day > HISTORY_ON:
        listed.pop("Z-99")
    return [
        {"Product": sku, "Sku": f"'{sku}", "Name": title, "Category": category}
        for sku, (title, category, _, _) in listed.items()
    ]


def product_costs(company: Company, day: date) -> list[Row]:
    """Costs in dollars; they rose on 1 July 2025."""
    if day > HISTORY_ON:
        return []
    costs = {sku: Decimal(cost) for sku, (_, _, _, cost) in trade.PRODUCTS.items() if cost}
    steps = (("2024-01-01", Decimal("1")), ("2025-07-01", Decimal("1.1")))
    return [
        {"Sku": sku, "From": start, "Cost": _text((cost * factor).quantize(Decimal("0.0001")))}
        for start, factor in steps
        for sku, cost in costs.items()
    ]


def fx_rates(company: Company, day: date) -> list[Row]:
    """The history's quotes at once, then those of the day; none at the weekend."""
    return [
        {"Day": rate.rate_on.isoformat(), "From": rate.currency, "Rate": _text(rate.rate)}
        for rate in company.rates
        if max(rate.rate_on, HISTORY_ON) == day
    ]


def sales(company: Company, day: date) -> list[Row]:
    """One row an order, with decimal commas and local times."""
    return [
        {
            "Nr": order.order_id,
            "Kunde": order.ref,
            "Mail": order.email,
            "Datum": order.ordered_at.astimezone(ZONES["south_shop"]).strftime("%d.%m.%Y %H:%M"),
            "Status": "storno" if order.status == "cancelled" else "bezahlt",
            "Artikel": order.lines[0].sku,
            "Menge": str(order.lines[0].quantity),
            "Preis": _comma(order.lines[0].price),
            "Summe": _comma(order.listed),
            "Rabatt": _comma(order.discount),
            "Versand": _comma(order.shipping),
            "Steuer": _comma(order.tax),
            "Betrag": _comma(order.total),
            "Test": "ja" if order.is_test else "nein",
        }
        for order in company.orders
        if order.shop == "south_shop" and order.delivered_on == day
    ]


def accounts(company: Company, day: date) -> list[Row]:
    """One row an account."""
    return [_account_row(a) for a in company.accounts if a.delivered_on == day]


def _account_row(account: Account) -> Row:
    return {
        "Account": account.account_id,
        "Name": account.name,
        "Type": account.account_type,
        "Person": "true" if account.is_person else "false",
        "System": account.external_system,
        "Reference": account.external_ref,
        "Bad debt": _utc(account.bad_debt_at),
        "Created": _utc(account.created_at),
        "Updated": _utc(account.updated_at),
        "Closed": _utc(account.closed_at),
    }


def contacts(company: Company, day: date) -> list[Row]:
    """One row a contact."""
    return [_contact_row(c) for c in company.contacts if c.delivered_on == day]


def _contact_row(contact: Contact) -> Row:
    return {
        "Contact": contact.contact_id,
        "Account": contact.account_id,
        "Master": contact.master_id,
        "Email": contact.email,
        "Phone": contact.phone,
        "Stage": contact.lifecycle,
        "First name": contact.first_name,
        "Last name": contact.last_name,
        "Born": contact.birth_on,
        "Deceased": "true" if contact.is_deceased else "false",
        "Minor": "true" if contact.is_minor else "false",
        "Bounced": _utc(contact.bounced_at),
        "System": contact.external_system,
        "Reference": contact.external_ref,
        "Created": _utc(contact.created_at),
        "Updated": _utc(contact.updated_at),
    }


def _service(export: str) -> Callable[[Company, date], list[Row]]:
    return lambda company, day: [
        row.row for row in company.service if row.export == export and row.delivered_on == day
    ]


EXPORTS: Exports = {
    "north_shop": {
        "orders_export": orders_export,
        "payments": payments,
        "refunds": refunds,
        "product_costs": product_costs,
        "fx_rates": fx_rates,
    },
    "south_shop": {"sales": sales},
    "help_desk": {
        "accounts": accounts,
        "contacts": contacts,
        "consents": _service("consents"),
        "surveys": _service("surveys"),
        "cases": _service("cases"),
        **{export: _service(export) for export in relations.EXPORTS},
    },
}


def _text(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:f}"


def _comma(amount: Decimal) -> str:
    return _text(amount).replace(".", ",")


def _north(instant: datetime) -> str:
    return instant.astimezone(ZONES["north_shop"]).strftime("%Y-%m-%d %H:%M:%S %z")


def _utc(instant: datetime | None) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ") if instant else ""
