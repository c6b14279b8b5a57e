"""Random filters and orders over the same sixty runs on both servers: results, their order, and pages."""
import random

from pair import post

RUNS = 60
METRICS = ["acc", "loss", "a b", "train/x", "größe"]
PARAMS = ["lr", "model name", "depth"]
TAGS = ["team", "mlflow.source.name", "x-y"]
WORDS = ["", "a", "A", "ab", "AB", "a%b", "a_b", "ü", "Ü", "0.1", "it's", 'say "x"', "back\\slash", "Ops", "ops"]


def quoted(dice, word):
    """A text in quotes, as MLflow reads it: whatever is between the outer ones."""
    if "'" in word:
        return f'"{word}"'
    if '"' in word:
        return f"'{word}'"
    return dice.choice([f"'{word}'", f'"{word}"'])


def key(dice, name):
    if name.replace("_", "").isalnum() and name.isascii():
        return dice.choice([name, f"`{name}`", f'"{name}"'])
    return dice.choice([f"`{name}`", f'"{name}"'])


def make_runs(pair):
    """The runs, with equal times, missing keys, NaN and infinities, and some deleted."""
    dice = random.Random(7)
    calls = [post("experiments/create", {"<e1>": "experiment_id"}, name="<t0>-filters")]
    for number in range(1, RUNS + 1):
        run = f"<r{number}>"
        calls.append(post("runs/create", {run: "run.info.run_id"}, experiment_id="<e1>", user_id=dice.choice(["ann", "Bob", ""]) or "eve",
                          run_name=dice.choice(WORDS) or "named", start_time=dice.randrange(10)))
        metrics = [{"key": name, "value": dice.choice([0, 1, 1, -1, 0.5, 2, 1e300, "NaN", "Infinity", "-Infinity"]), "timestamp": 1,
                    "step": dice.randrange(3)} for name in METRICS for _ in range(dice.randrange(3))]
        params = [{"key": name, "value": dice.choice(WORDS)} for name in PARAMS if dice.random() < 0.7]
        tags = [{"key": name, "value": dice.choice(WORDS)} for name in TAGS if dice.random() < 0.7]
        calls.append(post("runs/log-batch", run_id=run, metrics=metrics, params=params, tags=tags))
        if dice.random() < 0.6:
            calls.append(post("runs/update", run_id=run, status=dice.choice(["FINISHED", "FAILED", "KILLED"]), end_time=dice.randrange(1, 20)))
        if dice.random() < 0.4:
            calls.append(post("runs/log-inputs", run_id=run, datasets=[{
                "dataset": {"name": dice.choice(["d", "D", "e"]), "digest": dice.choice("123"), "source_type": "local", "source": "{}"},
                "tags": [{"key": "mlflow.data.context", "value": dice.choice(["train", "Test", "eval"])}] if dice.random() < 0.8 else []}]))
        if dice.random() < 0.1:
            calls.append(post("runs/delete-tag", run_id=run, key="mlflow.runName"))
        if dice.random() < 0.1:
            calls.append(post("runs/delete", run_id=run))
    return pair.play(calls)


def spelled(dice, word):
    return dice.choice([word, word.lower(), word.capitalize()])


def number(dice):
    return dice.choice(["0", "1", "-1", "0.5", "2", "1e3", "1.5e-3", "-0.0", "100", "1.0"])


def pattern(dice):
    return dice.choice(["%", "a%", "%b", "%A%", "a_b", "_", "", "%\\%", "ü%", "%'s", "Op%", "a\\_b"])


def comparison(dice):
    """One comparison that MLflow takes."""
    kind = dice.choice(["metric", "param", "tag", "text", "number", "id", "dataset", "null"])
    sign = dice.choice(["=", "!=", ">", "<", ">=", "<="])
    space = dice.choice([" ", "  "])
    if kind == "metric":
        return f"{dice.choice(['metric', 'metrics'])}.{key(dice, dice.choice([*METRICS, 'never']))}{space}{sign}{space}{number(dice)}"
    if kind == "number":
        name = dice.choice(["start_time", "end_time", "attributes.start_time", "attr.end_time", "run.start_time", "Created", "attribute.created", "created"])
        return f"{name} {sign} {dice.choice(['0', '3', '5', '9', '12'])}"
    text = dice.choice(["= ", "!= ", "LIKE ", "ILIKE "])
    value = quoted(dice, dice.choice(WORDS)) if "=" in text else quoted(dice, pattern(dice))
    if kind == "param":
        return f"{dice.choice(['param', 'params', 'parameter', 'parameters'])}.{key(dice, dice.choice([*PARAMS, 'never']))} {text}{value}"
    if kind == "tag":
        return f"{dice.choice(['tag', 'tags'])}.{key(dice, dice.choice([*TAGS, 'mlflow.runName']))} {text}{value}"
    if kind == "null":
        owner, names = dice.choice([("tags", TAGS), ("params", PARAMS)])
        return f"{owner}.{key(dice, dice.choice([*names, 'never']))} {dice.choice(['IS NULL', 'IS NOT NULL', 'is null', 'is not null'])}"
    if kind == "id":
        listed = ", ".join(f"'<r{dice.randrange(1, RUNS + 1)}>'" for _ in range(dice.randrange(1, 4)))
        return f"{dice.choice(['run_id', 'attributes.run_id', 'attr.run_id'])} {dice.choice(['IN', 'NOT IN', 'in', 'not in'])} ({listed})"
    if kind == "dataset":
        name = dice.choice(["name", "digest", "context"])
        value = quoted(dice, dice.choice(["d", "D", "1", "2", "train", "Test", "%a%", "t%"]))
        compare = dice.choice([f"= {value}", f"!= {value}", f"LIKE {value}", f"ILIKE {value}", "IN ('d', 'train', '1')", "NOT IN ('d', 'train', '1')"])
        return f"{dice.choice(['dataset', 'datasets'])}.{name} {compare}"
    name = dice.choice(["status", "attributes.status", "user_id", "run_name", "attributes.`Run name`", "attribute.`run name`", "artifact_uri", "run_id", "attributes.run_name"])
    word = dice.choice(["FINISHED", "RUNNING", "finished", "ann", "bob", "Bob", "a", "ab", "named", "ü", "%artifacts", "F%", "%"])
    return f"{name} {text}{quoted(dice, word)}"


def valid(dice):
    return f" {spelled(dice, 'AND')} ".join(comparison(dice) for _ in range(dice.randrange(1, 4)))


def broken(dice):
    """A valid filter in which something was taken away, doubled or changed."""
    text = valid(dice)
    at = dice.randrange(len(text) + 1)
    change = dice.choice(["cut", "drop", "insert", "token"])
    if change == "cut":
        return text[:at]
    if change == "drop":
        return text[:at] + text[at + 1:]
    if change == "insert":
        return text[:at] + dice.choice("'\"`().,;=<>!%-_ \\1aAé\n") + text[at:]
    parts = text.split(" ")
    parts[dice.randrange(len(parts))] = dice.choice(["AND", "OR", "NOT", "IN", "LIKE", "IS", "NULL", "=", "==", "5", "'x'", "metrics.acc", "select", "(", ")", "--", "nothing.x", "metrics", "!"])
    return " ".join(parts)


def order(dice):
    column = dice.choice([*(f"metrics.{key(dice, name)}" for name in METRICS), *(f"params.{key(dice, name)}" for name in PARAMS),
                          *(f"tags.{key(dice, name)}" for name in TAGS), "start_time", "attributes.end_time", "status", "user_id", "run_name", "run_id",
                          "attribute.Created", "metrics.never", "artifact_uri", "attributes.artifact_uri", "nothing", "metrics", "params.lr ASC DESC"])
    return column + dice.choice(["", " ASC", " DESC", " asc", " desc"])


def search(dice, text):
    orders = [order(dice) for _ in range(dice.randrange(3))]
    view = dice.choice(["ACTIVE_ONLY", "ACTIVE_ONLY", "ALL", "DELETED_ONLY"])
    return post("runs/search", experiment_ids=["<e1>"], filter=text, order_by=orders, run_view_type=view, max_results=100)


def pages(pair, call):
    """Both walk the pages of a search by their own tokens. The first page that differs, or None."""
    for server in (pair.theirs, pair.ours):
        server.names.pop("<p1>", None)
    for step in range(RUNS):
        more = {"page_token": "<p1>"} if step else {}
        difference, _ = pair.both(post(call.path, {"<p1>": "next_page_token"}, **{**call.body, "max_results": 7, **more}))
        if difference is not None or "<p1>" not in pair.ours.names:
            return difference
    return None


def check(pair, count, seed):
    """Tries `count` filters. The first difference, or None."""
    pair.start()
    difference = make_runs(pair)
    if difference is not None:
        return f"making the runs:\n{difference}"
    for number in range(count):
        dice = random.Random(f"{seed} {number}")
        text = valid(dice) if number % 3 else broken(dice)
        call = search(dice, text)
        difference, _ = pair.both(call)
        if difference is None and number % 10 == 1:
            difference = pages(pair, call)
        if difference is not None:
            return f"filter {number} of seed {seed}:\n{difference}"
    return None
