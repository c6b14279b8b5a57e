"""Versions of files beside DVC, git, and hashing and copying them: small files, one large file, and what appending stores.

    python store.py [--files N] [--large BYTES] [--versions N] [--only ROW,ROW]

Needs VOLANO (the built binary), git, and a Python with dvc and blake3, which runs this script. Every tool works in a folder of its
own with the same bytes; all times are elapsed, with the CPU seconds of the tool's processes in brackets.
"""

import argparse
import os
import platform
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from blake3 import blake3

VOLANO = os.path.abspath(os.environ.get("VOLANO", "target/release/volano"))
DVC = [sys.executable, "-m", "dvc"]
QUIET = {
    **os.environ, "DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": tempfile.gettempdir() + "/dvc-site", "GIT_AUTHOR_NAME": "bench",
    "GIT_AUTHOR_EMAIL": "bench@localhost", "GIT_COMMITTER_NAME": "bench", "GIT_COMMITTER_EMAIL": "bench@localhost",
}


class Spent:
    """Elapsed and CPU seconds of a piece of work, its processes included."""

    def __init__(self, work):
        before, begun = self._cpu(), time.monotonic()
        work()
        self.wall, self.cpu = time.monotonic() - begun, self._cpu() - before

    @staticmethod
    def _cpu() -> float:
        uses = [resource.getrusage(who) for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)]
        return sum(use.ru_utime + use.ru_stime for use in uses)

    def __str__(self) -> str:
        return f"{self.wall:8.2f} ({self.cpu:6.2f})"


def run(folder: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=folder, env=QUIET, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")


def volano(folder: Path, *command: str) -> None:
    run(folder, VOLANO, "--home", str(folder / "home"), *command)


def say(row: str, peers: list[tuple[str, Spent]]) -> None:
    ours = peers[0][1]
    parts = [f"{name} {spent}" + ("" if spent is ours else f" {spent.wall / ours.wall:6.1f} x") for name, spent in peers]
    print(f"{row:<34}" + " | ".join(parts), flush=True)


def held(folder: Path) -> int:
    """Bytes on disk below a folder; what is linked twice counts once."""
    seen = {}
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            look = path.stat()
            seen[look.st_ino] = look.st_size
    return sum(seen.values())


def hash_and_copy(source: Path, target: Path) -> None:
    for path in [source] if source.is_file() else sorted(p for p in source.rglob("*") if p.is_file()):
        hasher = blake3(max_threads=blake3.AUTO)
        hasher.update_mmap(path) if path.stat().st_size else None
        to = target / path.relative_to(source.parent)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, to)


def tools(folder: Path, make) -> dict[str, Path]:
    """A folder for each tool with the same bytes in `data`, DVC and git set up."""
    made = {}
    for name in ("volano", "dvc", "git", "copy"):
        made[name] = folder / name
        made[name].mkdir(parents=True)
        make(made[name] / "data")
    for name in ("dvc", "git"):
        run(made[name], "git", "init", "-q")
    run(made["dvc"], *DVC, "init", "-q")
    return made


def small(folder: Path, files: int) -> None:
    """Files of a few hundred bytes to a few kilobytes in folders of 100."""
    def make(target: Path) -> None:
        chance = random.Random(7)
        for number in range(files):
            path = target / f"{number // 100:04d}" / f"{number:06d}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(chance.randbytes(chance.randint(200, 4_000)))

    at = tools(folder / "small", make)
    say(f"add {files:,} small files", [
        ("Volano", Spent(lambda: volano(at["volano"], "data", "add", "data", "--name", "small"))),
        ("DVC", Spent(lambda: run(at["dvc"], *DVC, "add", "-q", "data"))),
        ("hash and copy", Spent(lambda: hash_and_copy(at["copy"] / "data", at["copy"] / "to"))),
    ])
    run(at["git"], "git", "add", "data")
    run(at["git"], "git", "commit", "-qm", "all")
    say("add them again, nothing changed", [
        ("Volano", Spent(lambda: volano(at["volano"], "data", "add", "data", "--name", "small"))),
        ("DVC status", Spent(lambda: run(at["dvc"], *DVC, "status", "-q"))),
        ("git status", Spent(lambda: run(at["git"], "git", "status", "-s"))),
    ])
    # Moved, not removed: a file system is slow to give out inodes that have just become free.
    (at["dvc"] / "data").rename(at["dvc"].with_name("aside"))
    say("take them out", [
        ("Volano", Spent(lambda: volano(at["volano"], "data", "checkout", "small@v1", "out"))),
        ("DVC checkout", Spent(lambda: run(at["dvc"], *DVC, "checkout", "-q"))),
        ("copy", Spent(lambda: shutil.copytree(at["copy"] / "data", at["copy"] / "out"))),
    ])
    shutil.rmtree(folder / "small")


def write_random(path: Path, size: int, seed: int, mode: str = "wb") -> None:
    chance = random.Random(seed)
    with open(path, mode) as file:
        for left in range(size, 0, -(1 << 20)):
            file.write(chance.randbytes(min(left, 1 << 20)))


def large(folder: Path, size: int, versions: int) -> None:
    """One large file, and versions of it that each grow by a hundredth."""
    def make(target: Path) -> None:
        target.mkdir()
        write_random(target / "big.bin", size, 11)

    at = tools(folder / "large", make)

    def add(name: str) -> None:
        if name == "volano":
            volano(at["volano"], "data", "add", "data/big.bin", "--name", "large")
        else:
            run(at["dvc"], *DVC, "add", "-q", "data/big.bin")

    say(f"add a file of {size / 1e9:.1f} GB", [
        ("Volano", Spent(lambda: add("volano"))), ("DVC", Spent(lambda: add("dvc"))),
        ("hash and copy", Spent(lambda: hash_and_copy(at["copy"] / "data" / "big.bin", at["copy"] / "to"))),
    ])
    stores = {"volano": at["volano"] / "home", "dvc": at["dvc"] / ".dvc" / "cache"}
    before, times = {}, {name: [] for name in stores}
    step = size // 100
    for version in range(1, versions):
        if version == 2:
            # From here on, since the older versions are in packs then, beside the newest, which stays whole.
            before = {name: held(store) for name, store in stores.items()}
        for name in stores:
            write_random(at[name] / "data" / "big.bin", step, 100 + version, "ab")
            times[name].append(Spent(lambda name=name: add(name)))
        volano(at["volano"], "data", "gc")
    for name, store in stores.items():
        grown = (held(store) - before[name]) / (step * (versions - 2))
        typical = sorted(times[name], key=lambda spent: spent.wall)[len(times[name]) // 2]
        whole = held(store) / (size + step * (versions - 1))
        print(
            f"  1 % more, {versions - 1} times: {name:<8} {typical}, each stores {grown:6.2f} x what was appended; "
            f"all {versions} versions are {whole:.2f} x the newest", flush=True,
        )
    shutil.rmtree(folder / "large")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=2 << 30)
    parser.add_argument("--versions", type=int, default=6)
    parser.add_argument("--only", default="small,large")
    options = parser.parse_args()
    print(f"machine: {platform.node()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; seconds (CPU seconds)")
    with tempfile.TemporaryDirectory(prefix="volano-data-", dir=os.environ.get("BENCH_FOLDER")) as name:
        folder = Path(name)
        if "small" in options.only:
            small(folder, options.files)
        if "large" in options.only:
            large(folder, options.large, options.versions)


if __name__ == "__main__":
    main()
