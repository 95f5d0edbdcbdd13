"""`calib.jsonl`: a call on every line, as nested lists by input name."""

from __future__ import annotations

import hashlib
import json
from array import array
from pathlib import Path
from typing import Any

from onnxprune.calibration.batch import spaced
from onnxprune.calibration.registry import Found, Request, source
from onnxprune.calibration.stored import only_input
from onnxprune.errors import InputError


def _fits(text: str) -> bool:
    return Path(text).suffix.lower() == ".jsonl" and Path(text).is_file()


@source("FILE.jsonl", _fits)
def lines(request: Request) -> Found:
    """Lines are read when they are asked for; empty ones don't count. Where there is one input, a list is enough."""
    numbers, starts, digest = _index(request.path)
    picked = spaced(len(numbers), request.samples)

    def where(index: int) -> str:
        return f"{request.text}, line {numbers[picked[index]]}"

    def make(index: int) -> dict[str, Any]:
        call = _parsed(_line(request.path, starts[picked[index]]), where(index))
        return (
            call
            if isinstance(call, dict)
            else {only_input(request.specs, where(index)).name: _listed(call, where(index))}
        )

    return Found(len(picked), make, where, digest)


def _index(path: Path) -> tuple[array[int], array[int], str]:
    """The number, from 1, and the first byte of every line that isn't empty; the hash of the file."""
    numbers, starts, digest, start = array("q"), array("q"), hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    numbers.append(number)
                    starts.append(start)
                digest.update(line)
                start += len(line)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    return numbers, starts, digest.hexdigest()


def _line(path: Path, start: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(start)
            return file.readline()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error


def _parsed(line: bytes, where: str) -> Any:
    try:
        return json.loads(line.decode("utf-8-sig").rstrip())
    except json.JSONDecodeError as error:
        raise InputError(f"{where}: isn't JSON: {error.msg}, at column {error.colno}") from error
    except (ValueError, RecursionError) as error:  # a wrong encoding; lists in lists without end
        raise InputError(f"{where}: can't be read: {error}") from error


def _listed(call: Any, where: str) -> list[Any]:
    if not isinstance(call, list):
        raise InputError(f"{where}: should be an object with a list for every input, or a list, not {json.dumps(call)}")
    return call
