"""Fixtures that several test modules share; the small company is landed and built once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from etl.config import Settings, load_settings


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
