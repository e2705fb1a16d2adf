"""What both registries are given (an sklearn model that doubles, a pyfunc model that adds), and what holds in both."""

import mlflow
import numpy as np
from mlflow import MlflowClient
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


def registers_afterwards(name):
    """A pyfunc model is registered by its logged model and by its run, as versions 1 and 2."""
    with mlflow.start_run() as active:
        info = log_pyfunc()
    first = mlflow.register_model(info.model_uri, name)
    second = mlflow.register_model(f"runs:/{active.info.run_id}/adding", name, tags={"way": "run"})
    assert [int(first.version), int(second.version)] == [1, 2]
    assert MlflowClient().get_model_version(name, "2").tags == {"way": "run"}
    assert predict(f"models:/{name}/1") == predict(f"models:/{name}/2") == 11


def changes_tags(name):
    client = MlflowClient()
    client.set_registered_model_tag(name, "team", "wine")
    client.set_model_version_tag(name, "1", "verdict", "pass")
    assert client.get_registered_model(name).tags == {"team": "wine"}
    assert client.get_model_version(name, "1").tags["verdict"] == "pass"
    client.delete_registered_model_tag(name, "team")
    client.delete_model_version_tag(name, "1", "verdict")
    assert client.get_registered_model(name).tags == {}
    assert "verdict" not in client.get_model_version(name, "1").tags


def changes_descriptions(name):
    client = MlflowClient()
    client.update_registered_model(name, "doubles what comes in")
    client.update_model_version(name, "1", "the first")
    assert client.get_registered_model(name).description == "doubles what comes in"
    assert client.get_model_version(name, "1").description == "the first"


def versions_of(name, size, **more):
    """The numbers of a model's versions, collected over pages."""
    found, token = [], None
    while True:
        page = MlflowClient().search_model_versions(f"name = '{name}'", max_results=size, page_token=token, **more)
        assert len(page) <= size
        found += [int(each.version) for each in page]
        token = page.token
        if not token:
            return found
