"""The one place that reads the clock.

Only operations may ask (when was this file loaded, which release is oldest); its values are
volatile: they never enter a rule, a mart's logical hash or a run id.
"""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present instant in UTC, to the microsecond."""
    return datetime.now(UTC)
