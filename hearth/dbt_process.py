"""One call of dbt in a process of its own.

``python -m hearth.dbt_process <caller> <parse flags> -- <command and its flags>``, where ``caller`` is the descriptor
of the reading end of a pipe that nobody writes to: when the process that called ends, whatever ends it, so does this.

dbt parses the whole project anew whenever the variables of the command line differ, and every build has its own. The
project is therefore parsed without them, which finds the last parse still good, and the command runs on that parse.
What is parsed must not depend on the build; a test looks for it.
"""

from __future__ import annotations

import os
import sys
import threading

from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest


def _end_with(caller: int) -> None:
    """Reading returns when the other end of the pipe is gone."""
    os.read(caller, 1)
    os._exit(2)


def main(arguments: list[str]) -> int:
    """Exit status of the command: 0 done, 1 some node failed, 2 it could not run."""
    caller, at = int(arguments[0]), arguments.index("--")
    threading.Thread(target=_end_with, args=[caller], daemon=True).start()
    common, command = arguments[1:at], arguments[at + 1 :]
    parsed = dbtRunner().invoke([*common, "parse"])
    if not parsed.success or not isinstance(parsed.result, Manifest):
        print(parsed.exception)
        return 2
    outcome = dbtRunner(manifest=parsed.result).invoke([*common, *command])
    if outcome.exception is not None:
        print(outcome.exception)
        return 2
    return 0 if outcome.success else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
