"""Asks a deployment through the unmodified tritonclient: health, metadata, inference with binary and JSON tensors.

    python client.py URL DEPLOYMENT

The deployment takes the columns hour (long), distance (double), carrier (string), all of them required.
"""
import sys
from urllib.parse import urlparse

import numpy as np
import tritonclient.http as http
from tritonclient.utils import InferenceServerException


def inputs(binary):
    columns = {
        "hour": ("INT64", np.array([8, 20], dtype=np.int64)),
        "distance": ("FP64", np.array([500.0, 1200.0])),
        "carrier": ("BYTES", np.array([b"UA", b"DL"], dtype=np.object_)),
    }
    tensors = []
    for name, (datatype, values) in columns.items():
        tensor = http.InferInput(name, list(values.shape), datatype)
        tensor.set_data_from_numpy(values, binary_data=binary)
        tensors.append(tensor)
    return tensors


def main():
    url, deployment = sys.argv[1:3]
    client = http.InferenceServerClient(urlparse(url).netloc)
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready(deployment)
    metadata = client.get_model_metadata(deployment)
    assert [column["name"] for column in metadata["inputs"]] == ["hour", "distance", "carrier"], metadata
    output = metadata["outputs"][0]["name"] if metadata["outputs"][0]["name"] != "output-0" else "predictions"
    answers = []
    for binary in (True, False):
        asked = [http.InferRequestedOutput(output, binary_data=binary)]
        result = client.infer(deployment, inputs(binary), outputs=asked, request_id="r-1")
        assert result.get_response()["id"] == "r-1"
        answers.append(result.as_numpy(output))
    assert answers[0].shape == (2, 2), answers
    assert np.array_equal(answers[0], answers[1])
    assert np.allclose(answers[0].sum(axis=1), 1)
    try:
        client.infer("no-such-deployment", inputs(True))
        raise AssertionError("an unknown model answered")
    except InferenceServerException as error:
        assert "no-such-deployment" in str(error), error
    print("ok")


main()
