"""Models in Unity Catalog and experiments, as somebody who may read one model and nothing else."""

import os

from checks import check, refused, run
from mlflow import MlflowClient
from mlflow.exceptions import RestException
from models_in_a_registry import predict

client = MlflowClient()
NAME, HIDDEN = "ml.prod.doubling", os.environ["HIDDEN_EXPERIMENT"]


@check("a granted model is read and loaded")
def _():
    assert client.get_model_version(NAME, "1").status == "READY"
    assert round(predict(f"models:/{NAME}/1"), 6) == 20


@check("only granted models are listed and searched")
def _():
    assert [each.name for each in client.search_registered_models()] == [NAME]
    assert {each.name for each in client.search_model_versions()} == {NAME}


@check("changing it is PERMISSION_DENIED")
def _():
    for act in (
        lambda: client.set_registered_model_alias(NAME, "champion", 1),
        lambda: client.delete_registered_model_alias(NAME, "champion"),
        lambda: client.set_registered_model_tag(NAME, "a", "b"),
        lambda: client.set_model_version_tag(NAME, "1", "a", "b"),
        lambda: client.update_registered_model(NAME, "mine"),
        lambda: client.delete_model_version(NAME, "1"),
        lambda: client.delete_registered_model(NAME),
        lambda: client.rename_registered_model(NAME, "ml.prod.mine"),
    ):
        with refused("PERMISSION_DENIED", RestException):
            act()


@check("making a model, or a version of a model, is PERMISSION_DENIED")
def _():
    with refused("PERMISSION_DENIED", RestException):
        client.create_registered_model("ml.prod.mine")
    with refused("PERMISSION_DENIED", RestException):
        client.create_model_version(NAME, f"models:/{NAME}/1")


@check("a model without a grant is PERMISSION_DENIED")
def _():
    with refused("PERMISSION_DENIED", RestException):
        client.get_registered_model("ml.prod.moved")


@check("in a schema of others everything is PERMISSION_DENIED, whether it exists or not")
def _():
    with refused("PERMISSION_DENIED", RestException):
        client.get_registered_model("ml.hidden.nothing")


@check("an experiment without a level is PERMISSION_DENIED to read and to log into")
def _():
    with refused("PERMISSION_DENIED", RestException):
        client.get_experiment(HIDDEN)
    with refused("PERMISSION_DENIED", RestException):
        client.create_run(HIDDEN)
    with refused("PERMISSION_DENIED", RestException):
        client.search_runs([HIDDEN])


run()
