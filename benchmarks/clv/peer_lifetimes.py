"""PyPI lifetimes on the same customers: BG/NBD and Gamma-Gamma, fit or score.

    python benchmarks/clv/peer_lifetimes.py fit|spend|score FOLDER

Runs in an environment of its own. The score is what it has a vectorised function for: P(alive),
orders in 12, 24 and 36 months, order value. Its lifetime value, a loop over months, is left out.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd
from lifetimes import BetaGeoFitter, GammaGammaFitter

DAYS_PER_MONTH = 365.25 / 12
folder = Path(sys.argv[2])
columns = ["customer_key", "repeat_orders", "recency_days", "age_days", "mean_spend"]
customers = pd.read_parquet(folder / "customers.parquet", columns=columns)
x, recency, age = (customers[name] for name in columns[1:4])


def saved(name: str, fitter: BetaGeoFitter | GammaGammaFitter) -> None:
    parameters = {key: float(value) for key, value in fitter.params_.items()}
    (folder / f"lifetimes_{name}.json").write_text(json.dumps(parameters))
    print(json.dumps({"parameters": parameters}))


def loaded(name: str, fitter: BetaGeoFitter | GammaGammaFitter) -> None:
    fitter.params_ = pd.Series(json.loads((folder / f"lifetimes_{name}.json").read_text()))


if sys.argv[1] == "fit":
    saved("orders", BetaGeoFitter().fit(x, recency, age))
elif sys.argv[1] == "spend":
    repeaters = customers[x > 0]
    saved("spend", GammaGammaFitter().fit(repeaters.repeat_orders, repeaters.mean_spend))
else:
    orders, spend = BetaGeoFitter(), GammaGammaFitter()
    loaded("orders", orders)
    loaded("spend", spend)
    scores = pd.DataFrame({"customer_key": customers.customer_key})
    scores["p_alive"] = orders.conditional_probability_alive(x, recency, age)
    for months in (12, 24, 36):
        scores[f"orders_{months}m"] = orders.conditional_expected_number_of_purchases_up_to_time(
            months * DAYS_PER_MONTH, x, recency, age
        )
    scores["order_value"] = spend.conditional_expected_average_profit(x, customers.mean_spend)
    scores.to_parquet(folder / "lifetimes.parquet", compression="zstd")
    print(json.dumps({"orders_12m": float(scores.orders_12m.sum())}))
