"""Training of the embedded lip-sync model, from text to ``lips.onnx``."""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # onnxruntime tells Microsoft what runs, else
