"""Programs that nobody here wrote, in an environment of their own: their dependencies do not fit ours.

`python -m tests.foreign.checkers` installs them below `build/`; a test that needs one skips where it
is absent and cannot be installed.
"""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOME = ROOT / "build" / "checkers"
WANTED = ("extrawest-ocpi==2025.7.16", "schemathesis>=4.32,<5")
_MARK = HOME / "installed"
_PATIENCE_S = 300


def install() -> Path:
    """The interpreter with the programs. Raises OSError or subprocess.SubprocessError."""
    python = HOME / "bin" / "python"
    if not _MARK.exists() or _MARK.read_text(encoding="utf-8") != "\n".join(WANTED):
        venv.create(HOME, with_pip=True, clear=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *WANTED]
        subprocess.run(command, check=True, capture_output=True, timeout=_PATIENCE_S)
        _MARK.write_text("\n".join(WANTED), encoding="utf-8")
    return python


def interpreter() -> Path:
    """The interpreter, or the test is skipped with the reason."""
    try:
        return install()
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"{', '.join(WANTED)} cannot be installed here: {error}")


if __name__ == "__main__":
    sys.stdout.write(f"{install()}\n")
