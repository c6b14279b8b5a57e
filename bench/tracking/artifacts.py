"""One big file up and down again, beside the same bytes copied through a socket."""

import http.client
import os
import socket
import threading
import time
from pathlib import Path

BUFFER = 1 << 20


def make_file(path: Path, size: int) -> None:
    block = os.urandom(1 << 24)
    with path.open("wb") as file:
        for _ in range(size // len(block)):
            file.write(block)


def copy_through_socket(source: Path, target: Path) -> float:
    """Seconds until the bytes that came through a loopback socket are on disk."""
    listener = socket.create_server(("127.0.0.1", 0))

    def send() -> None:
        with socket.create_connection(listener.getsockname()) as out, source.open("rb") as file:
            out.sendfile(file)

    begun = time.monotonic()
    sender = threading.Thread(target=send)
    sender.start()
    taken, _ = listener.accept()
    buffer = memoryview(bytearray(BUFFER))
    with taken, target.open("wb") as file:
        while count := taken.recv_into(buffer):
            file.write(buffer[:count])
        file.flush()
        os.fsync(file.fileno())
    seconds = time.monotonic() - begun
    sender.join()
    listener.close()
    target.unlink()
    return seconds


def receive_through_socket(source: Path, target: Path) -> float:
    """Seconds to receive the bytes from a loopback socket into a file, as a client that downloads does."""
    listener = socket.create_server(("127.0.0.1", 0))

    def send() -> None:
        taken, _ = listener.accept()
        with taken, source.open("rb") as file:
            taken.sendfile(file)

    sender = threading.Thread(target=send)
    sender.start()
    begun = time.monotonic()
    buffer = memoryview(bytearray(BUFFER))
    with socket.create_connection(listener.getsockname()) as taken, target.open("wb") as file:
        while count := taken.recv_into(buffer):
            file.write(buffer[:count])
    seconds = time.monotonic() - begun
    sender.join()
    listener.close()
    target.unlink()
    return seconds


class Memory(threading.Thread):
    """The most memory a server holds while something is done to it, above what it held before."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.done, self.before = server, False, server.memory_mb()
        self.most = self.before

    def run(self) -> None:
        while not self.done:
            self.most = max(self.most, self.server.memory_mb())
            time.sleep(0.02)

    def grown(self) -> float:
        self.done = True
        self.join()
        return self.most - self.before


def upload(server, source: Path, artifact_uri: str) -> float:
    place = artifact_uri.removeprefix("mlflow-artifacts:")
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    begun = time.monotonic()
    connection.putrequest("PUT", f"/api/2.0/mlflow-artifacts/artifacts{place}/{source.name}")
    connection.putheader("Content-Length", str(source.stat().st_size))
    connection.putheader("Content-Type", "application/octet-stream")
    connection.endheaders()
    with source.open("rb") as file:
        connection.sock.sendfile(file)
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise SystemExit(f"{server.name} answered the upload with {answer.status}")
    return time.monotonic() - begun


def download(server, target: Path, artifact_uri: str, name: str) -> float:
    place = artifact_uri.removeprefix("mlflow-artifacts:")
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    begun = time.monotonic()
    connection.request("GET", f"/api/2.0/mlflow-artifacts/artifacts{place}/{name}")
    answer = connection.getresponse()
    buffer = memoryview(bytearray(BUFFER))
    with target.open("wb") as file:
        while count := answer.readinto(buffer):
            file.write(buffer[:count])
    if answer.status != 200:
        raise SystemExit(f"{server.name} answered the download with {answer.status}")
    return time.monotonic() - begun
