"""Requests made up from the API's own document: none may be answered with a 5xx.

    python fuzz.py URL
"""
import pathlib
import subprocess
import sys

EXAMPLES = 8
SEED = 20131231


def main():
    url, python = sys.argv[1], pathlib.Path(sys.executable)
    basics = pathlib.Path(__file__).parents[1] / "mlflow" / "basic.py"
    # A server with something in it.
    subprocess.run([python, basics, url], check=True)
    subprocess.run([python.with_name("st"), "run", f"{url}/api/v1/openapi.json", "--checks", "not_a_server_error", "--phases", "fuzzing",
                    "--max-examples", str(EXAMPLES), "--seed", str(SEED), "--generation-database", "none", "--suppress-health-check", "all",
                    "--no-color"], check=True)


if __name__ == "__main__":
    main()
