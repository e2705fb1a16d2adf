"""Jobs, as somebody uses them who has nothing but databricks-sdk."""

import base64
import datetime
import io
import uuid

from checks import check, run
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import InvalidParameterValue, OperationFailed, ResourceDoesNotExist
from databricks.sdk.service import compute, jobs
from databricks.sdk.service.workspace import ImportFormat, Language
from expectations import eventually, raises, refusal, understood

w = WorkspaceClient()
folder = "/Workspace/Shared/sdk-jobs"
minutes = datetime.timedelta(minutes=4)
R = jobs.RunLifeCycleState


def put(name, text):
    w.workspace.mkdirs(folder)
    w.workspace.upload(f"{folder}/{name}", io.BytesIO(text.encode()), format=ImportFormat.AUTO, overwrite=True)
    return f"{folder}/{name}"


def task(file, key="main", **more):
    parameters = more.pop("parameters", [])
    return jobs.Task(
        task_key=key,
        spark_python_task=jobs.SparkPythonTask(python_file=file, parameters=parameters),
        environment_key="default",
        **more,
    )


def submitted(file, key="main", **more):
    parameters = more.pop("parameters", [])
    return jobs.SubmitTask(
        task_key=key,
        spark_python_task=jobs.SparkPythonTask(python_file=file, parameters=parameters),
        environment_key="default",
        **more,
    )


environments = [
    jobs.JobEnvironment(environment_key="default", spec=compute.Environment(environment_version="2", dependencies=[]))
]
hello = put("hello.py", "import sys\nprint('hello', *sys.argv[1:])\n")
sleeper = put("sleeper.py", "import time\nprint('sleeping', flush=True)\ntime.sleep(600)\n")
breaks = put("breaks.py", "print('before')\nraise ValueError('the data is missing')\n")
shared = {}


@check("a job is created and read back with what it was given")
def created():
    job = w.jobs.create(
        name="Nightly",
        tags={"team": "ml"},
        environments=environments,
        max_concurrent_runs=3,
        parameters=[jobs.JobParameterDefinition(name="greeting", default="moin")],
        tasks=[task(hello, parameters=["{{job.parameters.greeting}}", "{{job.run_id}}"])],
    )
    shared["job"] = job.job_id
    found = w.jobs.get(job.job_id)
    assert found.job_id == job.job_id
    assert found.settings.name == "Nightly"
    assert found.settings.tags == {"team": "ml"}
    assert found.settings.format is jobs.Format.MULTI_TASK
    assert found.settings.max_concurrent_runs == 3
    assert found.settings.parameters[0].default == "moin"
    assert found.creator_user_name == w.current_user.me().user_name
    assert found.run_as_user_name == found.creator_user_name
    assert found.created_time > 1_600_000_000_000
    [only] = found.settings.tasks
    assert only.spark_python_task.python_file == hello
    # What was left out is answered with the service's defaults.
    assert only.run_if is jobs.RunIf.ALL_SUCCESS
    assert only.timeout_seconds == 0
    assert found.settings.timeout_seconds == 0
    assert found.settings.email_notifications is not None


@check("update changes and removes fields and leaves the others; tasks are merged by their key")
def updated():
    id = shared["job"]
    w.jobs.update(
        id,
        new_settings=jobs.JobSettings(name="Nightly training", tasks=[task(hello, key="second")]),
        fields_to_remove=["tags"],
    )
    settings = w.jobs.get(id).settings
    assert settings.name == "Nightly training"
    assert settings.tags is None
    assert [each.task_key for each in settings.tasks] == ["main", "second"]
    assert settings.max_concurrent_runs == 3
    w.jobs.update(id, fields_to_remove=["tasks/second"])
    assert [each.task_key for each in w.jobs.get(id).settings.tasks] == ["main"]


@check("reset replaces every setting")
def reset():
    job = w.jobs.create(name="Reset", tags={"a": "b"}, environments=environments, tasks=[task(hello)])
    w.jobs.reset(
        job.job_id, jobs.JobSettings(name="Reset again", environments=environments, tasks=[task(hello, key="other")])
    )
    settings = w.jobs.get(job.job_id).settings
    assert settings.name == "Reset again"
    assert settings.tags is None
    assert [each.task_key for each in settings.tasks] == ["other"]
    w.jobs.delete(job.job_id)


@check("run_now gives a waiter whose result is the ended run, and its output is the program's")
def run_now():
    waiter = w.jobs.run_now(shared["job"], job_parameters={"greeting": "ahoi"})
    seen = []
    ended = waiter.result(timeout=minutes, callback=lambda polled: seen.append(polled.state.life_cycle_state))
    assert ended.run_id == waiter.run_id
    assert ended.job_id == shared["job"]
    assert ended.state.life_cycle_state is R.TERMINATED
    assert ended.state.result_state is jobs.RunResultState.SUCCESS
    assert ended.status.state is jobs.RunLifecycleStateV2State.TERMINATED
    assert ended.status.termination_details.code is jobs.TerminationCodeCode.SUCCESS
    assert ended.status.termination_details.type is jobs.TerminationTypeType.SUCCESS
    assert ended.end_time >= ended.start_time > 0
    assert ended.run_duration == ended.end_time - ended.start_time
    assert ended.run_type is jobs.RunType.JOB_RUN
    assert ended.run_page_url.startswith(w.config.host)
    assert [(each.name, each.default, each.value) for each in ended.job_parameters] == [("greeting", "moin", "ahoi")]
    assert set(seen) <= {R.QUEUED, R.PENDING, R.RUNNING, R.TERMINATING}
    [only] = ended.tasks
    assert only.run_id != ended.run_id
    output = w.jobs.get_run_output(only.run_id)
    assert output.logs == f"hello ahoi {ended.run_id}\n", output.logs
    assert output.logs_truncated is False
    assert output.error is None
    assert output.metadata.run_id == only.run_id


@check("the same idempotency token gives the same run, also after it has ended")
def idempotent():
    token = uuid.uuid4().hex
    first = w.jobs.run_now(shared["job"], idempotency_token=token)
    second = w.jobs.run_now(shared["job"], idempotency_token=token)
    assert first.run_id == second.run_id
    first.result(timeout=minutes)
    assert w.jobs.run_now(shared["job"], idempotency_token=token).run_id == first.run_id
    assert w.jobs.run_now(shared["job"], idempotency_token=uuid.uuid4().hex).run_id != first.run_id
    ids = [each.run_id for each in w.jobs.list_runs(job_id=shared["job"])]
    assert ids.count(first.run_id) == 1
    shared["token"], shared["run"] = token, first.run_id


@check("the token of a deleted run is an error")
def deleted_token():
    w.jobs.delete_run(shared["run"])
    caught = raises(
        InvalidParameterValue, lambda: w.jobs.run_now(shared["job"], idempotency_token=shared["token"])
    )
    assert caught.error_code == "INVALID_PARAMETER_VALUE"
    raises(ResourceDoesNotExist, lambda: w.jobs.get_run(shared["run"]))


@check("python_params replace the parameters of the tasks for this run only")
def python_params():
    job = w.jobs.create(name="Params", environments=environments, tasks=[task(hello, parameters=["saved"])])
    ended = w.jobs.run_now(job.job_id, python_params=["given", "twice"]).result(timeout=minutes)
    assert ended.overriding_parameters.python_params == ["given", "twice"]
    assert w.jobs.get_run_output(ended.tasks[0].run_id).logs == "hello given twice\n"
    again = w.jobs.run_now(job.job_id).result(timeout=minutes)
    assert w.jobs.get_run_output(again.tasks[0].run_id).logs == "hello saved\n"
    w.jobs.delete(job.job_id)


@check("a notebook task gets its widgets from run_now, and get_run_output has what it returned")
def notebook():
    path = f"{folder}/explores"
    text = "name = dbutils.widgets.get('name')\n\n# COMMAND ----------\n\ndbutils.notebook.exit(f'moin {name}')\n"
    w.workspace.import_(
        path, content=base64.b64encode(text.encode()).decode(), format=ImportFormat.SOURCE, language=Language.PYTHON
    )
    job = w.jobs.create(
        name="Notebook",
        tasks=[
            jobs.Task(
                task_key="main",
                notebook_task=jobs.NotebookTask(notebook_path=path, base_parameters={"name": "nobody"}),
            )
        ],
    )
    ended = w.jobs.run_now(job.job_id, notebook_params={"name": "world"}).result(timeout=minutes)
    assert ended.state.result_state is jobs.RunResultState.SUCCESS, ended.state
    assert ended.overriding_parameters.notebook_params == {"name": "world"}
    output = w.jobs.get_run_output(ended.tasks[0].run_id)
    assert output.notebook_output.result == "moin world"
    assert output.notebook_output.truncated is False
    assert output.logs is None
    w.jobs.delete(job.job_id)


@check("submit runs what no job holds, and submit_and_wait waits for it")
def submit():
    ended = w.jobs.submit(
        run_name="Once", environments=environments, tasks=[submitted(hello, parameters=["once"])]
    ).result(timeout=minutes)
    assert ended.run_name == "Once"
    assert ended.run_type is jobs.RunType.SUBMIT_RUN
    assert ended.state.result_state is jobs.RunResultState.SUCCESS
    # A run of one task answers for it.
    assert w.jobs.get_run_output(ended.run_id).logs == "hello once\n"
    assert "Once" not in [each.settings.name for each in w.jobs.list()]
    waited = w.jobs.submit_and_wait(
        run_name="Waited", environments=environments, tasks=[submitted(hello)], timeout=minutes
    )
    assert waited.state.life_cycle_state is R.TERMINATED


@check("the token of a submitted run that goes on gives that run")
def submit_token():
    token = uuid.uuid4().hex
    both = [
        w.jobs.submit(
            run_name="Once", idempotency_token=token, environments=environments, tasks=[submitted(sleeper)]
        ).run_id
        for _ in range(2)
    ]
    assert both[0] == both[1]
    w.jobs.cancel_run_and_wait(both[0], timeout=minutes)


@check("a failed task makes the waiter raise OperationFailed, and get_run_output says why")
def failed():
    waiter = w.jobs.submit(run_name="Breaks", environments=environments, tasks=[submitted(breaks)])
    caught = raises(OperationFailed, lambda: waiter.result(timeout=minutes))
    assert "got RunLifeCycleState.INTERNAL_ERROR" in str(caught), caught
    ended = w.jobs.get_run(waiter.run_id)
    assert ended.state.life_cycle_state is R.INTERNAL_ERROR
    assert ended.state.result_state is jobs.RunResultState.FAILED
    assert ended.status.state is jobs.RunLifecycleStateV2State.TERMINATED
    assert ended.status.termination_details.code is jobs.TerminationCodeCode.RUN_EXECUTION_ERROR
    [only] = ended.tasks
    assert only.state.life_cycle_state is R.TERMINATED
    output = w.jobs.get_run_output(only.run_id)
    assert output.error == "ValueError: the data is missing"
    assert output.error_trace.startswith("Traceback (most recent call last):")
    assert output.logs.startswith("before\n")


@check("the output of a run with several tasks is asked for by task")
def several():
    run = w.jobs.submit(
        run_name="Two",
        environments=environments,
        tasks=[
            submitted(hello, key="first", parameters=["1"]),
            submitted(
                hello, key="second", parameters=["2"], depends_on=[jobs.TaskDependency(task_key="first")]
            ),
        ],
    ).result(timeout=minutes)
    raises(InvalidParameterValue, lambda: w.jobs.get_run_output(run.run_id))
    outputs = {each.task_key: w.jobs.get_run_output(each.run_id).logs for each in run.tasks}
    assert outputs == {"first": "hello 1\n", "second": "hello 2\n"}
    [second] = [each for each in run.tasks if each.task_key == "second"]
    assert [each.task_key for each in second.depends_on] == ["first"]


def running(waiter):
    eventually(lambda: w.jobs.get_run(waiter.run_id).state.life_cycle_state is R.RUNNING, "the run's start")


@check("cancel_run ends a run that goes on, and cancelling it again changes nothing")
def cancelled():
    waiter = w.jobs.submit(run_name="Sleeps", environments=environments, tasks=[submitted(sleeper)])
    running(waiter)
    w.jobs.cancel_run(waiter.run_id)
    ended = waiter.result(timeout=minutes)
    assert ended.state.life_cycle_state is R.TERMINATED
    assert ended.state.result_state is jobs.RunResultState.CANCELED
    assert ended.state.user_cancelled_or_timedout is True
    assert ended.status.termination_details.code is jobs.TerminationCodeCode.USER_CANCELED
    w.jobs.cancel_run(waiter.run_id)
    assert w.jobs.get_run(waiter.run_id).end_time == ended.end_time


@check("cancel_run_and_wait waits for the end")
def cancel_and_wait():
    waiter = w.jobs.submit(run_name="Sleeps", environments=environments, tasks=[submitted(sleeper)])
    running(waiter)
    ended = w.jobs.cancel_run_and_wait(waiter.run_id, timeout=minutes)
    assert ended.state.result_state is jobs.RunResultState.CANCELED


@check("cancel_all_runs ends every run of a job")
def cancel_all():
    job = w.jobs.create(
        name="Sleepers", max_concurrent_runs=2, environments=environments, tasks=[task(sleeper)]
    )
    waiters = [w.jobs.run_now(job.job_id) for _ in range(2)]
    w.jobs.cancel_all_runs(job_id=job.job_id)
    assert {each.result(timeout=minutes).state.result_state for each in waiters} == {jobs.RunResultState.CANCELED}
    w.jobs.delete(job.job_id)


@check("repair runs the failed tasks again within the run, and wants the latest repair's id from the second time on")
def repaired():
    path = put("wants.py", "import os, sys\nprint(open(os.path.join(os.path.dirname(__file__), sys.argv[1])).read())\n")
    run = w.jobs.submit(
        run_name="Repaired",
        environments=environments,
        tasks=[
            submitted(hello, key="good"),
            submitted(path, key="bad", parameters=["wanted.txt"], depends_on=[jobs.TaskDependency(task_key="good")]),
        ],
    )
    raises(OperationFailed, lambda: run.result(timeout=minutes))
    first = w.jobs.repair_run(run.run_id, rerun_all_failed_tasks=True)
    raises(OperationFailed, lambda: first.result(timeout=minutes))
    put("wanted.txt", "found")
    raises(InvalidParameterValue, lambda: w.jobs.repair_run(run.run_id, rerun_all_failed_tasks=True))
    repair = first.response.repair_id
    ended = w.jobs.repair_run_and_wait(
        run.run_id, rerun_all_failed_tasks=True, latest_repair_id=repair, timeout=minutes
    )
    assert ended.state.result_state is jobs.RunResultState.SUCCESS
    attempts = {each.task_key: each.attempt_number for each in ended.tasks}
    assert attempts == {"good": 0, "bad": 2}, attempts
    assert not w.jobs.get_run(run.run_id).repair_history
    history = w.jobs.get_run(run.run_id, include_history=True).repair_history
    assert [each.type for each in history] == [
        jobs.RepairHistoryItemType.ORIGINAL,
        jobs.RepairHistoryItemType.REPAIR,
        jobs.RepairHistoryItemType.REPAIR,
    ]
    assert history[1].id == repair
    [bad] = [each for each in ended.tasks if each.task_key == "bad"]
    assert history[2].task_run_ids == [bad.run_id]
    assert w.jobs.get_run_output(bad.run_id).logs == "found\n"


@check("a run over the job's limit is skipped, and the waiter returns it")
def skipped():
    job = w.jobs.create(name="One", max_concurrent_runs=1, environments=environments, tasks=[task(sleeper)])
    first = w.jobs.run_now(job.job_id)
    second = w.jobs.run_now(job.job_id).result(timeout=minutes)
    assert second.state.life_cycle_state is R.SKIPPED
    assert second.status.termination_details.code is jobs.TerminationCodeCode.MAX_CONCURRENT_RUNS_EXCEEDED
    queued = w.jobs.run_now(job.job_id, queue=jobs.QueueSettings(enabled=True))
    polled = w.jobs.get_run(queued.run_id)
    assert polled.state.life_cycle_state is R.QUEUED
    assert polled.status.state is jobs.RunLifecycleStateV2State.QUEUED
    w.jobs.cancel_run(queued.run_id)
    w.jobs.cancel_run_and_wait(first.run_id, timeout=minutes)
    w.jobs.delete(job.job_id)


@check("list goes over every page, newest first, and finds a name whatever its case")
def listed():
    ids = [w.jobs.create(name=f"Paged {index}", environments=environments, tasks=[task(hello)]).job_id for index in range(7)]
    found = [each.job_id for each in w.jobs.list(limit=2)]
    assert [id for id in found if id in ids] == ids[::-1]
    assert len(found) == len(set(found))
    assert [each.job_id for each in w.jobs.list(name="paged 3")] == [ids[3]]
    assert list(w.jobs.list(name="paged")) == []
    assert not next(iter(w.jobs.list(limit=1))).settings.tasks
    [expanded] = w.jobs.list(name="Paged 3", expand_tasks=True)
    assert [each.task_key for each in expanded.settings.tasks] == ["main"]
    shared["paged"] = ids


@check("a page of jobs names the ones before and after it")
def pages_of_jobs():
    first = w.api_client.do("GET", "/api/2.2/jobs/list", query={"limit": 2})
    assert "prev_page_token" not in first
    second = w.api_client.do("GET", "/api/2.2/jobs/list", query={"limit": 2, "page_token": first["next_page_token"]})
    back = w.api_client.do("GET", "/api/2.2/jobs/list", query={"limit": 2, "page_token": second["prev_page_token"]})
    ids = [[each["job_id"] for each in page["jobs"]] for page in (first, second, back)]
    assert ids[0] == ids[2] != ids[1], ids
    skipped = [each.job_id for each in w.jobs.list(offset=2, limit=2)]
    assert skipped[:2] == ids[1], (skipped, ids)


@check("list_runs goes over every page, newest first, by job, state, type and time")
def listed_runs():
    job = w.jobs.create(
        name="Many", environments=environments, max_concurrent_runs=1, queue=jobs.QueueSettings(enabled=True),
        tasks=[task(sleeper)],
    )
    ids = [w.jobs.run_now(job.job_id).run_id for _ in range(9)]
    found = list(w.jobs.list_runs(job_id=job.job_id, limit=4))
    assert [each.run_id for each in found] == ids[::-1]
    assert not found[0].tasks
    expanded = next(iter(w.jobs.list_runs(job_id=job.job_id, limit=1, expand_tasks=True)))
    assert [each.task_key for each in expanded.tasks] == ["main"]
    assert {each.run_id for each in w.jobs.list_runs(job_id=job.job_id, active_only=True, limit=2)} == set(ids)
    assert list(w.jobs.list_runs(job_id=job.job_id, completed_only=True)) == []
    assert list(w.jobs.list_runs(job_id=job.job_id, run_type=jobs.RunType.SUBMIT_RUN)) == []
    later = [each.run_id for each in w.jobs.list_runs(job_id=job.job_id, start_time_from=found[3].start_time)]
    assert later == [each.run_id for each in found if each.start_time >= found[3].start_time]
    assert list(w.jobs.list_runs(job_id=job.job_id, start_time_to=1)) == []
    # A limit of 0 means the largest page.
    page = w.api_client.do("GET", "/api/2.2/jobs/runs/list", query={"job_id": job.job_id, "limit": 0})
    assert len(page["runs"]) == 9
    first = w.api_client.do("GET", "/api/2.2/jobs/runs/list", query={"job_id": job.job_id, "limit": 4})
    second = w.api_client.do(
        "GET", "/api/2.2/jobs/runs/list", query={"job_id": job.job_id, "limit": 4, "page_token": first["next_page_token"]}
    )
    back = w.api_client.do(
        "GET", "/api/2.2/jobs/runs/list", query={"job_id": job.job_id, "limit": 4, "page_token": second["prev_page_token"]}
    )
    assert [each["run_id"] for each in back["runs"]] == ids[::-1][:4]
    w.jobs.cancel_all_runs(job_id=job.job_id)
    eventually(lambda: not list(w.jobs.list_runs(job_id=job.job_id, active_only=True)), "the end of all runs")
    assert len(list(w.jobs.list_runs(job_id=job.job_id, completed_only=True))) == 9


@check("get, get_run and the lists go over every page of a job's tasks")
def many_tasks():
    first = task(sleeper, key="first")
    after = [jobs.TaskDependency(task_key="first")]
    tasks = [first, *(task(hello, key=f"task-{index}", depends_on=after) for index in range(120))]
    keys = [each.task_key for each in tasks]
    parameters = [jobs.JobParameterDefinition(name="a", default="b")]
    job = w.jobs.create(name="Wide", environments=environments, parameters=parameters, tasks=tasks)
    found = w.jobs.get(job.job_id)
    assert [each.task_key for each in found.settings.tasks] == keys
    assert len(found.settings.environments) == len(found.settings.parameters) == 1
    [listed] = w.jobs.list(name="Wide", expand_tasks=True)
    assert [each.task_key for each in listed.settings.tasks] == keys
    waiter = w.jobs.run_now(job.job_id)
    run = w.jobs.get_run(waiter.run_id)
    assert [each.task_key for each in run.tasks] == keys
    assert len(run.job_parameters) == 1
    [shown] = w.jobs.list_runs(job_id=job.job_id, expand_tasks=True)
    assert [each.task_key for each in shown.tasks] == keys
    w.jobs.cancel_run_and_wait(waiter.run_id, timeout=minutes)
    w.jobs.delete(job.job_id)


@check("a job's permissions are read and changed")
def permissions():
    principal = w.service_principals.create(display_name="reader of jobs")
    w.jobs.update_permissions(
        str(shared["job"]),
        access_control_list=[
            jobs.JobAccessControlRequest(
                service_principal_name=principal.application_id, permission_level=jobs.JobPermissionLevel.CAN_VIEW
            )
        ],
    )
    found = w.jobs.get_permissions(str(shared["job"]))
    levels = {each.service_principal_name: each.all_permissions[0].permission_level for each in found.access_control_list}
    assert levels[principal.application_id] is jobs.JobPermissionLevel.CAN_VIEW


def asked(path, **query):
    return w.api_client.do("GET", f"/api/2.2/jobs/{path}", query=query)


# `format` is in the service's answers without being documented for runs; whom a run runs as is told by this workspace only.
beside = ("format", "run_as_user_name")


@check("every field and value of jobs and runs is one that the SDK knows")
def fields():
    for job in asked("list", expand_tasks="true", limit=100)["jobs"]:
        understood(jobs.BaseJob, job)
        understood(jobs.Job, asked("get", job_id=job["job_id"]))
    waiter = w.jobs.run_now(shared["job"], job_parameters={"greeting": "x"})
    understood(jobs.Run, asked("runs/get", run_id=waiter.run_id), beside)
    ended = waiter.result(timeout=minutes)
    understood(jobs.RunOutput, asked("runs/get-output", run_id=ended.tasks[0].run_id), beside)
    page = asked("runs/list", limit=24)
    understood(jobs.ListRunsResponse, page, beside)
    seen = set()
    while page:
        for run in page["runs"]:
            found = asked("runs/get", run_id=run["run_id"], include_history="true")
            understood(jobs.Run, found, beside)
            seen.add(found["state"].get("result_state", found["state"]["life_cycle_state"]))
        token = page.get("next_page_token")
        page = asked("runs/list", limit=24, page_token=token) if token else None
    assert seen >= {"SUCCESS", "FAILED", "CANCELED", "SKIPPED"}, seen


@check("a deleted job is gone, and its runs stay")
def deleted():
    ended = w.jobs.run_now(shared["paged"][0]).result(timeout=minutes)
    for id in shared["paged"]:
        w.jobs.delete(id)
    raises(ResourceDoesNotExist, lambda: w.jobs.get(shared["paged"][0]))
    assert w.jobs.get_run(ended.run_id).job_id == shared["paged"][0]


MISSING, INVALID, CODE = ResourceDoesNotExist, InvalidParameterValue, "INVALID_PARAMETER_VALUE"

# The SDK turns the code of a read into ResourceDoesNotExist; for everything else the service's answer stands.
check("a job that does not exist")(refusal(MISSING, CODE, lambda: w.jobs.get(1)))
check("a run that does not exist")(refusal(MISSING, CODE, lambda: w.jobs.get_run(1)))
check("the output of a run that does not exist")(refusal(MISSING, CODE, lambda: w.jobs.get_run_output(1)))
check("starting a job that does not exist")(refusal(INVALID, CODE, lambda: w.jobs.run_now(1)))
check("changing a job that does not exist")(refusal(INVALID, CODE, lambda: w.jobs.update(1)))
check("deleting a job that does not exist")(refusal(INVALID, CODE, lambda: w.jobs.delete(1)))
check("cancelling a run that does not exist")(refusal(INVALID, CODE, lambda: w.jobs.cancel_run(1)))
check("repairing a run that does not exist")(refusal(INVALID, CODE, lambda: w.jobs.repair_run(1)))
check("a job whose task has no program")(
    refusal(INVALID, CODE, lambda: w.jobs.create(name="Nothing", tasks=[jobs.Task(task_key="main")]))
)
check("a job parameter that the job does not have")(
    refusal(INVALID, CODE, lambda: w.jobs.run_now(shared["job"], job_parameters={"other": "x"}))
)
check("job_parameters together with python_params")(
    refusal(
        INVALID,
        CODE,
        lambda: w.jobs.run_now(shared["job"], job_parameters={"greeting": "x"}, python_params=["y"]),
    )
)
check("an idempotency token of more than 64 characters")(
    refusal(INVALID, CODE, lambda: w.jobs.run_now(shared["job"], idempotency_token="x" * 65))
)
check("a page of 101 jobs")(refusal(INVALID, CODE, lambda: list(w.jobs.list(limit=101))))
check("a page of 25 runs")(refusal(INVALID, CODE, lambda: list(w.jobs.list_runs(limit=25))))
check("active and completed runs at once")(
    refusal(INVALID, CODE, lambda: list(w.jobs.list_runs(active_only=True, completed_only=True)))
)

run()
