"""Executes a notebook with parameters and keeps the executed copy, also of one that failed.

Called by the notebook step: notebook.py SOURCE EXECUTED, with the values to inject as JSON in VOLANO_NOTEBOOK_VALUES.
Needs nbformat, nbclient and ipykernel in the step's environment, nothing else.
"""

import json
import os
import sys

MISSING = 78


def main(source, executed):
    try:
        import ipykernel  # noqa: F401
        import nbformat
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError, DeadKernelError
    except ImportError as error:
        print(
            f"a notebook step needs nbclient and ipykernel, and {error.name} cannot be imported: "
            "add both to the requirements of the step's env",
            file=sys.stderr,
        )
        return MISSING

    try:
        notebook = nbformat.read(source, as_version=4)
    except Exception as error:  # the format's own errors have no common base
        print(f"{source} is not a notebook: {error}", file=sys.stderr)
        return MISSING
    values = json.loads(os.environ.pop("VOLANO_NOTEBOOK_VALUES"))
    inject(notebook, values, nbformat.v4.new_code_cell)
    client = NotebookClient(notebook, kernel_name="python3", timeout=None, resources={"metadata": {"path": os.getcwd()}})
    try:
        client.execute()
        return 0
    except CellExecutionError as error:
        print(str(error).rstrip(), file=sys.stderr)
        return 1
    except DeadKernelError:
        print("the notebook's kernel died: it may have run out of memory", file=sys.stderr)
        return 1
    finally:
        nbformat.write(notebook, executed)


def inject(notebook, values, new_code_cell):
    """Adds a cell that sets the values after the one tagged `parameters`, or first when none is."""
    if not values:
        return
    source = "\n".join(f"{name} = {value!r}" for name, value in values.items())
    cell = new_code_cell(source)
    cell.metadata["tags"] = ["injected-parameters"]
    if notebook.nbformat_minor < 5:
        cell.pop("id", None)
    at = 0
    for number, existing in enumerate(notebook.cells):
        if "parameters" in existing.metadata.get("tags", []):
            at = number + 1
            break
    notebook.cells.insert(at, cell)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
