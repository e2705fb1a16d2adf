"""Named checks for programs that use a real client: each prints one JSON line, which becomes one test.

A program decorates functions with `@check("what holds")` and ends with `run()`. They run in order and may build on
each other. The names are read from the source, so they stand there as plain texts."""

import contextlib
import json
import sys
import time
import traceback

checks = []


def check(name):
    def register(function):
        checks.append((name, function))
        return function

    return register


@contextlib.contextmanager
def refused(code, kind=Exception, field="error_code"):
    """Expects the exception that the client raises for an error code of the service."""
    try:
        yield
    except kind as error:
        found = getattr(error, field, None)
        assert found == code, f"expected {code}, the client raised {type(error).__name__} {found}: {error}"
    else:
        raise AssertionError(f"expected {code}, nothing was raised")


@contextlib.contextmanager
def raises(kind, words=""):
    """Expects an exception of the client's own, with these words in its message."""
    try:
        yield
    except kind as error:
        assert words in str(error), f"expected a message with {words!r}: {error}"
    else:
        raise AssertionError(f"expected {kind.__name__}, nothing was raised")


def explanation(error):
    """What was raised, where in the program, and for a failed assert also what its names held."""
    frames = traceback.extract_tb(error.__traceback__)[1:]
    own = [frame for frame in frames if "site-packages" not in frame.filename]
    text = "".join(traceback.format_list(own) + traceback.format_exception_only(error))
    if isinstance(error, AssertionError) and error.__traceback__.tb_next:
        held = error.__traceback__.tb_next.tb_frame.f_locals
        text += "".join(f"  {name} = {value!r:.2000}\n" for name, value in held.items())
    return text


def run():
    for name, function in checks:
        line = {"check": name}
        started = time.monotonic()
        try:
            function()
        except Exception as error:  # the next check may not need what this one did
            line["error"] = explanation(error)
        line["seconds"] = round(time.monotonic() - started, 3)
        print("\n" + json.dumps(line), flush=True)
    sys.exit(0)
