"""A corpus of nasty deliveries: what goes wrong with files, and what must happen then.

Each case is made by code and lies in a landing of its own. It either is refused with the code that
stands in the table, or is read to exactly the rows that stand there; rows that are refused name
their column and reason. There is no third way: what is read otherwise is silent, what raises
anything else is a crash. ``python -m tests.nasty`` runs the corpus and prints it by the rows of the
fault matrix.

===========  ==================================================================================
module       cases
===========  ==================================================================================
landing      names, links, pipes, manifests (B1, B6, B11)
packing      cut, packed, encoded, bombs, other files under the name of one (B6 to B10)
shape        delimiters, quotes, headers, footers, repeated keys (C)
cells        numbers, days, ids, codes, each as CSV, JSON Lines, Parquet and workbook (A9, C)
===========  ==================================================================================

What no single file shows is tested elsewhere: content that comes again or under the same name
(B2, B3) in ``test_lake`` and ``test_ledger``, any order of deliveries (B4) in ``test_route``,
deletes (B5) in ``test_extract`` and the unit tests of the models, a missing day (B6) in
``test_route``. A refund without an order or greater than it, and lines of no order, relate
deliveries of different days: dbt lists them (``order_lines_without_order``,
``refunds_exceed_orders``).
"""
