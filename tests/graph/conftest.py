import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

PREAMBLE = """
import os, resource, signal, sys
from pathlib import Path
from onnxprune.errors import InputError
from onnxprune.graph import finish, load, normalize, save
"""

NOBODY = 65534


@pytest.fixture
def child() -> Callable[..., str]:
    """Run lines of Python in a process of its own, `before` them what may not be undone; returns what it printed.

    An InputError is printed as one line; any other error fails the test.
    """

    def run(lines: str, before: str = "") -> str:
        guarded = f"try:\n{textwrap.indent(textwrap.dedent(lines), '    ')}\nexcept InputError as error:\n    "
        script = f"{PREAMBLE}\n{textwrap.dedent(before)}\n{guarded}print('InputError:', error)"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, timeout=300, env=environment
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


@pytest.fixture
def as_nobody(child: Callable[..., str], tmp_path: Path) -> Callable[..., str]:
    """The same, as a user to whom permissions apply: root may do everything."""

    def run(lines: str) -> str:
        if os.getuid():
            return child(lines)
        for folder in (tmp_path, *tmp_path.parents):
            if not folder.stat().st_mode & 0o001:
                folder.chmod(folder.stat().st_mode | 0o011)
        return child(lines, before=f"os.setgid({NOBODY}); os.setuid({NOBODY})")

    return run
