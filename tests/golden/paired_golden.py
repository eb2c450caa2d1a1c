"""Writes paired_golden.json: python3 -m pip install scipy==1.17.1 statsmodels==0.15.0, then python3 paired_golden.py."""
import json
import math

import numpy
from scipy import optimize, stats
from statsmodels.stats import contingency_tables, multitest


def mcnemar(only_first, only_second):
    table = [[7, only_first], [only_second, 5]]  # the diagonal does not matter
    p = float(contingency_tables.mcnemar(table, exact=True).pvalue)
    if only_first + only_second > 0:
        assert math.isclose(p, stats.binomtest(only_first, only_first + only_second).pvalue, rel_tol=1e-9)
    return {"only_first": only_first, "only_second": only_second, "p_value": p}


def tango_statistic(n, lost, gained, difference):
    """Tango (1998), with the restricted likelihood maximised numerically instead of by his closed form: the
    probabilities are p_lost = q, p_gained = q + difference, and the rest."""
    def minus_log_likelihood(q):
        def term(k, p):
            return 0.0 if k == 0 else (math.inf if p <= 0 else -k * math.log(p))
        return term(lost, q) + term(gained, q + difference) + term(n - lost - gained, 1 - 2 * q - difference)
    low, high = max(0.0, -difference), (1 - difference) / 2
    q = optimize.minimize_scalar(minus_log_likelihood, bounds=(low, high), method="bounded",
                                 options={"xatol": 1e-14, "maxiter": 1000}).x
    # Neither end is reached by the bounded search.
    q = min([q, low, high], key=minus_log_likelihood)
    variance = n * (2 * q + difference * (1 - difference))
    return (gained - lost - n * difference) / math.sqrt(variance) if variance > 0 else 0.0


def tango(n, lost, gained, margin):
    z = float(stats.norm.ppf(0.975))
    estimate = (gained - lost) / n
    low = optimize.brentq(lambda d: tango_statistic(n, lost, gained, d) - z, -1 + 1e-9, estimate - 1e-12)
    high = optimize.brentq(lambda d: tango_statistic(n, lost, gained, d) + z, estimate + 1e-12, 1 - 1e-9)
    return {"n": n, "only_first": lost, "only_second": gained, "low": low, "high": high, "margin": margin,
            "noninferiority_p": float(stats.norm.sf(tango_statistic(n, lost, gained, -margin)))}


def calibration():
    random = numpy.random.default_rng(7)
    scores = numpy.round(random.beta(0.7, 0.7, 200), 3)
    labels = (random.random(200) < 0.15 + 0.7 * scores).astype(int)
    bins = numpy.minimum((scores * 10).astype(int), 9)
    ece = sum(abs(labels[bins == b].sum() - scores[bins == b].sum()) for b in range(10)) / 200
    return {"labels": labels.tolist(), "scores": scores.tolist(), "ece": float(ece),
            "brier": float(numpy.mean((scores - labels) ** 2)),
            "n": [int((bins == b).sum()) for b in range(10)]}


def holm(p_values):
    return {"p_values": p_values, "adjusted": multitest.multipletests(p_values, method="holm")[1].tolist()}


def bootstrap():
    """The difference of paired values: scipy's percentile bootstrap, with generators of its own, so to a tolerance."""
    values = [1] * 30 + [-1] * 60 + [0] * 910
    result = stats.bootstrap((numpy.array(values, float),), numpy.mean, method="percentile", n_resamples=20000,
                             rng=numpy.random.default_rng(1))
    return {"gained": 30, "lost": 60, "same": 910, "low": float(result.confidence_interval.low),
            "high": float(result.confidence_interval.high)}


golden = {
    "mcnemar": [mcnemar(*pair) for pair in [(0, 1), (3, 9), (10, 25), (120, 90), (845, 654), (1709, 783), (0, 40)]],
    "tango": [tango(*case) for case in [(44, 0, 1, 0.1), (50, 12, 2, 0.05), (48, 0, 0, 0.1), (48, 5, 0, 0.1),
                                        (500, 20, 30, 0.02), (3165, 150, 113, 0.005), (25000, 845, 654, 0.005),
                                        (25000, 300, 310, 0.005)]],
    "holm": [holm([0.01, 0.04, 0.03, 0.005]), holm([0.2]), holm([0.02, 0.02, 0.02, 0.9, 0.0001]), holm([1.0, 0.6, 0.5])],
    "calibration": calibration(),
    "bootstrap": bootstrap(),
}
with open("paired_golden.json", "w", encoding="utf-8") as file:
    json.dump(golden, file, indent=1)
    file.write("\n")
