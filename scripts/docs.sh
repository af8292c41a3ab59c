#!/usr/bin/env bash
# Writes the description of every model and column, with the lineage, to one HTML file. Reads the
# project only: no build is needed, and no data is looked at.
set -euo pipefail
cd "$(dirname "$0")/.."
data="${LOYALTY_DATA:-$PWD/data}"
target="$data/warehouse/docs"
mkdir -p "$target"
export LOYALTY_INPUTS="$target" LOYALTY_BUILD_DB="$target/unused.duckdb" LOYALTY_DUCKDB_TEMP="$target"
common=(--project-dir dbt_project --profiles-dir dbt_project --target-path "$target"
    --log-path "$target" --vars '{as_of_date: "2017-12-31"}')
.venv/bin/dbt --quiet parse "${common[@]}"
.venv/bin/dbt --quiet docs generate --static --no-compile --empty-catalog "${common[@]}"
echo "$target/static_index.html"
