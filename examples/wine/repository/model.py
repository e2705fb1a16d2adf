"""What is learned from, and by which regressor. Most experiments change only this file."""

from sklearn.ensemble import GradientBoostingRegressor

COLUMNS = ["color_intensity"]


def build(depth, rounds, seed):
    return GradientBoostingRegressor(
        n_estimators=rounds,
        max_depth=depth,
        learning_rate=0.08,
        random_state=seed,
    )
