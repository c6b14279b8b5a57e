"""Runs the checks of a script one after the other and tells all failures at the end."""
import sys
import time
import traceback
import types

import mlflow


def is_check(value, module):
    """Whether it is a function of the script itself that is documented as a check: its text names the calls."""
    return (
        isinstance(value, types.FunctionType) and value.__module__ == module
        and value.__doc__ is not None and value.__code__.co_argcount == 0
    )


def main(url, checks, only=()):
    """Runs `checks`, or those of them that are named in `only`, against the server at `url`."""
    mlflow.set_tracking_uri(url)
    failed = []
    for check in checks:
        if only and check.__name__ not in only:
            continue
        begun = time.monotonic()
        try:
            check()
        except Exception:  # every kind of failure is told, and the next check still runs
            failed.append(check.__name__)
            print(f"\nFAILED {check.__name__}: {check.__doc__}", file=sys.stderr)
            traceback.print_exc()
            while mlflow.active_run():
                mlflow.end_run("FAILED")
        print(f"{time.monotonic() - begun:6.1f} s  {check.__name__}", file=sys.stderr)
    sys.exit(f"{len(failed)} of {len(checks)} failed: {', '.join(failed)}" if failed else 0)
