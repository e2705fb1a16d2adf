"""Trains a regressor for the alcohol content of a wine and logs the run to MLflow.

Runs the same way on a laptop (`python train.py`) and as a Databricks job, where tracking server and experiment
come from the environment. With REGISTERED_MODEL_NAME set the model is registered under that name; without it
(for example for a pull request from a fork) it is only logged.
"""

import argparse
import os
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import infer_signature
from sklearn.base import clone
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error
from sklearn.model_selection import RepeatedKFold

from model import COLUMNS, build

HERE = Path(__file__).resolve().parent
TARGET = "alcohol"
SEED = 7


def cross_validate(regressor, table):
    """Errors per boosting round, averaged over the folds, and the prediction for every row left out."""
    training, validation, left_out = [], [], []
    for kept, left in RepeatedKFold(n_splits=5, n_repeats=2, random_state=SEED).split(table):
        fold_training, fold_validation = table.iloc[kept], table.iloc[left]
        fitted = clone(regressor).fit(fold_training[COLUMNS], fold_training[TARGET])
        training.append(errors_per_round(fitted, fold_training))
        validation.append(errors_per_round(fitted, fold_validation))
        left_out.append(
            pd.DataFrame(
                {"row": left, "actual": fold_validation[TARGET], "predicted": fitted.predict(fold_validation[COLUMNS])}
            )
        )
    return np.mean(training, axis=0), np.mean(validation, axis=0), left_out


def errors_per_round(fitted, table):
    return [root_mean_squared_error(table[TARGET], y) for y in fitted.staged_predict(table[COLUMNS])]


def score(left_out):
    """Final metrics: each fold is scored by itself, then averaged."""
    return {
        "rmse": float(np.mean([root_mean_squared_error(f.actual, f.predicted) for f in left_out])),
        "mae": float(np.mean([mean_absolute_error(f.actual, f.predicted) for f in left_out])),
        "r2": float(np.mean([r2_score(f.actual, f.predicted) for f in left_out])),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--depth", type=int, default=2, help="depth of each tree")
    parser.add_argument("--rounds", type=int, default=80, help="number of boosting rounds")
    parameters = parser.parse_args()

    table = pd.read_csv(HERE / "data" / "wine.csv")
    regressor = build(depth=parameters.depth, rounds=parameters.rounds, seed=SEED)

    with mlflow.start_run() as run:
        mlflow.log_params(vars(parameters))
        mlflow.log_params({"columns": len(COLUMNS), **model_parameters(regressor)})

        training, validation, left_out = cross_validate(regressor, table)
        for step, (train_rmse, rmse) in enumerate(zip(training, validation, strict=True), start=1):
            mlflow.log_metrics({"train_rmse": train_rmse, "rmse": rmse}, step=step)
        metrics = score(left_out)
        mlflow.log_metrics(metrics, step=len(validation))

        predictions = pd.concat(left_out).sort_values(["row"], kind="stable").round(3)
        mlflow.log_text(predictions.to_csv(index=False), "predictions.csv")

        final = clone(regressor).fit(table[COLUMNS], table[TARGET])
        mlflow.log_dict(dict(zip(COLUMNS, final.feature_importances_.round(4).tolist())), "importances.json")
        mlflow.sklearn.log_model(
            final,
            name="model",
            signature=infer_signature(table[COLUMNS], final.predict(table[COLUMNS])),
            registered_model_name=os.environ.get("REGISTERED_MODEL_NAME") or None,
            pip_requirements=str(HERE / "requirements.txt"),
            serialization_format="skops",  # loading it runs no code, unlike a pickle
            skops_trusted_types=["sklearn.tree._tree.Tree"],
        )
    print(f"run {run.info.run_id}: " + ", ".join(f"{name} {value:.4f}" for name, value in metrics.items()))


def model_parameters(regressor):
    return {name: regressor.get_params()[name] for name in ("loss", "learning_rate", "min_samples_leaf", "max_features")}


if __name__ == "__main__":
    main()
