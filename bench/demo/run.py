"""The whole loop of `volano demo`: its time, and the share that is not the project's own code and its environment.

The measure is the loop itself: environments, notebook and training are what any tool would have to wait for.
VOLANO names the binary, DEMO_ARGS adds arguments such as --fast. Standard library only.
"""

import json
import os
import platform
import subprocess
import tempfile
from pathlib import Path

VOLANO = Path(os.environ.get("VOLANO", "target/release/volano")).resolve()


def main() -> None:
    extra = os.environ.get("DEMO_ARGS", "").split()
    with tempfile.TemporaryDirectory() as folder:
        command = [str(VOLANO), "demo", "--json", "--exit", "--port", "0", "--dir", f"{folder}/demo", *extra]
        played = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    steps = [json.loads(line) for line in played.stdout.splitlines()]
    details = [step["details"] for step in steps if step["event"] == "step"]
    reaction = next(d["reaction_ms"] for d in details if "reaction_ms" in d)
    traffic = next(d for d in details if "dropped" in d)
    whole, code = details[-1]["whole_ms"] / 1000, details[-1]["code_ms"] / 1000
    print(f"machine        {platform.node()}, {os.cpu_count()} cores, {platform.processor() or platform.machine()}")
    print(f"whole loop     {whole:8.1f} s {' '.join(extra)}")
    print(f"own code       {code:8.1f} s (environments, notebook, training)")
    print(f"platform       {whole - code:8.1f} s, {100 * (whole - code) / whole:.1f} %")
    print(f"file to run    {reaction / 1000:8.2f} s, of which the trigger waits 10 s for quiet files")
    print(f"rollout        {traffic['answered']} requests answered, {traffic['dropped']} dropped")


if __name__ == "__main__":
    main()
