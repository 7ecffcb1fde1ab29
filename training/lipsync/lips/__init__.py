"""Training of the embedded lip-sync model, from text to ``lips.onnx``."""
