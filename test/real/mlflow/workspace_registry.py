"""Models in the workspace's own registry (registry URI `databricks`): stages, no aliases, files by signed links."""

import os
import pathlib
import time

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
NAME, ADDING = "doubling", "adding"
made = {}


@check("an sklearn model is logged and registered in one call, and is READY")
def _():
    mlflow.set_experiment("/Shared/models")
    with mlflow.start_run() as active:
        info = log_sklearn(registered_model_name=NAME)
    made["run"], made["model"] = active.info.run_id, info.model_id
    version = client.get_model_version(NAME, "1")
    assert int(info.registered_model_version) == 1
    assert version.status == "READY" and version.current_stage == "None"
    assert version.run_id == active.info.run_id


@check("a pyfunc model is registered afterwards, by its logged model and by its run")
def _():
    registers_afterwards(ADDING)


@check("a model without a signature is accepted")
def _():
    model = LinearRegression().fit(X, X[:, 0])
    with mlflow.start_run():
        info = mlflow.sklearn.log_model(
            model, name="bare", registered_model_name="bare", pip_requirements=["scikit-learn"]
        )
    assert int(info.registered_model_version) == 1


@check("a model is loaded by version, by stage and as the latest")
def _():
    with mlflow.start_run():
        log_sklearn(3, registered_model_name=NAME)
    client.transition_model_version_stage(NAME, "1", "Production")
    assert round(predict(f"models:/{NAME}/1"), 6) == 20
    assert round(predict(f"models:/{NAME}/Production"), 6) == 20
    assert round(predict(f"models:/{NAME}/production"), 6) == 20
    assert round(predict(f"models:/{NAME}/latest"), 6) == 30


@check("a transition can archive what was in the stage")
def _():
    moved = client.transition_model_version_stage(NAME, "2", "Production", archive_existing_versions=True)
    assert moved.current_stage == "Production"
    assert client.get_model_version(NAME, "1").current_stage == "Archived"
    assert round(predict(f"models:/{NAME}/Production"), 6) == 30


@check("the latest versions are one of each stage")
def _():
    def latest(stages=None):
        return {each.current_stage: int(each.version) for each in client.get_latest_versions(NAME, stages)}

    assert latest() == {"Archived": 1, "Production": 2}
    assert latest(["Production"]) == {"Production": 2}
    assert latest(["Staging"]) == {}
    model = client.get_registered_model(NAME)
    assert {int(each.version) for each in model.latest_versions} == {1, 2}


@check("a stage that is none, and archiving for a stage that is not active, are INVALID_PARAMETER_VALUE")
def _():
    with refused("INVALID_PARAMETER_VALUE", RestException):
        client.transition_model_version_stage(NAME, "1", "Live")
    with refused("INVALID_PARAMETER_VALUE", RestException):
        client.transition_model_version_stage(NAME, "1", "Archived", archive_existing_versions=True)


@check("aliases are refused by the client itself")
def _():
    for act in (
        lambda: client.set_registered_model_alias(NAME, "champion", 1),
        lambda: client.get_model_version_by_alias(NAME, "champion"),
        lambda: client.delete_registered_model_alias(NAME, "champion"),
        lambda: predict(f"models:/{NAME}@champion"),
    ):
        with raises(MlflowException, "unsupported for models in the Workspace Model Registry"):
            act()


@check("tags of models and versions are set, read and deleted")
def _():
    changes_tags(NAME)


@check("descriptions of models and versions are changed")
def _():
    changes_descriptions(NAME)


@check("a version's files are listed and downloaded")
def _():
    uri = f"models:/{NAME}/1"
    listed = {info.path: info for info in mlflow.artifacts.list_artifacts(uri)}
    assert not listed["MLmodel"].is_dir and listed["MLmodel"].file_size > 100
    folder = pathlib.Path(mlflow.artifacts.download_artifacts(uri, dst_path="."))
    assert "signature:" in (folder / "MLmodel").read_text()
    assert (folder / "MLmodel").stat().st_size == listed["MLmodel"].file_size
    assert client.get_model_version_download_uri(NAME, "1").startswith("dbfs:/databricks/mlflow-registry/")


@check("a large file comes in several pieces, whole")
def _():
    os.environ["MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE"] = str(1_000_000)
    pathlib.Path("big").mkdir()
    pathlib.Path("big/weights.bin").write_bytes(os.urandom(3_500_000))
    run_id = client.create_run(client.get_experiment_by_name("/Shared/models").experiment_id).info.run_id
    client.log_artifacts(run_id, "big", "big")
    client.create_registered_model("big")
    client.create_model_version("big", f"{client.get_run(run_id).info.artifact_uri}/big", run_id)
    back = mlflow.artifacts.download_artifacts("models:/big/1/weights.bin", dst_path="pieces")
    assert pathlib.Path(back).read_bytes() == pathlib.Path("big/weights.bin").read_bytes()
    del os.environ["MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE"]


@check("a version keeps its files when the run's change")
def _():
    run_id = client.create_run(client.get_experiment_by_name("/Shared/models").experiment_id).info.run_id
    client.log_text(run_id, "before", "model/note.txt")
    client.create_registered_model("notes")
    client.create_model_version("notes", f"{client.get_run(run_id).info.artifact_uri}/model", run_id)
    client.log_text(run_id, "after", "model/note.txt")
    assert mlflow.artifacts.load_text("models:/notes/1/note.txt") == "before"


@check("a version of a source that is not there fails to register, and says so")
def _():
    run_id = made["run"]
    with raises(MlflowException, "does not exist"):
        client.create_model_version(NAME, f"{client.get_run(run_id).info.artifact_uri}/none", run_id)
    failed = client.get_latest_versions(NAME, ["None"])[0]
    assert failed.status == "FAILED_REGISTRATION"
    client.delete_model_version(NAME, failed.version)


@check("a name that is taken is RESOURCE_ALREADY_EXISTS")
def _():
    with refused("RESOURCE_ALREADY_EXISTS", RestException):
        client.create_registered_model(NAME)


@check("a name with a period, a slash or a colon is INVALID_PARAMETER_VALUE")
def _():
    for name in ("a.b", "a/b", "a:b", " "):
        with refused("INVALID_PARAMETER_VALUE", MlflowException):
            client.create_registered_model(name)


@check("a model, and a version, that are not there are RESOURCE_DOES_NOT_EXIST")
def _():
    with refused("RESOURCE_DOES_NOT_EXIST", RestException):
        client.get_registered_model("nothing")
    with refused("RESOURCE_DOES_NOT_EXIST", RestException):
        client.get_model_version(NAME, "99")
    with refused("RESOURCE_DOES_NOT_EXIST", RestException):
        client.transition_model_version_stage(NAME, "99", "Staging")


@check("versions are searched by model, by run and by tag, over pages and in order")
def _():
    for number in range(4):
        mlflow.register_model(f"runs:/{made['run']}/doubling", ADDING, tags={"number": str(number)})
    by_run = client.search_model_versions(f"run_id = '{made['run']}'")
    assert {(each.name, int(each.version)) for each in by_run} == {(NAME, 1), *((ADDING, n) for n in (3, 4, 5, 6))}
    assert [int(each.version) for each in client.search_model_versions("tags.number = '2'")] == [5]
    assert versions_of(ADDING, 4, order_by=["version_number ASC"]) == [1, 2, 3, 4, 5, 6]


@check("models are searched by a part of their name, and listed over pages in order")
def _():
    assert [each.name for each in client.search_registered_models("name LIKE 'oubl'")] == [NAME]
    assert [each.name for each in client.search_registered_models(f"name = '{ADDING}'")] == [ADDING]
    first = client.search_registered_models(max_results=2, order_by=["name DESC"])
    rest = client.search_registered_models(order_by=["name DESC"], page_token=first.token)
    assert [each.name for each in [*first, *rest]] == ["notes", "doubling", "big", "bare", "adding"]


@check("a filter of two conditions, or one that cannot be read, is INVALID_PARAMETER_VALUE")
def _():
    for broken in (f"name = '{NAME}' and run_id = 'x'", "name = 1", "stage = 'Production'", "metrics.a > 1"):
        with refused("INVALID_PARAMETER_VALUE", RestException):
            client.search_model_versions(broken)


@check("a version is copied to another model")
def _():
    copied = client.copy_model_version(f"models:/{NAME}/1", "copied")
    assert int(copied.version) == 1 and copied.run_id == made["run"]
    # Unlike create_model_version, this call of the client does not wait.
    deadline = time.monotonic() + 60
    while client.get_model_version("copied", "1").status == "PENDING_REGISTRATION" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert round(predict("models:/copied/1"), 6) == 20


@check("a version moves to Unity Catalog")
def _():
    copied = client.copy_model_version(f"models:/{NAME}/1", "ml.prod.doubling")
    assert copied.name == "ml.prod.doubling" and int(copied.version) == 1
    catalog = MlflowClient(registry_uri="databricks-uc")
    assert catalog.get_model_version("ml.prod.doubling", "1").status == "READY"


@check("a model is renamed with its versions, not while one is in use")
def _():
    client.rename_registered_model("copied", "moved")
    assert round(predict("models:/moved/1"), 6) == 20
    with refused("RESOURCE_DOES_NOT_EXIST", RestException):
        client.get_registered_model("copied")
    with refused("RESOURCE_ALREADY_EXISTS", RestException):
        client.rename_registered_model("moved", NAME)
    with raises(RestException, "stage Production"):
        client.rename_registered_model(NAME, "other")


@check("a version in use is not deleted, an archived one is, and its number is not given again")
def _():
    with raises(RestException, "stage Production"):
        client.delete_model_version(NAME, "2")
    with raises(RestException, "stage Production"):
        client.delete_registered_model(NAME)
    client.transition_model_version_stage(NAME, "2", "Archived")
    client.delete_model_version(NAME, "2")
    with refused("RESOURCE_DOES_NOT_EXIST", RestException):
        client.get_model_version(NAME, "2")
    assert int(mlflow.register_model(f"runs:/{made['run']}/doubling", NAME).version) > 2


@check("a deleted model is gone with its versions, and its name is free")
def _():
    client.delete_registered_model(ADDING)
    with refused("RESOURCE_DOES_NOT_EXIST", RestException):
        client.get_registered_model(ADDING)
    assert client.search_model_versions(f"name = '{ADDING}'") == []
    client.create_registered_model(ADDING)
    assert client.get_latest_versions(ADDING) == []


run()
