//! What webhooks are told, when a telling is tried again, and when it is given up, under a clock that the tests hold.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;

use app::governance::webhook::WebhookSpec;
use app::{Actor, App, Clock, Context, Home};
use domain::governance::webhook::{DeliveryState, MAX_ATTEMPTS, Webhook, WebhookEvent, WebhookStatus};
use domain::registry::model::{ModelName, PROMPT_TAG};
use domain::tracking::param::Tag;
use futures::TryStreamExt;

/// An app that may tell this machine, on either engine.
async fn apps() -> Vec<(tempfile::TempDir, App, Context)> {
    let mut apps = Vec::new();
    for database in [None, Some(testkit::postgres_url().await)] {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(&folder.path().join("home")).unwrap();
        let app = App::open(home, database.as_deref(), Clock::fixed(1_700_000_000_000)).await.unwrap();
        app.allow_outgoing(&["127.0.0.1".to_owned()]).unwrap();
        let ctx = app.context(Actor::local(), "test");
        apps.push((folder, app, ctx));
    }
    apps
}

/// A receiver that answers its requests with these statuses, one after the other; its address and the bodies that it got.
fn receiver(statuses: &'static [&'static str]) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (told, bodies) = mpsc::channel();
    std::thread::spawn(move || {
        for status in statuses {
            let (mut stream, _) = listener.accept().unwrap();
            let mut seen = Vec::new();
            let mut buffer = [0; 4096];
            while !seen.ends_with(b"}}") {
                let count = stream.read(&mut buffer).unwrap();
                seen.extend_from_slice(&buffer[..count]);
            }
            write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
            told.send(String::from_utf8(seen).unwrap()).unwrap();
        }
    });
    (url, bodies)
}

async fn hook(app: &App, ctx: &Context, url: &str, events: &[WebhookEvent]) -> Webhook {
    let spec = WebhookSpec {
        name: Some("ci".to_owned()),
        url: Some(url.to_owned()),
        events: Some(events.to_vec()),
        secret: Some("hunter2".to_owned()),
        ..WebhookSpec::default()
    };
    app.webhooks().create(ctx, spec).await.unwrap()
}

fn name(text: &str) -> ModelName {
    ModelName::parse(text).unwrap()
}

#[tokio::test]
async fn a_change_is_told_once_and_a_refused_telling_again_later() {
    for (_folder, app, ctx) in apps().await {
        let (url, bodies) = receiver(&["503 Later", "200 OK"]);
        let made = hook(&app, &ctx, &url, &[WebhookEvent::ModelCreated]).await;
        assert!(made.secret.as_ref().is_some_and(|sealed| !sealed.windows(7).any(|part| part == b"hunter2")));
        app.models().create(&ctx, &name("churn"), "of customers", Vec::new()).await.unwrap();
        assert_eq!(app.webhooks().deliver(&ctx).await.unwrap(), 1);
        let first = bodies.recv().unwrap();
        assert_eq!(app.webhooks().deliver(&ctx).await.unwrap(), 0, "not before its time");
        let listed = app.webhooks().deliveries(&ctx, &made.id, 10).await.unwrap();
        assert_eq!(
            (listed[0].state, listed[0].attempts, listed[0].status),
            (DeliveryState::Pending, 1, Some(503))
        );
        app.clock().advance(1000);
        assert_eq!(app.webhooks().deliver(&ctx).await.unwrap(), 1);
        let second = bodies.recv().unwrap();
        let body = |request: &str| request.split("\r\n\r\n").nth(1).unwrap().to_owned();
        assert_eq!(body(&first), body(&second), "the same body at every try");
        assert!(body(&second).contains(r#""entity":"registered_model","action":"created""#), "{second}");
        assert!(second.contains("x-mlflow-signature: v1,"), "{second}");
        let listed = app.webhooks().deliveries(&ctx, &made.id, 10).await.unwrap();
        assert_eq!((listed[0].state, listed[0].attempts), (DeliveryState::Delivered, 2));
        app.clock().advance(3_600_000);
        assert_eq!(app.webhooks().deliver(&ctx).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_telling_is_given_up_after_the_last_try_and_at_once_when_it_is_refused_for_good() {
    for (_folder, app, ctx) in apps().await {
        let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let away = hook(&app, &ctx, &format!("http://{nobody}/"), &[WebhookEvent::ModelCreated]).await;
        let (url, _bodies) = receiver(&["404 Not Found"]);
        let gone = hook(&app, &ctx, &url, &[WebhookEvent::ModelCreated]).await;
        app.models().create(&ctx, &name("churn"), "", Vec::new()).await.unwrap();
        for _ in 0..MAX_ATTEMPTS {
            assert!(app.webhooks().deliver(&ctx).await.unwrap() >= 1);
            app.clock().advance(600_000);
        }
        assert_eq!(app.webhooks().deliver(&ctx).await.unwrap(), 0);
        let away = app.webhooks().deliveries(&ctx, &away.id, 10).await.unwrap();
        assert_eq!((away[0].state, away[0].attempts), (DeliveryState::Failed, MAX_ATTEMPTS));
        assert!(away[0].error.starts_with("no answer"), "{}", away[0].error);
        let gone = app.webhooks().deliveries(&ctx, &gone.id, 10).await.unwrap();
        assert_eq!((gone[0].state, gone[0].attempts, gone[0].status), (DeliveryState::Failed, 1, Some(404)));
    }
}

#[tokio::test]
async fn prompts_have_events_of_their_own_and_a_change_that_fails_tells_nothing() {
    for (_folder, app, ctx) in apps().await {
        let made = hook(&app, &ctx, "https://8.8.8.8/", WebhookEvent::ALL).await;
        let prompt = vec![Tag::new(PROMPT_TAG, "true")];
        app.models().create(&ctx, &name("hello"), "", prompt).await.unwrap();
        app.models().set_tag(&ctx, &name("hello"), Tag::new("k", "v")).await.unwrap();
        app.models().create(&ctx, &name("churn"), "", Vec::new()).await.unwrap();
        app.models().set_tag(&ctx, &name("churn"), Tag::new("k", "v")).await.unwrap();
        app.models().create(&ctx, &name("churn"), "", Vec::new()).await.unwrap_err();
        app.models().set_alias(&ctx, &name("churn"), "champion", 1, "").await.unwrap_err();
        let listed = app.webhooks().deliveries(&ctx, &made.id, 10).await.unwrap();
        let events: Vec<&str> = listed.iter().rev().map(|delivery| delivery.event.as_str()).collect();
        assert_eq!(events, ["prompt.created", "prompt_tag.set", "registered_model.created"]);
    }
}

#[tokio::test]
async fn a_disabled_webhook_is_told_nothing_and_a_new_secret_signs_anew() {
    for (_folder, app, ctx) in apps().await {
        let made = hook(&app, &ctx, "https://8.8.8.8/", &[WebhookEvent::ModelCreated]).await;
        let off = WebhookSpec { status: Some(WebhookStatus::Disabled), ..WebhookSpec::default() };
        app.webhooks().update(&ctx, &made.id, off).await.unwrap();
        app.models().create(&ctx, &name("churn"), "", Vec::new()).await.unwrap();
        assert!(app.webhooks().deliveries(&ctx, &made.id, 10).await.unwrap().is_empty());
        let unsigned = WebhookSpec { secret: Some(String::new()), ..WebhookSpec::default() };
        let changed = app.webhooks().update(&ctx, &made.id, unsigned).await.unwrap();
        assert_eq!((changed.secret, changed.name.as_str()), (None, "ci"));
        app.webhooks().delete(&ctx, &made.id).await.unwrap();
        app.webhooks().delete(&ctx, &made.id).await.unwrap_err();
    }
}

#[tokio::test]
async fn addresses_of_inner_networks_are_refused_unless_they_are_allowed() {
    let (_folder, app, ctx) = apps().await.remove(0);
    for url in
        ["https://10.0.0.1/", "https://169.254.169.254/", "https://[::1]/", "http://8.8.8.8/", "nonsense"]
    {
        let spec = WebhookSpec {
            name: Some("ci".to_owned()),
            url: Some(url.to_owned()),
            events: Some(vec![WebhookEvent::ModelCreated]),
            ..WebhookSpec::default()
        };
        let refused = app.webhooks().create(&ctx, spec).await.unwrap_err();
        assert_eq!(refused.kind(), app::ErrorKind::Invalid, "{url}: {refused}");
    }
    assert!(app.allow_outgoing(&["10.0.0.0/99".to_owned()]).is_err());
}

#[tokio::test]
async fn an_upload_in_parts_becomes_one_artifact_or_nothing() {
    use app::tracking::artifact_part::ListedPart;
    for (_folder, app, ctx) in apps().await {
        let new = app::tracking::run::NewRun {
            experiment: domain::tracking::experiment::ExperimentId::DEFAULT,
            name: None,
            user: None,
            start: None,
            tags: Vec::new(),
        };
        let run = app.runs().create(&ctx, new).await.unwrap();
        let place = format!("{}/big.bin", run.info.artifact_uri.trim_start_matches("mlflow-artifacts:/"));
        let bytes = |text: &'static str| {
            futures::stream::iter([Ok::<_, std::convert::Infallible>(bytes::Bytes::from_static(
                text.as_bytes(),
            ))])
        };
        let artifacts = app.artifacts();
        let id = artifacts.begin_parts(&ctx, &place, 2).await.unwrap();
        let second = artifacts.put_part(&ctx, &id, 2, bytes("world")).await.unwrap();
        let first = artifacts.put_part(&ctx, &id, 1, bytes("hello ")).await.unwrap();
        let part = |number, tag: &str| ListedPart { number, tag: tag.to_owned() };
        for wrong in [vec![], vec![part(3, "")], vec![part(1, &second)], vec![part(1, ""), part(1, "")]] {
            assert!(artifacts.complete_parts(&ctx, &place, &id, wrong).await.is_err());
        }
        assert!(artifacts.open(&ctx, &place).await.is_err(), "nothing is visible before it is whole");
        let listed = vec![part(2, &format!("\"{second}\"")), part(1, &first)];
        artifacts.complete_parts(&ctx, &place, &id, listed.clone()).await.unwrap();
        artifacts.complete_parts(&ctx, &place, &id, listed).await.unwrap();
        let stored = artifacts.open(&ctx, &place).await.unwrap();
        let pieces: Vec<bytes::Bytes> = stored.into_stream().try_collect().await.unwrap();
        assert_eq!(pieces.concat(), b"hello world");
        let other = artifacts.begin_parts(&ctx, &place, 1).await.unwrap();
        artifacts.put_part(&ctx, &other, 1, bytes("late")).await.unwrap();
        let step = app.context(Actor::step(&ctx.new_id()), "test");
        assert!(artifacts.put_part(&step, &other, 1, bytes("not mine")).await.is_err());
        assert_eq!(artifacts.clear_abandoned_parts(&ctx).await.unwrap(), 0);
        app.clock().advance(25 * 60 * 60 * 1000);
        assert_eq!(artifacts.clear_abandoned_parts(&ctx).await.unwrap(), 2);
        assert!(artifacts.put_part(&ctx, &other, 1, bytes("late")).await.is_err());
    }
}
