#!/usr/bin/env bash
# Makes what docker-compose.yml needs (folders, secrets, .env) and starts it. Needs Docker.
#   scripts/up.sh --prepare   stop before starting anything
set -euo pipefail
cd "$(dirname "$0")/.."

data="${LOYALTY_DATA:-$PWD/data}"
uid="$(id -u)"
gid="$(id -g)"
if ((uid == 0)); then # root may start it, but the services do not run as root
    uid=10001
    gid=10001
fi

umask 027
folders=(landing raw staged rejects state warehouse marts vault containers/airflow containers/postgres)
for folder in "${folders[@]}"; do
    mkdir -p "$data/$folder"
done
chmod 700 "$data/vault" "$data/containers/postgres"
.venv/bin/python scripts/airflow_home.py secrets "$data/containers/secrets"
install -m 600 "$data/containers/secrets/passwords.json" "$data/containers/airflow/passwords.json"
if [[ "$(id -u)" == 0 ]]; then
    chown "$uid:$gid" "$data" # locks lie here
    chown -R "$uid:$gid" "$data/containers"
    for folder in "${folders[@]}"; do
        chown -R "$uid:$gid" "$data/$folder"
    done
fi

if [[ ! -f .env ]]; then
    sed -e "s|^LOYALTY_DATA=.*|LOYALTY_DATA=$data|" \
        -e "s|^LOYALTY_UID=.*|LOYALTY_UID=$uid|" \
        -e "s|^LOYALTY_GID=.*|LOYALTY_GID=$gid|" .env.example >.env
    echo "wrote .env"
fi
[[ "${1:-}" == --prepare ]] && exit

docker compose up --build --detach --wait
echo "Airflow: http://127.0.0.1:$(sed -n 's/^AIRFLOW_PORT=//p' .env)   (user admin, password in $data/containers/secrets/admin_password)"
echo "Stop:    docker compose down"
