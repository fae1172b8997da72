"""`--memory` from the command line to the checkpoints, seen from outside: by how often a script is begun."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

LARGE = """\
import torch
print("begun", file=open("begun.txt", "a"))
w = torch.ones(1_000_000, requires_grad=True)  # 4 MB
opt = torch.optim.SGD([w], lr=0.1)
for step in range(5):
    loss = (w * w).sum()
    loss.backward()
    opt.step()
    opt.zero_grad()
"""


@pytest.mark.parametrize(("options", "begun"), [((), 1), (("--memory", "1"), 2)], ids=["by default", "of 1 MB"])
def test_where_no_checkpoint_fits_the_memory_the_script_is_begun_anew(
    options: tuple[str, ...], begun: int, tmp_path: Path
) -> None:
    (tmp_path / "large.py").write_text(LARGE)
    done = subprocess.run(
        [sys.executable, "-m", "bptui", "--plain", *options, "large.py"],
        input="next 6\nback 2\n",
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "XDG_STATE_HOME": str(tmp_path)},
    )
    assert (done.stderr, done.returncode) == ("", 0)
    assert "\n#4 zero_grad" in done.stdout
    assert (tmp_path / "begun.txt").read_text().count("begun") == begun
