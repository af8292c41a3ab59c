#!/usr/bin/env bash
# Does everything still hold on the next DuckDB? Builds the small company with the locked DuckDB and
# with the next one, compares every mart, and lets each read the other's release.
#   scripts/duckdb_next.sh            DuckDB 2.0
#   scripts/duckdb_next.sh 2.1        another
set -euo pipefail
cd "$(dirname "$0")/.."

export UV_PYTHON_DOWNLOADS=never
next="${1:-2.0}"
environment="$PWD/.tools/duckdb-$next"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

locked="$PWD/.venv/bin"
UV_PROJECT_ENVIRONMENT="$environment" .boot/bin/uv sync --quiet --locked --no-build \
    --python "$("$locked/python" -c 'import sys; print(sys.executable)')"
.boot/bin/uv pip install --quiet --python "$environment/bin/python" \
    "duckdb==$next.*"

say_version() { "$1/python" -c 'import duckdb; print("DuckDB", duckdb.__version__)'; }
publish() {
    echo "==> $(say_version "$1"): the small company, with every data test"
    PYTHONPATH=. "$1/python" -m tests.company.published "$work/$2" | tail -n 1
}
read_release() {
    echo "==> $(say_version "$1") reads the release of the other: every report"
    local report
    "$1/loyalty" report --data "$work/$2/data" | "$1/python" -c \
        'import json, sys; print("\n".join(json.loads(line)["name"] for line in sys.stdin))' |
        while read -r report; do
            "$1/loyalty" report "$report" --data "$work/$2/data" >"$work/$2.$report"
        done
}

publish "$locked" locked
publish "$environment/bin" next
read_release "$environment/bin" locked
read_release "$locked" next

echo "==> comparing"
"$locked/python" - "$work" <<'PYTHON'
import json
import sys
from pathlib import Path

work = Path(sys.argv[1])
marts = [
    json.loads((work / side / "data/marts/current/manifest.json").read_text())["marts"]
    for side in ("locked", "next")
]
hashes = [{name: mart["logical_hash"] for name, mart in side.items()} for side in marts]
differing = sorted(n for n in hashes[0].keys() | hashes[1].keys() if hashes[0].get(n) != hashes[1].get(n))
answers = sorted(path.name.removeprefix("next.") for path in work.glob("next.*"))
differing += [n for n in answers if (work / f"next.{n}").read_bytes() != (work / f"locked.{n}").read_bytes()]
print(f"{len(hashes[0])} marts and {len(answers)} reports, {len(differing)} differ {differing or ''}")
sys.exit(bool(differing) or not answers)
PYTHON

echo "==> tests of build and release on the next DuckDB"
"$environment/bin/python" -m pytest -q \
    tests/test_build.py tests/test_warehouse.py tests/test_publish.py tests/test_fingerprint.py tests/test_reports.py
