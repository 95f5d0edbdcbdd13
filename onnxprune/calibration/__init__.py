"""What a model is calibrated and judged on."""

from onnxprune.calibration.cutting import BATCH
from onnxprune.calibration.data import Data
from onnxprune.calibration.opening import open_data

__all__ = ["BATCH", "Data", "open_data"]
