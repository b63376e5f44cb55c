"""`python -m gateway.demo [--once] [--directory DIR]`, the same as `gateway demo`."""

import argparse
import sys
from pathlib import Path

from gateway.demo.run import run_demo
from gateway.demo.state import DEFAULT_DIRECTORY


def main() -> int:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(prog="gateway demo")
    parser.add_argument("--once", action="store_true", help="one session; exit 0 only if every step happened")
    parser.add_argument(
        "--directory", type=Path, default=DEFAULT_DIRECTORY, help="where the demo keeps its data"
    )
    arguments = parser.parse_args()
    return run_demo(once=arguments.once, directory=arguments.directory)


if __name__ == "__main__":
    sys.exit(main())
