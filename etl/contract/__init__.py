"""The inbound contract: what every export is brought to before anything else sees it.

``TABLES`` maps a table's name to its :class:`~etl.contract.table.Table`. The rules of a row are
declared once, as dataframely schemas, in :mod:`etl.contract.orders` and :mod:`etl.contract.crm`.
"""

from etl.contract.crm import CRM_TABLES
from etl.contract.orders import ORDER_TABLES
from etl.contract.table import CONTRACT_VERSION, ENVELOPE, Table

TABLES: dict[str, Table] = {table.name: table for table in (*ORDER_TABLES, *CRM_TABLES)}

__all__ = ["CONTRACT_VERSION", "ENVELOPE", "TABLES", "Table"]
