"""A model with sparse weights in plain ONNX Runtime: nothing of onnxprune is imported, only its library is loaded.

python sparse.py LIBRARY MODEL ROWS COLUMNS        the input `x` is ROWS by COLUMNS ones
"""

import sys

import numpy as np
import onnxruntime as ort

NAME = "OnnxPruneExecutionProvider"


def main(library: str, model: str, rows: str, columns: str) -> None:
    """Print the sum of the model's first output."""
    options = ort.SessionOptions()
    options.register_custom_ops_library(library)  # weights that are packed in the file
    ort.register_execution_provider_library(
        "onnxprune", library
    )  # dense weights with zeros; ONNX Runtime 1.23 and newer
    devices = [device for device in ort.get_ep_devices() if device.ep_name == NAME]
    options.add_provider_for_devices(devices, {"min_gain": "1.2"})
    session = ort.InferenceSession(model, options)  # no providers=: that would replace the one in the options
    session.disable_fallback()  # an error is an error, not a second try on another provider
    x = np.ones((int(rows), int(columns)), np.float32)
    print(session.run(None, {"x": x})[0].sum())


if __name__ == "__main__":
    main(*sys.argv[1:])
