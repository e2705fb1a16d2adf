"""Serving endpoints, as somebody uses them who has nothing but databricks-sdk (and mlflow to have a model at all)."""

import datetime
import os

import mlflow
import pandas
from checks import check, run
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import (
    BadRequest,
    InvalidParameterValue,
    OperationFailed,
    ResourceAlreadyExists,
    ResourceConflict,
    ResourceDoesNotExist,
)
from databricks.sdk.service.serving import (
    DataframeSplitInput,
    EndpointCoreConfigInput,
    EndpointStateConfigUpdate,
    EndpointStateReady,
    EndpointTag,
    ListEndpointsResponse,
    Route,
    ServedEntityInput,
    ServedModelStateDeployment,
    ServingEndpointDetailed,
    ServingEndpointDetailedPermissionLevel,
    TrafficConfig,
)
from expectations import raises, refusal, understood

w = WorkspaceClient()
name, model = "scale", "ml.prod.scale"
minutes = datetime.timedelta(minutes=5)


class Scale(mlflow.pyfunc.PythonModel):
    def __init__(self, factor):
        self.factor = factor

    def load_context(self, context):
        if self.factor == 0:
            raise ValueError("a factor of 0 cannot be loaded")

    def predict(self, context, model_input, params=None):
        return (model_input["x"] * self.factor).tolist()


def register(factor):
    example = [{"x": 1.0}]
    signature = mlflow.models.infer_signature(pandas.DataFrame(example), [1.0])
    with mlflow.start_run():
        mlflow.pyfunc.log_model(
            name="model",
            python_model=Scale(factor),
            signature=signature,
            pip_requirements=os.environ["REQUIREMENTS"],
            registered_model_name=model,
        )


def served(version, **more):
    return ServedEntityInput(
        entity_name=model, entity_version=str(version), workload_size="Small", scale_to_zero_enabled=True, **more
    )


def shares(**traffic):
    return TrafficConfig(
        routes=[
            Route(served_entity_name=key.replace("_", "-"), traffic_percentage=value) for key, value in traffic.items()
        ]
    )


@check("there are models to serve")
def models():
    w.catalogs.create("ml")
    w.schemas.create("prod", "ml")
    mlflow.set_experiment("/Shared/serving")
    for factor in (2, 3, 0):
        register(factor)
    assert w.registered_models.get(model).name == "scale"
    assert sorted(each.version for each in w.model_versions.list(model)) == [1, 2, 3]


@check("create_and_wait gives an endpoint that is ready")
def created():
    endpoint = w.serving_endpoints.create_and_wait(
        name,
        config=EndpointCoreConfigInput(name=name, served_entities=[served(1)]),
        tags=[EndpointTag(key="team", value="ml")],
        timeout=minutes,
    )
    assert endpoint.name == name
    assert endpoint.state.ready is EndpointStateReady.READY
    assert endpoint.state.config_update is EndpointStateConfigUpdate.NOT_UPDATING
    assert endpoint.config.config_version == 1
    assert endpoint.pending_config is None
    assert endpoint.creator == w.current_user.me().user_name
    assert [(each.key, each.value) for each in endpoint.tags] == [("team", "ml")]
    assert endpoint.permission_level is ServingEndpointDetailedPermissionLevel.CAN_MANAGE
    [entity] = endpoint.config.served_entities
    assert (entity.name, entity.entity_name, entity.entity_version) == ("scale-1", model, "1")
    assert entity.workload_size == "Small"
    assert entity.scale_to_zero_enabled is True
    assert entity.state.deployment is ServedModelStateDeployment.DEPLOYMENT_READY
    [route] = endpoint.config.traffic_config.routes
    assert (route.served_model_name, route.traffic_percentage) == ("scale-1", 100)


@check("query answers with the model's predictions, in every form of the input, and says which model it was")
def queried():
    answer = w.serving_endpoints.query(name, dataframe_split=DataframeSplitInput(columns=["x"], data=[[1.5], [2.0]]))
    assert answer.predictions == [3.0, 4.0]
    assert answer.served_model_name == "scale-1"
    assert w.serving_endpoints.query(name, dataframe_records=[{"x": 4.0}]).predictions == [8.0]
    assert w.serving_endpoints.query(name, inputs={"x": [5.0]}).predictions == [10.0]


@check("update_config_and_wait serves another version beside the old one and moves the traffic")
def updated():
    waiter = w.serving_endpoints.update_config(
        name, served_entities=[served(1), served(2)], traffic_config=shares(scale_1=0, scale_2=100)
    )
    understood(ServingEndpointDetailed, w.api_client.do("GET", f"/api/2.0/serving-endpoints/{name}"))
    pending = waiter.response.pending_config
    assert pending.config_version == 2
    assert [each.entity_version for each in pending.served_entities] == ["1", "2"]
    assert waiter.response.state.config_update is EndpointStateConfigUpdate.IN_PROGRESS
    assert w.serving_endpoints.query(name, dataframe_records=[{"x": 1.0}]).predictions == [2.0]
    endpoint = waiter.result(timeout=minutes)
    assert endpoint.config.config_version == 2
    answer = w.serving_endpoints.query(name, dataframe_records=[{"x": 1.0}])
    assert (answer.predictions, answer.served_model_name) == ([3.0], "scale-2")
    back = w.serving_endpoints.update_config_and_wait(
        name,
        served_entities=[served(1), served(2)],
        traffic_config=shares(scale_1=100, scale_2=0),
        timeout=minutes,
    )
    assert back.config.config_version == 3
    assert w.serving_endpoints.query(name, dataframe_records=[{"x": 1.0}]).predictions == [2.0]


@check("an update while another one goes on is a conflict")
def conflict():
    waiter = w.serving_endpoints.update_config(name, served_entities=[served(2)])
    caught = raises(ResourceConflict, lambda: w.serving_endpoints.update_config(name, served_entities=[served(1)]))
    assert caught.error_code == "RESOURCE_CONFLICT"
    waiter.result(timeout=minutes)


@check("an update that cannot be loaded makes the waiter raise OperationFailed, and the old version goes on answering")
def failed():
    waiter = w.serving_endpoints.update_config(name, served_entities=[served(3)])
    raises(OperationFailed, lambda: waiter.result(timeout=minutes))
    endpoint = w.serving_endpoints.get(name)
    assert endpoint.state.ready is EndpointStateReady.READY
    assert endpoint.state.config_update is EndpointStateConfigUpdate.UPDATE_FAILED
    [entity] = endpoint.pending_config.served_entities
    assert entity.state.deployment is ServedModelStateDeployment.DEPLOYMENT_FAILED
    assert "a factor of 0 cannot be loaded" in entity.state.deployment_state_message
    assert w.serving_endpoints.query(name, dataframe_records=[{"x": 1.0}]).predictions == [3.0]
    w.serving_endpoints.update_config_and_wait(name, served_entities=[served(2)], timeout=minutes)


@check("list shows endpoints, and their tags can be changed")
def listed():
    assert [each.name for each in w.serving_endpoints.list()] == [name]
    tags = w.serving_endpoints.patch(name, add_tags=[EndpointTag(key="stage", value="production")], delete_tags=["team"])
    assert [(each.key, each.value) for each in tags.tags] == [("stage", "production")]
    assert [each.key for each in w.serving_endpoints.get(name).tags] == ["stage"]


@check("every field and value of an endpoint is one that the SDK knows")
def fields():
    understood(ServingEndpointDetailed, w.api_client.do("GET", f"/api/2.0/serving-endpoints/{name}"))
    understood(ListEndpointsResponse, w.api_client.do("GET", "/api/2.0/serving-endpoints"))


MISSING, INVALID = (ResourceDoesNotExist, "RESOURCE_DOES_NOT_EXIST"), (InvalidParameterValue, "INVALID_PARAMETER_VALUE")


def create(other, **config):
    return w.serving_endpoints.create(other, config=EndpointCoreConfigInput(name=other, **config))


check("an endpoint that does not exist")(refusal(*MISSING, lambda: w.serving_endpoints.get("none")))
check("a query of an endpoint that does not exist")(
    refusal(*MISSING, lambda: w.serving_endpoints.query("none", inputs=[[1]]))
)
check("a change of an endpoint that does not exist")(
    refusal(*MISSING, lambda: w.serving_endpoints.update_config("none", served_entities=[served(1)]))
)
check("deleting an endpoint that does not exist")(refusal(*MISSING, lambda: w.serving_endpoints.delete("none")))
check("an endpoint of a name that is taken")(
    refusal(ResourceAlreadyExists, "RESOURCE_ALREADY_EXISTS", lambda: create(name, served_entities=[served(1)]))
)
check("an endpoint of a version that does not exist")(
    refusal(*MISSING, lambda: create("other", served_entities=[served(9)]))
)
check("an endpoint that serves nothing")(refusal(*INVALID, lambda: create("other", served_entities=[])))
check("traffic that does not add up")(
    refusal(*INVALID, lambda: create("other", served_entities=[served(1)], traffic_config=shares(scale_1=99)))
)
check("a question that the model cannot answer")(
    refusal(BadRequest, "BAD_REQUEST", lambda: w.serving_endpoints.query(name, dataframe_records=[{"y": "text"}]))
)


@check("a deleted endpoint is gone")
def deleted():
    w.serving_endpoints.delete(name)
    raises(ResourceDoesNotExist, lambda: w.serving_endpoints.get(name))
    assert list(w.serving_endpoints.list()) == []


run()
