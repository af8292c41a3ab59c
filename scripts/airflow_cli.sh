#!/usr/bin/env bash
# Airflow's own command line with this checkout's settings: scripts/airflow_cli.sh dags list
set -euo pipefail
cd "$(dirname "$0")/.."
export LOYALTY_DATA="${LOYALTY_DATA:-$PWD/data}"
variables="$(.venv/bin/python scripts/airflow_home.py env "$LOYALTY_DATA/airflow" "${PORT:-8080}")"
eval "$variables"
exec .venv/bin/airflow "$@"
