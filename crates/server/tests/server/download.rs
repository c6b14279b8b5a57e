//! Downloads that are asked for with conditions, and uploads whose path cannot be.

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use server::Server;
use tower::ServiceExt;

use crate::registry::both;
use crate::trash::{content, experiment, run};

async fn asked(server: &Server, path: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, String) {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = server.router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, headers, String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn a_download_says_its_hash_and_is_not_sent_to_who_has_it() {
    for (_folder, server) in both().await {
        let experiment = experiment(&server, "e").await;
        let id = run(&server, &experiment, "the weights").await;
        let tag = format!("\"{}\"", domain::data::FileId::of(b"the weights"));
        for path in [
            format!("/api/2.0/mlflow-artifacts/artifacts/{experiment}/{id}/artifacts/model/model.bin"),
            format!("/api/v1/runs/{id}/artifact?path=model/model.bin"),
            format!("/get-artifact?run_id={id}&path=model/model.bin"),
        ] {
            let (status, headers, body) = asked(&server, &path, &[]).await;
            assert_eq!((status, body.as_str()), (StatusCode::OK, "the weights"));
            assert_eq!(
                (&headers["etag"], &headers["accept-ranges"]),
                (&tag.parse().unwrap(), &"bytes".parse().unwrap())
            );
            let (status, headers, body) = asked(&server, &path, &[("if-none-match", &tag)]).await;
            assert_eq!((status, body.as_str()), (StatusCode::NOT_MODIFIED, ""), "{path}");
            assert_eq!(headers["etag"], tag.as_str());
            let (status, _, body) = asked(&server, &path, &[("if-none-match", "\"other\"")]).await;
            assert_eq!((status, body.as_str()), (StatusCode::OK, "the weights"));
            let part = [("range", "bytes=4-6"), ("if-range", tag.as_str())];
            let (status, headers, body) = asked(&server, &path, &part).await;
            assert_eq!((status, body.as_str()), (StatusCode::PARTIAL_CONTENT, "wei"));
            assert_eq!(headers["content-range"], "bytes 4-6/11");
            let changed = [("range", "bytes=4-6"), ("if-range", "\"older\"")];
            let (status, _, body) = asked(&server, &path, &changed).await;
            assert_eq!((status, body.as_str()), (StatusCode::OK, "the weights"));
            let (status, headers, _) = asked(&server, &path, &[("range", "bytes=40-")]).await;
            assert_eq!(status, StatusCode::RANGE_NOT_SATISFIABLE);
            assert_eq!(headers["content-range"], "bytes */11");
        }
    }
}

#[tokio::test]
async fn a_path_is_either_a_file_or_a_folder_and_the_refusal_names_both() {
    for (_folder, server) in both().await {
        let experiment = experiment(&server, "e").await;
        let id = run(&server, &experiment, "weights").await;
        let root = format!("{experiment}/{id}/artifacts");
        let upload = async |path: &str| {
            let request = Request::put(format!("/api/2.0/mlflow-artifacts/artifacts/{root}/{path}"));
            crate::call(&server, request.body(Body::from("x")).unwrap()).await
        };
        for (path, file, below) in [
            ("model", "model", "model/model.bin"),
            ("model/model.bin/a", "model/model.bin", "model/model.bin/a"),
            ("model/model.bin/a/b", "model/model.bin", "model/model.bin/a/b"),
        ] {
            let (status, body) = upload(path).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{path}: {body}");
            let named = |name: &str| body.contains(&format!("\\\"{name}\\\""));
            assert!(named(file) && named(below), "{body}");
        }
        for path in ["model/model.bin", "model/model.bin2", "models", "model/a/b", "model0/x", "model.d/x"] {
            let (status, body) = upload(path).await;
            assert_eq!(status, StatusCode::OK, "{path}: {body}");
        }
        assert_eq!(content(&server, &format!("{root}/model/model.bin")).await.1, "x");
        let page = format!("/api/2.0/mlflow/upload-artifact?run_uuid={id}&path=model");
        let request = Request::post(page).header("content-type", "text/plain").body(Body::from("x")).unwrap();
        assert_eq!(crate::call(&server, request).await.0, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_racing_uploads_a_name_becomes_a_file_or_a_folder() {
    for (_folder, server) in both().await {
        let experiment = experiment(&server, "e").await;
        let id = run(&server, &experiment, "weights").await;
        for round in 0..10 {
            let uploads = [format!("r{round}"), format!("r{round}/inside")].map(|path| {
                let server = std::sync::Arc::clone(&server);
                let place = format!("/api/2.0/mlflow-artifacts/artifacts/{experiment}/{id}/artifacts/{path}");
                tokio::spawn(async move {
                    crate::call(&server, Request::put(place).body(Body::from("x")).unwrap()).await.0
                })
            });
            let mut stored = 0;
            for upload in uploads {
                let status = upload.await.unwrap();
                assert!(matches!(status, StatusCode::OK | StatusCode::BAD_REQUEST), "{status}");
                stored += usize::from(status == StatusCode::OK);
            }
            assert_eq!(stored, 1);
        }
    }
}
