"""Program of a step's process: ``dagster``, ended at once when it is done.

    python -m transgenic_dagster.executors.step_process api execute_step …

Python's regular exit takes seconds with all that a step has loaded, while the step still holds
its device; and DuckDB's binding reports leaks of its own on stderr.
"""

import logging
import os
import sys
import traceback

from transgenic_dagster.executors.dagster_private import dagster_main


def main() -> None:
    """Run ``dagster`` with this process's arguments; does not return."""
    code = 1
    try:
        dagster_main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
