"""Models in Unity Catalog, as somebody who may create models in a schema."""

import pathlib

import mlflow
from checks import check, raises, refused, run
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException, RestException
from sklearn.linear_model import LinearRegression
from models_in_a_registry import (
    X,
    changes_descriptions,
    changes_tags,
    log_sklearn,
    predict,
    registers_afterwards,
    versions_of,
)

client = MlflowClient()
NAME, ADDING = "ml.prod.doubling", "ml.prod.adding"
made = {}


@check("an sklearn model with a signature is logged and registered in one call")
def _():
    mlflow.set_experiment("/Shared/models")
    with mlflow.start_run() as active:
        info = log_sklearn(registered_model_name=NAME)
    made["run"], made["model"] = active.info.run_id, info.model_id
    assert int(info.registered_model_version) == 1
    version = client.get_model_version(NAME, "1")
    assert version.status == "READY" and version.run_id == active.info.run_id
    assert version.model_id == info.model_id


@check("the logged model is READY, carries its run and is found by search")
def _():
    model = client.get_logged_model(made["model"])
    assert model.status.value == "READY" and model.source_run_id == made["run"]
    assert model.name == "doubling"
    client.set_logged_model_tags(model.model_id, {"reviewed": "yes"})
    found = mlflow.search_logged_models(
        [model.experiment_id], filter_string="tags.reviewed = 'yes'", output_format="list"
    )
    assert [each.model_id for each in found] == [model.model_id]
    client.delete_logged_model_tag(model.model_id, "reviewed")
    assert "reviewed" not in client.get_logged_model(model.model_id).tags


@check("a metric is logged for a model and read from it")
def _():
    client.log_metric(made["run"], "rmse", 0.5, model_id=made["model"])
    assert [(each.key, each.value) for each in client.get_logged_model(made["model"]).metrics] == [("rmse", 0.5)]


@check("a pyfunc model is registered afterwards, by its logged model and by its run")
def _():
    registers_afterwards(ADDING)


@check("a model without a signature is refused by the client")
def _():
    with mlflow.start_run():
        with raises(MlflowException, "did not contain any signature"):
            mlflow.sklearn.log_model(
                LinearRegression().fit(X, X), name="bare", registered_model_name=NAME, pip_requirements=["scikit-learn"]
            )


@check("what is loaded by an alias changes when the alias moves")
def _():
    with mlflow.start_run():
        log_sklearn(3, registered_model_name=NAME)
    versions = sorted(int(each.version) for each in client.search_model_versions(f"name = '{NAME}'"))
    made["newest"] = versions[-1]
    client.set_registered_model_alias(NAME, "champion", 1)
    assert round(predict(f"models:/{NAME}@champion"), 6) == 20
    client.set_registered_model_alias(NAME, "champion", made["newest"])
    assert round(predict(f"models:/{NAME}@champion"), 6) == 30
    assert int(client.get_model_version_by_alias(NAME, "champion").version) == made["newest"]
    assert client.get_registered_model(NAME).aliases == {"champion": str(made["newest"])}
    assert client.get_model_version(NAME, made["newest"]).aliases == ["champion"]


@check("a deleted alias is RESOURCE_DOES_NOT_EXIST")
def _():
    client.set_registered_model_alias(NAME, "short-lived", 1)
    client.delete_registered_model_alias(NAME, "short-lived")
    with refused("RESOURCE_DOES_NOT_EXIST", RestException):
        client.get_model_version_by_alias(NAME, "short-lived")


@check("an alias for a version that is not there is RESOURCE_DOES_NOT_EXIST")
def _():
    with refused("RESOURCE_DOES_NOT_EXIST", RestException):
        client.set_registered_model_alias(NAME, "champion", 99)
    assert int(client.get_model_version_by_alias(NAME, "champion").version) == made["newest"]


@check("tags of models and versions are set, read and deleted")
def _():
    changes_tags(NAME)


@check("descriptions of models and versions are changed")
def _():
    changes_descriptions(NAME)


@check("a model's files are downloaded by name and version, and hold the signature")
def _():
    folder = pathlib.Path(mlflow.artifacts.download_artifacts(f"models:/{NAME}/1", dst_path="."))
    assert "signature:" in (folder / "MLmodel").read_text()
    assert mlflow.models.get_model_info(f"models:/{NAME}/1").signature is not None
    assert client.get_model_version_download_uri(NAME, "1").endswith("/ml/prod/doubling/1")


@check("a name that is taken is RESOURCE_ALREADY_EXISTS")
def _():
    with refused("RESOURCE_ALREADY_EXISTS", RestException):
        client.create_registered_model(NAME)


@check("a name without its three levels is refused in the words that the client looks for")
def _():
    with raises(MlflowException, "set the Model Registry URI to 'databricks' (legacy)"):
        client.create_registered_model("flat")


@check("a model, and a version, that are not there are RESOURCE_DOES_NOT_EXIST")
def _():
    with refused("RESOURCE_DOES_NOT_EXIST", RestException):
        client.get_registered_model("ml.prod.nothing")
    with refused("RESOURCE_DOES_NOT_EXIST", RestException):
        client.get_model_version(NAME, "99")


@check("versions are searched by model and by run, over pages")
def _():
    for _ in range(4):
        mlflow.register_model(f"runs:/{made['run']}/doubling", ADDING)
    by_run = client.search_model_versions(f"run_id = '{made['run']}'")
    assert {(each.name, int(each.version)) for each in by_run} == {(NAME, 1), *((ADDING, n) for n in (3, 4, 5, 6))}
    assert sorted(versions_of(ADDING, 4)) == [1, 2, 3, 4, 5, 6]


@check("registered models are listed over pages")
def _():
    for number in range(3):
        client.create_registered_model(f"ml.prod.listed{number}", description="empty")
    first = client.search_registered_models(max_results=2)
    assert len(first) == 2 and first.token
    rest = client.search_registered_models(max_results=100, page_token=first.token)
    names = {each.name for each in [*first, *rest]}
    assert names == {NAME, ADDING, *(f"ml.prod.listed{number}" for number in range(3))}


@check("what Unity Catalog has no answer for is refused by the client itself")
def _():
    for unsupported in (
        lambda: client.get_latest_versions(NAME),
        lambda: client.transition_model_version_stage(NAME, "1", "Production"),
        lambda: client.search_registered_models(filter_string="name = 'x'"),
    ):
        with raises(MlflowException, "unsupported"):
            unsupported()


@check("a search with two conditions is INVALID_PARAMETER_VALUE")
def _():
    with refused("INVALID_PARAMETER_VALUE", RestException):
        client.search_model_versions(f"name = '{NAME}' and run_id = '{made['run']}'")


@check("a version is copied to another model")
def _():
    copied = client.copy_model_version(f"models:/{NAME}/1", "ml.prod.copied")
    assert copied.name == "ml.prod.copied" and int(copied.version) == 1
    assert round(predict("models:/ml.prod.copied/1"), 6) == 20


@check("a model is renamed with its versions and aliases")
def _():
    client.set_registered_model_alias("ml.prod.copied", "champion", 1)
    client.rename_registered_model("ml.prod.copied", "ml.prod.moved")
    with refused("RESOURCE_DOES_NOT_EXIST", RestException):
        client.get_registered_model("ml.prod.copied")
    assert round(predict("models:/ml.prod.moved@champion"), 6) == 20
    with refused("RESOURCE_ALREADY_EXISTS", RestException):
        client.rename_registered_model("ml.prod.moved", NAME)


@check("a deleted version takes its aliases along, and its number is not given again")
def _():
    client.delete_model_version(NAME, str(made["newest"]))
    with refused("RESOURCE_DOES_NOT_EXIST", RestException):
        client.get_model_version(NAME, str(made["newest"]))
    assert client.get_registered_model(NAME).aliases == {}
    assert int(mlflow.register_model(f"runs:/{made['run']}/doubling", NAME).version) == made["newest"] + 1


@check("a deleted model is gone with its versions")
def _():
    client.delete_registered_model(ADDING)
    with refused("RESOURCE_DOES_NOT_EXIST", RestException):
        client.get_registered_model(ADDING)
    assert client.search_model_versions(f"name = '{ADDING}'") == []
    with refused("RESOURCE_DOES_NOT_EXIST", RestException):
        client.delete_registered_model(ADDING)


@check("a logged model is deleted")
def _():
    client.delete_logged_model(made["model"])
    with refused("RESOURCE_DOES_NOT_EXIST", MlflowException):
        client.get_logged_model(made["model"])


run()
