"""What the checks of databricks-sdk expect beside plain asserts."""

import time


def raises(error, call):
    """What the call raises, which must be exactly of this type: a parent's type would hide a wrong code."""
    try:
        answer = call()
    except Exception as caught:
        assert type(caught) is error, f"raised {type(caught).__name__}: {caught}"
        return caught
    raise AssertionError(f"raised nothing, answered {answer!r}")


def refusal(error, code, call):
    """A check, for a table of them: the call raises exactly this type with this `error_code` (a text or a number)."""

    def attempt():
        caught = raises(error, call)
        assert caught.error_code == code, f"error code {caught.error_code!r}: {caught}"

    return attempt


def eventually(probe, what, seconds=120):
    """Asks until the answer is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = probe()
        if answer:
            return answer
        time.sleep(0.1)
    raise AssertionError(f"{what} did not happen within {seconds} s")


def understood(kind, answer, beside=()):
    """That the SDK's type knows every field and every value of an answer of the workspace: none is lost on the way.

    `beside` names fields that the SDK does not read although they are there."""
    lost = list(_lost(answer, kind.from_dict(answer).as_dict(), kind.__name__))
    lost = [each for each in lost if each.split(":")[0].rsplit(".", 1)[-1] not in beside]
    assert not lost, f"the SDK does not understand {lost}"


def _lost(answer, parsed, path):
    if isinstance(answer, dict):
        for name, value in answer.items():
            # Empty values are left out when the SDK writes its types down.
            if value or name in (parsed or {}):
                yield from _lost(value, (parsed or {}).get(name), f"{path}.{name}")
    elif isinstance(answer, list):
        for index, value in enumerate(answer):
            yield from _lost(value, parsed[index] if parsed and index < len(parsed) else None, f"{path}[{index}]")
    elif answer != parsed:
        yield f"{path}: {answer!r} became {parsed!r}"
