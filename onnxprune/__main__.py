"""`python -m onnxprune`: the same as the command `onnxprune`."""

from onnxprune.cli import main

main()
