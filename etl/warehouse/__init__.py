"""The private build: the one place that opens DuckDB, dbt, the fits, the reconciliation."""
