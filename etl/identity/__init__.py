"""Who is the same customer: connected components over records, e-mails and declared links.

Frames only. A node is one record of a source: ``source_system``, ``entity`` (customer_ref,
contact, account, lead; email with an empty source_system) and ``source_id``. A link says that two
nodes are one customer. A person's place in a business account is a weaker thing: the person belongs
to the account, so both share a key, but two accounts never become one through a person.

The key of a customer is the md5 of the member that was known first, so a record that joins later
does not change it. Nothing depends on the order of rows. Where a key does change, because customers
merge, part or turn out to be known earlier, :mod:`etl.identity.keys` says from what to what, and
:mod:`etl.identity.successions` whose history goes on under another key.
"""

from etl.identity.findings import find_rings
from etl.identity.graph import build_graph
from etl.identity.keys import (
    CHANGE_SCHEMA,
    STATE_SCHEMA,
    changed_keys,
    key_changes,
    proposed_keys,
    with_current_key,
)
from etl.identity.nodes import (
    CLUSTER_LIMIT,
    FINDING_SCHEMA,
    IDENTITY_SCHEMA,
    LINK_SCHEMA,
    RECORD_SCHEMA,
)
from etl.identity.resolving import Resolution, resolve
from etl.identity.successions import SUCCESSION_SCHEMA, followed, successions

# Tables handed to dbt, by name.
INPUT_SCHEMAS = {
    "identities": IDENTITY_SCHEMA,
    "identity_findings": FINDING_SCHEMA,
    "customer_key_changes": CHANGE_SCHEMA,
}

__all__ = [
    "CHANGE_SCHEMA",
    "CLUSTER_LIMIT",
    "FINDING_SCHEMA",
    "IDENTITY_SCHEMA",
    "INPUT_SCHEMAS",
    "LINK_SCHEMA",
    "RECORD_SCHEMA",
    "STATE_SCHEMA",
    "SUCCESSION_SCHEMA",
    "Resolution",
    "build_graph",
    "changed_keys",
    "find_rings",
    "followed",
    "key_changes",
    "proposed_keys",
    "resolve",
    "successions",
    "with_current_key",
]
