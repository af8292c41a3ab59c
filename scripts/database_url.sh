#!/bin/sh
# Prints where Airflow's metadata database is; the password comes from a file, not from a variable.
set -eu
printf 'postgresql+psycopg2://airflow:%s@postgres/airflow' "$(cat /run/secrets/postgres_password)"
