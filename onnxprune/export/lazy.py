"""Import a framework when it's needed, and say what to install when it isn't there."""

import importlib
from typing import Any

from onnxprune.errors import InputError
from onnxprune.export.quiet import quiet
from onnxprune.words import cause


def need(name: str, extra: str, what: str = "this export") -> Any:
    """The module `name`, or an `InputError` that names the extra of onnxprune which brings it. what: needs it"""
    try:
        with quiet():
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or name
        raise InputError(f"{what} needs {missing}, which isn't installed: pip install 'onnxprune[{extra}]'") from error
    except Exception as error:  # a broken installation may raise anything
        raise InputError(f"{name} is installed but can't be imported: {cause(error)}") from error
