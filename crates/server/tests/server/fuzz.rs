//! Filters, orders and bodies out of random bytes and random words, to every search, on both engines: whatever comes is
//! answered, and never with a failure of the server.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use server::Server;

use crate::call;
use crate::registry::{both, send};

const WORDS: &[&str] = &[
    "metrics.",
    "metric.m",
    "params.p",
    "params.`a b`",
    "tags.t",
    "tags.\"x\"",
    "attributes.",
    "status",
    "name",
    "run_id",
    "start_time",
    "created_time",
    "creation_time",
    "version_number",
    "dataset.name",
    "trace.",
    "'",
    "\"",
    "`",
    "'a'",
    "'%_\\'",
    "\"b\"",
    "=",
    "!=",
    "<>",
    "<",
    "<=",
    ">",
    ">=",
    "LIKE",
    "ILIKE",
    "IN",
    "NOT",
    "NOT IN",
    "IS NULL",
    "IS NOT NULL",
    "AND",
    "OR",
    "and",
    "(",
    ")",
    ",",
    "('a', 'b')",
    "1",
    "-1",
    "1e308",
    "1e999",
    "-0.0",
    "9223372036854775808",
    ".",
    "..",
    ";",
    "--",
    "\u{0}",
    "\u{feff}",
    "ß",
    "日本",
    "🎉",
    "\n",
    "\t",
    "DESC",
    "ASC",
    "NaN",
    "NULL",
    "$1",
    "?",
    "%",
    "\\",
];

/// Pseudo-random numbers (Marsaglia 2003: xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    fn bytes(&mut self) -> Vec<u8> {
        let length = self.below(60);
        (0..length).map(|_| u8::try_from(self.below(256)).unwrap()).collect()
    }

    /// Words with and without spaces between them, or bytes.
    fn text(&mut self) -> String {
        if self.below(5) == 0 {
            return String::from_utf8_lossy(&self.bytes()).into_owned();
        }
        let count = 1 + self.below(9);
        let words = (0..count).map(|_| WORDS[self.below(WORDS.len())]);
        words.collect::<Vec<_>>().join(if count.is_multiple_of(3) { "" } else { " " })
    }
}

async fn asked(server: &Server, method: &str, path: &str, body: Value) {
    let shown = body.to_string();
    let (status, answer) = send(server, method, path, body).await;
    assert!(!status.is_server_error(), "{method} {path} {shown}: {status} {answer}");
    assert!(status.is_success() || answer["error_code"].is_string(), "{method} {path} {shown}: {answer}");
}

fn query(fields: &[(&str, &str)]) -> String {
    let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&")
}

#[tokio::test(flavor = "multi_thread")]
async fn no_filter_or_order_makes_the_server_fail() {
    for (_folder, server) in both().await {
        let (_, run) = send(&server, "POST", "runs/create", json!({"experiment_id": "0"})).await;
        let run = run["run"]["info"]["run_id"].clone();
        let batch = json!({"run_id": run, "metrics": [{"key": "m", "value": 1, "timestamp": 1}], "params": [{"key": "p", "value": "a"}]});
        asked(&server, "POST", "runs/log-batch", batch).await;
        let mut random = Random(0x5eed_f11e);
        for _ in 0..300 {
            let (filter, order, token) = (random.text(), random.text(), random.text());
            let token = if random.below(4) == 0 { token } else { String::new() };
            let common = json!({"experiment_ids": ["0"], "filter": filter, "filter_string": filter, "max_results": 5, "page_token": token});
            let with_order = |order: Value| {
                let mut body = common.clone();
                body["order_by"] = order;
                body
            };
            let listed = if random.below(2) == 0 { json!([order]) } else { json!([]) };
            for path in ["runs/search", "experiments/search", "datasets/search"] {
                asked(&server, "POST", path, with_order(listed.clone())).await;
            }
            let fields = json!([{"field_name": order, "ascending": false}]);
            asked(&server, "POST", "logged-models/search", with_order(fields)).await;
            for path in ["registered-models/search", "model-versions/search"] {
                let query = query(&[
                    ("filter", &filter),
                    ("order_by", &order),
                    ("page_token", &token),
                    ("max_results", "5"),
                ]);
                asked(&server, "GET", &format!("{path}?{query}"), json!({})).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_body_out_of_random_bytes_makes_the_server_fail() {
    const PATHS: &[&str] = &[
        "experiments/create",
        "runs/create",
        "runs/log-batch",
        "runs/log-metric",
        "runs/set-tag",
        "runs/log-inputs",
        "runs/search",
        "registered-models/create",
        "model-versions/create",
        "logged-models",
        "datasets/create",
        "datasets/x/records",
        "scorers/register",
    ];
    for (_folder, server) in both().await {
        let mut random = Random(0xb0d7);
        for round in 0..60 {
            for path in PATHS {
                let body = match round % 3 {
                    0 => random.bytes(),
                    1 => format!(
                        "{{\"name\": {:?}, \"tags\": [{}], \"key\": \"",
                        random.text(),
                        random.below(9)
                    )
                    .into_bytes(),
                    _ => {
                        let text = random.text();
                        let fields = json!({"name": text, "experiment_id": "0", "run_id": text, "key": text, "value": text, "tags": text,
                            "source": text, "records": text, "serialized_scorer": text, "metrics": [{"key": text, "value": text}]});
                        fields.to_string().into_bytes()
                    }
                };
                let request = Request::post(format!("/api/2.0/mlflow/{path}"))
                    .header("content-type", "application/json");
                let (status, answer) = call(&server, request.body(Body::from(body.clone())).unwrap()).await;
                let shown = String::from_utf8_lossy(&body);
                assert!(!status.is_server_error(), "{path} {shown}: {status} {answer}");
            }
        }
    }
}
