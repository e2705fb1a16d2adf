"""What databricks-sdk makes of a workspace that fails as the real one does."""

import base64

import requests
from checks import check, raises, run
from control import ask, fault
from databricks.sdk import WorkspaceClient
from databricks.sdk import errors
from databricks.sdk.core import Config
from databricks.sdk.service.jobs import NotebookTask, SubmitTask, Task
from databricks.sdk.service.workspace import ImportFormat, Language

w = WorkspaceClient()
ME = "/api/2.0/preview/scim/v2/Me"
NOTEBOOK = NotebookTask(notebook_path="/Shared/hello")
made = {}


@check("429 is waited for and tried again, with Retry-After and without")
def _():
    with fault("error", ME, status=429, error_code="REQUEST_LIMIT_EXCEEDED", retry_after=1):
        assert w.current_user.me().user_name
    with fault("error", ME, status=429, error_code="RESOURCE_EXHAUSTED"):
        assert w.current_user.me().user_name


@check("503 is tried again, in JSON and in a gateway's HTML")
def _():
    with fault("error", ME, status=503, error_code="TEMPORARILY_UNAVAILABLE", retry_after=1):
        assert w.current_user.me().user_name
    with fault("page", ME, status=503):
        assert w.current_user.me().user_name


@check("a reset connection and a lost answer are tried again")
def _():
    with fault("reset", ME):
        assert w.current_user.me().user_name
    with fault("lost_answer", ME):
        assert w.current_user.me().user_name


@check("a slow answer is given up and tried again")
def _():
    hasty = WorkspaceClient(config=Config(http_timeout_seconds=1))
    with fault("delay", ME, delay_ms=3000):
        assert hasty.current_user.me().user_name


@check("every error code becomes the exception that it is on Databricks")
def _():
    for status, code, kind in [
        (400, "INVALID_PARAMETER_VALUE", errors.InvalidParameterValue),
        (400, "INVALID_STATE", errors.InvalidState),
        (400, "MALFORMED_REQUEST", errors.BadRequest),
        (400, "RESOURCE_ALREADY_EXISTS", errors.ResourceAlreadyExists),
        (401, "UNAUTHENTICATED", errors.Unauthenticated),
        (401, 401, errors.Unauthenticated),
        (403, "PERMISSION_DENIED", errors.PermissionDenied),
        (403, 403, errors.PermissionDenied),
        (404, "RESOURCE_DOES_NOT_EXIST", errors.ResourceDoesNotExist),
        (404, "ENDPOINT_NOT_FOUND", errors.NotFound),
        (409, "ABORTED", errors.Aborted),
        (409, "ALREADY_EXISTS", errors.AlreadyExists),
        (409, "RESOURCE_CONFLICT", errors.ResourceConflict),
        (500, "INTERNAL_ERROR", errors.InternalError),
        (500, "NEVER_HEARD_OF", errors.InternalError),
        (501, "NOT_IMPLEMENTED", errors.NotImplemented),
        (504, "DEADLINE_EXCEEDED", errors.DeadlineExceeded),
    ]:
        with fault("error", ME, status=status, error_code=code, message=f"told {code}"):
            try:
                w.current_user.me()
            except errors.DatabricksError as error:
                assert type(error) is kind, f"{status} {code}: {type(error).__name__}, not {kind.__name__}"
                # For 401 it adds how it tried to sign in.
                assert str(error).startswith(f"told {code}")
            else:
                raise AssertionError(f"{status} {code} raised nothing")


@check("an HTML page becomes an error with its title, or with what stands in <pre>")
def _():
    with fault("page", ME, status=502), raises(errors.DatabricksError, "502 Bad Gateway"):
        w.current_user.me()
    with fault("page", ME, status=404), raises(errors.NotFound, "404 Not Found"):
        w.current_user.me()
    with fault("page", ME, status=500, page="error"), raises(errors.InternalError, "500 Internal Server Error"):
        w.current_user.me()


@check("a redirect to the sign-in page for private link is PermissionDenied; the page itself is no answer")
def _():
    with fault("page", ME, location="/login.html?error=private-link-validation-error"):
        with raises(errors.PermissionDenied, "PrivateLink"):
            w.current_user.me()
    with fault("page", ME, status=200, page="login"), raises(requests.exceptions.JSONDecodeError):
        w.current_user.me()


@check("half a body is an error")
def _():
    with fault("half_answer", ME), raises(requests.exceptions.ChunkedEncodingError):
        w.current_user.me()


@check("run_now with a token starts one run, although the first answer is lost")
def _():
    w.workspace.mkdirs("/Shared")
    source = '# Databricks notebook source\ndbutils.notebook.exit(dbutils.widgets.get("who"))\n'
    w.workspace.import_(
        "/Shared/hello",
        content=base64.b64encode(source.encode()).decode(),
        format=ImportFormat.SOURCE,
        language=Language.PYTHON,
    )
    made["job"] = w.jobs.create(name="hello", tasks=[Task(task_key="hello", notebook_task=NOTEBOOK)]).job_id
    with fault("lost_answer", "/api/2.2/jobs/run-now"):
        waiter = w.jobs.run_now(made["job"], idempotency_token="one", notebook_params={"who": "you"})
    runs = list(w.jobs.list_runs(job_id=made["job"]))
    assert [each.run_id for each in runs] == [waiter.run_id]
    finished = waiter.result()
    output = w.jobs.get_run_output(finished.tasks[0].run_id)
    assert output.notebook_output.result == "you"
    assert output.notebook_output.truncated is False


@check("run_now without a token starts a second run when its answer is lost, as Databricks warns")
def _():
    with fault("lost_answer", "/api/2.2/jobs/run-now"):
        w.jobs.run_now(made["job"], notebook_params={"who": "you"}).result()
    assert len(list(w.jobs.list_runs(job_id=made["job"]))) == 3


@check("a run that cannot be seen yet is ResourceDoesNotExist, although its status is 400")
def _():
    waiter = w.jobs.submit(
        run_name="late",
        tasks=[SubmitTask(task_key="a", notebook_task=NotebookTask("/Shared/hello", base_parameters={"who": "me"}))],
    )
    with fault("late", "/api/2.2/jobs/runs/get", happens=1):
        with raises(errors.ResourceDoesNotExist, f"Run {waiter.run_id} does not exist."):
            w.jobs.get_run(waiter.run_id)
        assert w.jobs.get_run(waiter.run_id).run_id == waiter.run_id
    assert waiter.result().state.result_state.value == "SUCCESS"


@check("a list that lags shows the job at the next look")
def _():
    with fault("late", "/api/2.2/jobs/list", before="seen"):
        before = len(list(w.jobs.list()))
        w.jobs.create(name="lagging", tasks=[Task(task_key="a", notebook_task=NOTEBOOK)])
        assert len(list(w.jobs.list())) == before
        assert len(list(w.jobs.list())) == before + 1


@check("the control refuses what is no fault")
def _():
    with raises(errors.InvalidParameterValue, "kind is one of"):
        w.api_client.do("POST", "/test/faults", body={"kind": "explode", "path": "*"})
    assert ask("GET", "/test/faults")["faults"] == []


run()
