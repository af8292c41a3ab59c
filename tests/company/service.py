"""Consents, survey answers and cases of the small company."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tests.company.model import HISTORY_ON, MAX_DAYS, Service, drop_of
from tests.company.people import ROLE_INBOX, Person, everyone

LAST_AT = datetime(2026, 1, 26, 23, tzinfo=UTC) + timedelta(days=MAX_DAYS)
QUESTIONS = {
    "nps": ("recommend", 0, 10, True),
    "csat": ("overall", 1, 5, True),
    "ces": ("effort", 1, 7, False),
    "intent": ("buy_again", 1, 5, True),
}
REASONS = ("late_delivery", "damaged", "price", "staff", "")


def service() -> tuple[Service, ...]:
    """Return the rows of the consent, survey and case exports."""
    people = [person for person in everyone() if person.contact_id]
    return (*_consents(people), *_surveys(people), *_cases(people))


def _text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def _consents(people: list[Person]) -> Iterator[Service]:
    """Most agree; some refuse, withdraw, or say two things in the same second."""
    for person in people:
        refuses = person.no % 9 == 0
        yield _consent(person, "a", "marketing", "denied" if refuses else "granted")
        if person.no % 2:
            yield _consent(person, "b", "winback", "granted")
        if person.no % 15 == 0:
            yield _consent(person, "c", "marketing", "withdrawn", days=40)
        if person.no % 29 == 0:
            yield _consent(person, "d", "profiling", "denied")
        if person.no % 37 == 0:
            yield _consent(person, "e", "winback", "denied", channel="any")
            yield _consent(person, "f", "winback", "granted", channel="any")
    withdrawn = _consent(Person(7), "z", "winback", "withdrawn")
    at = datetime(2026, 1, 29, 10, tzinfo=UTC)
    yield Service("consents", at, at.date(), {**withdrawn.row, "At": _text(at)})


def _consent(
    person: Person, mark: str, purpose: str, state: str, *, channel: str = "email", days: int = 0
) -> Service:
    at = person.met_at + timedelta(days=days)
    # A fifth name only an e-mail, in other letters than the contact's.
    by_email = person.no % 5 == 0 and channel == "email" and person.contact_email != ROLE_INBOX
    row = {
        "Consent": f"K-{person.no:04}{mark}",
        "Contact": "" if by_email else person.contact_id,
        "Email": f"{person.contact_email.upper()} " if by_email else "",
        "Channel": channel,
        "Purpose": purpose,
        "State": state,
        "At": _text(at),
    }
    return Service("consents", at, HISTORY_ON, row)


def _surveys(people: list[Person]) -> Iterator[Service]:
    """Two thirds of the contacts have answered, some lately and some too long ago."""
    for person in people:
        if person.no % 3 == 0:
            continue
        kind = tuple(QUESTIONS)[person.no % 4]
        at = datetime(2025, 12, 20, 9, tzinfo=UTC) - timedelta(days=person.no * 5 % 500)
        yield _answer(person, "a", kind, at)
        if person.no % 5 == 0:
            yield _answer(person, "b", "nps", at + timedelta(days=35))
    for nth in range(MAX_DAYS):
        at = datetime(2026, 1, 27, 18, tzinfo=UTC) + timedelta(days=nth)
        yield _answer(Person(20 + 3 * nth), "c", "nps", at)


def _answer(person: Person, mark: str, kind: str, at: datetime, *, case_id: str = "") -> Service:
    item, low, high, is_higher_better = QUESTIONS[kind]
    score = low + (person.no * 7 % 13) % (high - low + 1)
    row = {
        "Response": f"Q-{person.no:04}{mark}",
        "Contact": person.contact_id,
        "Type": kind,
        "Item": item,
        "Score": str(score),
        "Lowest": str(low),
        "Highest": str(high),
        "Higher is better": "yes" if is_higher_better else "no",
        "Case": case_id,
        "Comment": "NULL" if person.no % 2 else f"Thanks, {person.name[0]}",
        "At": _text(at),
    }
    return Service("surveys", at, drop_of("help_desk", at), row)


def _cases(people: list[Person]) -> Iterator[Service]:
    """A case for every fifth contact; a tenth of them are still open."""
    for nth, person in enumerate(people[::5]):
        at = datetime(2025, 12, 1, 14, tzinfo=UTC) - timedelta(days=nth * 11 % 400)
        solved = "" if nth % 10 == 0 else _text(at + timedelta(days=2))
        yield _case(person, nth, at, solved)
        if nth % 4 == 1:
            yield _answer(person, "t", "csat", at + timedelta(days=3), case_id=f"T-{nth:04}")
    # One is opened in the first drop and solved in the third.
    at = datetime(2026, 1, 27, 15, tzinfo=UTC)
    yield _case(Person(12), 900, at, "")
    solved_at = at + timedelta(days=2)
    opened = _case(Person(12), 900, at, _text(solved_at))
    row = {**opened.row, "Updated": _text(solved_at)}
    yield Service("cases", solved_at, solved_at.date(), row)


def _case(person: Person, nth: int, at: datetime, solved: str) -> Service:
    # Some order numbers exist, some do not: a case may name an order that no export holds.
    order_id = f"{person.north_ref}-001" if person.north_ref and nth % 2 else ""
    row = {
        "Case": f"T-{nth:04}",
        "Contact": person.contact_id,
        "Order": order_id or ("N-9999-001" if nth == 4 else ""),
        "Shop": "north_shop" if order_id or nth == 4 else "",
        "Type": ("complaint", "request", "question")[nth % 3],
        "Reason": REASONS[nth % 5],
        "Escalated": "true" if nth % 12 == 3 else "false",
        "Public": "true" if nth % 15 == 6 else "false",
        "Status": "solved" if solved else "open",
        "Opened": _text(at),
        "Solved": solved,
        "Compensation": "5.00" if nth % 6 == 0 else "",
        "Updated": solved or _text(at),
    }
    return Service("cases", at, drop_of("help_desk", at), row)
