"""Peak memory of one run of a model, measured in a process of its own."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from onnxprune.errors import InputError
from onnxprune.runtime.run import Array, Feeds, run
from onnxprune.runtime.session import session

_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"
_CHILD = "from onnxprune.runtime.memory import main; main()"


def peak_memory(
    model: Path | str, feeds: Feeds, *, threads: int = 1, provider: str = "cpu", timeout: float = 600.0
) -> int:
    """Bytes that loading the model and running it once on `feeds` add to the resident set, at the peak.

    The interpreter, ONNX Runtime's libraries and the inputs are not counted; weights and activations are.
    Raises InputError if the model can't be run, or not within `timeout` seconds, or its process is killed.
    """
    with tempfile.TemporaryDirectory(prefix="onnxprune-memory-") as folder:
        for index, array in enumerate(feeds.values()):
            np.save(Path(folder) / f"{index}.npy", _plain(array), allow_pickle=False)
        request = {"model": str(model), "names": list(feeds), "folder": folder, "threads": threads}
        request["provider"] = provider
        answer = _ask(request, timeout)
    if "error" in answer:
        raise InputError(str(answer["error"]))
    return int(answer["bytes"])


def main() -> None:
    """The measuring process: reads a request from stdin and answers with the last line of stdout."""
    request = json.load(sys.stdin)
    try:
        answer: dict[str, int | str] = {"bytes": _measure(request)}
    except InputError as error:
        answer = {"error": str(error)}
    print(f"\n{json.dumps(answer)}")


def _measure(request: dict[str, str]) -> int:
    folder = Path(request["folder"])
    feeds = {name: np.load(folder / f"{index}.npy") for index, name in enumerate(request["names"])}
    before = _resident_peak(reset=True)
    run(session(request["model"], threads=int(request["threads"]), provider=request["provider"]), feeds)
    return max(_resident_peak() - before, 0)


def _ask(request: dict[str, object], timeout: float) -> dict[str, int | str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    try:
        done = subprocess.run(
            [sys.executable, "-c", _CHILD],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=timeout,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise InputError(f"{request['model']} did not run once within {timeout:g} seconds") from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise InputError(f"the process that measures {request['model']} ended with {done.returncode}: {last}")
    answer: dict[str, int | str] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _resident_peak(*, reset: bool = False) -> int:
    """The most bytes of memory that this process has had resident at a time, since the last reset."""
    if not _STATUS.exists():
        return _peak_by_getrusage()
    if reset:
        _reset_peak()
    fields = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines() if ":" in line)
    return int(fields["VmHWM"].split()[0]) * 1024


def _reset_peak() -> None:
    """Let the peak start from what is resident now (see proc(5)); where it may not, imports stay in it."""
    try:
        _CLEAR_REFS.write_text(_RESET_PEAK)
    except OSError:
        return


def _peak_by_getrusage() -> int:
    try:
        import resource
    except ImportError as error:
        raise InputError("peak memory can't be measured on this operating system") from error
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # macOS counts bytes, others kilobytes


def _plain(array: Array) -> Array:
    """Strings as NumPy's own type, which needs no pickle in the file."""
    return np.asarray(array, str) if np.asarray(array).dtype.kind == "O" else np.asarray(array)
