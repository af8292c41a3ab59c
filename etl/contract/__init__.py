"""The inbound contract: what every export is brought to before anything else sees it.

``TABLES`` maps a table's name to its :class:`~etl.contract.table.Table`. The rules of a row are
declared once, as dataframely schemas, one module per theme.
"""

from etl.contract.crm_marketing import MARKETING_TABLES
from etl.contract.crm_parties import PARTY_TABLES
from etl.contract.crm_sales import SALES_TABLES
from etl.contract.crm_service import SERVICE_TABLES
from etl.contract.orders import ORDER_TABLES
from etl.contract.table import CONTRACT_VERSION, ENVELOPE, Table

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        *ORDER_TABLES,
        *PARTY_TABLES,
        *SERVICE_TABLES,
        *SALES_TABLES,
        *MARKETING_TABLES,
    )
}

__all__ = ["CONTRACT_VERSION", "ENVELOPE", "TABLES", "Table"]
