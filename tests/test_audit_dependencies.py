"""The audit of dependencies: it finds, it asks about all, and it never says clean unasked."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable, Iterable

import pytest
import yaml

from etl.config import PROJECT_ROOT

sys.path.insert(0, str(PROJECT_ROOT / "scripts"))
import audit_dependencies as audit

BAD = {"vulns": [{"id": "PYSEC-1", "fix_versions": ["5.4"]}]}
GOOD = {"vulns": []}
SKIPPED = {"skip_reason": "Dependency not found on PyPI and could not be audited"}


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[list[str]]]:
    """Answer for the control and for all others; None: out of reach."""

    def answering(control: dict | None, others: dict | None) -> list[list[str]]:
        asked: list[list[str]] = []

        def ask(packages: Iterable[str]) -> list[dict] | None:
            asked.append(list(packages))
            answer = control if asked[-1] == [audit.CONTROL] else others
            names = [p.split("==") for p in asked[-1]]
            return answer and [{"name": n, "version": v, **answer} for n, v in names]

        monkeypatch.setattr(audit, "ask", ask)
        return asked

    return answering


def test_all_known_and_none_vulnerable_is_clean(database) -> None:
    asked = database(BAD, GOOD)
    assert audit.audit(["a==1", "b==2"]) == (audit.CLEAN, [])
    assert asked == [[audit.CONTROL], ["a==1", "b==2"]]


def test_a_vulnerable_package_is_named_with_what_mends_it(database) -> None:
    database(BAD, BAD)
    assert audit.audit(["a==1"]) == (audit.VULNERABLE, [("a", "1", "PYSEC-1", "5.4")])


@pytest.mark.parametrize(
    ("control", "others"),
    [(None, None), (SKIPPED, SKIPPED), (GOOD, GOOD), (BAD, None), (BAD, SKIPPED)],
    ids=["out of reach", "a mirror", "no vulnerabilities at all", "lost half-way", "unknown"],
)
def test_what_was_not_asked_is_never_clean(database, control, others) -> None:
    asked = database(control, others)
    code, _ = audit.audit(["a==1"])
    assert code == audit.NOT_RUN
    assert (len(asked) == 1) is (control is not BAD)  # nothing else is asked in vain


def test_the_exit_codes_differ_and_the_words_say_which(database, capsys, monkeypatch) -> None:
    monkeypatch.setattr(audit, "pinned", lambda: ["a==1"])
    for control, others, code in ((BAD, GOOD, 0), (BAD, BAD, 1), (None, None, 3)):
        database(control, others)
        assert audit.main() == code
        assert ("NOT RUN" in capsys.readouterr().err) is (code == audit.NOT_RUN)


def test_every_locked_package_is_asked_about() -> None:
    packages = dict(line.split("==") for line in audit.pinned())
    lock = tomllib.loads((PROJECT_ROOT / "uv.lock").read_text())
    locked = {p["name"]: p["version"] for p in lock["package"] if "registry" in p["source"]}
    windows_only = set(locked) - set(packages)
    assert windows_only <= {"colorama", "pywin32", "tzdata", "win32-setctime", "pyreadline3"}
    assert packages.items() >= {n: v for n, v in locked.items() if n not in windows_only}.items()
    assert "asyncpg" in packages  # of the list for containers


def test_continuous_integration_runs_it_at_each_push_and_every_night() -> None:
    for name in ("ci", "nightly"):
        text = (PROJECT_ROOT / ".github" / "workflows" / f"{name}.yml").read_text()
        steps = [step for job in yaml.safe_load(text)["jobs"].values() for step in job["steps"]]
        assert "make audit" in [step.get("run") for step in steps], name
    makefile = (PROJECT_ROOT / "Makefile").read_text()
    assert re.search(r"^audit: setup ## .*\n\t@.*audit_dependencies\.py$", makefile, re.MULTILINE)
