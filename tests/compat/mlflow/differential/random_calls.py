"""Random sequences of calls over a few experiments, runs and keys, made small again when the two servers disagree."""
import random

from pair import get, post

KEYS = ["m", "a/b", "größe", "x y", "k"]
TEXTS = ["", "1", "2", "it's", "ü", "NaN", "v" * 6001, "a\nb"]
NUMBERS = [0, 1, -1, 2.5, 1e300, -1e-300, "NaN", "Infinity", "-Infinity", "7"]
TIMES = [0, 1, 2, 3, 1700000000000]
STEPS = [-1, 0, 1, 2, 2**40]
STATUSES = ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"]
VIEWS = ["ACTIVE_ONLY", "DELETED_ONLY", "ALL"]


def metric(pick):
    return {"key": pick(KEYS), "value": pick(NUMBERS), "timestamp": pick(TIMES), "step": pick(STEPS)}


def text(pick):
    return {"key": pick(KEYS), "value": pick(TEXTS)}


def few(dice, make):
    return [make(dice.choice) for _ in range(dice.randrange(4))]


def call(dice):
    """One call; most name things that there are."""
    pick = dice.choice
    experiment, run = pick(["<e1>", "<e2>"]), pick(["<r1>", "<r2>", "<r3>"])
    made = f"<r{dice.randrange(1, 4)}>"
    return pick([
        lambda: post("experiments/create", {experiment: "experiment_id"}, name=f"<t0>-{pick('ab')}"),
        lambda: get("experiments/get", experiment_id=experiment),
        lambda: get("experiments/get-by-name", experiment_name=f"<t0>-{pick('ab')}"),
        lambda: post("experiments/update", experiment_id=experiment, new_name=f"<t0>-{pick('abc')}"),
        lambda: post("experiments/delete", experiment_id=experiment),
        lambda: post("experiments/restore", experiment_id=experiment),
        lambda: post("experiments/set-experiment-tag", experiment_id=experiment, **text(pick)),
        lambda: post("experiments/delete-experiment-tag", experiment_id=experiment, key=pick(KEYS)),
        lambda: post("experiments/search", filter=f"name LIKE '<t0>%'", max_results=pick([1, 10]), view_type=pick(VIEWS)),
        lambda: post("runs/create", {made: "run.info.run_id"}, experiment_id=experiment, user_id="ann", run_name=pick(["one", "two"]),
                     start_time=pick(TIMES), tags=[text(pick)] if pick([0, 1]) else []),
        lambda: get("runs/get", run_id=run),
        lambda: post("runs/update", run_id=run, status=pick(STATUSES), end_time=pick(TIMES), **pick([{}, {"run_name": "new"}])),
        lambda: post("runs/delete", run_id=run),
        lambda: post("runs/restore", run_id=run),
        lambda: post("runs/log-metric", run_id=run, **metric(pick)),
        lambda: post("runs/log-parameter", run_id=run, **text(pick)),
        lambda: post("runs/set-tag", run_id=run, **text(pick)),
        lambda: post("runs/set-tag", run_id=run, key="mlflow.runName", value=pick(["three", "four"])),
        lambda: post("runs/delete-tag", run_id=run, key=pick([*KEYS, "mlflow.runName"])),
        lambda: post("runs/log-batch", run_id=run, metrics=few(dice, metric), params=few(dice, text), tags=few(dice, text)),
        lambda: post("runs/log-inputs", run_id=run, datasets=[{
            "tags": [{"key": "mlflow.data.context", "value": pick(["train", "test"])}],
            "dataset": {"name": pick("de"), "digest": pick("12"), "source_type": "local", "source": pick(["{}", "[]"]), "profile": pick(["p", ""])}}]),
        lambda: get("metrics/get-history", run_id=run, metric_key=pick(KEYS), **pick([{}, {"max_results": 2}])),
        lambda: get("metrics/get-history-bulk-interval", ("run_ids", run), metric_key=pick(KEYS), max_results=pick([1, 2, 3])),
        lambda: post("runs/search", experiment_ids=["<e1>", "<e2>"], run_view_type=pick(VIEWS), max_results=pick([1, 2, 100]),
                     filter=pick(["", "metrics.m > 0", "params.k = '1'", "tags.k != '1'", "attributes.status = 'RUNNING'", "run_name = 'new'", "dataset.name = 'd'"]),
                     order_by=pick([[], ["metrics.m DESC"], ["params.k"], ["tags.`x y` DESC"], ["end_time"], ["run_name DESC"]])),
    ])()


def sequence(seed, length=12):
    """The sequence of a seed: a beginning that makes something, and random calls."""
    dice = random.Random(seed)
    start = [post("experiments/create", {"<e1>": "experiment_id"}, name="<t0>-a"), post("experiments/create", {"<e2>": "experiment_id"}, name="<t0>-b")]
    start += [post("runs/create", {f"<r{number}>": "run.info.run_id"}, experiment_id=f"<e{number}>", user_id="ann", start_time=number, run_name="one") for number in (1, 2)]
    return start + [call(dice) for _ in range(length)]


def differs(pair, calls):
    pair.start()
    return pair.play(calls)


def shrink(pair, calls):
    """The calls without those that the difference does not need."""
    at = 0
    while at < len(calls):
        fewer = calls[:at] + calls[at + 1:]
        if differs(pair, fewer) is not None:
            calls = fewer
        else:
            at += 1
    return calls


def check(pair, count, seed):
    """Plays `count` sequences. The first difference with the shortest sequence that shows it, or None."""
    for number in range(count):
        calls = sequence(f"{seed} {number}")
        if differs(pair, calls) is not None:
            calls = shrink(pair, calls)
            told = differs(pair, calls)
            shown = "\n".join(f"  {call}" for call in calls)
            return f"sequence {number} of seed {seed}, made short:\n{shown}\n{told}"
    return None
