"""The contract of the exit codes: whatever happens ends in one of them, and in one sentence on stderr.

0 done; 1 a target or a limit of loss was not met; 2 bad usage or input, nothing written; 3 a defect; 130 interrupted;
141 nobody reads stdout any more
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperGroup

from onnxprune.errors import InputError, VerificationError

DONE, NOT_MET, BAD_INPUT, DEFECT, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 3, 130, 141

DEBUG = "ONNXPRUNE_DEBUG"

# typer has its own copy of click from some version on; either way this is the root of what parsing raises.
_UsageError: type[Any] = typer.BadParameter.__mro__[2]


class Contract(TyperGroup):
    """The group of commands, which turns exceptions into exit codes."""

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Run, and exit with a code of the contract (return it where `standalone_mode` is off)."""
        run = super().main
        code = guarded(lambda: run(*args, **{**extra, "standalone_mode": False}))
        if standalone_mode:
            sys.exit(code)
        return code


def guarded(call: Callable[[], Any]) -> int:
    """The exit code of a call that returns one (None: 0) or raises."""
    try:
        code = call()
        sys.stdout.flush()
    except SystemExit as done:  # shell completion ends so; click and rich both turn a broken pipe into one with code 1
        if not done.code:
            return DONE
        _mute()
        return BROKEN_PIPE
    except BrokenPipeError:
        _mute()
        return BROKEN_PIPE
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except Exception as error:
        return _report(error)
    return int(code or DONE)


def say(text: str) -> None:
    """A line on stderr."""
    print(text, file=sys.stderr, flush=True)


def _report(error: Exception) -> int:
    if os.environ.get(DEBUG):
        traceback.print_exception(error)
    code, sentence = _verdict(error)
    say(f"error: {sentence}")
    return code


def _verdict(error: Exception) -> tuple[int, str]:
    if isinstance(error, InputError):
        return BAD_INPUT, _one_line(str(error))
    if isinstance(error, _UsageError):
        return BAD_INPUT, _usage(error)
    if isinstance(error, VerificationError):
        return DEFECT, f"{_one_line(str(error))}; please report it with the model, if you can"
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return BAD_INPUT, f"{where}{error.strerror or _one_line(str(error))}"
    if isinstance(error, MemoryError):
        return BAD_INPUT, "there is not enough memory for this model"
    return DEFECT, (
        f"a defect in onnxprune: {type(error).__name__}: {_one_line(str(error))}; "
        f"please report it, with what {DEBUG}=1 prints"
    )


def _usage(error: Any) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "onnxprune"
    message = _one_line(error.format_message()).replace("Value error, ", "").rstrip(".")
    sentences = [text[:1].lower() + text[1:] for text in message.split(". ")]
    return f"{'; '.join(sentences)}; see '{path} --help'"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _mute() -> None:
    """Send what is still buffered nowhere, so that the interpreter's last flush doesn't fail too."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return
