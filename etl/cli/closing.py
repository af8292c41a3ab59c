"""``loyalty close``: freeze a month's customer value."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from etl.cli.command import (
    DataOption,
    EngineOption,
    JsonOption,
    MappingsOption,
    reporting,
    settings_of,
)
from etl.errors import UsageError

_SHOWN = (
    "close_id", "as_of_on", "run_id", "previous_close_id", "reason", "reporting_currency",
    "discount_rate_annual", "customers", "historic_net_revenue", "clv_12m_margin_discounted",
    "clv_36m_margin_discounted", "clv_residual_margin_discounted",
)  # fmt: skip


def close(
    month: Annotated[str, typer.Argument(help="The month, YYYY-MM.")],
    reason: Annotated[
        str, typer.Option("--reason", help="Why a closed month is closed again.")
    ] = "",
    mappings: MappingsOption = None,
    data: DataOption = None,
    engine: EngineOption = None,
    as_json: JsonOption = False,
) -> None:
    """Freeze a month's customer value for ever, with the rollforward from the month before."""
    with reporting(as_json) as output:
        from etl.close import close_month

        settings = settings_of(data, mappings=mappings, engine=engine)
        done = close_month(settings, month_of(month), output.progress, reason=reason)
        shown = {name: done.close[name] for name in _SHOWN}
        output.record(
            {"outcome": done.outcome, **shown, "shown_in": done.shown_in, **done.lines},
            f"close of {month}",
        )


def month_of(text: str) -> date:
    """Read a month.

    Raises:
        UsageError: The text is none.
    """
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise UsageError(
            f"{text!r} is not a month.", where="month", todo="Write YYYY-MM."
        ) from None
