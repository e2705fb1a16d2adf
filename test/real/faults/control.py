"""The emulated workspace's control of faults, asked without the client under test."""

import contextlib
import json
import os
import urllib.request


def ask(method, path, body=None):
    request = urllib.request.Request(
        os.environ["DATABRICKS_HOST"] + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": "Bearer " + os.environ["DATABRICKS_TOKEN"], "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


@contextlib.contextmanager
def fault(kind, path, happens=1, **fields):
    """While the block runs the fault waits; afterwards it must have happened so often."""
    ask("DELETE", "/test/faults")
    ask("POST", "/test/faults", {"kind": kind, "path": path, **fields})
    yield
    (known,) = ask("GET", "/test/faults")["faults"]
    ask("DELETE", "/test/faults")
    assert known["happened"] == happens, f"{kind} happened {known['happened']} times, not {happens}"
