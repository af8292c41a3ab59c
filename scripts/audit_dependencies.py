"""Ask the database of known vulnerabilities about every pinned package; never say clean unasked.

pip-audit ends with "no known vulnerabilities" where the database does not know the packages at all,
as behind a mirror. So a release that is known to be vulnerable is asked about first: if the
database does not name it, nothing was audited.

=========  ============================================================
exit code  meaning
=========  ============================================================
0          every package was asked about, and none is known as vulnerable
1          some are; they are listed
3          not run: the database was out of reach, or knew not all packages
=========  ============================================================
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from etl.cli.console import Output

PROJECT_ROOT = Path(__file__).resolve().parent.parent
CLEAN, VULNERABLE, NOT_RUN = 0, 1, 3
SAID = {
    CLEAN: "every one asked about, none known as vulnerable",
    VULNERABLE: "some are known as vulnerable",
    NOT_RUN: "NOT RUN: the database of vulnerabilities is out of reach or does not know them",
}
UV = str(PROJECT_ROOT / ".boot" / "bin" / "uv")
PIP_AUDIT = "pip-audit==2.10.1"
# PYSEC-2020-96 (CVE-2020-1747): code is run by yaml.load.
CONTROL = "pyyaml==5.3"
LISTS = ("requirements-services.txt", "requirements-compose.txt")


def main() -> int:
    """Audit what uv.lock and the lists of requirements pin; return the exit code."""
    output = Output()
    packages = pinned()
    code, rows = audit(packages)
    output.rows(("package", "version", "vulnerability", "fixed in"), rows, "dependencies")
    output.progress(f"{len(packages)} packages: {SAID[code]}")
    return code


def pinned() -> list[str]:
    """Return every ``name==version`` of uv.lock, all extras and groups, and of the other lists."""
    command = [UV, "export", "--frozen", "--all-extras", "--all-groups", "--no-emit-project"]
    done = subprocess.run(  # noqa: S603 - our own command
        [*command, "--no-hashes", "--quiet"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    texts = [done.stdout, *((PROJECT_ROOT / "scripts" / name).read_text() for name in LISTS)]
    lines = [line.split(";")[0] for text in texts for line in text.splitlines()]
    found = {line.split()[0] for line in lines if "==" in line and not line.startswith((" ", "#"))}
    return sorted(found)


def audit(packages: Iterable[str]) -> tuple[int, list[tuple[str, str, str, str]]]:
    """Ask about the control and then the packages.

    Returns:
        Exit code, and rows of package, version, vulnerability and versions that mend it; of
        packages that could not be asked about where it is NOT_RUN.
    """
    control = ask([CONTROL])
    if not any(found.get("vulns") for found in control or ()):
        return NOT_RUN, [(*CONTROL.split("=="), "known to have one, and not named", "")]
    answers = ask(packages)
    if answers is None:
        return NOT_RUN, []
    unknown = [(a["name"], "", a["skip_reason"], "") for a in answers if "skip_reason" in a]
    known = [
        (answer["name"], answer["version"], vuln["id"], ", ".join(vuln["fix_versions"]))
        for answer in answers
        for vuln in answer.get("vulns", ())
    ]
    if known:
        return VULNERABLE, known + unknown
    return (NOT_RUN, unknown) if unknown or not answers else (CLEAN, [])


def ask(packages: Iterable[str]) -> list[dict[str, Any]] | None:
    """Return pip-audit's answer for each package, None where it gave none."""
    with tempfile.TemporaryDirectory() as folder:
        wanted, answer = Path(folder) / "packages.txt", Path(folder) / "answer.json"
        wanted.write_text("\n".join(packages) + "\n")
        command = [UV, "tool", "run", "--quiet", PIP_AUDIT, "--disable-pip", "--no-deps"]
        command += ["--requirement", str(wanted), "--format", "json", "--output", str(answer)]
        subprocess.run(  # noqa: S603 - its exit code says 1 for a finding and for a failure
            [*command, "--progress-spinner", "off"], capture_output=True, text=True, check=False
        )
        return json.loads(answer.read_text())["dependencies"] if answer.exists() else None


if __name__ == "__main__":
    sys.exit(main())
