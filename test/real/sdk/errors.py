"""What the workspace refuses reaches the SDK as the exceptions that it raises for the real service; faults/sdk.py has
what goes wrong on the way."""

import io
import os

from checks import check, run
from databricks.sdk import WorkspaceClient
from databricks.sdk.config import Config
from databricks.sdk.errors import (
    AlreadyExists,
    BadRequest,
    NotFound,
    PermissionDenied,
    RequestLimitExceeded,
    ResourceDoesNotExist,
    ResourceExhausted,
    TemporarilyUnavailable,
    TooManyRequests,
)
from databricks.sdk.service import compute, jobs
from databricks.sdk.service.workspace import ImportFormat
from expectations import raises, refusal
from faults.control import fault

w = WorkspaceClient()
# Gives up after its first attempt, so that a check sees what would be retried.
hasty = WorkspaceClient(config=Config(retry_timeout_seconds=1))
shared = {}


def given_up(error, status, code, **more):
    """A check: what is still refused when the SDK's patience ends is the cause of its TimeoutError."""

    def attempt():
        with fault("error", "/api/2.0/preview/scim/v2/Me", status=status, error_code=code, **more):
            caught = raises(TimeoutError, hasty.current_user.me)
            assert type(caught.__cause__) is error, repr(caught.__cause__)
            assert caught.__cause__.retry_after_secs == more.get("retry_after", 1)

    return attempt


check("429 RESOURCE_EXHAUSTED for too long, without Retry-After")(given_up(ResourceExhausted, 429, "RESOURCE_EXHAUSTED"))
check("429 REQUEST_LIMIT_EXCEEDED for too long, with Retry-After")(
    given_up(RequestLimitExceeded, 429, "REQUEST_LIMIT_EXCEEDED", retry_after=2)
)
check("429 as an integer for too long")(given_up(TooManyRequests, 429, 429))
check("503 TEMPORARILY_UNAVAILABLE for too long")(given_up(TemporarilyUnavailable, 503, "TEMPORARILY_UNAVAILABLE"))


def job():
    w.workspace.mkdirs("/Shared/sdk-errors")
    path = "/Shared/sdk-errors/hello.py"
    w.workspace.upload(path, io.BytesIO(b"print('hello')\n"), format=ImportFormat.AUTO, overwrite=True)
    return w.jobs.create(
        name="Once",
        environments=[jobs.JobEnvironment(environment_key="default", spec=compute.Environment(environment_version="2"))],
        tasks=[
            jobs.Task(
                task_key="main",
                environment_key="default",
                spark_python_task=jobs.SparkPythonTask(python_file=path),
            )
        ],
    ).job_id


@check("a waiter goes on over answers that fail for a moment")
def waiter():
    shared["job"] = job()
    waiting = w.jobs.run_now(shared["job"])
    again = {"status": 429, "error_code": "RESOURCE_EXHAUSTED", "retry_after": 0}
    with fault("error", "/api/2.2/jobs/runs/get", happens=2, times=2, **again):
        assert waiting.result().state.result_state is jobs.RunResultState.SUCCESS


def signed_in(name):
    principal = w.service_principals.create(display_name=name)
    secret = w.service_principal_secrets_proxy.create(principal.id)
    host = os.environ["DATABRICKS_HOST"]
    return WorkspaceClient(
        config=Config(host=host, client_id=principal.application_id, client_secret=secret.secret, auth_type="oauth-m2m")
    )


stranger = signed_in("stranger")
w.workspace.mkdirs("/Private/of-the-admin")
w.workspace.upload("/Private/of-the-admin/a.txt", io.BytesIO(b"secret"), format=ImportFormat.AUTO)
private = str(w.workspace.get_status("/Private/of-the-admin").object_id)
experiment = w.experiments.create_experiment("/Private/of-the-admin/experiment").experiment_id

DENIED = (PermissionDenied, "PERMISSION_DENIED")
check("somebody else's job")(refusal(*DENIED, lambda: stranger.jobs.get(shared["job"])))
check("starting somebody else's job")(refusal(*DENIED, lambda: stranger.jobs.run_now(shared["job"])))
check("a job that may or may not exist")(refusal(*DENIED, lambda: stranger.jobs.get(1)))
# What may not be read is not even there: the one room of which the service does not say 403.
check("somebody else's folder")(
    refusal(
        ResourceDoesNotExist,
        "RESOURCE_DOES_NOT_EXIST",
        lambda: list(stranger.workspace.list("/Private/of-the-admin")),
    )
)
check("writing into somebody else's folder")(
    refusal(
        *DENIED,
        lambda: stranger.workspace.upload("/Private/of-the-admin/b", io.BytesIO(b""), format=ImportFormat.AUTO),
    )
)
check("somebody else's experiment")(refusal(*DENIED, lambda: stranger.experiments.get_experiment(experiment)))
check("the permissions of somebody else's folder")(
    refusal(*DENIED, lambda: stranger.permissions.get("directories", private))
)
check("making a catalog without the right to")(refusal(*DENIED, lambda: stranger.catalogs.create("mine")))
check("an experiment that does not exist")(
    refusal(ResourceDoesNotExist, "RESOURCE_DOES_NOT_EXIST", lambda: w.experiments.get_by_name("/Shared/none"))
)


@check("a file of the snapshot route that is there already is a conflict")
def file_exists():
    address = "/api/2.0/workspace-files/import-file/Shared%2Fsdk-errors%2Fhello.py"
    caught = raises(AlreadyExists, lambda: w.api_client.do("POST", address, data=io.BytesIO(b"x")))
    assert caught.error_code == "ALREADY_EXISTS"


@check("a body that is no JSON is the caller's fault")
def malformed():
    caught = raises(
        BadRequest,
        lambda: w.api_client.do(
            "POST", "/api/2.2/jobs/run-now", headers={"Content-Type": "application/json"}, data=io.BytesIO(b"{")
        ),
    )
    assert caught.error_code == "MALFORMED_REQUEST"


NOT_OFFERED = (NotFound, "ENDPOINT_NOT_FOUND")
check("SQL statements are not offered")(
    refusal(*NOT_OFFERED, lambda: w.statement_execution.execute_statement(statement="select 1", warehouse_id="1"))
)
check("SQL warehouses are not offered")(refusal(*NOT_OFFERED, lambda: list(w.warehouses.list())))
check("clusters are not offered")(refusal(*NOT_OFFERED, lambda: list(w.clusters.list())))
check("Git folders are not offered")(refusal(*NOT_OFFERED, lambda: list(w.repos.list())))
check("secret scopes are not offered")(refusal(*NOT_OFFERED, lambda: list(w.secrets.list_scopes())))
check("notification destinations are not offered")(
    refusal(*NOT_OFFERED, lambda: list(w.notification_destinations.list()))
)
check("DBFS is not offered")(refusal(*NOT_OFFERED, lambda: list(w.dbfs.list("/"))))
check("data quality monitors are not offered")(
    refusal(*NOT_OFFERED, lambda: w.data_quality.get_monitor("table", "1"))
)

run()
