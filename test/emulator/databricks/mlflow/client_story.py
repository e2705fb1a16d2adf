"""What a training script and a notebook do, with the unmodified mlflow client. Prints what came back as JSON."""

import io
import json
import os
import sys

import mlflow
import numpy as np
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression

EXPERIMENT, MODEL, REQUIREMENTS = "/Shared/client", "ml.prod.line", os.environ.get("REQUIREMENTS")
X, Y = np.array([[1.0], [2.0], [3.0]]), np.array([2.0, 4.0, 6.0])


def train():
    mlflow.set_experiment(EXPERIMENT)
    runs, versions = [], []
    for number, model in enumerate([LinearRegression(), DummyRegressor()]):
        fitted = model.fit(X, Y)
        with mlflow.start_run(run_name=f"run {number}", tags={"nonce": f"n{number}"}) as run:
            mlflow.log_params({"kind": type(model).__name__, "width": 1})
            for step in range(3):
                mlflow.log_metrics({"loss": 1 / (step + 1), "size": float(step)}, step=step)
            mlflow.log_metrics({"rmse": float(np.sqrt(np.mean((fitted.predict(X) - Y) ** 2)))})
            mlflow.set_tags({"git.commit": "abc", "stage": "test"})
            mlflow.log_text("hello", "notes/hello.txt")
            info = mlflow.sklearn.log_model(
                fitted,
                name="model",
                signature=infer_signature(X, fitted.predict(X)),
                registered_model_name=MODEL,
                pip_requirements=REQUIREMENTS,
            )
            versions.append(info.registered_model_version)
        runs.append(run.info.run_id)

    client = MlflowClient()
    run = client.get_run(runs[0])
    found = mlflow.search_runs(
        experiment_names=[EXPERIMENT],
        filter_string="metrics.rmse >= 0 and params.width = '1' and tags.`git.commit` = 'abc'",
        order_by=["metrics.rmse DESC"],
    )
    narrow = mlflow.search_runs(experiment_names=[EXPERIMENT], filter_string="params.kind LIKE 'Lin%'")
    try:
        client.log_param(runs[0], "width", 2)
        changed = "accepted"
    except MlflowException as error:
        changed = error.error_code
    return {
        "runs": runs,
        "versions": versions,
        "metrics": run.data.metrics,
        "params": run.data.params,
        "tags": run.data.tags,
        "status": run.info.status,
        "history": [[m.step, m.value] for m in client.get_metric_history(runs[0], "loss")],
        "artifacts": [f.path for f in client.list_artifacts(runs[0])],
        "text": mlflow.artifacts.load_text(f"{run.info.artifact_uri}/notes/hello.txt"),
        "found": list(found.run_id),
        "narrow": list(narrow.run_id),
        "changed_param": changed,
        "version_run": client.get_model_version(MODEL, versions[0]).run_id,
    }


def release():
    client = MlflowClient()
    client.set_registered_model_alias(MODEL, "champion", "1")
    first = mlflow.pyfunc.load_model(f"models:/{MODEL}@champion").predict(X[:1]).tolist()
    client.set_registered_model_alias(MODEL, "champion", "2")
    second = mlflow.pyfunc.load_model(f"models:/{MODEL}@champion").predict(X[:1]).tolist()
    aliased = int(client.get_model_version_by_alias(MODEL, "champion").version)
    client.delete_registered_model_alias(MODEL, "champion")
    return {"first": first, "second": second, "aliased": aliased, "left": dict(client.get_registered_model(MODEL).aliases)}


def sdk():
    """The same workspace through databricks-sdk, which comes with mlflow."""
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.serving import Route, ServedEntityInput, TrafficConfig

    workspace = WorkspaceClient()
    workspace.registered_models.set_alias(MODEL, "champion", 1)
    aliased = workspace.model_versions.get_by_alias(MODEL, "champion")
    aliases = workspace.registered_models.get(MODEL, include_aliases=True).aliases

    def served(version, share):
        entity = ServedEntityInput(
            entity_name=MODEL, entity_version=str(version), workload_size="Small", scale_to_zero_enabled=True
        )
        return entity, Route(served_entity_name=f"line-{version}", traffic_percentage=share)

    predictions = []
    for first, second in ((100, 0), (0, 100)):
        entities, routes = zip(served(1, first), served(2, second))
        endpoint = workspace.serving_endpoints.update_config_and_wait(
            "line", served_entities=list(entities), traffic_config=TrafficConfig(routes=list(routes))
        )
        answer = workspace.serving_endpoints.query("line", inputs=[[10.0]])
        predictions.append([answer.served_model_name, *answer.predictions])

    # Above 50 MB the SDK uploads in parts where it can.
    large = os.urandom(1024) * (52 * 1024)
    path = f"{os.environ['ARTIFACTS']}/large.bin"
    workspace.files.upload(path, io.BytesIO(large), overwrite=True)
    return {
        "aliased": [aliased.version, aliased.status.value, aliased.run_id],
        "aliases": [[each.alias_name, each.version_num] for each in aliases],
        "predictions": predictions,
        "config_version": endpoint.config.config_version,
        "same_bytes": workspace.files.download(path).contents.read() == large,
    }


def attempt():
    """Each act's error code, or what it gave."""
    client = MlflowClient()
    experiment = os.environ["HIDDEN_EXPERIMENT"]
    acts = {
        "read the model": lambda: client.get_model_version(MODEL, "1").version,
        "load the model": lambda: mlflow.pyfunc.load_model(f"models:/{MODEL}/1").predict(X[:1]).tolist(),
        "move the alias": lambda: client.set_registered_model_alias(MODEL, "champion", "1"),
        "read the hidden experiment": lambda: client.get_experiment(experiment).name,
        "log into the hidden experiment": lambda: client.create_run(experiment).info.run_id,
    }
    results = {}
    for name, act in acts.items():
        try:
            results[name] = act()
        except MlflowException as error:
            results[name] = error.error_code
    return results


if __name__ == "__main__":
    print(json.dumps({"train": train, "release": release, "sdk": sdk, "attempt": attempt}[sys.argv[1]]()))
