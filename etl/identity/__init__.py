"""Who is the same customer: connected components over records, e-mails and declared links.

Frames only. A node is one record of a source: ``source_system``, ``entity`` (customer_ref,
contact, account; email with an empty source_system) and ``source_id``. A link says that two nodes
are one customer. A contact's place in a business account is a weaker thing: the person belongs to
the account, so both share a key, but two accounts never become one through a person.

The key of a customer is the md5 of the member that was known first, so a record that joins later
does not change it. Nothing depends on the order of rows.
"""

from etl.identity.graph import build_graph
from etl.identity.nodes import CLUSTER_LIMIT, IDENTITY_SCHEMA, LINK_SCHEMA, RECORD_SCHEMA
from etl.identity.resolving import find_rings, resolve

__all__ = [
    "CLUSTER_LIMIT",
    "IDENTITY_SCHEMA",
    "LINK_SCHEMA",
    "RECORD_SCHEMA",
    "build_graph",
    "find_rings",
    "resolve",
]
