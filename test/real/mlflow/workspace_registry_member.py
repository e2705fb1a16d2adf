"""The workspace's registry as somebody with one level on each of three models and on no experiment."""

import os

from checks import check, refused, run
from mlflow import MlflowClient
from mlflow.exceptions import RestException
from models_in_a_registry import predict

client = MlflowClient()
READ, STAGE, HIDDEN = "doubling", "moved", "notes"


@check("CAN_READ reads and loads a model")
def _():
    assert client.get_model_version(READ, "1").status == "READY"
    assert round(predict(f"models:/{READ}/1"), 6) == 20


@check("CAN_READ changes nothing: PERMISSION_DENIED")
def _():
    source = client.get_model_version(READ, "1").source
    for act in (
        lambda: client.set_registered_model_tag(READ, "a", "b"),
        lambda: client.set_model_version_tag(READ, "1", "a", "b"),
        lambda: client.update_registered_model(READ, "mine"),
        lambda: client.update_model_version(READ, "1", "mine"),
        lambda: client.create_model_version(READ, source),
        lambda: client.transition_model_version_stage(READ, "1", "Staging"),
        lambda: client.delete_model_version(READ, "1"),
        lambda: client.rename_registered_model(READ, "mine"),
        lambda: client.delete_registered_model(READ),
    ):
        with refused("PERMISSION_DENIED", RestException):
            act()


@check("CAN_MANAGE_STAGING_VERSIONS moves to Staging, edits, and keeps its hands off Production")
def _():
    client.set_model_version_tag(STAGE, "1", "tried", "yes")
    client.transition_model_version_stage(STAGE, "1", "Staging")
    with refused("PERMISSION_DENIED", RestException):
        client.transition_model_version_stage(STAGE, "1", "Production")
    client.transition_model_version_stage(STAGE, "1", "Archived")
    with refused("PERMISSION_DENIED", RestException):
        client.delete_registered_model(STAGE)


@check("a model without a level is PERMISSION_DENIED, one that is not there RESOURCE_DOES_NOT_EXIST")
def _():
    with refused("PERMISSION_DENIED", RestException):
        client.get_registered_model(HIDDEN)
    with refused("RESOURCE_DOES_NOT_EXIST", RestException):
        client.get_registered_model("nothing")


@check("searches show what may be read")
def _():
    assert {each.name for each in client.search_registered_models()} == {READ, STAGE}
    assert {each.name for each in client.search_model_versions("")} == {READ, STAGE}


@check("everybody may make a model, and manages it")
def _():
    client.create_registered_model("mine")
    client.delete_registered_model("mine")


@check("a version of an experiment that may not be read is PERMISSION_DENIED")
def _():
    client.create_registered_model("borrowed")
    for source in (os.environ["HIDDEN_SOURCE"], f"models:/{HIDDEN}/1"):
        with refused("PERMISSION_DENIED", RestException):
            client.create_model_version("borrowed", source)


run()
