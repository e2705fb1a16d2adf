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
