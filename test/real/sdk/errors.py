"""What goes wrong reaches the SDK as the exceptions that it raises for the real service."""

import contextlib
import io
import os
import uuid

from checks import check, run
from databricks.sdk import WorkspaceClient
from databricks.sdk.config import Config
from databricks.sdk.errors import (
    Aborted,
    AlreadyExists,
    BadRequest,
    DatabricksError,
    DeadlineExceeded,
    InternalError,
    InvalidParameterValue,
    InvalidState,
    NotFound,
    NotImplemented,
    PermissionDenied,
    RequestLimitExceeded,
    ResourceAlreadyExists,
    ResourceConflict,
    ResourceDoesNotExist,
    ResourceExhausted,
    TemporarilyUnavailable,
    TooManyRequests,
    Unauthenticated,
)
from databricks.sdk.service import compute, jobs
from databricks.sdk.service.workspace import ImportFormat
from expectations import raises, refusal

w = WorkspaceClient()
# Gives up after its first attempt, so that a check sees what would be retried.
hasty = WorkspaceClient(config=Config(retry_timeout_seconds=1))
me = "/api/2.0/preview/scim/v2/Me"
shared = {}


@contextlib.contextmanager
def fault(**fields):
    """A fault of the workspace while the block runs; gives how often it happened so far."""
    id = w.api_client.do("POST", "/test/faults", body=fields)["id"]

    def happened():
        [one] = [each for each in w.api_client.do("GET", "/test/faults")["faults"] if each["id"] == id]
        return one["happened"]

    try:
        yield happened
    finally:
        w.api_client.do("DELETE", f"/test/faults/{id}")


def answered(error, status, code):
    """A check: an answer of this status and code is raised at once, as exactly this type."""

    def attempt():
        with fault(kind="error", path=me, status=status, error_code=code, message="asked for", times=9) as happened:
            caught = raises(error, w.current_user.me)
            assert caught.error_code == code, caught.error_code
            assert str(caught).startswith("asked for")
            assert happened() == 1

    return attempt


check("400 BAD_REQUEST")(answered(BadRequest, 400, "BAD_REQUEST"))
check("400 INVALID_PARAMETER_VALUE")(answered(InvalidParameterValue, 400, "INVALID_PARAMETER_VALUE"))
check("400 INVALID_STATE")(answered(InvalidState, 400, "INVALID_STATE"))
check("400 RESOURCE_ALREADY_EXISTS")(answered(ResourceAlreadyExists, 400, "RESOURCE_ALREADY_EXISTS"))
check("400 MALFORMED_REQUEST")(answered(BadRequest, 400, "MALFORMED_REQUEST"))
check("401 as an integer")(answered(Unauthenticated, 401, 401))
check("403 PERMISSION_DENIED")(answered(PermissionDenied, 403, "PERMISSION_DENIED"))
check("403 as an integer")(answered(PermissionDenied, 403, 403))
check("404 RESOURCE_DOES_NOT_EXIST")(answered(ResourceDoesNotExist, 404, "RESOURCE_DOES_NOT_EXIST"))
check("404 NOT_FOUND")(answered(NotFound, 404, "NOT_FOUND"))
check("404 ENDPOINT_NOT_FOUND")(answered(NotFound, 404, "ENDPOINT_NOT_FOUND"))
check("409 ABORTED")(answered(Aborted, 409, "ABORTED"))
check("409 ALREADY_EXISTS")(answered(AlreadyExists, 409, "ALREADY_EXISTS"))
check("409 RESOURCE_CONFLICT")(answered(ResourceConflict, 409, "RESOURCE_CONFLICT"))
check("500 INTERNAL_ERROR")(answered(InternalError, 500, "INTERNAL_ERROR"))
check("501 NOT_IMPLEMENTED")(answered(NotImplemented, 501, "NOT_IMPLEMENTED"))
check("504 with a code that the SDK does not know")(answered(DeadlineExceeded, 504, "UPSTREAM_TIMEOUT"))


def retried(status, code):
    """A check: the SDK tries again and then has the answer."""

    def attempt():
        with fault(kind="error", path=me, status=status, error_code=code, retry_after=0) as happened:
            assert w.current_user.me().active is True
            assert happened() == 1

    return attempt


def given_up(error, status, code, **more):
    """A check: what is still refused when the SDK's patience ends is the cause of its TimeoutError."""

    def attempt():
        with fault(kind="error", path=me, status=status, error_code=code, times=9, **more):
            caught = raises(TimeoutError, hasty.current_user.me)
            assert type(caught.__cause__) is error, repr(caught.__cause__)
            assert caught.__cause__.retry_after_secs == more.get("retry_after", 1)

    return attempt


check("429 RESOURCE_EXHAUSTED is tried again")(retried(429, "RESOURCE_EXHAUSTED"))
check("429 REQUEST_LIMIT_EXCEEDED is tried again")(retried(429, "REQUEST_LIMIT_EXCEEDED"))
check("503 TEMPORARILY_UNAVAILABLE is tried again")(retried(503, "TEMPORARILY_UNAVAILABLE"))
check("429 RESOURCE_EXHAUSTED for too long, without Retry-After")(given_up(ResourceExhausted, 429, "RESOURCE_EXHAUSTED"))
check("429 REQUEST_LIMIT_EXCEEDED for too long, with Retry-After")(
    given_up(RequestLimitExceeded, 429, "REQUEST_LIMIT_EXCEEDED", retry_after=2)
)
check("429 as an integer for too long")(given_up(TooManyRequests, 429, 429))
check("503 TEMPORARILY_UNAVAILABLE for too long")(given_up(TemporarilyUnavailable, 503, "TEMPORARILY_UNAVAILABLE"))


@check("an HTML page of a gateway is an error of its status")
def pages():
    with fault(kind="page", path=me, status=502, page="gateway"):
        raises(DatabricksError, w.current_user.me)
    with fault(kind="page", path=me, status=500, page="error"):
        raises(InternalError, w.current_user.me)
    with fault(kind="page", path=me, status=503, page="gateway", retry_after=0) as happened:
        assert w.current_user.me().active is True
        assert happened() == 1


@check("a connection that is reset is tried again")
def reset():
    with fault(kind="reset", path=me) as happened:
        assert w.current_user.me().active is True
        assert happened() == 1


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


@check("a run whose answer was lost is started once where a token says which it is")
def lost_answer():
    shared["job"] = job()
    with fault(kind="lost_answer", method="POST", path="/api/2.2/jobs/run-now") as happened:
        waiter = w.jobs.run_now(shared["job"], idempotency_token=uuid.uuid4().hex)
        assert happened() == 1
    assert [each.run_id for each in w.jobs.list_runs(job_id=shared["job"])] == [waiter.run_id]
    waiter.result()


@check("a waiter goes on over answers that fail for a moment")
def waiter():
    waiting = w.jobs.run_now(shared["job"])
    with fault(
        kind="error", path="/api/2.2/jobs/runs/get", status=429, error_code="RESOURCE_EXHAUSTED", retry_after=0, times=2
    ) as happened:
        assert waiting.result().state.result_state is jobs.RunResultState.SUCCESS
        assert happened() == 2


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
