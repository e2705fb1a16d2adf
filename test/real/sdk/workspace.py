"""The workspace's tree, as somebody uses it who has nothing but databricks-sdk."""

import base64
import io
import json

from checks import check, run
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest, InvalidParameterValue, ResourceAlreadyExists, ResourceDoesNotExist
from databricks.sdk.service.workspace import ExportFormat, ImportFormat, Language, ListResponse, ObjectInfo, ObjectType
from expectations import raises, refusal, understood

w = WorkspaceClient()
folder = "/Shared/sdk-files"


def encoded(text):
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def exported(path, format=None):
    return base64.b64decode(w.workspace.export(path, format=format).content).decode()


@check("mkdirs makes every folder of a path, and once more changes nothing")
def mkdirs():
    w.workspace.mkdirs(f"{folder}/a/b")
    found = w.workspace.get_status(f"{folder}/a/b")
    assert found.object_type is ObjectType.DIRECTORY
    assert found.path == f"{folder}/a/b"
    w.workspace.mkdirs(f"{folder}/a/b")
    assert w.workspace.get_status(f"{folder}/a/b").object_id == found.object_id
    assert list(w.workspace.list(f"{folder}/a/b")) == []


@check("import_ as SOURCE makes a notebook of the given language")
def source():
    path = f"{folder}/nightly"
    w.workspace.import_(path, content=encoded("print(1)\n"), format=ImportFormat.SOURCE, language=Language.PYTHON)
    found = w.workspace.get_status(path)
    assert found.object_type is ObjectType.NOTEBOOK
    assert found.language is Language.PYTHON
    assert exported(path) == "# Databricks notebook source\nprint(1)\n"
    answer = w.workspace.export(path, format=ExportFormat.SOURCE)
    assert answer.file_type == "py"


@check("import_ as AUTO makes a notebook of what begins as one, without its extension, and a file of everything else")
def auto():
    text = "# Databricks notebook source\n# MAGIC %md\n# MAGIC # Title\n\n# COMMAND ----------\n\nprint(1)\n"
    w.workspace.import_(f"{folder}/made.py", content=encoded(text), format=ImportFormat.AUTO)
    assert w.workspace.get_status(f"{folder}/made").object_type is ObjectType.NOTEBOOK
    raises(ResourceDoesNotExist, lambda: w.workspace.get_status(f"{folder}/made.py"))
    assert exported(f"{folder}/made", ExportFormat.AUTO) == text
    w.workspace.import_(f"{folder}/plain.py", content=encoded("print(2)\n"), format=ImportFormat.AUTO)
    found = w.workspace.get_status(f"{folder}/plain.py")
    assert found.object_type is ObjectType.FILE
    assert found.size == 9
    assert found.modified_at >= found.created_at > 1_600_000_000_000
    assert found.resource_id == str(found.object_id)
    assert exported(f"{folder}/plain.py", ExportFormat.AUTO) == "print(2)\n"
    assert w.workspace.export(f"{folder}/plain.py", format=ExportFormat.AUTO).file_type == "file"


@check("import_ as JUPYTER makes a notebook that is exported in both formats")
def jupyter():
    notebook = {
        "cells": [
            {"cell_type": "markdown", "metadata": {}, "source": ["# Title\n", "and text"]},
            {"cell_type": "code", "metadata": {}, "source": ["x = 1\n", "print(x)"], "outputs": [], "execution_count": None},
            {"cell_type": "code", "metadata": {}, "source": "%sql\nselect 1", "outputs": [], "execution_count": None},
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path = f"{folder}/explored"
    w.workspace.import_(path, content=encoded(json.dumps(notebook)), format=ImportFormat.JUPYTER)
    found = w.workspace.get_status(path)
    assert (found.object_type, found.language) == (ObjectType.NOTEBOOK, Language.PYTHON)
    assert json.loads(exported(path, ExportFormat.JUPYTER)) == notebook
    assert w.workspace.export(path, format=ExportFormat.JUPYTER).file_type == "ipynb"
    between = "\n\n# COMMAND ----------\n\n"
    assert exported(path, ExportFormat.SOURCE) == (
        "# Databricks notebook source\n# MAGIC %md\n# MAGIC # Title\n# MAGIC and text"
        + between
        + "x = 1\nprint(x)"
        + between
        + "# MAGIC %sql\n# MAGIC select 1\n"
    )


@check("a source notebook is exported as JUPYTER, cell by cell")
def source_as_jupyter():
    cells = json.loads(exported(f"{folder}/made", ExportFormat.JUPYTER))["cells"]
    assert [(each["cell_type"], "".join(each["source"])) for each in cells] == [
        ("markdown", "# Title"),
        ("code", "print(1)"),
    ]


@check("SQL notebooks have their own comments")
def sql():
    text = "-- Databricks notebook source\nselect 1\n\n-- COMMAND ----------\n\n-- MAGIC %python\n-- MAGIC print(1)\n"
    w.workspace.upload(f"{folder}/query.sql", io.BytesIO(text.encode()), format=ImportFormat.AUTO)
    assert w.workspace.get_status(f"{folder}/query").language is Language.SQL
    assert w.workspace.export(f"{folder}/query").file_type == "sql"
    assert exported(f"{folder}/query") == text


@check("upload and download carry bytes of any kind")
def bytes_of_any_kind():
    content = bytes(range(256)) * 1000
    path = f"{folder}/weights.bin"
    w.workspace.upload(path, io.BytesIO(content), format=ImportFormat.AUTO)
    with w.workspace.download(path) as stream:
        assert stream.read() == content
    raises(ResourceAlreadyExists, lambda: w.workspace.upload(path, io.BytesIO(b"new"), format=ImportFormat.AUTO))
    w.workspace.upload(path, io.BytesIO(b"new"), format=ImportFormat.AUTO, overwrite=True)
    with w.workspace.download(path) as stream:
        assert stream.read() == b"new"


@check("upload without a format makes a notebook of a .py file and download gives its source")
def upload_source():
    path = f"{folder}/uploaded.py"
    w.workspace.upload(path, io.BytesIO(b"print(3)\n"))
    assert w.workspace.get_status(path).object_type is ObjectType.NOTEBOOK
    with w.workspace.download(path) as stream:
        assert stream.read() == b"# Databricks notebook source\nprint(3)\n"


@check("list gives what lies in a folder, recursively where asked, and paths in the caller's words")
def listed():
    w.workspace.upload(f"{folder}/a/b/deep.txt", io.BytesIO(b"deep"), format=ImportFormat.AUTO)
    found = {each.path: each.object_type for each in w.workspace.list(folder)}
    assert found[f"{folder}/a"] is ObjectType.DIRECTORY
    assert found[f"{folder}/nightly"] is ObjectType.NOTEBOOK
    assert found[f"{folder}/plain.py"] is ObjectType.FILE
    assert f"{folder}/a/b/deep.txt" not in found
    deep = [each.path for each in w.workspace.list(folder, recursive=True)]
    assert f"{folder}/a/b/deep.txt" in deep
    assert f"{folder}/a" not in deep
    prefixed = [each.path for each in w.workspace.list(f"/Workspace{folder}/a/b")]
    assert prefixed == [f"/Workspace{folder}/a/b/deep.txt"]
    [itself] = w.workspace.list(f"{folder}/plain.py")
    assert itself.path == f"{folder}/plain.py"


@check("every field and value of the tree is one that the SDK knows")
def fields():
    for path in (folder, f"{folder}/nightly", f"{folder}/plain.py"):
        understood(ObjectInfo, w.api_client.do("GET", "/api/2.0/workspace/get-status", query={"path": path}))
    understood(ListResponse, w.api_client.do("GET", "/api/2.0/workspace/list", query={"path": folder}))


@check("delete removes a file, and a folder with what is in it where told so")
def deleted():
    w.workspace.delete(f"{folder}/plain.py")
    raises(ResourceDoesNotExist, lambda: w.workspace.get_status(f"{folder}/plain.py"))
    caught = raises(BadRequest, lambda: w.workspace.delete(f"{folder}/a"))
    assert caught.error_code == "DIRECTORY_NOT_EMPTY"
    w.workspace.delete(f"{folder}/a", recursive=True)
    raises(ResourceDoesNotExist, lambda: w.workspace.get_status(f"{folder}/a/b/deep.txt"))


MISSING, INVALID = (ResourceDoesNotExist, "RESOURCE_DOES_NOT_EXIST"), (InvalidParameterValue, "INVALID_PARAMETER_VALUE")
PRESENT = (ResourceAlreadyExists, "RESOURCE_ALREADY_EXISTS")

check("the status of what is not there")(refusal(*MISSING, lambda: w.workspace.get_status(f"{folder}/none")))
check("a list of what is not there")(refusal(*MISSING, lambda: list(w.workspace.list(f"{folder}/none"))))
check("an export of what is not there")(refusal(*MISSING, lambda: w.workspace.export(f"{folder}/none")))
check("deleting what is not there")(refusal(*MISSING, lambda: w.workspace.delete(f"{folder}/none")))
check("an import into a folder that is not there")(
    refusal(*MISSING, lambda: w.workspace.import_(f"{folder}/none/x", content="", format=ImportFormat.AUTO))
)
check("an import over what is there")(
    refusal(
        *PRESENT,
        lambda: w.workspace.import_(
            f"{folder}/nightly", content="", format=ImportFormat.SOURCE, language=Language.PYTHON
        ),
    )
)
check("a folder where a file is")(refusal(*PRESENT, lambda: w.workspace.mkdirs(f"{folder}/weights.bin/below")))
check("an import as SOURCE without a language")(
    refusal(*INVALID, lambda: w.workspace.import_(f"{folder}/x", content="", format=ImportFormat.SOURCE))
)
check("an import as JUPYTER of something else")(
    refusal(*INVALID, lambda: w.workspace.import_(f"{folder}/x", content=encoded("x"), format=ImportFormat.JUPYTER))
)
check("an import of more than 10 MB")(
    refusal(
        BadRequest,
        "MAX_NOTEBOOK_SIZE_EXCEEDED",
        lambda: w.workspace.import_(f"{folder}/x", content=encoded(bytes(10 * 1024 * 1024 + 1)), format=ImportFormat.RAW),
    )
)
check("a path that does not begin at the root")(refusal(*INVALID, lambda: w.workspace.get_status("Shared")))
check("deleting a folder that every workspace has")(
    refusal(*INVALID, lambda: w.workspace.delete("/Shared", recursive=True))
)

run()
