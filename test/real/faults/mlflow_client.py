"""What the mlflow client makes of a workspace that fails as the real one does."""

import mlflow
from checks import check, raises, refused, run
from control import fault
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException, RestException

client = MlflowClient()
BASE = "/api/2.0/mlflow"
made = {}


@check("429, 503 and a gateway's 502 are tried again")
def _():
    made["experiment"] = client.create_experiment("/Shared/faults")
    get = f"{BASE}/experiments/get"
    for fields in [
        {"kind": "error", "status": 429, "error_code": "REQUEST_LIMIT_EXCEEDED", "retry_after": 1},
        {"kind": "error", "status": 429, "error_code": "REQUEST_LIMIT_EXCEEDED"},
        {"kind": "error", "status": 503, "error_code": "TEMPORARILY_UNAVAILABLE"},
        {"kind": "page", "status": 502},
        {"kind": "reset"},
        {"kind": "lost_answer"},
    ]:
        with fault(path=get, **fields):
            assert client.get_experiment(made["experiment"]).name == "/Shared/faults"


@check("an error code becomes the exception's; an integer and a page are errors too")
def _():
    get = f"{BASE}/experiments/get"
    with fault("error", get, status=403, error_code="PERMISSION_DENIED"), refused("PERMISSION_DENIED", RestException):
        client.get_experiment(made["experiment"])
    with fault("error", get, status=404, error_code="RESOURCE_DOES_NOT_EXIST"):
        with refused("RESOURCE_DOES_NOT_EXIST", RestException):
            client.get_experiment(made["experiment"])
    with fault("error", get, status=403, error_code=403, message="told"), raises(MlflowException, "told"):
        client.get_experiment(made["experiment"])
    with fault("page", get, status=404), raises(MlflowException):
        client.get_experiment(made["experiment"])


@check("metrics whose answer was lost are there once")
def _():
    run_id = client.create_run(made["experiment"]).info.run_id
    with fault("lost_answer", f"{BASE}/runs/log-metric"):
        client.log_metric(run_id, "rmse", 0.5, timestamp=1, step=1)
    assert [metric.value for metric in client.get_metric_history(run_id, "rmse")] == [0.5]


@check("an experiment that cannot be seen yet is told as missing, then found")
def _():
    with fault("late", f"{BASE}/experiments/get-by-name"):
        assert client.get_experiment_by_name("/Shared/faults") is None
        assert client.get_experiment_by_name("/Shared/faults").experiment_id == made["experiment"]


@check("a search that lags shows the run at the next look")
def _():
    with fault("late", f"{BASE}/runs/search", before="seen"):
        before = len(client.search_runs([made["experiment"]]))
        client.create_run(made["experiment"])
        assert len(client.search_runs([made["experiment"]])) == before
        assert len(client.search_runs([made["experiment"]])) == before + 1


assert mlflow.get_tracking_uri() == "databricks"
run()
