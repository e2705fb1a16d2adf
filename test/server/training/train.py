"""A training script without dependencies: talks to MLflow's REST API as the mlflow package does."""
import json
import os
import sys
import time
import urllib.request

options = dict(argument.lstrip("-").split("=", 1) for argument in sys.argv[1:])
plan = json.load(open("plan.json"))


def call(path, body):
    request = urllib.request.Request(
        os.environ["DATABRICKS_HOST"] + path,
        data=json.dumps(body).encode(),
        headers={"Authorization": "Bearer " + os.environ["DATABRICKS_TOKEN"], "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


print("training with", options, flush=True)
tags = [{"key": key, "value": value} for key, value in json.loads(os.environ["MLFLOW_RUN_CONTEXT"]).items()]
run = call(
    "/api/2.0/mlflow/runs/create",
    {"experiment_id": os.environ["MLFLOW_EXPERIMENT_ID"], "start_time": int(time.time() * 1000), "tags": tags},
)["run"]["info"]["run_id"]
call(
    "/api/2.0/mlflow/runs/log-batch",
    {
        "run_id": run,
        "params": [{"key": key, "value": value} for key, value in options.items()],
        "metrics": [
            {"key": key, "value": value, "timestamp": int(time.time() * 1000), "step": step}
            for key, values in plan["metrics"].items()
            for step, value in enumerate(values)
        ],
    },
)
time.sleep(plan.get("seconds", 0))
if plan.get("fail"):
    raise ValueError(plan["fail"])
model = os.environ.get("REGISTERED_MODEL_NAME")
if model:
    base = "/api/2.0/mlflow/unity-catalog/model-versions/"
    version = call(base + "create", {"name": model, "source": "runs:/" + run + "/model", "run_id": run})
    call(base + "finalize", {"name": model, "version": version["model_version"]["version"]})
call("/api/2.0/mlflow/runs/update", {"run_id": run, "status": "FINISHED", "end_time": int(time.time() * 1000)})
