"""onnxprune inside of other programs. Their packages are imported where they are used, and needed there only."""
