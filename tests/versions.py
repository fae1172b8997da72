"""Runs tests against the oldest, the pinned and the newest torch, each in a Python of its own. By hand:

    python tests/versions.py                        all three, the engine's tests
    python tests/versions.py oldest tests/engine/tape -x

The environments are made in a temporary folder (some GB each) and used again; `BPTUI_VERSIONS` names another folder.
A Python is looked for under ~/.pyenv/versions and on the path.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = Path(os.environ.get("BPTUI_VERSIONS", Path(tempfile.gettempdir()) / "bptui-versions"))
TESTED = ["tests/engine", "tests/session"]


@dataclass(frozen=True)
class Environment:
    """A Python and the torch in it."""

    python: str
    """Its version, as far as it matters."""
    packages: tuple[str, ...]
    """What is installed besides the tests' own requirements, as pip names it."""


ENVIRONMENTS = {
    "oldest": Environment("3.11", ("torch==2.4.*",)),
    "pinned": Environment("3.12", ("torch==2.13.*",)),
    "newest": Environment("3.13", ("torch",)),
}


def find(version: str) -> str:
    """A Python of that version."""
    own = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    found = str(own[-1]) if own else shutil.which(f"python{version}")
    if found is None:
        sys.exit(f"There is no Python {version}, neither under ~/.pyenv/versions nor on the path.")
    return found


def environment(name: str) -> Path:
    """The Python of that environment, which is made if it is not there yet."""
    wanted, folder = ENVIRONMENTS[name], FOLDER / name
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([find(wanted.python), "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *wanted.packages, f"{ROOT}[test]"], check=True)
        subprocess.run([python, "-m", "pip", "uninstall", "-q", "-y", "bptui"], check=True)  # the checkout is tested
        (folder / "complete").touch()
    return python


def main(arguments: list[str]) -> int:
    """Run them; the number of environments in which something failed."""
    chosen = [each for each in arguments if each in ENVIRONMENTS] or list(ENVIRONMENTS)
    rest = [each for each in arguments if each not in ENVIRONMENTS]
    failed = []
    for name in chosen:
        python = environment(name)
        of = "import platform, torch; print(f'Python {platform.python_version()}, torch {torch.__version__}')"
        print(f"== {name}:", subprocess.check_output([python, "-c", of], text=True).strip(), flush=True)
        tests = rest if any(not each.startswith("-") for each in rest) else [*TESTED, *rest]
        command = [python, "-m", "pytest", "-q", *tests]
        if subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}).returncode:
            failed.append(name)
    print("failed with:" if failed else "all passed", *failed)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
