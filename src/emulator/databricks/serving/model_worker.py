"""Loads one model and answers invocations: one JSON message per line on standard input and output.

Runs in the virtual environment of the model's own requirements. The first line that it writes says whether the
model was loaded; then each {"id", "payload"} is answered by {"id", "status", "body"}, as MLflow's own scoring server
would over HTTP (mlflow/pyfunc/scoring_server). Everything that the model prints goes to standard error.
"""

import json
import os
import sys
import traceback


def main():
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the model or its libraries print must not end up between the messages

    def send(message):
        channel.write(json.dumps(message) + "\n")
        channel.flush()

    try:
        import mlflow.pyfunc
        from mlflow.exceptions import MlflowException
        from mlflow.pyfunc import scoring_server

        model = mlflow.pyfunc.load_model(sys.argv[1])
        schema = model.metadata.get_input_schema()
    except Exception as error:
        traceback.print_exc()
        send({"ready": False, "error": f"{type(error).__name__}: {error}"})
        return 1
    send({"ready": True})

    for line in sys.stdin:
        message = json.loads(line)
        try:
            answer = scoring_server.invocations(message["payload"], "application/json", model, schema)
            send({"id": message["id"], "status": answer.status, "body": answer.response})
        except MlflowException as error:
            body = {"error_code": "BAD_REQUEST", "message": error.message}
            send({"id": message["id"], "status": 400, "body": json.dumps(body)})
        except Exception as error:
            traceback.print_exc()
            body = {"error_code": "BAD_REQUEST", "message": f"{type(error).__name__}: {error}"}
            send({"id": message["id"], "status": 400, "body": json.dumps(body)})
    return 0


if __name__ == "__main__":
    sys.exit(main())
