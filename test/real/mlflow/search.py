"""search_runs over more runs than a page holds; what is expected is computed here, from what was logged."""

import random

import mlflow
from checks import check, refused, run
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException, RestException

client = MlflowClient()
COUNT = 1200
dice = random.Random(7)
runs = []
made = {}


def ids(filter_string="", order_by=None, **more):
    """The ids of all pages."""
    found, token = [], None
    while True:
        page = client.search_runs(
            [made["experiment"]], filter_string, order_by=order_by, page_token=token, **more
        )
        found += [each.info.run_id for each in page]
        token = page.token
        if not token:
            return found


def expected(keep=lambda each: True):
    """Newest first, the order of a search without order_by."""
    kept = [each for each in runs if keep(each)]
    return [each["id"] for each in sorted(kept, key=lambda each: (-each["start"], each["id"]))]


@check("1,200 runs are logged")
def _():
    made["experiment"] = client.create_experiment("/Shared/search")
    for number in range(COUNT):
        each = {
            "start": 1_700_000_000_000 + number // 3 * 1000,
            "rmse": round(dice.random(), 2) if number % 5 else None,
            "kind": dice.choice(["ridge", "lasso", "Forest"]),
            "commit": f"c{number % 40}",
            "name": f"run {number}",
        }
        tags = [RunTag("git.commit", each["commit"])]
        each["id"] = client.create_run(
            made["experiment"], start_time=each["start"], run_name=each["name"]
        ).info.run_id
        metrics = [] if each["rmse"] is None else [Metric("rmse", each["rmse"], each["start"], 0)]
        client.log_batch(each["id"], metrics=metrics, params=[Param("kind", each["kind"])], tags=tags)
        runs.append(each)
    assert len({each["id"] for each in runs}) == COUNT


@check("all of them come back over pages of 500, newest first, none twice")
def _():
    found = ids(max_results=500)
    assert len(found) == len(set(found)) == COUNT
    assert found == expected()


@check("a page ends where the next begins")
def _():
    first = client.search_runs([made["experiment"]], max_results=700)
    assert len(first) == 700 and first.token
    rest = client.search_runs([made["experiment"]], max_results=700, page_token=first.token)
    assert len(rest) == 500 and not rest.token
    assert [each.info.run_id for each in first] + [each.info.run_id for each in rest] == expected()


@check("mlflow.search_runs gives them as one table")
def _():
    table = mlflow.search_runs([made["experiment"]])
    assert list(table.run_id) == expected()
    assert table["metrics.rmse"].isna().sum() == COUNT // 5


@check("filters on metrics, params and quoted tags select what they say")
def _():
    assert ids("metrics.rmse < 0.25") == expected(lambda each: each["rmse"] is not None and each["rmse"] < 0.25)
    assert ids("params.kind = 'ridge'") == expected(lambda each: each["kind"] == "ridge")
    assert ids("tags.`git.commit` = 'c7'") == expected(lambda each: each["commit"] == "c7")
    assert ids("params.kind != 'ridge' and metrics.rmse >= 0.5") == expected(
        lambda each: each["kind"] != "ridge" and (each["rmse"] or 0) >= 0.5
    )


@check("filters on attributes select by time, name and id")
def _():
    middle = runs[600]["start"]
    assert ids(f"attributes.start_time >= {middle}") == expected(lambda each: each["start"] >= middle)
    assert ids("attributes.run_name = 'run 17'") == [runs[17]["id"]]
    two = [runs[3]["id"], runs[900]["id"]]
    assert sorted(ids(f"attributes.run_id IN ('{two[0]}', '{two[1]}')")) == sorted(two)
    assert len(ids("attributes.status = 'RUNNING'")) == COUNT


@check("LIKE respects case, ILIKE does not")
def _():
    assert ids("params.kind LIKE 'f%'") == []
    assert ids("params.kind ILIKE 'f%'") == expected(lambda each: each["kind"] == "Forest")


@check("order by a metric puts runs without it last, in both directions")
def _():
    rmse = {each["id"]: each["rmse"] for each in runs}
    for direction, sign in (("ASC", 1), ("DESC", -1)):
        values = [rmse[each] for each in ids(order_by=[f"metrics.rmse {direction}"], max_results=1000)]
        present = [value for value in values if value is not None]
        assert values == present + [None] * (COUNT - len(present))
        assert present == sorted(present, key=lambda value: sign * value)


@check("orders can be combined")
def _():
    found = ids(order_by=["params.kind ASC", "attributes.start_time DESC"], max_results=1000)
    kinds = {each["id"]: each for each in runs}
    keys = [(kinds[each]["kind"], -kinds[each]["start"]) for each in found]
    assert keys == sorted(keys)


@check("a filter that cannot be read is INVALID_PARAMETER_VALUE")
def _():
    for broken in ("metrics.rmse <", "rmse < 1", "metrics.rmse = 'x'", "params.kind = 'a' or params.kind = 'b'"):
        with refused("INVALID_PARAMETER_VALUE", MlflowException):
            ids(broken)


@check("a page token of another question is INVALID_PARAMETER_VALUE")
def _():
    token = client.search_runs([made["experiment"]], max_results=10).token
    with refused("INVALID_PARAMETER_VALUE", RestException):
        client.search_runs([made["experiment"]], "params.kind = 'ridge'", max_results=10, page_token=token)


run()
