"""The choice between models, at its boundaries."""

from __future__ import annotations

from etl.clv.choice import Score, better_baselines, choose

LIKELIHOODS = {"bg_nbd": -100.0, "mbg_nbd": -99.0, "pareto_nbd": -101.0}


def test_the_smallest_error_wins_where_no_other_is_near():
    scores = {"bg_nbd": Score(1.00, 0.3), "pareto_nbd": Score(1.02, 0.0)}
    choice = choose(scores, LIKELIHOODS, 0.01)
    assert (choice.model, choice.code) == ("bg_nbd", "smallest_rmse")
    assert choice.reason == (
        "BG/NBD has the smallest holdout error. RMSE: BG/NBD 1, Pareto/NBD 1.02."
    )


def test_within_the_tolerance_the_least_biased_cohorts_win():
    scores = {
        "bg_nbd": Score(1.00, 0.3),
        "mbg_nbd": Score(1.01, 0.2),  # exactly one per cent above
        "pareto_nbd": Score(1.0101, 0.1),
    }
    choice = choose(scores, LIKELIHOODS, 0.01)
    assert (choice.model, choice.code) == ("mbg_nbd", "smallest_cohort_bias")
    assert "cohort bias: BG/NBD 30.0%, MBG/NBD 20.0%." in choice.reason


def test_equal_figures_are_settled_by_name():
    scores = {"pareto_nbd": Score(1.0, 0.2), "bg_nbd": Score(1.0, 0.2)}
    assert choose(scores, LIKELIHOODS, 0.01).model == "bg_nbd"


def test_a_bias_of_nothing_is_never_the_smallest():
    scores = {"bg_nbd": Score(1.0, None), "mbg_nbd": Score(1.0, 9.0)}
    choice = choose(scores, LIKELIHOODS, 0.01)
    assert choice.model == "mbg_nbd"
    assert choice.reason.endswith("cohort bias: BG/NBD unknown, MBG/NBD 900.0%.")


def test_without_a_backtest_the_likelihood_decides():
    choice = choose({}, LIKELIHOODS, 0.01)
    assert (choice.model, choice.code) == ("mbg_nbd", "likelihood")
    assert choice.reason.endswith("BG/NBD -100.0, MBG/NBD -99.0, Pareto/NBD -101.0.")


def test_a_baseline_is_better_only_when_its_error_is_smaller():
    baselines = {"naive_rate": Score(1.0, 0.0), "unit_average": Score(0.9, 0.0)}
    assert better_baselines(Score(1.0, 0.5), baselines) == ["unit_average"]
    assert better_baselines(Score(0.9, 0.5), baselines) == []
