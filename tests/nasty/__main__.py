"""Runs the corpus and prints it by rows of the fault matrix; exit 1 if anything is not as said."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.nasty.corpus import CORPUS, run

VERDICTS = ("as expected", "silent", "other", "crash")


def main() -> int:
    counts: Counter[tuple[str, str]] = Counter()
    codes = set()
    with tempfile.TemporaryDirectory(prefix="loyalty-nasty-") as root:
        for number, (name, case) in enumerate(CORPUS.items()):
            finding = run(case, Path(root) / str(number))
            counts[case.row, finding.verdict] += 1
            codes |= {case.code, *(reason for _, _, reason in case.refused)} - {""}
            if finding.verdict != "as expected":
                print(f"{finding.verdict}: {name}: {finding.found}", file=sys.stderr)
    print(f"{'row':6}", *(f"{verdict:>12}" for verdict in VERDICTS))
    for row in sorted({row for row, _ in counts}, key=lambda row: (row[0], int(row[1:] or 0))):
        print(f"{row:6}", *(f"{counts[row, verdict]:12}" for verdict in VERDICTS))
    sums = [sum(n for (_, v), n in counts.items() if v == verdict) for verdict in VERDICTS]
    print(f"{'all':6}", *(f"{total:12}" for total in sums))
    print(f"{len(CORPUS)} deliveries, {len(codes)} reason codes")
    return int(sums[0] != len(CORPUS))


if __name__ == "__main__":
    sys.exit(main())
