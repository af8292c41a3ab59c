"""Only the owner's group reads what the warehouse writes, and no secret stands in the tree."""

from __future__ import annotations

import math
import re
import stat
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from etl.config import PROJECT_ROOT
from tests.company.published import PublishedCompany

# What a secret looks like: names of well-known kinds, and a word given to something called secret.
KNOWN_KINDS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b|\bghp_[0-9A-Za-z]{36}\b"
    r"|\bxox[abp]-[0-9A-Za-z-]{20,}|\beyJ[\w-]{20,}\.eyJ[\w-]{20,}"
    r"|[a-z+]+://[^\s/:@'\"{}$%]+:[^\s/@'\"{}$%]{4,}@"
)
NAMED = re.compile(
    r"""(?ix) (?:passw(?:or)?d|secret|api_?key|access_?key|auth_?token|fernet_key)\b
    ["']? \s* [:=] \s* ["']? ([A-Za-z0-9+/=_-]{16,}) """
)
# Passwords in addresses that tests make up.
MADE_UP = ("https://me:secret@", "http://key:hunter2@")
# Made-up keys of tests say so by their name or by having few different characters.
RANDOM_BITS_A_CHARACTER = 3.5


def tracked() -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    )
    return [PROJECT_ROOT / name for name in done.stdout.split("\0") if name]


def looks_random(text: str) -> bool:
    counts = Counter(text).values()
    bits = -sum(n / len(text) * math.log2(n / len(text)) for n in counts)
    return bits > RANDOM_BITS_A_CHARACTER and bool(re.search("[0-9]", text))


def secrets_in(text: str) -> list[str]:
    named = [found[1] for found in NAMED.finditer(text) if looks_random(found[1])]
    known = [found[0] for found in KNOWN_KINDS.finditer(text)]
    return [found for found in known if found not in MADE_UP] + named


def test_no_file_of_the_warehouse_is_open_to_others(published: PublishedCompany) -> None:
    """Whoever wrote it: etl, DuckDB, dbt or SQLite."""
    root = published.settings.data
    found = [path for path in (root, *root.rglob("*")) if not path.is_symlink()]
    open_ones = {str(p.relative_to(root)): oct(mode(p)) for p in found if mode(p) & 0o027}
    assert len(found) > 300
    assert open_ones == {}


def test_the_vault_is_open_to_its_owner_alone(published: PublishedCompany) -> None:
    vault = published.settings.vault
    assert mode(vault) == 0o700
    assert {mode(path) for path in vault.iterdir()} == {0o600}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_no_secret_stands_in_the_tree() -> None:
    files = tracked()
    assert len(files) > 300
    found = {
        str(path.relative_to(PROJECT_ROOT)): secrets_in(text)
        for path in files
        if path.is_file() and (text := path.read_text(encoding="utf-8", errors="replace"))
    }
    assert {name: hits for name, hits in found.items() if hits} == {}


@pytest.mark.parametrize(
    "planted",
    [
        "AWS_KEY = 'AKIA" + "IOSFODNN7EXAMPLE'",
        "password: " + "hunter2Kx9Qm4Zp7Lw3",
        '"fernet_key": "' + "f0yWdZl1aJHq7mB4gR9xKp3TnVc8SuEo2iXhLz5QkD0=" + '"',
        "postgresql://airflow:" + "k3J9xQ2mZ7@db/airflow",
        "-----BEGIN RSA " + "PRIVATE KEY-----",
    ],
)
def test_a_planted_secret_is_found(planted: str) -> None:
    assert secrets_in(planted)


def test_nothing_that_holds_data_or_secrets_can_be_committed_by_accident() -> None:
    names = [".env", "data/vault/vault.key", "data/landing/x.csv", "data/airflow/secrets/jwt"]
    done = subprocess.run(
        ["git", "check-ignore", *names],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == names


def test_nothing_is_unpickled_or_read_by_the_yaml_loader_that_runs_code() -> None:
    """Beside the linter's S301 and S506, which a ``noqa`` can silence."""
    banned = re.compile(
        r"\b(?:pickle|cloudpickle|dill|joblib|shelve|marshal)\b|\byaml\.(?:load|unsafe_load|full_load)"
        r"\(|allow_pickle\s*=\s*True|read_pickle|\beval\(|\bexec\("
    )
    found = {}
    for folder in ("etl", "dags", "scripts"):
        for path in (PROJECT_ROOT / folder).rglob("*.py"):
            code = re.sub(r'(?s)""".*?"""|#.*', "", path.read_text(encoding="utf-8"))
            if hits := banned.findall(code):
                found[path.name] = hits
    assert found == {}
