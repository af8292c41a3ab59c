"""Schemas of the frames that the warehouse reads back; a bare build sees them with zero rows."""

from __future__ import annotations

import polars as pl

ALL = "all"
TREATMENT, HOLDOUT = "treatment", "holdout"
_MONEY = pl.Decimal(18, 4)
_SHARE = pl.Decimal(9, 6)

# One row per experiment, stratum ('all': the whole experiment) and arm: what was read, once. What
# compares the arms stands with the treatment. Kept in state.
RESULTS: dict[str, pl.DataType] = {
    "experiment": pl.String(),
    "arm_source": pl.String(),
    "stratum": pl.String(),
    "arm": pl.String(),
    "assigned_from_on": pl.Date(),
    "assigned_to_on": pl.Date(),
    "reads_on": pl.Date(),
    "read_on": pl.Date(),
    "customers": pl.Int64(),
    "returned": pl.Int64(),
    "return_rate": _SHARE,
    "return_rate_low": _SHARE,
    "return_rate_high": _SHARE,
    "net_revenue": _MONEY,
    "margin": _MONEY,
    "uplift": _SHARE,
    "uplift_low": _SHARE,
    "uplift_high": _SHARE,
    "minimum_detectable_effect": _SHARE,
    "strata_compared": pl.Int64(),
    "incremental_margin": _MONEY,
    "incremental_margin_low": _MONEY,
    "incremental_margin_high": _MONEY,
    "incremental_margin_per_customer": _MONEY,
    "incremental_margin_per_customer_low": _MONEY,
    "incremental_margin_per_customer_high": _MONEY,
    "minimum_detectable_margin_per_customer": _MONEY,
    "cost": _MONEY,
    "cost_basis": pl.String(),
    "roi": pl.Decimal(18, 6),
    "material_difference": _SHARE,
    "verdict": pl.String(),
}

# A cell of the learnt return rates, from the widest coordinate to the narrowest.
CELL = ("activity_status", "recency_band", "frequency_band", "loss_reason")

# One row per cell, of one coordinate up to all (the others are 'all'), and per trace that the
# customer's own current spell has left in it: the arm it was in, and how many of the coordinates it
# shares with the cell; 'none' and 0 for everybody else.
UPLIFTS: dict[str, pl.DataType] = {
    **dict.fromkeys(CELL, pl.String()),
    "levels": pl.Int64(),
    "own_arm": pl.String(),
    "own_levels": pl.Int64(),
    "p_treat": _SHARE,
    "p_control": _SHARE,
    "customers": pl.Int64(),
    "uplift_basis": pl.String(),
}

INPUT_SCHEMAS: dict[str, dict[str, pl.DataType]] = {
    "winback_results": RESULTS,
    "winback_uplifts": UPLIFTS,
}
