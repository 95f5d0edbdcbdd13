"""What a model is calibrated and judged on, and what it does there: activations of its layers, and their moments."""

from onnxprune.calibration.activations import Activation, Activations, collect
from onnxprune.calibration.block import Block, blocks
from onnxprune.calibration.columns import columns, count_positions, outputs
from onnxprune.calibration.cutting import BATCH
from onnxprune.calibration.data import Data
from onnxprune.calibration.layer import Layer, layers
from onnxprune.calibration.likeness import Likeness, compare_blocks
from onnxprune.calibration.moments import CrossMoments, Moments
from onnxprune.calibration.opening import MADE_UP, open_data
from onnxprune.calibration.part import Part, part_of
from onnxprune.calibration.shelf import shelved
from onnxprune.calibration.trials import Opened, Trials

__all__ = [
    "BATCH",
    "MADE_UP",
    "Activation",
    "Activations",
    "Block",
    "CrossMoments",
    "Data",
    "Layer",
    "Likeness",
    "Moments",
    "Opened",
    "Part",
    "Trials",
    "blocks",
    "collect",
    "columns",
    "compare_blocks",
    "count_positions",
    "layers",
    "open_data",
    "outputs",
    "part_of",
    "shelved",
]
