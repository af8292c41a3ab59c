"""PyPI pymc-marketing on the same customers: BG/NBD and Gamma-Gamma, maximum a posteriori.

    python benchmarks/clv/peer_pymc_marketing.py fit|spend|score FOLDER

Runs in an environment of its own, with the priors it has by default; the score holds the same
columns as that of lifetimes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd
from pymc_marketing.clv import BetaGeoModel, GammaGammaModel

DAYS_PER_MONTH = 365.25 / 12
FILES = {BetaGeoModel: "pymc_orders.nc", GammaGammaModel: "pymc_spend.nc"}
NAMES = {
    "customer_key": "customer_id",
    "repeat_orders": "frequency",
    "recency_days": "recency",
    "age_days": "T",
    "mean_spend": "monetary_value",
}
folder = Path(sys.argv[2])
customers = pd.read_parquet(folder / "customers.parquet", columns=list(NAMES)).rename(columns=NAMES)


def fit(model: BetaGeoModel | GammaGammaModel, names: tuple[str, ...]) -> None:
    model.fit(method="map", progressbar=False)
    model.save(str(folder / FILES[type(model)]))
    found = {name: model.fit_result[name].item() for name in names}
    print(json.dumps({"parameters": found}))


if sys.argv[1] == "fit":
    fit(BetaGeoModel(customers.drop(columns="monetary_value")), ("r", "alpha", "a", "b"))
elif sys.argv[1] == "spend":
    columns = ["customer_id", "frequency", "monetary_value"]
    fit(GammaGammaModel(customers[customers.frequency > 0][columns]), ("p", "q", "v"))
else:
    orders = BetaGeoModel.load(str(folder / FILES[BetaGeoModel]))
    orders.build_model(customers)
    spend = GammaGammaModel.load(str(folder / FILES[GammaGammaModel]))
    scores = pd.DataFrame({"customer_key": customers.customer_id})
    scores["p_alive"] = orders.expected_probability_alive(customers).to_numpy().ravel()
    for months in (12, 24, 36):
        expected = orders.expected_purchases(customers, future_t=months * DAYS_PER_MONTH)
        scores[f"orders_{months}m"] = expected.to_numpy().ravel()
    scores["order_value"] = spend.expected_customer_spend(customers).to_numpy().ravel()
    scores.to_parquet(folder / "pymc_marketing.parquet", compression="zstd")
    print(json.dumps({"orders_12m": float(scores.orders_12m.sum())}))
