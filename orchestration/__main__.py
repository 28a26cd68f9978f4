"""`cpai` as installed, and `python -m orchestration`: Ctrl-C is heard before anything of weight is imported."""

import os
import sys
from typing import NoReturn

from orchestration import stopping


def main() -> None:
    try:
        stopping.watch_interrupts()
        from orchestration.command import main as command

        command()
    except KeyboardInterrupt:
        sys.stderr.write(f"{stopping.INTERRUPTED}\n")
        _leave()
    except SystemExit as ended:
        if ended.code == stopping.AS_INTERRUPTED:
            _leave()
        raise
    finally:
        stopping.ending()


def _leave() -> NoReturn:
    """End at once, when the sentence has been printed: a thread still in a statement of DuckDB's aborts (signal 6) a Python
    that puts itself away. What was to be closed is: the exception came through."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(stopping.AS_INTERRUPTED)


if __name__ == "__main__":
    main()
