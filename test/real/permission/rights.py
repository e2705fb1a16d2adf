"""Rights as databricks-sdk gives, takes and meets them: grants, levels, roles on service principals, run_as."""

import os

from checks import check, raises, run
from databricks.sdk import WorkspaceClient
from databricks.sdk import errors
from databricks.sdk.core import Config
from databricks.sdk.service.catalog import PermissionsChange, Privilege
from databricks.sdk.service.iam import (
    AccessControlRequest,
    GrantRule,
    PermissionLevel,
    RuleSetUpdateRequest,
)
from databricks.sdk.service.jobs import JobRunAs, NotebookTask, SubmitTask, Task

admin = WorkspaceClient()
account = os.environ["DATABRICKS_ACCOUNT_ID"]
MODEL = "ml.prod.wine"
TASK = NotebookTask(notebook_path="/Shared/hello")


def principal(name):
    """A service principal and a client that is signed in as it."""
    made = admin.service_principals.create(display_name=name)
    secret = admin.service_principal_secrets_proxy.create(service_principal_id=made.id).secret
    config = Config(host=admin.config.host, client_id=made.application_id, client_secret=secret, auth_type="oauth-m2m")
    return made.application_id, WorkspaceClient(config=config)


trainer_id, trainer = principal("trainer")
robot_id, robot = principal("robot")
RULES = f"accounts/{account}/servicePrincipals/{robot_id}/ruleSets/default"


def grant(kind, name, *privileges):
    admin.grants.update(kind, name, changes=[PermissionsChange(principal=trainer_id, add=list(privileges))])


@check("a model is PermissionDenied until catalog, schema and model are granted, then it can be read but not moved")
def _():
    admin.catalogs.create(name="ml")
    admin.schemas.create(name="prod", catalog_name="ml")
    admin.registered_models.create(catalog_name="ml", schema_name="prod", name="wine")
    with raises(errors.PermissionDenied):
        trainer.registered_models.get(MODEL)
    grant("catalog", "ml", Privilege.USE_CATALOG)
    with raises(errors.PermissionDenied):
        trainer.registered_models.get("ml.prod.none")
    grant("schema", "ml.prod", Privilege.USE_SCHEMA)
    with raises(errors.ResourceDoesNotExist):
        trainer.registered_models.get("ml.prod.none")
    with raises(errors.PermissionDenied, "EXECUTE"):
        trainer.registered_models.get(MODEL)
    grant("function", MODEL, Privilege.EXECUTE)
    assert trainer.registered_models.get(MODEL).full_name == MODEL
    with raises(errors.PermissionDenied):
        trainer.registered_models.set_alias(MODEL, "champion", 1)


@check("a grant is listed for whom it was made")
def _():
    (assignment,) = trainer.grants.get("function", MODEL).privilege_assignments
    assert assignment.principal == trainer_id
    assert [privilege.value if hasattr(privilege, "value") else privilege for privilege in assignment.privileges] == [
        "EXECUTE"
    ]


@check("a job is seen, started and changed by level, and PermissionDenied says so, also for a job that is not there")
def _():
    job = admin.jobs.create(name="hello", tasks=[Task(task_key="hello", notebook_task=TASK)]).job_id

    def level(value):
        entry = AccessControlRequest(service_principal_name=trainer_id, permission_level=value)
        admin.permissions.update("jobs", str(job), access_control_list=[entry])

    for missing in (job, 12):
        with raises(errors.PermissionDenied):
            trainer.jobs.get(missing)
    with raises(errors.ResourceDoesNotExist):
        admin.jobs.get(12)
    level(PermissionLevel.CAN_VIEW)
    assert trainer.jobs.get(job).job_id == job
    with raises(errors.PermissionDenied):
        trainer.jobs.run_now(job)
    level(PermissionLevel.CAN_MANAGE_RUN)
    assert trainer.jobs.run_now(job).run_id
    with raises(errors.PermissionDenied):
        trainer.jobs.delete(job)
    level(PermissionLevel.CAN_MANAGE)
    trainer.jobs.delete(job)


@check("run_as is for who has the user role on the service principal")
def _():
    def submit():
        return trainer.jobs.submit(
            run_name="as",
            tasks=[SubmitTask(task_key="hello", notebook_task=TASK)],
            run_as=JobRunAs(service_principal_name=robot_id),
        )

    with raises(errors.PermissionDenied, "Service Principal User"):
        submit()
    with raises(errors.PermissionDenied):
        trainer.account_access_control_proxy.get_rule_set(RULES, "")
    rules = admin.account_access_control_proxy.get_rule_set(RULES, "")
    assert rules.grant_rules is None or rules.grant_rules == []
    user = GrantRule(role="roles/servicePrincipal.user", principals=[f"servicePrincipals/{trainer_id}"])
    changed = RuleSetUpdateRequest(name=RULES, etag=rules.etag, grant_rules=[user])
    assert admin.account_access_control_proxy.update_rule_set(RULES, changed).grant_rules == [user]
    with raises(errors.ResourceConflict):
        admin.account_access_control_proxy.update_rule_set(RULES, changed)
    # The client's own type leaves this field out.
    raw = trainer.api_client.do("GET", "/api/2.2/jobs/runs/get", query={"run_id": submit().run_id})
    assert raw["run_as_user_name"] == robot_id


@check("the roles that can be given on a service principal are listed")
def _():
    resource = f"accounts/{account}/servicePrincipals/{robot_id}"
    roles = admin.account_access_control_proxy.get_assignable_roles_for_resource(resource).roles
    assert [role.name for role in roles] == ["roles/servicePrincipal.user", "roles/servicePrincipal.manager"]


run()
