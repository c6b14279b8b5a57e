"""Data versions and profiles beside their peers, which are installed from PyPI into a Python of their own.

    python run.py [profile|store …]
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
PYTHON = HERE.parents[1] / "target" / "bench-data"


def main() -> None:
    if not (PYTHON / "bin" / "python").exists():
        venv.create(PYTHON, with_pip=True)
    python = str(PYTHON / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "-q", "-r", str(HERE / "requirements.txt")], check=True)
    wanted = sys.argv[1:] or sorted(path.stem for path in HERE.glob("*.py") if path.name != "run.py")
    for name in wanted:
        subprocess.run([python, str(HERE / f"{name}.py")], check=True, env=dict(os.environ))


if __name__ == "__main__":
    main()
