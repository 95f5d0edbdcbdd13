import subprocess
import sys

import pytest

from tools.peak import one_thread, peak

MEGABYTES = 200
HOLD = f"import time; held = bytearray(b'x') * ({MEGABYTES} << 20); time.sleep(0.2)"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_memory_of_a_process() -> None:
    small, large = (peak([sys.executable, "-c", code]).peak for code in ("import time; time.sleep(0.2)", HOLD))
    assert 0.9 < (large - small) / (MEGABYTES << 20) < 1.2


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_processes_side_by_side_add_up() -> None:
    parent = f"import subprocess, sys; c = subprocess.Popen([sys.executable, '-c', {HOLD!r}]); {HOLD}; c.wait()"
    assert peak([sys.executable, "-c", parent]).peak > 1.5 * (MEGABYTES << 20)


def test_what_it_prints_and_how_it_ends() -> None:
    code = "import os, sys; print(os.environ['OMP_NUM_THREADS']); print('no', file=sys.stderr); sys.exit(3)"
    done = peak([sys.executable, "-c", code], environment=one_thread())
    assert (done.output, done.errors, done.code) == ("1\n", "no\n", 3)


def test_a_command_that_takes_too_long_is_killed() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        peak([sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.2)
