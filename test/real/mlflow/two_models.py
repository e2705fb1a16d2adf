"""What both registries are given: an sklearn model that doubles, and a pyfunc model that adds."""

import mlflow
import numpy as np
from mlflow.models import infer_signature
from sklearn.linear_model import LinearRegression

X = np.array([[1.0], [2.0], [3.0]])
EXAMPLE = np.array([[10.0]])


class Adds(mlflow.pyfunc.PythonModel):
    def __init__(self, summand):
        self.summand = summand

    def predict(self, context, model_input, params=None):
        return np.asarray(model_input) + self.summand


def log_sklearn(factor=2, **more):
    """Logs into the active run a model whose prediction for 10 is 10 times the factor."""
    model = LinearRegression().fit(X, X[:, 0] * factor)
    return mlflow.sklearn.log_model(
        model, name="doubling", signature=infer_signature(X, X[:, 0]), pip_requirements=["scikit-learn"], **more
    )


def log_pyfunc(**more):
    return mlflow.pyfunc.log_model(
        name="adding",
        python_model=Adds(1),
        signature=infer_signature(X, X),
        pip_requirements=["numpy"],
        **more,
    )


def predict(uri):
    return float(np.ravel(mlflow.pyfunc.load_model(uri).predict(EXAMPLE))[0])
