"""What is learned from, and by which regressor. Most experiments change only this file."""

from sklearn.ensemble import GradientBoostingRegressor

COLUMNS = [
    "malic_acid",
    "ash",
    "alcalinity_of_ash",
    "magnesium",
    "total_phenols",
    "flavanoids",
    "nonflavanoid_phenols",
    "proanthocyanins",
    "color_intensity",
    "hue",
    "od280_od315",
    "proline",
]


def build(depth, rounds, seed):
    return GradientBoostingRegressor(
        n_estimators=rounds,
        max_depth=depth,
        learning_rate=0.08,
        random_state=seed,
    )
