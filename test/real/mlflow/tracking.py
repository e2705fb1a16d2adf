"""What training code and notebooks do with experiments, runs and their files."""

import json
import math
import os
import pathlib

import mlflow
import numpy as np
from checks import check, raises, refused, run
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException, RestException
from sklearn.linear_model import Ridge

client = MlflowClient()
NAME = "/Shared/tracking"
made = {}


@check("an experiment is created by name, and a name is taken once")
def _():
    experiment = client.create_experiment(NAME, tags={"team": "wine"})
    assert client.get_experiment_by_name(NAME).experiment_id == experiment
    assert client.get_experiment(experiment).tags["team"] == "wine"
    with refused("RESOURCE_ALREADY_EXISTS", RestException):
        client.create_experiment(NAME)
    made["experiment"] = experiment


@check("an experiment that is not there is None by name and RESOURCE_DOES_NOT_EXIST by id")
def _():
    assert client.get_experiment_by_name("/Shared/nothing") is None
    with refused("RESOURCE_DOES_NOT_EXIST", RestException):
        client.get_experiment("4242")


@check("a name that is no workspace path is INVALID_PARAMETER_VALUE")
def _():
    with refused("INVALID_PARAMETER_VALUE", RestException):
        client.create_experiment("no path")


@check("a run keeps params, tags and the last value of each metric, and ends FINISHED")
def _():
    mlflow.set_experiment(NAME)
    with mlflow.start_run(run_name="first", tags={"nonce": "n1"}) as active:
        mlflow.log_params({"kind": "ridge", "alpha": 0.5})
        for step in range(5):
            mlflow.log_metrics({"loss": 1 / (step + 1), "size": float(step)}, step=step)
        mlflow.set_tag("git.commit", "abc")
    made["run"] = active.info.run_id
    found = client.get_run(active.info.run_id)
    assert found.info.status == "FINISHED" and found.info.end_time >= found.info.start_time
    assert found.info.run_name == "first"
    assert found.data.params == {"kind": "ridge", "alpha": "0.5"}
    assert found.data.metrics == {"loss": 0.2, "size": 4.0}
    assert found.data.tags["git.commit"] == "abc" and found.data.tags["nonce"] == "n1"


@check("an exception in the training code ends the run as FAILED")
def _():
    try:
        with mlflow.start_run() as active:
            raise ValueError("training went wrong")
    except ValueError:
        pass
    assert client.get_run(active.info.run_id).info.status == "FAILED"


@check("child runs name their parent")
def _():
    with mlflow.start_run() as parent, mlflow.start_run(nested=True) as child:
        pass
    assert client.get_parent_run(child.info.run_id).info.run_id == parent.info.run_id


@check("a metric's history has every step in order, over several pages")
def _():
    points = [Metric("long", math.sin(step), 1_700_000_000_000 + step, step) for step in range(2500)]
    for first in range(0, len(points), 1000):
        client.log_batch(made["run"], metrics=points[first : first + 1000])
    history = client.get_metric_history(made["run"], "long")
    assert [point.step for point in history] == list(range(2500))
    assert all(a.value == b.value for a, b in zip(history, points))


@check("the latest value is that of the highest step, whatever came last")
def _():
    client.log_metric(made["run"], "disorder", 1.0, step=7)
    client.log_metric(made["run"], "disorder", 2.0, step=3)
    assert client.get_run(made["run"]).data.metrics["disorder"] == 1.0


@check("NaN and infinities are stored")
def _():
    for name, value in {"nan": math.nan, "inf": math.inf, "minus": -math.inf}.items():
        client.log_metric(made["run"], name, value)
    metrics = client.get_run(made["run"]).data.metrics
    assert math.isnan(metrics["nan"])
    assert metrics["inf"] >= 1.7976931348623157e308 and metrics["minus"] <= -1.7976931348623157e308


@check("a batch of metrics, params and tags is logged at once")
def _():
    active = client.create_run(made["experiment"])
    client.log_batch(
        active.info.run_id,
        metrics=[Metric(f"m{n}", n, 1_700_000_000_000, 0) for n in range(800)],
        params=[Param(f"p{n}", str(n)) for n in range(100)],
        tags=[RunTag(f"t{n}", str(n)) for n in range(100)],
    )
    data = client.get_run(active.info.run_id).data
    assert len(data.metrics) == 800 and data.metrics["m799"] == 799
    assert len(data.params) == 100 and data.tags["t99"] == "99"


@check("a param that changes is INVALID_PARAMETER_VALUE, the same value again is fine")
def _():
    client.log_param(made["run"], "kind", "ridge")
    with refused("INVALID_PARAMETER_VALUE", MlflowException):
        client.log_param(made["run"], "kind", "lasso")


@check("a run can be renamed, and its tags changed and deleted")
def _():
    client.update_run(made["run"], name="renamed")
    client.set_tag(made["run"], "stage", "test")
    client.delete_tag(made["run"], "stage")
    found = client.get_run(made["run"])
    assert found.info.run_name == "renamed" and "stage" not in found.data.tags
    with refused("RESOURCE_DOES_NOT_EXIST", RestException):
        client.delete_tag(made["run"], "stage")


@check("a run that is not there is RESOURCE_DOES_NOT_EXIST")
def _():
    with refused("RESOURCE_DOES_NOT_EXIST", MlflowException):
        client.get_run("0" * 32)
    with refused("RESOURCE_DOES_NOT_EXIST", RestException):
        client.log_metric("0" * 32, "a", 1)


@check("texts, dictionaries, tables and files are logged as artifacts and listed")
def _():
    run_id = made["run"]
    client.log_text(run_id, "hello", "notes/hello.txt")
    client.log_dict(run_id, {"a": [1, 2]}, "notes/data.json")
    client.log_table(run_id, {"x": [1, 2], "y": ["a", "b"]}, "table.json")
    file = pathlib.Path("weights.bin")
    file.write_bytes(os.urandom(3_000_000))
    client.log_artifact(run_id, str(file), "files")
    assert sorted(info.path for info in client.list_artifacts(run_id)) == ["files", "notes", "table.json"]
    notes = {info.path: info.file_size for info in client.list_artifacts(run_id, "notes")}
    assert notes.keys() == {"notes/hello.txt", "notes/data.json"} and notes["notes/hello.txt"] == 5
    assert client.list_artifacts(run_id, "notes/hello.txt") == []
    assert client.list_artifacts(run_id, "no/such/folder") == []


@check("artifacts come back byte for byte, alone and as a folder")
def _():
    uri = client.get_run(made["run"]).info.artifact_uri
    assert mlflow.artifacts.load_text(f"{uri}/notes/hello.txt") == "hello"
    assert mlflow.artifacts.load_dict(f"{uri}/notes/data.json") == {"a": [1, 2]}
    folder = pathlib.Path(client.download_artifacts(made["run"], "", "."))
    assert (folder / "files/weights.bin").read_bytes() == pathlib.Path("weights.bin").read_bytes()
    assert mlflow.load_table("table.json", run_ids=[made["run"]])["y"].tolist() == ["a", "b"]


@check("names with spaces, umlauts and signs survive")
def _():
    names = ["with space.txt", "Grün.txt", "50%+1#a&b=c.txt", "semi;colon,comma.txt"]
    folder = pathlib.Path("odd names")
    folder.mkdir()
    for name in names:
        (folder / name).write_text(name)
    client.log_artifacts(made["run"], str(folder), "odd names/inner")
    listed = client.list_artifacts(made["run"], "odd names/inner")
    assert sorted(info.path for info in listed) == sorted(f"odd names/inner/{name}" for name in names)
    back = pathlib.Path(client.download_artifacts(made["run"], "odd names/inner", "."))
    assert all((back / name).read_text() == name for name in names)


@check("an artifact that is not there raises MlflowException")
def _():
    with raises(MlflowException):
        client.download_artifacts(made["run"], "notes/none.txt", ".")


@check("a deleted run is hidden, takes nothing more, and is restored")
def _():
    run_id = client.create_run(made["experiment"]).info.run_id

    def ids(view):
        return [each.info.run_id for each in client.search_runs([made["experiment"]], run_view_type=view)]

    client.delete_run(run_id)
    assert client.get_run(run_id).info.lifecycle_stage == "deleted"
    assert run_id not in ids(ViewType.ACTIVE_ONLY)
    assert ids(ViewType.DELETED_ONLY) == [run_id] and run_id in ids(ViewType.ALL)
    with refused("INVALID_PARAMETER_VALUE", RestException):
        client.log_metric(run_id, "a", 1)
    client.restore_run(run_id)
    client.log_metric(run_id, "a", 1)
    assert run_id in ids(ViewType.ACTIVE_ONLY)


@check("a deleted experiment is hidden, takes no runs, and is restored")
def _():
    gone = client.create_experiment("/Shared/gone")
    client.delete_experiment(gone)
    assert client.get_experiment(gone).lifecycle_stage == "deleted"
    assert "/Shared/gone" not in [each.name for each in client.search_experiments()]
    deleted = client.search_experiments(view_type=ViewType.DELETED_ONLY)
    assert [each.name for each in deleted] == ["/Shared/gone"]
    with refused("INVALID_PARAMETER_VALUE", RestException):
        client.create_run(gone)
    client.restore_experiment(gone)
    client.create_run(gone)


@check("an experiment is renamed, and found by tag")
def _():
    client.rename_experiment(made["experiment"], "/Shared/renamed")
    client.set_experiment_tag(made["experiment"], "owner", "ml")
    found = client.search_experiments(filter_string="tags.owner = 'ml'")
    assert [each.name for each in found] == ["/Shared/renamed"]
    own = {
        "mlflow.experiment.sourceName": "/Shared/renamed",
        "mlflow.experimentType": "MLFLOW_EXPERIMENT",
        "mlflow.ownerEmail": "admin@workspace.localhost",
    }
    assert own.items() <= found[0].tags.items() and found[0].tags["mlflow.ownerId"]
    with refused("RESOURCE_DOES_NOT_EXIST", RestException):
        client.rename_experiment("4242", "/Shared/other")


@check("autologging of scikit-learn logs params, metrics and a model")
def _():
    mlflow.set_experiment("/Shared/autolog")
    mlflow.sklearn.autolog()
    with mlflow.start_run() as active:
        Ridge(alpha=0.5).fit(np.arange(12.0).reshape(6, 2), np.arange(6.0))
    mlflow.sklearn.autolog(disable=True)
    found = client.get_run(active.info.run_id)
    assert found.data.params["alpha"] == "0.5" and "training_r2_score" in found.data.metrics
    assert found.data.tags["estimator_name"] == "Ridge"
    assert len(found.outputs.model_outputs) == 1
    model = client.get_logged_model(found.outputs.model_outputs[0].model_id)
    assert mlflow.sklearn.load_model(model.model_uri).alpha == 0.5


@check("a data set that a run used is kept, and runs are found by it")
def _():
    data = mlflow.data.from_numpy(np.arange(6.0).reshape(3, 2), name="tiny")
    with mlflow.start_run() as active:
        mlflow.log_input(data, context="training")
    used = client.get_run(active.info.run_id).inputs.dataset_inputs[0]
    assert (used.dataset.name, used.dataset.digest) == ("tiny", data.digest)
    assert [(tag.key, tag.value) for tag in used.tags] == [("mlflow.data.context", "training")]
    found = client.search_runs([active.info.experiment_id], "datasets.name = 'tiny'")
    assert [each.info.run_id for each in found] == [active.info.run_id]


@check("what is logged asynchronously is there when it was waited for")
def _():
    run_id = client.create_run(made["experiment"]).info.run_id
    waiting = [client.log_metric(run_id, "loss", step, step=step, synchronous=False) for step in range(50)]
    for each in waiting:
        each.wait()
    assert [point.step for point in client.get_metric_history(run_id, "loss")] == list(range(50))


@check("MLFLOW_RUN_CONTEXT adds tags to a run without a word in the training code")
def _():
    os.environ["MLFLOW_RUN_CONTEXT"] = json.dumps({"git.nonce": "n7"})
    try:
        with mlflow.start_run() as active:
            pass
    finally:
        del os.environ["MLFLOW_RUN_CONTEXT"]
    assert client.get_run(active.info.run_id).data.tags["git.nonce"] == "n7"


@check("images and figures are logged and come back")
def _():
    pixels = np.zeros((8, 8, 3), dtype=np.uint8)
    pixels[2, 3] = (200, 10, 30)
    client.log_image(made["run"], pixels, "pictures/dot.png")
    uri = client.get_run(made["run"]).info.artifact_uri
    image = mlflow.artifacts.load_image(f"{uri}/pictures/dot.png")
    assert image.size == (8, 8) and image.getpixel((3, 2))[:3] == (200, 10, 30)


@check("a page of more runs than MLflow gives at once is INVALID_PARAMETER_VALUE")
def _():
    with refused("INVALID_PARAMETER_VALUE", MlflowException):
        client.search_runs([made["experiment"]], max_results=50_001)


@check("what this workspace does not offer is ENDPOINT_NOT_FOUND")
def _():
    with refused("ENDPOINT_NOT_FOUND", RestException):
        MlflowClient(registry_uri="databricks").get_webhook("nothing")


@check("a wrong token is told as such, at once")
def _():
    token = os.environ["DATABRICKS_TOKEN"]
    os.environ["DATABRICKS_TOKEN"] = "dapi-wrong"
    try:
        with raises(MlflowException, "Invalid access token"):
            MlflowClient().get_experiment(made["experiment"])
    finally:
        os.environ["DATABRICKS_TOKEN"] = token
    assert client.get_experiment(made["experiment"]).lifecycle_stage == "active"


run()
