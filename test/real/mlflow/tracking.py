"""What training code and notebooks do with experiments and runs."""

import mlflow
from checks import check, refused, run
from mlflow import MlflowClient
from mlflow.exceptions import RestException

client = MlflowClient()


@check("an experiment is created by name, and a name is taken once")
def _():
    experiment = client.create_experiment("/Shared/tracking", tags={"team": "wine"})
    assert client.get_experiment_by_name("/Shared/tracking").experiment_id == experiment
    assert client.get_experiment(experiment).tags["team"] == "wine"
    with refused("RESOURCE_ALREADY_EXISTS", RestException):
        client.create_experiment("/Shared/tracking")


run()
