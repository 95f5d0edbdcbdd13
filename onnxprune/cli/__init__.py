"""The command line: one module per command."""

from onnxprune.cli.app import app, main

__all__ = ["app", "main"]
