"""Who is one customer as of a day: read from the build, resolved, compared with state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from etl import identity
from etl.config import Settings
from etl.lake.snapshot import write_input
from etl.state import last_stated
from etl.warehouse.database import frame, open_build, statement
from etl.warehouse.transform import Progress

KEY_STATE = "customer_keys"
_PARTIES = ("orders", "contacts", "accounts", "leads")


@dataclass(frozen=True)
class Keys:
    """What became of customer keys up to a day.

    Args:
        changes: As :func:`known_changes` will find them.
        successions: Which key went on as which, as :func:`known_successions` will find them.
        proposed: The rows to be kept in state.
    """

    changes: pl.DataFrame
    successions: pl.DataFrame
    proposed: pl.DataFrame


def resolve_identities(settings: Settings, inputs: Path, as_of: date, progress: Progress) -> Keys:
    """Write the identity inputs of a day; return what became of keys."""
    with open_build(settings) as build:
        orders, contacts, accounts, leads = (
            frame(build, statement(f"read_{name}_for_identity")) for name in _PARTIES
        )
    resolved = identity.resolve(*identity.build_graph(orders, contacts, accounts, leads))
    identities = resolved.identities
    findings = pl.concat([identity.find_rings(contacts, accounts), resolved.crowds])
    history = key_history(settings)
    changed = identity.changed_keys(identities, history, as_of)
    changes = identity.key_changes(history, changed, as_of)
    write_input(inputs, "identities", identities)
    write_input(inputs, "identity_findings", findings)
    write_input(inputs, "customer_key_changes", identity.with_current_key(changes, identities))
    progress(_told(identities, findings, changes.filter(pl.col("changed_on") == as_of)))
    return Keys(
        changes=changes,
        successions=identity.successions(history, changed, as_of),
        proposed=identity.proposed_keys(changed, history, as_of),
    )


def known_changes(settings: Settings, as_of: date) -> pl.DataFrame:
    """Return what state knows to have changed in customer keys up to a day."""
    history = key_history(settings)
    of_the_day = history.filter(pl.col("changed_on") == as_of)
    return identity.key_changes(history, of_the_day, as_of)


def known_successions(settings: Settings, as_of: date) -> pl.DataFrame:
    """Return what state knows of keys that went on as others up to a day."""
    history = key_history(settings)
    of_the_day = history.filter(pl.col("changed_on") == as_of)
    return identity.successions(history, of_the_day, as_of)


def key_history(settings: Settings) -> pl.DataFrame:
    """Return what state knows of customer keys, as it was stated last for each record and day."""
    grain = ["record_key", "changed_on"]
    return last_stated(settings, KEY_STATE, identity.STATE_SCHEMA, date.max, grain)


def _told(identities: pl.DataFrame, findings: pl.DataFrame, changes: pl.DataFrame) -> str:
    customers = identities["customer_key"].drop_nulls().n_unique()
    to_see = findings.select("finding", "finding_id").unique().height
    return (
        f"identity: {identities.height} records, {customers} customers,"
        f" {changes.height} key changes, {to_see} rings and crowds to look at"
    )
