"""The people of the small company: who buys where, and under which e-mail."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from tests.company.model import HISTORY_ON, Account, Contact

SEED = "small company"
PEOPLE = 300
ROLE_INBOX = "info@bigmall.example"
FIRST = ("Ada", "Bo", "Chloé", "Dan", "Eve", "Finn", "Gül", "Hao", "Ines", "Jo", "Kim", "Lu")
LAST = ("Abel", "Berg", "Chen", "Dunn", "Ekman", "Frey", "Good", "Hill", "Ito", "Jansen", "Karr")


@dataclass(frozen=True)
class Person:
    """One person or company: ``no`` decides which awkward case they are."""

    no: int

    @property
    def north_ref(self) -> str:
        return f"N-{self.no:04}" if self.no <= 195 else ""

    @property
    def south_ref(self) -> str:
        return f"S-{self.no:04}" if self.no <= 40 or 196 <= self.no <= 285 else ""

    @property
    def email(self) -> str:
        if 181 <= self.no <= 190:
            return ROLE_INBOX
        return f"{self.name[0]}.{self.name[1]}{self.no}@mail.example".lower().replace("é", "e")

    @property
    def south_email(self) -> str:
        """The e-mail given to the south shop: the same in other letters, or another one."""
        if self.no <= 30:
            return f" {self.email.upper()}" if self.no % 2 else self.email.title()
        return f"south{self.no}@post.example"

    @property
    def contact_email(self) -> str:
        """The e-mail the CRM has."""
        by_south = 31 <= self.no <= 40 or 196 <= self.no <= 235
        return self.south_email if by_south else self.email

    @property
    def name(self) -> tuple[str, str]:
        return FIRST[self.no % len(FIRST)].replace("ü", "u"), LAST[self.no % len(LAST)]

    @property
    def is_company(self) -> bool:
        return 191 <= self.no <= 195

    @property
    def contact_id(self) -> str:
        known = self.no <= 150 or 181 <= self.no <= 184 or 191 <= self.no <= 235 or self.no >= 286
        return f"C-{self.no:04}" if known else ""

    @property
    def random(self) -> random.Random:
        return random.Random(f"{SEED} {self.no}")

    @property
    def met_at(self) -> datetime:
        """When the CRM first heard of them, long before the drops."""
        return datetime(2024, 6, 1, 15, tzinfo=UTC) + timedelta(days=(self.no * 7) % 500)


def everyone() -> tuple[Person, ...]:
    """Return all people, in order."""
    return tuple(Person(no) for no in range(1, PEOPLE + 1))


def contacts() -> tuple[Contact, ...]:
    """Return the CRM's contacts: one a person, and the awkward ones."""
    plain = [_contact(person) for person in everyone() if person.contact_id]
    return (*plain, *_merged(), *_ring(), *_colleagues(), *_changed(), *_recognised())


def _contact(person: Person) -> Contact:
    no, (first, last) = person.no, person.name
    system = "north_shop" if person.north_ref else "south_shop"
    ref = person.north_ref or person.south_ref
    # These are tied to their shop customer by e-mail alone.
    if not ref or 111 <= no <= 120 or 192 <= no <= 195:
        system, ref = "", ""
    email = person.contact_email
    return Contact(
        contact_id=person.contact_id,
        email=f"{email.upper()} " if 111 <= no <= 120 else email,
        first_name=first,
        last_name=last,
        created_at=person.met_at,
        updated_at=person.met_at,
        delivered_on=HISTORY_ON,
        account_id=_account_of(no),
        master_id="C-0108" if no == 107 else "",
        external_system=system,
        external_ref=ref,
        # Twenty share each number: a phone alone is nobody's name.
        phone=f"+1 555 01{no % 15:02}" if no % 4 else "",
        lifecycle="marketingqualifiedlead" if no >= 290 else "",
        birth_on=f"19{60 + no % 40}-{1 + no % 12:02}-{1 + no % 28:02}" if no % 3 else "",
        is_deceased=no == 121,
        is_minor=no == 122,
        bounced_at=person.met_at if no in (125, 126) else None,
    )


def _account_of(no: int) -> str:
    if 191 <= no <= 195:
        return f"A-{no}"
    return {150: "A-150", 123: "A-123", 124: "A-124"}.get(no, "")


def _merged() -> list[Contact]:
    """Second records of persons 101 to 106, merged away into the first."""
    return [_second(no, master_id=f"C-{no:04}", suffix="b") for no in range(101, 107)]


def _ring() -> list[Contact]:
    """Two records that name each other as master: one person, and a ring to report."""
    return [
        _second(130, master_id="C-0130c", suffix="b"),
        _second(130, master_id="C-0130b", suffix="c", email="second.130b@mail.example"),
    ]


def _colleagues() -> list[Contact]:
    """A second contact at each company."""
    return [_second(no, suffix="b", account_id=f"A-{no}") for no in range(191, 196)]


def _changed() -> list[Contact]:
    """Contacts whose e-mail changes in a drop; the old one no longer counts."""
    changed_at = datetime(2026, 1, 28, 16, tzinfo=UTC)
    return [
        replace(
            _contact(Person(no)),
            email=f"moved{no}@mail.example",
            updated_at=changed_at,
            delivered_on=changed_at.date(),
        )
        for no in (60, 61, 62)
    ]


def _recognised() -> list[Contact]:
    """A prospect in whom the last drop recognises a shop customer: two customers become one."""
    seen_at = datetime(2026, 1, 31, 16, tzinfo=UTC)
    return [
        replace(
            _contact(Person(286)),
            external_system="north_shop",
            external_ref=Person(160).north_ref,
            updated_at=seen_at,
            delivered_on=seen_at.date(),
        )
    ]


def _second(
    no: int, *, suffix: str, master_id: str = "", account_id: str = "", email: str = ""
) -> Contact:
    first, last = Person(no).name
    return Contact(
        contact_id=f"C-{no:04}{suffix}",
        email=email or f"second.{no}{suffix}@mail.example",
        first_name=first,
        last_name=last,
        created_at=Person(no).met_at,
        updated_at=Person(no).met_at + timedelta(days=1),
        delivered_on=HISTORY_ON,
        master_id=master_id,
        account_id=account_id,
    )


def accounts() -> tuple[Account, ...]:
    """Return five companies, one internal account, one bad payer and one closed account."""
    closed_at = datetime(2025, 11, 3, 17, tzinfo=UTC)
    companies = [_account(no, "customer", is_person=False) for no in range(191, 196)]
    return (
        *companies,
        _account(150, "internal", is_person=False),
        _account(123, "customer", is_person=True, bad_debt_at=closed_at, updated_at=closed_at),
        _account(124, "customer", is_person=True, closed_at=closed_at, updated_at=closed_at),
    )


def _account(no: int, kind: str, *, is_person: bool, **changes: datetime) -> Account:
    person = Person(no)
    return Account(
        account_id=f"A-{no}",
        name=" ".join(person.name) if is_person else f"{person.name[1]} Ltd {no}",
        account_type=kind,
        is_person=is_person,
        created_at=person.met_at,
        updated_at=changes.pop("updated_at", person.met_at),
        delivered_on=HISTORY_ON,
        external_system="north_shop" if person.is_company else "",
        external_ref=person.north_ref if person.is_company else "",
        **changes,
    )
