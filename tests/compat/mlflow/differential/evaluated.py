"""Sequences with the edges of every call about evaluation data sets and scorers."""
import json

from pair import Call, get, post

ROOT = "/api/3.0/mlflow/"
NOBODY = "d-" + "0" * 32


def made(name="<d1>", **fields):
    fields = {"name": f"<t0>-{name[1:-1]}", **fields}
    return post(ROOT + "datasets/create", {name: "dataset.dataset_id"}, **fields)


def experiment(name="<e1>"):
    return post("experiments/create", {name: "experiment_id"}, name=f"<t0>-{name[1:-1]}")


def call(method, path, body=None):
    return Call(method, ROOT + path, body)


def shown(name="<d1>"):
    return get(ROOT + f"datasets/{name}")


def records(name="<d1>", **query):
    return get(ROOT + f"datasets/{name}/records", **query)


def upsert(*given, name="<d1>"):
    return post(ROOT + f"datasets/{name}/records", records=json.dumps(given))


def search(**fields):
    return post(ROOT + "datasets/search", **{"experiment_ids": ["<e1>"], **fields})


def life():
    yield "life of an evaluation data set", [
        experiment(), experiment("<e2>"), made(experiment_ids=["<e1>"], tags=json.dumps({"a": "1", "mlflow.user": "ann"})), shown(),
        get(ROOT + "datasets/<d1>/experiment-ids"), made("<d2>"), shown("<d2>"), get(ROOT + "datasets/<d2>/experiment-ids"),
        post(ROOT + "datasets/<d1>/add-experiments", experiment_ids=["<e2>", "<e1>"]), get(ROOT + "datasets/<d1>/experiment-ids"),
        post(ROOT + "datasets/<d1>/add-experiments", experiment_ids=["987654321"]), post(ROOT + "datasets/<d1>/add-experiments", experiment_ids=[]),
        post(ROOT + "datasets/<d1>/add-experiments"), post(ROOT + "datasets/<d1>/add-experiments", experiment_ids="x"),
        post(ROOT + "datasets/<d1>/remove-experiments", experiment_ids=["<e1>", "987654321"]), get(ROOT + "datasets/<d1>/experiment-ids"),
        post(ROOT + "datasets/<d1>/remove-experiments", experiment_ids=["<e1>"]), post(ROOT + "datasets/<d1>/remove-experiments"),
        call("DELETE", "datasets/<d1>", {}), shown(), call("DELETE", "datasets/<d1>", {}), call("DELETE", f"datasets/{NOBODY}"), shown(NOBODY), shown("x"),
        post(ROOT + f"datasets/{NOBODY}/add-experiments", experiment_ids=["<e1>"]), post(ROOT + f"datasets/{NOBODY}/remove-experiments", experiment_ids=["<e1>"]),
        get(ROOT + f"datasets/{NOBODY}/experiment-ids"), call("DELETE", f"datasets/{NOBODY}/records", {"dataset_record_ids": ["dr-x"]}),
        post(ROOT + "datasets/create"), post(ROOT + "datasets/create", name=""), post(ROOT + "datasets/create", name=5), made("<d3>", tags="{"), made("<d3>", tags=5),
        made("<d3>", experiment_ids=["987654321"]), made("<d3>", experiment_ids="x"), made("<d4>", tags=""), shown("<d4>"), made("<d5>"), made("<d5>"), made("<d6>", tags="{}"),
    ]
    yield "tags of an evaluation data set", [
        made(tags=json.dumps({"a": "1", "b": "2"})),
        *[call("PATCH", "datasets/<d1>/tags", {"tags": json.dumps(tags)}) for tags in (
            {"a": "3"}, {"c": ""}, {"n": 1, "f": 1.5, "t": True, "none": None}, {}, {"größe": "ü/ü"}, [])],
        shown(), *[call("PATCH", "datasets/<d1>/tags", body) for body in ({}, {"tags": ""}, {"tags": "{"}, {"tags": {"a": "1"}}, {"tags": "5"})],
        call("PATCH", f"datasets/{NOBODY}/tags", {"tags": "{}"}),
        call("DELETE", "datasets/<d1>/tags/a", {}), call("DELETE", "datasets/<d1>/tags/a"), call("DELETE", "datasets/<d1>/tags/b%20b"), call("DELETE", f"datasets/{NOBODY}/tags/a"), shown(),
    ]


def contents():
    code, human = {"source_type": "CODE", "source_data": {}}, {"source_type": "HUMAN", "source_data": {}}
    trace = {"source_type": "trace", "source_data": {"trace_id": "tr-1", "session_id": "s"}}
    one = {"inputs": {"q": "what?", "n": 1, "deep": {"b": [1, 2.5, None, True], "a": "ü"}}}
    yield "records of an evaluation data set", [
        made(), records(), upsert(), shown(), upsert(one), shown(), records(), upsert({**one, "expectations": {"a": 1}, "source": human}), shown(), records(),
        upsert({"inputs": {"deep": {"a": "ü", "b": [1, 2.5, None, True]}, "n": 1, "q": "what?"}, "expectations": {"b": 2}, "tags": {"t": "1", "mlflow.user": "ann"}}), shown(), records(),
        upsert({**one, "outputs": {"o": 1}}), records(), upsert({**one, "outputs": "text"}), records(), upsert({**one, "outputs": None}), records(), shown(),
        upsert({**one, "expectations": {}, "tags": {}}), upsert({**one, "expectations": None, "tags": None, "source": None}), records(),
    ]
    for title, given in (
        ("a trace", {"source": trace}), ("a document", {"source": {"source_type": "DOCUMENT", "source_data": {"source_id": "p"}}}), ("code", {"source": code}),
        ("nobody", {"source": {"source_type": "UNSPECIFIED"}}), ("an unknown kind", {"source": {"source_type": "ROBOT"}}), ("a text", {"source": "x"}),
        ("no kind", {"source": {}}), ("outputs that are a list", {"outputs": [1]}), ("a user", {"tags": {"mlflow.user": "bob"}}), ("empty expectations", {"expectations": {}}),
        ("wrong inputs", {"inputs": 5}), ("no inputs", {"inputs": None}), ("a list for inputs", {"inputs": [1]}), ("wrong expectations", {"expectations": 5}), ("wrong tags", {"tags": "x"}),
    ):
        yield f"a record of {title}", [made(), upsert({**one, **given}), records(), shown()]
    yield "records that come twice in one call", [made(), upsert(one, {**one, "outputs": 1}, {"inputs": {"q": 2}}, {"outputs": 3}), shown(), upsert({"inputs": {}}, one), shown()]
    yield "bodies of records", [
        made(), *[post(ROOT + "datasets/<d1>/records", **body) for body in ({}, {"records": ""}, {"records": "{"}, {"records": "{}"}, {"records": "5"}, {"records": []}, {"records": "[5]"}, {"records": "[{}]"})],
        records(max_results=1), records(max_results="x"), records(max_results=0), records(page_token="!"), records(NOBODY), upsert(one, name=NOBODY),
        call("DELETE", "datasets/<d1>/records", {"dataset_record_ids": ["dr-" + "0" * 32]}), call("DELETE", "datasets/<d1>/records", {}), call("DELETE", "datasets/<d1>/records", {"dataset_record_ids": "x"}), shown(),
    ]


def searches():
    yield "searching evaluation data sets", [
        experiment(), experiment("<e2>"), made(experiment_ids=["<e1>"], tags=json.dumps({"t": "A", "mlflow.user": "ann"})), made("<d2>", experiment_ids=["<e1>", "<e2>"], tags=json.dumps({"t": "b"})), made("<d3>"),
        search(), search(experiment_ids=["<e2>"]), search(experiment_ids=["<e1>", "<e2>"]), search(experiment_ids=["987654322"]), search(experiment_ids="x"),
        *[search(order_by=order) for order in (["name"], ["name DESC"], ["created_time ASC"], ["last_update_time DESC"], ["created_by"], ["tags.t"], ["nothing"], [""], "name", ["name", "created_time"])],
        *[search(filter_string=text) for text in (
            "name = '<t0>-d1'", 'name = "<t0>-d1"', "name != '<t0>-d1'", "name LIKE '%-d1'", "name ILIKE '%-D1'", "name IN ('<t0>-d1', 'x')", "name NOT IN ('x')", "name > 'a'",
            "created_time > 0", "created_time < 10 AND name = 'x'", "last_update_time >= 5", "created_time = 'x'", "created_time > 1.5", "created_by = 'ann'", "created_by != 'ann'", "last_updated_by LIKE 'a%'",
            "tags.t = 'A'", "tags.t != 'A'", "tags.t LIKE 'a'", "tags.t ILIKE 'a'", "tags.nobody = 'x'", "tags.`t` = 'A'", "tags.t IN ('A')", "tag.t = 'A'", "attributes.name = 'x'", "nothing = 'x'", "metrics.m > 1",
            "name = 5", "name", "= 'x'", "name = 'a' OR name = 'b'", "tags.t = 'A' AND created_by = 'ann' AND name LIKE '%'", "", "  ")],
        search(filter_string=5), search(max_results=1), search(max_results=1, page_token="eyJvZmZzZXQiOiAxfQ=="), search(max_results=-1), search(max_results="x"), search(max_results=50001), search(page_token="!"),
        get(ROOT + "datasets/search", ("experiment_ids", "<e1>"), ("order_by", "name"), max_results=1),
    ]


def scorers():
    definition = json.dumps({"name": "s", "instructions_judge_pydantic_data": {"instructions": "{{ outputs }}", "model": "openai:/gpt"}})

    def register(**fields):
        return post(ROOT + "scorers/register", **{"experiment_id": "<e1>", "name": "s", "serialized_scorer": definition, **fields})

    def one(call_name, **fields):
        return get(ROOT + f"scorers/{call_name}", **{"experiment_id": "<e1>", **fields})

    def delete(**fields):
        return call("DELETE", "scorers/delete", {"experiment_id": "<e1>", "name": "s", **fields})

    def online(**fields):
        return call("PUT", "scorers/online-config", {"experiment_id": "<e1>", "name": "s", "sample_rate": 0, **fields})

    yield "life of a scorer", [
        experiment(), one("list"), register(), register(serialized_scorer=json.dumps({"name": "s", "version": 2})), register(name="größe ü"), one("list"), one("versions", name="s"), one("get", name="s"),
        one("get", name="s", version=1), one("get", name="s", version=3), one("get", name="s", version="x"), one("get", name="nobody"), one("get"), one("versions", name="nobody"), one("versions"),
        delete(version=2), one("get", name="s"), register(serialized_scorer="{}"), one("versions", name="s"), delete(version=9), delete(), delete(), one("versions", name="s"), register(), one("get", name="s"),
        delete(version=1), one("get", name="s"), one("versions", name="s"), one("list"), delete(), call("DELETE", "scorers/delete", {}),
        get(ROOT + "scorers/list", experiment_id="987654321"), get(ROOT + "scorers/list", experiment_id="x"), get(ROOT + "scorers/list", ("experiment_ids", "<e1>"), ("experiment_ids", "<e1>")),
        get(ROOT + "scorers/list", ("experiment_ids", "<e1>"), experiment_id="<e1>"), get(ROOT + "scorers/list", ("experiment_ids", "987654321")),
        post("experiments/delete", experiment_id="<e1>"), one("list"), register(), one("get", name="s"), delete(), get(ROOT + "scorers/list", ("experiment_ids", "<e1>")),
    ]
    code = {"call_source": "return 1"}
    yield "definitions of scorers", [
        experiment(), register(experiment_id="987654321"), register(experiment_id="x"), register(experiment_id=""), register(name=""), register(name="  "), register(name=5), register(serialized_scorer=""),
        *[register(serialized_scorer=text) for text in (
            "{", "[]", "5", json.dumps(code), json.dumps({"ensemble_scorer_data": {"scorers": [code]}}), json.dumps({"call_source": None}), json.dumps({"third_party_scorer_data": {"kwargs": 5}}),
            json.dumps({"third_party_scorer_data": {"model": "m", "kwargs": {"deep": [{"base_url": "x"}]}}}), json.dumps({"third_party_scorer_data": {"kwargs": {"deep": [["fallbacks", 1]]}}}),
            json.dumps({"builtin_scorer_pydantic_data": {"model": " "}}), json.dumps({"builtin_scorer_pydantic_data": {"model": 5}}), json.dumps({"instructions_judge_pydantic_data": {"model": "gateway:/nobody"}}))],
        one("list"),
    ]
    yield "scorers that judge by themselves", [
        experiment(), register(), online(), online(filter_string=""), online(sample_rate=0.5), online(sample_rate=1.5), online(sample_rate=-1), online(sample_rate=None), online(name="nobody"),
        online(experiment_id="987654321"), online(filter_string=5), call("PUT", "scorers/online-config", {}), get(ROOT + "scorers/online-configs", scorer_ids="x"), get(ROOT + "scorers/online-configs"),
    ]


def sequences():
    for part in (life, contents, searches, scorers):
        yield from part()
