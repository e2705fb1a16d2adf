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
        loss="huber",
        n_estimators=rounds,
        max_depth=depth,
        learning_rate=0.05,
        min_samples_leaf=10,
        max_features=0.5,
        random_state=seed,
    )
