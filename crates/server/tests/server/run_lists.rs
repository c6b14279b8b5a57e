//! Lists of runs and saved views on both engines: counts, chosen columns, keys, groups, and who may see and change a view.

use app::Actor;
use app::tracking::saved_view::NewView;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use domain::Id;
use domain::governance::role::Role;
use serde_json::{Value, json};
use server::Server;

use crate::call;
use crate::registry::{both, send};

async fn own(server: &Server, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(format!("/api/v1{path}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let (status, text) = call(server, request).await;
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

async fn done(server: &Server, method: &str, path: &str, body: Value) -> Value {
    let (status, answer) = own(server, method, path, body).await;
    assert_eq!(status, StatusCode::OK, "{method} {path}: {answer}");
    answer
}

async fn refused(server: &Server, path: &str, body: Value, field: &str) -> Value {
    let (status, problem) = own(server, "POST", path, body).await;
    assert_eq!((status, &problem["field"]), (StatusCode::BAD_REQUEST, &json!(field)), "{path}: {problem}");
    problem
}

/// Six runs of `delays`, the third of which failed, and one that is deleted; the first one has started two others.
async fn filled(server: &Server) -> (String, Vec<String>) {
    let experiment = done(server, "POST", "/experiments", json!({"name": "delays", "note": "flights"})).await;
    assert_eq!(experiment["note"], "flights");
    let mut ids: Vec<String> = Vec::new();
    for n in 0..7_u32 {
        let parent = ids.first().filter(|_| n == 4 || n == 5 || n == 6);
        let tags = parent.map_or(json!({}), |id| json!({"mlflow.parentRunId": id}));
        let new =
            json!({"experiment": "delays", "name": format!("run {n}"), "start_ms": n + 1, "tags": tags});
        let id = done(server, "POST", "/runs", new).await["id"].as_str().unwrap().to_owned();
        let logged = json!({
            "metrics": [{"key": "auc", "value": f64::from(n) / 4.0}, {"key": "loss", "value": 1.0}],
            "params": {"lr": if n % 2 == 0 { "0.1" } else { "0.2" }, "seed": "7"}, "tags": {"team": "ops"},
        });
        done(server, "POST", &format!("/runs/{id}/batch"), logged).await;
        ids.push(id);
    }
    done(server, "POST", &format!("/runs/{}/finish", ids[2]), json!({"status": "failed"})).await;
    let (status, _) = send(server, "POST", "runs/delete", json!({"run_id": ids[6]})).await;
    assert_eq!(status, StatusCode::OK);
    (experiment["id"].as_str().unwrap().to_owned(), ids)
}

#[tokio::test]
async fn a_list_has_windows_chosen_columns_and_an_honest_count() {
    for (_folder, server) in both().await {
        let (_, ids) = filled(&server).await;
        let window = json!({
            "experiment": "delays", "order_by": ["metrics.auc DESC"], "offset": 2, "max_results": 3,
            "columns": ["metrics.auc", "params.lr", "metrics.nothing"], "children": true,
        });
        let page = done(&server, "POST", "/runs/search", window).await;
        let items = page["items"].as_array().unwrap();
        let found: Vec<&str> = items.iter().map(|run| run["id"].as_str().unwrap()).collect();
        assert_eq!(found, [&ids[3], &ids[2], &ids[1]]);
        assert_eq!(items[0]["metrics"], json!({"auc": 0.75}));
        assert_eq!(items[0]["params"], json!({"lr": "0.2"}));
        assert_eq!((&items[0]["tags"], &items[0]["children"]), (&json!({}), &json!(0)));
        let last = json!({"experiment": "delays", "offset": 0, "filter": "attributes.run_name = 'run 0'", "children": true});
        let page = done(&server, "POST", "/runs/search", last).await;
        assert_eq!(page["items"][0]["children"], 2, "a deleted run is no child: {page}");
        assert_eq!(page["items"][0]["params"]["seed"], "7", "all columns when none are chosen");
        let beyond =
            done(&server, "POST", "/runs/search", json!({"experiment": "delays", "offset": 6})).await;
        assert_eq!(beyond["items"], json!([]));

        let count = done(&server, "POST", "/runs/count", json!({"experiment": "delays"})).await;
        assert_eq!(count, json!({"total": 6, "statuses": {"running": 5, "failed": 1}}));
        let some = json!({"experiment": "delays", "filter": "metrics.auc > 0.3 and params.lr = '0.1'"});
        assert_eq!(done(&server, "POST", "/runs/count", some).await["total"], 2);
        let activity = done(&server, "GET", "/experiments?activity=true", json!(null)).await;
        let delays = activity["items"].as_array().unwrap().iter().find(|e| e["name"] == "delays").unwrap();
        assert_eq!(delays["activity"], json!({"runs": 6, "running": 5, "failed": 1, "newest_ms": 6}));

        let fault = json!({"experiment": "delays", "filter": "metrics.auc > 'x'"});
        for path in ["/runs/search", "/runs/count"] {
            let problem = refused(&server, path, fault.clone(), "filter").await;
            assert_eq!(problem["span"], json!({"start": 14, "end": 17}), "{problem}");
        }
        refused(&server, "/runs/search", json!({"offset": -1}), "offset").await;
        refused(&server, "/runs/search", json!({"offset": 1, "page_token": "x"}), "offset").await;
        refused(&server, "/runs/search", json!({"columns": ["params.a", "auc"]}), "columns[1]").await;
        let (status, _) = own(&server, "POST", "/runs/count", json!({"experiment": "nowhere"})).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn keys_are_counted_and_runs_gathered_by_what_they_share() {
    for (_folder, server) in both().await {
        let (_, ids) = filled(&server).await;
        done(&server, "POST", "/runs", json!({"experiment": "other", "tags": {"elsewhere": "x"}})).await;
        let keys = done(&server, "GET", "/runs/keys?experiment=delays", json!(null)).await;
        let metric = |key: &str| json!({"key": key, "runs": 6, "varies": true});
        assert_eq!(keys["metrics"], json!([metric("auc"), metric("loss")]));
        let seed = json!({"key": "seed", "runs": 6, "varies": false});
        assert_eq!(keys["params"], json!([{"key": "lr", "runs": 6, "varies": true}, seed]));
        let tags = keys["tags"].as_array().unwrap();
        let tag = |key: &str| tags.iter().find(|tag| tag["key"] == key).map(|tag| tag["runs"].clone());
        assert_eq!(
            (tag("team"), tag("mlflow.parentRunId"), tag("elsewhere")),
            (Some(json!(6)), Some(json!(2)), None)
        );

        let by = |by: &str| json!({"experiment": "delays", "by": by, "metrics": ["auc", "nothing"]});
        let groups = done(&server, "POST", "/runs/groups", by("params.lr")).await;
        let spread =
            |mean: f64, min: f64, max: f64| json!({"auc": {"runs": 3, "mean": mean, "min": min, "max": max}});
        assert_eq!(
            groups["items"],
            json!([
                {"value": "0.1", "runs": 3, "metrics": spread(0.5, 0.0, 1.0)},
                {"value": "0.2", "runs": 3, "metrics": spread(0.75, 0.25, 1.25)},
            ])
        );
        let groups = done(&server, "POST", "/runs/groups", by("tags.mlflow.parentRunId")).await;
        let found: Vec<_> = groups["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|group| (&group["value"], &group["runs"]))
            .collect();
        assert_eq!(found, [(&json!(null), &json!(4)), (&json!(ids[0]), &json!(2))]);
        let first = json!({"experiment": "delays", "by": "status", "max_results": 1});
        let groups = done(&server, "POST", "/runs/groups", first).await;
        assert_eq!(groups, json!({"items": [{"value": "running", "runs": 5, "metrics": {}}], "more": true}));
        refused(&server, "/runs/groups", by("metrics.auc"), "group_by").await;

        let curves = json!({"runs": [ids[0], ids[1]], "keys": ["auc", "nothing"]});
        let curves = done(&server, "POST", "/runs/curves", curves).await;
        let curves = curves["items"].as_array().unwrap();
        assert_eq!(curves.len(), 2);
        assert_eq!((&curves[1]["run"], &curves[1]["points"][0]["value"]), (&json!(ids[1]), &json!(0.25)));
        assert_eq!(curves[1]["thinned"], json!(false));
        let gone = json!({"runs": ["0".repeat(32), ids[1]], "keys": ["auc"], "from": 0, "to": 9});
        let curves = done(&server, "POST", "/runs/curves", gone).await;
        assert_eq!(curves["items"].as_array().unwrap().len(), 1, "a run that is gone takes no other along");
        let later = json!({"runs": [ids[1]], "keys": ["auc"], "from": 1_000_000});
        assert_eq!(done(&server, "POST", "/runs/curves", later).await, json!({"items": []}));
        refused(&server, "/runs/curves", json!({"runs": [], "keys": [], "from": 5, "to": 4}), "to").await;
    }
}

#[tokio::test]
async fn a_view_is_kept_changed_and_removed_by_its_owner_alone() {
    for (_folder, server) in both().await {
        let (experiment, _) = filled(&server).await;
        let new = json!({
            "name": " best ", "experiment": experiment, "filter": "metrics.auc > 0.5", "order_by": ["metrics.auc DESC"],
            "columns": [{"key": "metrics.auc", "width": 120}, {"key": "start_time"}],
        });
        let made = done(&server, "POST", "/views", new.clone()).await;
        assert_eq!(
            (&made["name"], &made["own"], &made["shared"]),
            (&json!("best"), &json!(true), &json!(false))
        );
        assert_eq!(made["columns"], new["columns"]);
        let path = format!("/views/{}", made["id"].as_str().unwrap());
        assert_eq!(done(&server, "GET", &path, json!(null)).await, made);

        let id = Id::parse(made["id"].as_str().unwrap()).unwrap();
        let eve = server.app().context(Actor { name: "eve".to_owned(), role: Role::Viewer }, "test");
        assert!(server.app().views().list(&eve).await.unwrap().is_empty());
        assert!(server.app().views().get(&eve, &id).await.unwrap_err().to_string().contains("saved view"));
        let changed = json!({"name": "shared one", "shared": true, "filter": "params.lr = '0.1'"});
        let changed = done(&server, "PUT", &path, changed).await;
        assert_eq!((&changed["name"], &changed["columns"]), (&json!("shared one"), &json!([])));
        assert_eq!(server.app().views().list(&eve).await.unwrap().len(), 1);
        assert!(server.app().views().delete(&eve, &id).await.is_err(), "it is not hers");
        let view = |shared| NewView { name: "mine".to_owned(), shared, ..NewView::default() };
        assert!(
            server.app().views().create(&eve, view(true)).await.is_err(),
            "a viewer shows others nothing"
        );
        server.app().views().create(&eve, view(false)).await.unwrap();
        let listed = done(&server, "GET", "/views", json!(null)).await;
        assert_eq!(listed["items"], json!([changed]), "private views of others are not listed");

        refused(&server, "/views", json!({"name": "x", "filter": "metrics.auc >"}), "filter").await;
        refused(&server, "/views", json!({"name": " "}), "name").await;
        refused(
            &server,
            "/views",
            json!({"name": "x", "columns": [{"key": "a", "width": 3}]}),
            "columns[0].width",
        )
        .await;
        let (status, _) = own(&server, "POST", "/views", json!({"name": "x", "experiment": "987654"})).await;
        assert_eq!(status, StatusCode::NOT_FOUND);

        assert_eq!(own(&server, "DELETE", &path, json!(null)).await.0, StatusCode::NO_CONTENT);
        assert_eq!(own(&server, "GET", &path, json!(null)).await.0, StatusCode::NOT_FOUND);
        let log = done(&server, "GET", "/audit?noun=saved_view", json!(null)).await;
        let actions: Vec<_> = log["items"].as_array().unwrap().iter().map(|event| &event["action"]).collect();
        for action in ["create", "update", "delete"] {
            let action = json!(format!("tracking.saved_view.{action}"));
            assert!(actions.contains(&&action), "{log}");
        }
    }
}

#[tokio::test]
async fn an_experiment_is_renamed_noted_deleted_restored_and_purged_with_its_views() {
    for (_folder, server) in both().await {
        let (experiment, _) = filled(&server).await;
        let (status, _) = own(&server, "POST", "/experiments", json!({"name": "delays"})).await;
        assert_eq!(status, StatusCode::CONFLICT, "a name is taken once");
        let changed = json!({"name": "late", "note": ""});
        let changed = done(&server, "PATCH", "/experiments/delays", changed).await;
        assert_eq!((&changed["name"], &changed["note"]), (&json!("late"), &json!(null)));
        done(&server, "POST", "/views", json!({"name": "v", "experiment": experiment})).await;
        let path = format!("/experiments/{experiment}");
        assert_eq!(own(&server, "DELETE", &path, json!(null)).await.0, StatusCode::NO_CONTENT);
        let restored = done(&server, "POST", &format!("{path}/restore"), json!(null)).await;
        assert_eq!(restored["name"], "late");
        assert_eq!(own(&server, "DELETE", &path, json!(null)).await.0, StatusCode::NO_CONTENT);
        let purge = done(&server, "POST", "/trash/purges", json!({"wait": true})).await;
        assert_eq!(
            (&purge["state"], &purge["freed"]["experiments"]),
            (&json!("finished"), &json!(1)),
            "{purge}"
        );
        assert_eq!(done(&server, "GET", "/views", json!(null)).await["items"], json!([]));
    }
}
