"""The model of forecasts, by the package statsmodels of the extra `iotflow[forecast]`.

An unobserved components model: a random walk as the level, plus, for a daily season, a Fourier series of fixed
amplitudes. Its Kalman filter takes missing hours as they are, and its intervals include the uncertainty of what was
learned, which matters with a few days of data.
"""

import math
from collections.abc import Sequence
from importlib.util import find_spec

from iotflow.domain.forecasts import DAY_HOURS, ForecastMethod, Interval, Prediction

HARMONICS = 4
"""Waves of a day: the shortest takes 6 hours."""
MAX_ITERATIONS = 50
"""Steps of the search for the variances: with 14 days of data some 0.1 s."""


def is_installed() -> bool:
    """Return whether the package of the extra `iotflow[forecast]` is installed."""
    return find_spec("statsmodels") is not None


def predict(means: Sequence[float], hours: int, method: ForecastMethod) -> list[Prediction]:
    """Continue hourly means, NaN where unknown, by some hours. It takes some 0.1 s, the first time seconds."""
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    known = [mean for mean in means if not math.isnan(mean)]
    center = math.fsum(known) / len(known)
    # The search for the variances starts from numbers around 1.
    scale = max(abs(mean - center) for mean in known) or 1.0
    season = (
        [{"period": DAY_HOURS, "harmonics": HARMONICS}] if method is ForecastMethod.LEVEL_AND_DAILY_SEASON else None
    )
    model = UnobservedComponents(
        [(mean - center) / scale for mean in means],
        level="local level",
        freq_seasonal=season,
        stochastic_freq_seasonal=[False] if season else None,
    )
    fitted = model.fit(disp=False, maxiter=MAX_ITERATIONS, cov_type="none", warn_convergence=False)
    found = fitted.get_forecast(hours)
    rows = zip(found.predicted_mean, found.conf_int(alpha=0.2), found.conf_int(alpha=0.05), strict=True)

    def restore(number: float) -> float:
        return center + scale * float(number)

    return [
        Prediction(restore(value), Interval(*map(restore, within_80)), Interval(*map(restore, within_95)))
        for value, within_80, within_95 in rows
    ]
