"""How the model of sentences' ends is rebuilt, as training/turns/README.md says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]


def test_sentences_are_not_lost_for_a_folder_that_a_fresh_clone_does_not_have(
    tmp_path: Path,
) -> None:
    (tmp_path / "tatoeba").mkdir()
    (tmp_path / "tatoeba/swe.txt").write_text("The tea is cold.\tTeet är kallt.\n")
    out = tmp_path / "build/sentences.txt"
    command = [sys.executable, "training/turns/gather.py", str(tmp_path), "-o", str(out)]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": "."}, check=True)
    assert out.read_text().startswith("tatoeba\t")
