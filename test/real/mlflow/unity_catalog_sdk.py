"""Models of Unity Catalog through databricks-sdk, which has an API of its own for them: numbers, not strings."""

import io
import os

from checks import check, run
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import NotFound, ResourceAlreadyExists

w = WorkspaceClient()
NAME = "ml.prod.doubling"


@check("an alias is set and followed by databricks-sdk")
def _():
    w.registered_models.set_alias(NAME, "challenger", 1)
    found = w.model_versions.get_by_alias(NAME, "challenger")
    assert (found.version, found.status.value) == (1, "READY")
    aliases = w.registered_models.get(NAME, include_aliases=True).aliases
    assert [(each.alias_name, each.version_num) for each in aliases] == [("challenger", 1)]
    w.registered_models.delete_alias(NAME, "challenger")
    try:
        w.model_versions.get_by_alias(NAME, "challenger")
    except NotFound:
        return
    raise AssertionError("a deleted alias was followed")


@check("models and versions are listed over pages by databricks-sdk")
def _():
    models = [each.full_name for each in w.registered_models.list(catalog_name="ml", schema_name="prod", max_results=2)]
    assert NAME in models and len(models) == len(set(models)) > 2
    versions = [each.version for each in w.model_versions.list(NAME, max_results=1)]
    assert 1 in versions and versions == sorted(versions, reverse=True)


@check("a model is made, described, renamed and deleted by databricks-sdk")
def _():
    w.registered_models.create(catalog_name="ml", schema_name="prod", name="drafted")
    try:
        w.registered_models.create(catalog_name="ml", schema_name="prod", name="drafted")
        raise AssertionError("a name was taken twice")
    except ResourceAlreadyExists:
        pass
    changed = w.registered_models.update("ml.prod.drafted", comment="a draft", new_name="final")
    assert (changed.full_name, changed.comment) == ("ml.prod.final", "a draft")
    w.registered_models.delete("ml.prod.final")
    try:
        w.registered_models.get("ml.prod.final")
    except NotFound:
        return
    raise AssertionError("a deleted model is there")


@check("a file above the SDK's limit for one piece is uploaded whole")
def _():
    large = os.urandom(1024) * (52 * 1024)
    path = f"{os.environ['ARTIFACTS']}/large.bin"
    w.files.upload(path, io.BytesIO(large), overwrite=True)
    assert w.files.download(path).contents.read() == large


run()
