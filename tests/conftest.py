"""Fixtures that several test modules share; the small company is landed and built once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from etl.config import Settings, load_settings

if TYPE_CHECKING:  # it imports the whole road, which most tests need not wait for
    from tests.company.published import PublishedCompany

# How long an example takes says something of the machine's other work, nothing of the code.
hypothesis.settings.register_profile("patient", deadline=None)
# A find of the random search belongs to whoever searched; a red build must be red again.
hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True)
hypothesis.settings.load_profile("repeatable" if os.environ.get("CI") else "patient")

# They take minutes: started first, so that workers side by side end together.
LONGEST = (
    "test_services",
    "test_parity",
    "test_backfill",
    "test_close",
    "test_keep_route",
    "test_published_clv",
    "test_exchange",
    "test_route",
    "test_killed",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the modules that take longest first; the order within a module stays."""
    ranks = {name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.stem, len(LONGEST)))


@pytest.fixture(scope="session")
def settings_in() -> Callable[..., Settings]:
    """Make settings for a data root, with the small company's mappings."""
    from tests.company.generate import MAPPINGS

    def make(root: Path, mappings: Path = MAPPINGS) -> Settings:
        return load_settings(data=root, landing=root / "landing", mappings=mappings)

    return make


@pytest.fixture
def settings(tmp_path: Path, settings_in: Callable[..., Settings]) -> Settings:
    """Settings of an empty warehouse."""
    return settings_in(tmp_path / "data")


@pytest.fixture(scope="session")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pseudonym key that warehouses share whose hashes are compared."""
    return tmp_path_factory.mktemp("key") / "pseudonym.key"


@pytest.fixture(scope="session")
def published(
    tmp_path_factory: pytest.TempPathFactory, key_file: Path
) -> Iterator[PublishedCompany]:
    """The small company, landed, built and published once for all tests that only read.

    What does something to it takes a copy (``published.copied``); who does not fails here, whatever
    tests ran in between.
    """
    from tests.company.published import publish_company

    company = publish_company(tmp_path_factory.mktemp("company"), key_file)
    written = company.written()
    yield company
    assert company.written() == written, "a test wrote to the company that all share"


@pytest.fixture(scope="session")
def built_marts(published: PublishedCompany) -> Path:
    """The DuckDB file of the small company's release."""
    return published.database
