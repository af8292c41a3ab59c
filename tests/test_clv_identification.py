"""Which parameters the data hardly determine, and how the row says it."""

from __future__ import annotations

import numpy as np
import pytest

from etl.clv.bg_nbd import BgNbd
from etl.clv.fit import Fit, Maximum
from etl.clv.identification import weakly_identified
from etl.clv.mbg_nbd import MbgNbd
from etl.clv.order_model import OrderModel
from etl.clv.pareto_nbd import ParetoNbd


def fit(model: OrderModel, errors: list[float]) -> Fit[OrderModel]:
    """A fit with these standard errors; nothing else of it is looked at."""
    estimates = np.array(list(vars(model).values()))
    return Fit(model, Maximum(estimates, 0.0, 1, 1, np.diag(np.array(errors) ** 2)))


def test_the_drop_out_of_the_grocer():
    grocer = fit(MbgNbd(r=1.2, alpha=20.0, a=0.195, b=278.0), [0.1, 2.0, 0.262, 426.0])
    assert weakly_identified(grocer, 1.0) == (
        "The rate of drop-out is hardly determined: a = 0.195 +- 0.262, b = 278 +- 426;"
        " forecasts beyond the history lean on it."
    )


def test_only_more_than_the_limit_is_weak():
    assert weakly_identified(fit(BgNbd(1.0, 2.0, 0.5, 3.0), [1.0, 2.0, 0.5, 3.0]), 1.0) is None
    assert weakly_identified(fit(BgNbd(1.0, 2.0, 0.5, 3.0), [1.0, 2.0, 0.6, 3.0]), 1.0)
    assert weakly_identified(fit(BgNbd(1.0, 2.0, 0.5, 3.0), [0.1, 0.2, 0.26, 0.3]), 0.5)


@pytest.mark.parametrize("error", [9.0, float("nan"), float("inf")])
def test_each_process_has_its_sentence(error):
    text = weakly_identified(fit(ParetoNbd(1.0, 2.0, 0.5, 3.0), [error, 0.1, error, 0.1]), 1.0)
    assert text.startswith(f"The rate of ordering is hardly determined: r = 1 +- {error:g};")
    assert f"The rate of drop-out is hardly determined: s = 0.5 +- {error:g};" in text
