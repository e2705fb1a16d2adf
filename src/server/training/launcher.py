"""Runs the training script of a commit on Databricks, from the snapshot of that commit's files.

Uploaded by gitea-databricks, never edited in place. It sets what ties the script's MLflow runs to the commit
before any user code runs, and gives the script the arguments, working directory and import path that it would
have with "python train.py --name=value".
"""

import base64
import json
import os
import runpy
import sys


def main(arguments):
    options = dict(argument.split("=", 1) for argument in arguments)
    settings = json.loads(base64.b64decode(options["--settings"]))
    snapshot = options["--snapshot"]

    os.environ.update(settings["environment"])
    os.environ.setdefault("MLFLOW_TRACKING_URI", "databricks")
    os.environ.setdefault("MLFLOW_REGISTRY_URI", "databricks-uc")

    os.chdir(snapshot)
    entry = os.path.join(snapshot, settings["entry"])
    sys.path[:0] = [os.path.dirname(entry)]
    sys.argv = [settings["entry"], *settings["arguments"]]
    try:
        runpy.run_path(entry, run_name="__main__")
    except SystemExit as end:
        # Databricks takes any SystemExit of a Python task for a failure, exit code 0 included.
        if end.code not in (None, 0):
            raise


main(sys.argv[1:])
