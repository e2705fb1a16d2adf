"""The Files API on a volume, as somebody uses it who has nothing but databricks-sdk."""

import io
import os

from checks import check, run
from databricks.sdk import WorkspaceClient
from databricks.sdk.config import Config
from databricks.sdk.errors import (
    AlreadyExists,
    BadRequest,
    DatabricksError,
    InvalidParameterValue,
    NotFound,
    PermissionDenied,
    ResourceAlreadyExists,
    ResourceDoesNotExist,
)
from databricks.sdk.service.catalog import PermissionsChange, Privilege, SecurableType, VolumeInfo, VolumeType
from databricks.sdk.service.files import ListDirectoryResponse
from expectations import raises, refusal, understood

w = WorkspaceClient()
volume, root = "ml.prod.data", "/Volumes/ml/prod/data"
shared = {}


def read(path, client=w):
    with client.files.download(path).contents as stream:
        return stream.read()


@check("a volume is made, listed, changed and read")
def made():
    w.catalogs.create("ml")
    w.schemas.create("prod", "ml")
    found = w.volumes.create("ml", "prod", "data", VolumeType.MANAGED, comment="for tests")
    assert (found.full_name, found.volume_type, found.comment) == (volume, VolumeType.MANAGED, "for tests")
    assert found.owner == w.current_user.me().user_name
    assert [each.name for each in w.volumes.list("ml", "prod")] == ["data"]
    assert w.volumes.update(volume, comment="changed").comment == "changed"
    assert w.volumes.read(volume).volume_id == found.volume_id


@check("upload makes the folders above, and download gives the same bytes")
def uploaded():
    content = bytes(range(256)) * 300
    w.files.upload(f"{root}/wine/2026/red.bin", io.BytesIO(content))
    answer = w.files.download(f"{root}/wine/2026/red.bin")
    assert answer.content_length == len(content)
    assert answer.content_type == "application/octet-stream"
    assert answer.last_modified
    with answer.contents as stream:
        assert stream.read() == content
    w.files.upload(f"{root}/wine/ü & %.txt", io.BytesIO(b"odd"))
    assert read(f"{root}/wine/ü & %.txt") == b"odd"
    w.files.upload(f"{root}/wine/empty", io.BytesIO(b""))
    assert read(f"{root}/wine/empty") == b""


@check("upload overwrites unless told not to")
def overwritten():
    path = f"{root}/note.txt"
    w.files.upload(path, io.BytesIO(b"one"))
    w.files.upload(path, io.BytesIO(b"two"))
    caught = raises(AlreadyExists, lambda: w.files.upload(path, io.BytesIO(b"three"), overwrite=False))
    assert caught.error_code == "ALREADY_EXISTS"
    assert read(path) == b"two"


@check("a large file goes in one piece where the workspace has no storage for parts")
def large():
    client = WorkspaceClient(
        config=Config(files_ext_multipart_upload_min_stream_size=1024 * 1024, files_ext_parallel_download_min_file_size=1024)
    )
    content = os.urandom(3 * 1024 * 1024)
    client.files.upload(f"{root}/large.bin", io.BytesIO(content))
    assert read(f"{root}/large.bin", client) == content
    local = os.path.join(os.environ["HOME"], "large.bin")
    client.files.download_to(f"{root}/large.bin", local)
    with open(local, "rb") as file:
        assert file.read() == content
    client.files.upload_from(f"{root}/again.bin", local)
    assert read(f"{root}/again.bin", client) == content


@check("get_metadata says length, type and time of a file")
def metadata():
    found = w.files.get_metadata(f"{root}/note.txt")
    assert found.content_length == 3
    assert found.content_type == "application/octet-stream"
    assert found.last_modified.endswith("GMT")


@check("a part of a file is read, and a file that changed in between is not mixed with the new one")
def part():
    path = f"/api/2.0/fs/files{root}/note.txt"
    some = w.api_client.do("GET", path, headers={"Range": "bytes=1-"}, raw=True)
    assert some["contents"].read() == b"wo"
    then = {"If-Unmodified-Since": "Thu, 01 Jan 2026 00:00:00 GMT"}
    caught = raises(DatabricksError, lambda: w.api_client.do("GET", path, headers=then, raw=True))
    assert "changed" in str(caught)


@check("directories are made, listed over every page, and told from files")
def directories():
    w.files.create_directory(f"{root}/many/inner")
    w.files.create_directory(f"{root}/many/inner")
    for index in range(7):
        w.files.upload(f"{root}/many/{index}.txt", io.BytesIO(b"x" * index))
    found = list(w.files.list_directory_contents(f"{root}/many", page_size=3))
    assert [each.name for each in found] == [*(f"{index}.txt" for index in range(7)), "inner"]
    assert [each.file_size for each in found[:3]] == [0, 1, 2]
    assert found[3].path == f"{root}/many/3.txt"
    assert [each.is_directory for each in found[-2:]] == [False, True]
    assert found[0].last_modified > 1_600_000_000_000
    w.files.get_directory_metadata(f"{root}/many")
    raises(NotFound, lambda: w.files.get_directory_metadata(f"{root}/note.txt"))
    raises(NotFound, lambda: w.files.get_metadata(f"{root}/many"))
    assert "many" in [each.name for each in w.files.list_directory_contents(root)]


@check("every field and value of volumes and directories is one that the SDK knows")
def fields():
    understood(VolumeInfo, w.api_client.do("GET", f"/api/2.1/unity-catalog/volumes/{volume}"))
    understood(ListDirectoryResponse, w.api_client.do("GET", f"/api/2.0/fs/directories{root}/many"))


@check("a file and an empty directory are deleted, one with something in it is not")
def deleted():
    w.files.delete(f"{root}/note.txt")
    raises(NotFound, lambda: w.files.get_metadata(f"{root}/note.txt"))
    caught = raises(InvalidParameterValue, lambda: w.files.delete_directory(f"{root}/many"))
    assert caught.get_error_details().error_info.reason == "FILES_API_DIRECTORY_IS_NOT_EMPTY"
    w.files.delete_directory(f"{root}/many/inner")
    raises(NotFound, lambda: w.files.get_directory_metadata(f"{root}/many/inner"))


@check("who was granted READ VOLUME reads, and WRITE VOLUME writes")
def granted():
    principal = w.service_principals.create(display_name="reader")
    secret = w.service_principal_secrets_proxy.create(principal.id)
    reader = WorkspaceClient(
        config=Config(
            host=os.environ["DATABRICKS_HOST"],
            auth_type="oauth-m2m",
            client_id=principal.application_id,
            client_secret=secret.secret,
        )
    )

    def grant(kind, name, privilege):
        w.grants.update(
            kind.value.lower(), name, changes=[PermissionsChange(principal=principal.application_id, add=[privilege])]
        )

    path = f"{root}/large.bin"
    raises(PermissionDenied, lambda: reader.files.get_metadata(path))
    grant(SecurableType.CATALOG, "ml", Privilege.USE_CATALOG)
    grant(SecurableType.SCHEMA, "ml.prod", Privilege.USE_SCHEMA)
    assert list(reader.volumes.list("ml", "prod")) == []
    grant(SecurableType.VOLUME, volume, Privilege.READ_VOLUME)
    assert reader.files.get_metadata(path).content_length == 3 * 1024 * 1024
    assert [each.name for each in reader.volumes.list("ml", "prod")] == ["data"]
    raises(PermissionDenied, lambda: reader.files.upload(f"{root}/mine.txt", io.BytesIO(b"x")))
    grant(SecurableType.VOLUME, volume, Privilege.WRITE_VOLUME)
    reader.files.upload(f"{root}/mine.txt", io.BytesIO(b"x"))
    raises(PermissionDenied, lambda: reader.volumes.delete(volume))


ABSENT = (NotFound, "NOT_FOUND")
MISSING, INVALID = (ResourceDoesNotExist, "RESOURCE_DOES_NOT_EXIST"), (InvalidParameterValue, "INVALID_PARAMETER_VALUE")
check("a download of what is not there")(refusal(*ABSENT, lambda: w.files.download(f"{root}/none")))
check("deleting a file that is not there")(refusal(*ABSENT, lambda: w.files.delete(f"{root}/none")))
check("a list of a directory that is not there")(
    refusal(*ABSENT, lambda: list(w.files.list_directory_contents(f"{root}/none")))
)
check("deleting a directory that is not there")(refusal(*ABSENT, lambda: w.files.delete_directory(f"{root}/none")))
check("a file where a directory is")(
    refusal(AlreadyExists, "ALREADY_EXISTS", lambda: w.files.upload(f"{root}/many", io.BytesIO(b"x")))
)
check("a directory where a file is")(
    refusal(AlreadyExists, "ALREADY_EXISTS", lambda: w.files.create_directory(f"{root}/large.bin"))
)
check("a file of a volume that does not exist")(
    refusal(*MISSING, lambda: w.files.upload("/Volumes/ml/prod/none/x", io.BytesIO(b"x")))
)
check("a path with an empty name in it")(refusal(*INVALID, lambda: w.files.download(f"{root}//x")))
check("a volume that does not exist")(refusal(*MISSING, lambda: w.volumes.read("ml.prod.none")))
check("a volume of a name that is taken")(
    refusal(
        ResourceAlreadyExists,
        "RESOURCE_ALREADY_EXISTS",
        lambda: w.volumes.create("ml", "prod", "data", VolumeType.MANAGED),
    )
)
check("a volume in a schema that does not exist")(
    refusal(*MISSING, lambda: w.volumes.create("ml", "none", "data", VolumeType.MANAGED))
)
check("a schema with a volume in it stays")(refusal(BadRequest, "BAD_REQUEST", lambda: w.schemas.delete("ml.prod")))


@check("a deleted volume is gone with its files")
def volume_deleted():
    w.volumes.delete(volume)
    raises(ResourceDoesNotExist, lambda: w.volumes.read(volume))
    w.volumes.create("ml", "prod", "data", VolumeType.MANAGED)
    assert list(w.files.list_directory_contents(root)) == []


run()
