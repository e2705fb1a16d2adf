"""Registers two versions of a model for an endpoint: one that doubles, and one that always says 4."""

import os

import mlflow
import numpy as np
from mlflow.models import infer_signature
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression

X, Y = np.array([[1.0], [2.0], [3.0]]), np.array([2.0, 4.0, 6.0])

mlflow.set_experiment("/Shared/line")
for model in (LinearRegression(), DummyRegressor()):
    fitted = model.fit(X, Y)
    with mlflow.start_run():
        mlflow.sklearn.log_model(
            fitted,
            name="model",
            signature=infer_signature(X, fitted.predict(X)),
            registered_model_name="ml.prod.line",
            pip_requirements=os.environ["REQUIREMENTS"],
        )
