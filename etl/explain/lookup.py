"""From what somebody typed to one customer of the release, or the reason why there is none."""

from __future__ import annotations

import re
from dataclasses import dataclass

from etl.explain.errors import (
    CustomerAmbiguous,
    CustomerGone,
    CustomerQuarantined,
    CustomerUnknown,
)
from etl.explain.release import Release, Row

_KEY = re.compile(r"[0-9a-f]{32}")
# An id may hold a slash itself, so both readings of system/entity/id are looked up.
_RECORDS = """
    select *
    from customer_identities
    where
        source_system = $system
        and (source_id = $id or (entity = $entity and source_id = $rest))
    order by entity, source_id
"""


@dataclass(frozen=True)
class Found:
    """A customer, and the key they were asked for by where that was an older one."""

    customer_key: str
    former_key: str | None = None


def find_customer(release: Release, asked: str) -> Found:
    """Find the customer of a key, or of ``<source_system>/<id>``.

    Where records of several kinds have the id, ``<source_system>/<entity>/<id>`` names one.

    Raises:
        CustomerUnknown: Nobody is called that.
        CustomerAmbiguous: Several customers are.
        CustomerGone: There was somebody, and nothing is left.
        CustomerQuarantined: The record belongs to nobody yet.
    """
    asked = asked.strip()
    if _KEY.fullmatch(asked.lower()):
        return _of_key(release, asked.lower())
    system, slash, rest = asked.partition("/")
    if not slash or not rest:
        raise CustomerUnknown(
            f"{asked!r} is neither a customer key nor a record.",
            where="CUSTOMER",
            todo="Give the 32 characters of a customer_key, or <source_system>/<id>.",
        )
    return _of_records(asked, _records(release, system, rest))


def _of_key(release: Release, key: str) -> Found:
    if release.rows("select 1 from customers where customer_key = $key", key=key):
        return Found(key)
    changes = release.rows(
        "select * from customer_key_changes where old_key = $key order by changed_on desc, new_key",
        key=key,
    )
    if not changes:
        raise CustomerUnknown(
            "The release has no customer of this key, and never had one.",
            where=f"{key}, release {release.run_id}",
            todo="Look the customer up by a record: <source_system>/<id>.",
        )
    current = changes[0]["current_key"]
    if current is None:
        raise CustomerGone(
            "Nothing is left of this customer: their records were removed, erased or put into"
            " quarantine.",
            where=f"{key}, {changes[0]['reason']} on {changes[0]['changed_on']}",
            todo="customer_key_changes says when and why; identity_findings lists quarantines.",
        )
    return Found(current, former_key=key)


def _records(release: Release, system: str, rest: str) -> list[Row]:
    entity, _, id_of_entity = rest.partition("/")
    return release.rows(_RECORDS, system=system, id=rest, entity=entity, rest=id_of_entity)


def _of_records(asked: str, records: list[Row]) -> Found:
    keys = {record["customer_key"] for record in records}
    if not records:
        raise CustomerUnknown(
            f"No record is called {asked!r}.",
            where="customer_identities",
            todo="Write it as <source_system>/<id>, as the export does. An erased record is not"
            " found either.",
        )
    if keys == {None}:
        raise CustomerQuarantined(
            "This record is tied to so many others that they cannot be one customer: it belongs to"
            " nobody yet, and is not classed.",
            where=asked,
            todo="`loyalty report identity_findings` shows what they share; correct it there.",
        )
    if len(keys) > 1:
        kinds = ", ".join(f"{r['entity']}/{r['source_id']}: {r['customer_key']}" for r in records)
        raise CustomerAmbiguous(
            f"Records of {len(keys)} customers have this id.",
            where=kinds,
            todo="Name the kind too, <source_system>/<entity>/<id>, or give the customer_key.",
        )
    return Found(keys.pop())
