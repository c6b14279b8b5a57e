"""Evaluation data sets and scorers through the unmodified client.

    python evaluation.py URL
"""
import json
import sys

import mlflow
import pandas
import requests
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.genai import datasets
from mlflow.genai.judges import make_judge
from mlflow.genai.scorers import RelevanceToQuery, delete_scorer, get_scorer, list_scorers, scorer
from mlflow.genai.scorers.registry import list_scorer_versions

import harness


def refused(code, call, *args, **named):
    """The message of a call that must be refused with a code."""
    try:
        call(*args, **named)
    except MlflowException as error:
        assert error.error_code == code, error
        return str(error)
    raise AssertionError(f"{call} was not refused")


def experiment(name):
    return MlflowClient().create_experiment(name)


def question(number, **more):
    return {"inputs": {"question": f"what is {number}?", "context": {"n": number, "list": [1, None, "ü"]}}, **more}


def check_life_of_a_data_set():
    """genai.datasets: create_dataset, get_dataset by id and name, tags, delete_dataset."""
    first, second = experiment("evaluation"), experiment("evaluation too")
    made = datasets.create_dataset(name="it's \"here\"", experiment_id=[first], tags={"team": "ops", "level": "3"})
    assert made.dataset_id.startswith("d-") and made.name == "it's \"here\"" and made.tags["team"] == "ops", made
    assert made.created_by == made.tags["mlflow.user"] and made.schema is None and made.profile is None
    named = datasets.create_dataset(name="it's here", experiment_id=first)
    found = datasets.get_dataset(name="it's here")
    assert (found.dataset_id, found.digest, found.created_time) == (named.dataset_id, named.digest, named.created_time)
    assert found.experiment_ids == [first], found.experiment_ids
    datasets.set_dataset_tags(dataset_id=made.dataset_id, tags={"team": "science", "empty": ""})
    datasets.delete_dataset_tag(dataset_id=made.dataset_id, key="level")
    datasets.delete_dataset_tag(dataset_id=made.dataset_id, key="level")
    tags = datasets.get_dataset(dataset_id=made.dataset_id).tags
    assert tags["team"] == "science" and tags["empty"] == "" and "level" not in tags, tags
    datasets.add_dataset_to_experiments(dataset_id=made.dataset_id, experiment_ids=[second, first])
    assert datasets.get_dataset(dataset_id=made.dataset_id).experiment_ids == [first, second]
    datasets.remove_dataset_from_experiments(dataset_id=made.dataset_id, experiment_ids=[first])
    assert datasets.get_dataset(dataset_id=made.dataset_id).experiment_ids == [second]
    refused("RESOURCE_DOES_NOT_EXIST", datasets.add_dataset_to_experiments, dataset_id=made.dataset_id, experiment_ids=["987654321"])
    datasets.delete_dataset(dataset_id=made.dataset_id)
    datasets.delete_dataset(dataset_id=made.dataset_id)
    said = refused("RESOURCE_DOES_NOT_EXIST", datasets.get_dataset, dataset_id=made.dataset_id)
    assert f"Evaluation dataset with id '{made.dataset_id}' not found" in said, said


def check_records():
    """EvaluationDataset: merge_records of lists and frames, to_df, records, delete_records; schema and profile."""
    made = datasets.create_dataset(name="records", experiment_id="0")
    made.merge_records([question(n, expectations={"answer": n}) for n in range(3)])
    digest = made.digest
    made.merge_records([
        question(2, expectations={"checked": True}, tags={"hard": "yes"}),
        question(3, outputs={"text": "three"}),
        question(3, outputs=None, source={"source_type": "DOCUMENT", "source_data": {"source_id": "page 7"}}),
    ])
    again = datasets.get_dataset(dataset_id=made.dataset_id)
    assert again.digest != digest and json.loads(again.profile) == {"num_records": 4}, again.profile
    schema = json.loads(again.schema)
    assert schema["inputs"] == {"question": "string", "context": "object"}, schema
    assert schema["expectations"] == {"answer": "integer", "checked": "boolean"} and schema["outputs"] == {"text": "string"}, schema
    records = again.records if hasattr(again, "records") else again._mlflow_dataset.records
    assert [record.inputs["context"]["n"] for record in records] == [0, 1, 2, 3], records
    assert records[2].expectations == {"answer": 2, "checked": True} and records[2].tags["hard"] == "yes", records[2]
    assert records[0].source_type == "HUMAN" and records[3].source_type == "CODE", records
    assert records[3].outputs is None and records[0].outputs == {}, records
    frame = again.to_df()
    assert list(frame["inputs"]) == [record.inputs for record in records] and frame["expectations"][0] == {"answer": 0}, frame
    other = datasets.create_dataset(name="of a frame", experiment_id="0")
    other.merge_records(pandas.DataFrame({"inputs": list(frame["inputs"]), "expectations": [{"answer": n} for n in range(4)]}))
    assert len(other.to_df()) == 4
    store = MlflowClient()._tracking_client.store
    ids = [record.dataset_record_id for record in records]
    assert store.delete_dataset_records(made.dataset_id, [ids[0], ids[0], "dr-unknown"]) == 1
    page, token = store._load_dataset_records(made.dataset_id, max_results=2)
    assert [record.dataset_record_id for record in page] == ids[1:3], page
    rest, token = store._load_dataset_records(made.dataset_id, max_results=2, page_token=token)
    assert [record.dataset_record_id for record in rest] == ids[3:] and token is None, rest
    assert store.delete_dataset_records(made.dataset_id, ids) == 3
    assert len(datasets.get_dataset(dataset_id=made.dataset_id).to_df()) == 0


def check_many_records():
    """EvaluationDataset: more records than one page, loaded whole and in order."""
    made = datasets.create_dataset(name="many", experiment_id="0")
    made.merge_records([question(n, expectations={"answer": n}) for n in range(2500)])
    made.merge_records([question(n, expectations={"more": n}) for n in range(2400, 2600)])
    frame = datasets.get_dataset(dataset_id=made.dataset_id).to_df()
    assert [inputs["context"]["n"] for inputs in frame["inputs"]] == list(range(2600))
    assert frame["expectations"][2450] == {"answer": 2450, "more": 2450}, frame["expectations"][2450]


def check_bad_records():
    """records of the wrong shape are refused with their place, and nothing of the call is kept."""
    made = datasets.create_dataset(name="bad records", experiment_id="0")
    store = MlflowClient()._tracking_client.store
    for bad, place in (
        ([question(1), 5], "records[1]"), ([{"inputs": [1]}], "records[0].inputs"), ([{"inputs": {}, "tags": 1}], "records[0].tags"),
        ([{"inputs": {}, "source": {"source_type": "ROBOT"}}], "records[0].source.source_type"), ({}, "records"),
        ([{"inputs": {"x": float("nan")}}], "records"),
    ):
        said = refused("INVALID_PARAMETER_VALUE", store.upsert_dataset_records, made.dataset_id, bad)
        assert place in said, (bad, said)
    assert len(datasets.get_dataset(dataset_id=made.dataset_id).to_df()) == 0
    refused("RESOURCE_DOES_NOT_EXIST", store.upsert_dataset_records, "d-" + "0" * 32, [question(1)])


def check_search_of_data_sets():
    """genai.datasets: search_datasets by experiment, name, tag and user, in order and in pages."""
    here = experiment("search of data sets")
    made = [datasets.create_dataset(name=f"found {n}", experiment_id=here, tags={"n": str(n), "mlflow.user": "ann"}) for n in range(5)]

    def names(filter_string=None, **more):
        return [found.name for found in datasets.search_datasets(experiment_ids=[here], filter_string=filter_string, **more)]

    assert names(order_by=["name"]) == [f"found {n}" for n in range(5)]
    assert names() == [f"found {n}" for n in reversed(range(5))]
    assert names("name LIKE 'found%' AND tags.n = '3'") == ["found 3"]
    assert names("name IN ('found 1', 'found 2')", order_by=["created_time ASC"]) == ["found 1", "found 2"]
    assert names("created_by = 'ann' AND last_updated_by != 'bob'", max_results=2) == ["found 4", "found 3"]
    assert names(f"created_time > {made[3].created_time}") in (["found 4"], [])
    assert names("tags.n != '3'", order_by=["name DESC"]) == ["found 4", "found 2", "found 1", "found 0"]
    page = MlflowClient().search_datasets(experiment_ids=[here], max_results=3, order_by=["name ASC"])
    rest = MlflowClient().search_datasets(experiment_ids=[here], max_results=3, order_by=["name ASC"], page_token=page.token)
    assert [found.name for found in [*page, *rest]] == [f"found {n}" for n in range(5)] and not rest.token
    assert [found.name for found in datasets.search_datasets(experiment_ids=["0"], filter_string="name LIKE 'found%'")] == []
    for bad in ("color = 'x'", "name > 'x'", "created_time LIKE 'x'", "metrics.m > 1"):
        refused("INVALID_PARAMETER_VALUE", names, bad)
    refused("INVALID_PARAMETER_VALUE", names, order_by=["tags.n"])


def check_scorers():
    """genai.scorers: register, list_scorers, get_scorer, list_scorer_versions, delete_scorer, stop."""
    here = experiment("scorers")
    judge = make_judge(name="polite", instructions="Is {{ outputs }} polite?", model="openai:/gpt-4o-mini", feedback_value_type=bool)
    made = judge.register(experiment_id=here)
    assert made.name == "polite"
    second = make_judge(name="polite", instructions="Is {{ outputs }} very polite?", model="openai:/gpt-4o-mini", feedback_value_type=bool)
    second.register(experiment_id=here)
    RelevanceToQuery(model="openai:/gpt-4o-mini").register(name="relevant", experiment_id=here)
    assert sorted(found.name for found in list_scorers(experiment_id=here)) == ["polite", "relevant"]
    assert get_scorer(name="polite", experiment_id=here).instructions == "Is {{ outputs }} very polite?"
    assert get_scorer(name="polite", experiment_id=here, version=1).instructions == "Is {{ outputs }} polite?"
    assert [version for _, version in list_scorer_versions(name="polite", experiment_id=here)] == [1, 2]
    stopped = get_scorer(name="polite", experiment_id=here).stop(experiment_id=here)
    assert stopped.sample_rate == 0.0 and get_scorer(name="polite", experiment_id=here).sample_rate == 0.0, stopped
    delete_scorer(name="polite", experiment_id=here, version=2)
    assert get_scorer(name="polite", experiment_id=here).instructions == "Is {{ outputs }} polite?"
    said = refused("RESOURCE_DOES_NOT_EXIST", get_scorer, name="polite", experiment_id=here, version=2)
    assert f"Scorer with name 'polite' and version 2 not found for experiment {here}." in said, said
    delete_scorer(name="polite", experiment_id=here, version="all")
    said = refused("RESOURCE_DOES_NOT_EXIST", get_scorer, name="polite", experiment_id=here)
    assert f"Scorer with name 'polite' not found for experiment {here}." in said, said
    assert [found.name for found in list_scorers(experiment_id=here)] == ["relevant"]
    MlflowClient().delete_experiment(here)
    refused("INVALID_PARAMETER_VALUE", list_scorers, experiment_id=here)


def check_refused_scorers():
    """scorers with code, without JSON, behind a gateway that is not there, or judging by themselves are refused."""
    here = experiment("refused scorers")
    store = MlflowClient()._tracking_client.store

    @scorer
    def custom(outputs):
        return len(outputs) > 3

    code = json.dumps({**{"name": "custom"}, "call_source": "return True", "original_func_name": "custom", "call_signature": "(outputs)"})
    for bad in ("{", "[]", code, json.dumps({"third_party_scorer_data": {"kwargs": {"api_base": "http://10.0.0.1"}}})):
        refused("INVALID_PARAMETER_VALUE", store.register_scorer, here, "bad", bad)
    refused("INVALID_PARAMETER_VALUE", custom.register, experiment_id=here)
    refused("INVALID_PARAMETER_VALUE", store.register_scorer, here, "  ", "{}")
    gateway = make_judge(name="gated", instructions="Is {{ outputs }} polite?", model="gateway:/team", feedback_value_type=bool)
    said = refused("RESOURCE_DOES_NOT_EXIST", gateway.register, experiment_id=here)
    assert "GatewayEndpoint not found" in said, said
    assert list_scorers(experiment_id=here) == []
    store.register_scorer(here, "plain", "{}")
    said = refused("INVALID_PARAMETER_VALUE", store.upsert_online_scoring_config, here, "plain", 0.5)
    assert "does not use a gateway model" in said, said
    refused("INVALID_PARAMETER_VALUE", store.upsert_online_scoring_config, here, "plain", 0.0, "span.color = 1")
    refused("INVALID_PARAMETER_VALUE", store.upsert_online_scoring_config, here, "plain", 1.5)
    assert requests.get(f"{mlflow.get_tracking_uri()}/api/3.0/mlflow/scorers/online-configs", params={"scorer_ids": ["x", "y"]}).json() == {"configs": []}


CHECKS = [value for value in list(globals().values()) if harness.is_check(value, __name__)]

if __name__ == "__main__":
    harness.main(sys.argv[1], CHECKS, sys.argv[2:])
