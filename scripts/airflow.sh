#!/usr/bin/env bash
# Runs Airflow's real services on 127.0.0.1: web server, scheduler, DAG processor. Ctrl-C stops all.
# Containers with PostgreSQL: docker-compose.yml.
set -euo pipefail
cd "$(dirname "$0")/.."

port="${PORT:-8080}"
export LOYALTY_DATA="${LOYALTY_DATA:-$PWD/data}"
home="$LOYALTY_DATA/airflow"
bin="$PWD/.venv/bin"
export PATH="$bin:$PATH"

# Not in one step: the exit code of a failing command inside eval "$(...)" would be lost.
variables="$("$bin/python" scripts/airflow_home.py env "$home" "$port")"
eval "$variables"

umask 027
logs="$home/logs"
mkdir -p "$logs"

# Each service gets a process group of its own. Ctrl-C then reaches only this script, which asks
# each service once: a scheduler that is asked twice does not end.
set -m
pids=()
# shellcheck disable=SC2329 # the traps below call it
stop() {
    trap - EXIT INT TERM
    local pid second
    for pid in "${pids[@]}"; do
        kill -TERM "$pid" 2>/dev/null || true
    done
    for ((second = 0; second < 20; second++)); do
        [[ -z "$(jobs -rp)" ]] && return
        sleep 1
    done
    for pid in "${pids[@]}"; do
        kill -KILL -- "-$pid" 2>/dev/null || true
    done
}
trap stop EXIT
trap 'exit 130' INT TERM

start() {
    "$bin/airflow" "$@" >>"$logs/$1.log" 2>&1 &
    pids+=($!)
}

healthy() {
    "$bin/python" - "$port" <<'PYTHON'
import sys
import urllib.request

try:
    urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/execution/health", timeout=5)
except OSError:
    sys.exit(1)
PYTHON
}

echo "preparing the metadata database in $home"
"$bin/airflow" db migrate >>"$logs/migrate.log" 2>&1
"$bin/airflow" pools set warehouse_writer 1 "One writer of the warehouse." >>"$logs/migrate.log" 2>&1

# The web server first: the others call it from their first second on.
start api-server
for ((second = 0; second < 120; second++)); do
    healthy && break
    kill -0 "${pids[0]}" 2>/dev/null || { echo "The web server stopped; see $logs/api-server.log" >&2; exit 1; }
    sleep 1
done
healthy || { echo "The web server does not answer; see $logs/api-server.log" >&2; exit 1; }
start dag-processor
# Without --skip-serve-logs the scheduler serves its logs on every address of the machine.
start scheduler --skip-serve-logs

echo "Airflow:   http://127.0.0.1:$port   (user admin, password in $home/secrets/admin_password)"
echo "Logs:      $logs"
echo "Start a business day: scripts/airflow_cli.sh dags trigger land_orders --conf '{\"business_day\": \"2017-12-31\"}'"
echo "Ctrl-C stops all."

# If one of them ends, the others end too: half an Airflow looks alive and does nothing.
wait -n || true
echo "One of the services stopped; see $logs" >&2
exit 1
