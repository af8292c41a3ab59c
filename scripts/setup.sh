#!/usr/bin/env bash
# Makes .venv exactly as uv.lock says. Needs python3 (3.11 or 3.12) with venv or pip, and a package
# index; changes nothing outside the checkout. Run again: takes a moment when all is there.
#   scripts/setup.sh         what the warehouse needs on DuckDB
#   scripts/setup.sh spark   and Spark beside it: 460 MB more to fetch; Java 17 must be there
set -euo pipefail
cd "$(dirname "$0")/.."

UV_VERSION=0.13.9
export UV_PYTHON_DOWNLOADS=never

say() { printf '%s\n' "$*" >&2; }

find_python() {
    local name
    for name in ${PYTHON:-python3 python3.12 python3.11}; do
        if "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null; then
            "$name" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    say "This project needs Python 3.11 or 3.12. Tried: ${PYTHON:-python3 python3.12 python3.11}."
    say "Install one of them, or name it: make setup PYTHON=/path/to/python3.12"
    return 1
}

boot_uv() {
    [[ "$(.boot/bin/uv --version 2>/dev/null)" == "uv $UV_VERSION"* ]] && return
    say "setting up uv $UV_VERSION"
    rm -rf .boot
    if "$python" -m venv .boot >/dev/null 2>&1 &&
        .boot/bin/python -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION"; then
        return
    fi
    # Debian and Ubuntu ship python3 without venv unless python3-venv is installed.
    rm -rf .boot
    "$python" -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
        --target .boot "uv==$UV_VERSION" && return
    say "Could not install uv: neither 'python3 -m venv' nor 'python3 -m pip' works here, or the"
    say "package index is out of reach. On Debian: apt-get install python3-venv"
    return 1
}

# Spark without Java would be half a gigabyte for nothing. In CI its tests then fail, on purpose.
wants_spark() {
    [[ -f .venv/.synced-spark ]] && return
    [[ "${1:-}" == spark ]] || return
    [[ -n "${CI:-}" || -n "${JAVA_HOME:-}" ]] && return
    command -v java >/dev/null && return
    say "NO JAVA: Spark is not installed and its tests are skipped. On Debian:"
    say "apt-get install openjdk-17-jre-headless"
    return 1
}

python="$(find_python)"
boot_uv
# Once there, Spark stays: a sync without it would take it away again. pyspark comes as source only,
# everything else must be a wheel. The stamp is written last, so a sync that was cut short is done
# again.
stamp=.venv/.synced
options=(--no-build)
if wants_spark "${1:-}"; then
    stamp=.venv/.synced-spark
    options=(--extra spark)
fi
if [[ ! -f $stamp || uv.lock -nt $stamp || pyproject.toml -nt $stamp ]]; then
    say "installing what uv.lock lists"
    .boot/bin/uv sync --quiet --locked "${options[@]}" --python "$python"
    touch "$stamp"
fi
