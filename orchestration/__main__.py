"""`cpai` as installed, and `python -m orchestration`: Ctrl-C is heard before anything of weight is imported."""

import sys

from orchestration import stopping


def main() -> None:
    try:
        stopping.watch_interrupts()
        from orchestration.command import main as command

        command()
    except KeyboardInterrupt:
        sys.stderr.write(f"{stopping.INTERRUPTED}\n")
        stopping.leave()
    except SystemExit as ended:
        if ended.code == stopping.AS_INTERRUPTED:
            stopping.leave()
        raise
    finally:
        stopping.ending()


if __name__ == "__main__":
    main()
