"""Loads one MLflow model and answers prediction frames on the socket that it gets as standard input.

Runs inside the model's own environment; needs nothing but mlflow, and what mlflow itself needs.

A frame is <u32 length of head><u64 length of body><head: JSON><body: blocks, one after the other>. The head lists
the blocks: {"name", "type", "shape", "bytes"}; a type is numpy's two characters ("f8", "i8", "b1", ...), "M8" (times
in nanoseconds), "json" (a JSON list) or "b64" (a JSON list of base64 texts). Numbers are little-endian.
"""
import base64
import ctypes
import json
import os
import resource
import signal
import socket
import struct
import sys
import traceback

FRAME = struct.Struct("<IQ")
# Loaders whose model checks nothing beyond the signature, which the server has enforced already.
DIRECT = {"mlflow.sklearn", "mlflow.xgboost", "mlflow.lightgbm", "mlflow.catboost"}
NOT_A_TIME = -(2**63)


def die_with(parent):
    """No worker outlives its server, however that ends."""
    PR_SET_PDEATHSIG = 1
    try:
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    except (AttributeError, OSError):
        pass  # Not Linux: the closed socket ends the worker after its current request.
    if os.getppid() != parent:
        os._exit(1)


def take_socket():
    """Keeps the socket for frames alone: code that reads standard input or prints must not touch it."""
    channel = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    channel.setblocking(True)
    return channel


def receive(channel):
    head_length, body_length = FRAME.unpack(read_exactly(channel, FRAME.size))
    head = json.loads(bytes(read_exactly(channel, head_length)))
    return head, read_exactly(channel, body_length)


def read_exactly(channel, length):
    data = bytearray(length)
    view = memoryview(data)
    while view:
        count = channel.recv_into(view)
        if count == 0:
            os._exit(0)  # The server has let go of this worker.
        view = view[count:]
    return data


def send(channel, head, blocks=()):
    text = json.dumps(head).encode()
    body = b"".join(blocks)
    channel.sendall(FRAME.pack(len(text), len(body)) + text + body)


class Model:
    """The loaded model and what makes calling it fast."""

    def __init__(self, folder):
        import numpy
        import pandas
        from mlflow import pyfunc

        self.numpy = numpy
        self.pandas = pandas
        self.model = pyfunc.load_model(folder)
        flavor = self.model.metadata.flavors.get("python_function", {})
        self.inner = getattr(self.model, "_model_impl", None)
        self.may_be_direct = flavor.get("loader_module") in DIRECT and hasattr(self.inner, "predict")
        self.direct = None
        self.columns = {}

    def predict(self, head, body):
        data = self.read(head, body)
        params = head.get("params") or None
        # The same answer by the short way, proved once, saves mlflow's second check of the schema.
        if self.direct is None and self.may_be_direct and head["kind"] == "table" and not params:
            answer = self.model.predict(data)
            self.direct = same(self.numpy, answer, self.inner.predict(data))
            return answer
        if self.direct and head["kind"] == "table" and not params:
            return self.inner.predict(data)
        return self.model.predict(data, params=params) if params else self.model.predict(data)

    def read(self, head, body):
        arrays = list(self.arrays(head["blocks"], body))
        kind = head["kind"]
        if kind == "matrix":
            key = tuple(head["columns"])
            index = self.columns.get(key)
            if index is None:
                index = self.columns[key] = self.pandas.Index(head["columns"])
            return self.pandas.DataFrame(arrays[0][1], columns=index, copy=False)
        if kind == "table":
            if len(arrays) == 0:
                return self.pandas.DataFrame(index=range(head["rows"]))
            return self.pandas.DataFrame(dict(arrays))
        if kind == "tensor":
            return arrays[0][1]
        if kind == "named":
            return dict(arrays)
        return arrays[0][1][0]

    def arrays(self, blocks, body):
        view = memoryview(body)
        position = 0
        for block in blocks:
            part = view[position : position + block["bytes"]]
            position += block["bytes"]
            yield block["name"], self.array(block, part)

    def array(self, block, part):
        kind = block["type"]
        if kind == "json":
            return json.loads(bytes(part))
        if kind == "b64":
            return [None if item is None else base64.b64decode(item) for item in json.loads(bytes(part))]
        if kind == "M8":
            return self.numpy.frombuffer(part, dtype="<i8").view("M8[ns]")
        kind = "?" if kind == "b1" else "<" + kind
        return self.numpy.frombuffer(part, dtype=kind).reshape(block["shape"])

    def write(self, answer):
        """The answer as a head and blocks."""
        numpy, pandas = self.numpy, self.pandas
        if hasattr(answer, "toarray") and hasattr(answer, "tocsr"):
            answer = answer.toarray()
        if isinstance(answer, pandas.Series):
            answer = pandas.DataFrame(answer)
        if isinstance(answer, pandas.DataFrame):
            blocks = [self.block(str(name), answer[name].to_numpy()) for name in answer.columns]
            return {"kind": "table", "rows": len(answer)}, blocks
        if isinstance(answer, numpy.ndarray):
            return {"kind": "tensor"}, [self.block("", answer)]
        if isinstance(answer, dict) and answer and all(is_numbers(numpy, item) for item in answer.values()):
            return {"kind": "named"}, [self.block(str(name), item) for name, item in answer.items()]
        return {"kind": "json"}, [self.json_block("", [answer])]

    def block(self, name, array):
        numpy = self.numpy
        if not is_numbers(numpy, array):
            return self.json_block(name, array.tolist())
        if array.dtype == numpy.float16:
            array = array.astype(numpy.float32)
        array = numpy.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        code = "b1" if array.dtype.kind == "b" else array.dtype.kind + str(array.dtype.itemsize)
        data = array.tobytes()
        return {"name": name, "type": code, "shape": list(array.shape), "bytes": len(data)}, data

    def json_block(self, name, items):
        from mlflow.utils.proto_json_utils import NumpyEncoder

        data = json.dumps(items, cls=NumpyEncoder).encode()
        return {"name": name, "type": "json", "shape": [len(items)], "bytes": len(data)}, data


def is_numbers(numpy, array):
    return isinstance(array, numpy.ndarray) and array.dtype.kind in "biuf" and array.dtype.itemsize <= 8


def same(numpy, left, right):
    if type(left) is not type(right):
        return False
    left, right = numpy.asarray(left), numpy.asarray(right)
    floats = left.dtype.kind == "f" and right.dtype.kind == "f"
    return left.dtype == right.dtype and numpy.array_equal(left, right, equal_nan=floats)


def answer_frames(channel, model):
    while True:
        head, body = receive(channel)
        try:
            reply, blocks = model.write(model.predict(head, body))
            reply["blocks"] = [block for block, _ in blocks]
            send(channel, reply, [data for _, data in blocks])
        except Exception as error:
            traceback.print_exc()
            send(channel, {"kind": "error", "message": describe(error), "blocks": []})


def describe(error):
    text = str(error).strip() or type(error).__name__
    return text if len(text) <= 2000 else text[:2000] + "..."


def main():
    folder, parent = sys.argv[1], int(sys.argv[2])
    die_with(parent)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = take_socket()
    try:
        model = Model(folder)
    except BaseException as error:
        traceback.print_exc()
        send(channel, {"kind": "error", "message": describe(error), "blocks": []})
        return 1
    send(channel, {"kind": "ready", "blocks": []})
    answer_frames(channel, model)
    return 0


if __name__ == "__main__":
    sys.exit(main())
