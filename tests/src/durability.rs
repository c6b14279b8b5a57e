//! The server is killed at random moments, again and again, while data arrives and clients log runs and ask for
//! predictions: in a small project of its own, and in the flights project that `volano demo` has left behind.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::served::binary;

/// How often the server is killed.
const KILLS: u64 = 20;
/// The longest wait for the loop to end once nobody kills it any more.
const PATIENCE: Duration = Duration::from_secs(300);

const PROJECT: &str = "\
project: sums
data:
  numbers: {path: data/*.csv, kind: table, time: at}
steps:
  prepare:
    sql: prepare.sql
    in: {numbers: data.numbers}
    out: {clean: {kind: table}}
    by: month(at)
  add:
    run: python3 add.py ${in.clean} ${out.total}
    in: {clean: prepare.clean}
    out: {total: {kind: file}}
    retry: {max: 25, if: [lost]}
triggers:
  - {data: numbers, settle: 0s}
limits: {cooldown: 0s, overlap: queue}
";
const ADD: &str = "\
import os, sys, time
time.sleep(0.3)
parts = sum(len(files) for _, _, files in os.walk(sys.argv[1])) or 1
open(sys.argv[2], 'w').write(str(parts))
";

/// A server process of the real binary on a project's home.
pub struct Server {
    child: Child,
    pub address: String,
}

impl Server {
    /// Always on the same port: programs that survive a kill know the server by it.
    pub fn start(project: &Path, port: u16) -> Self {
        Self::start_with(project, port, &[])
    }

    /// The same with further options.
    pub fn start_with(folder: &Path, port: u16, options: &[String]) -> Self {
        let child = Command::new(binary())
            .args(["server", "--port", &port.to_string()])
            .args(options)
            .current_dir(folder)
            .env_remove("VOLANO_HOME")
            .env_remove("VOLANO_URL")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the volano binary starts");
        let mut server = Self { child, address: String::new() };
        let mut line = String::new();
        BufReader::new(server.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("http://");
        server.address = address.unwrap_or_else(|| panic!("no address in {line:?}")).to_owned();
        server
    }

    /// No word of warning, no chance to tidy up.
    pub fn kill(self) {
        drop(self);
    }

    /// Calls the API.
    pub fn call(&self, method: &str, path: &str, body: Option<&Value>) -> std::io::Result<(u16, Value)> {
        self.send(method, &format!("/api/v1{path}"), body)
    }

    /// Sends a request and returns status and body; an error when the server died meanwhile.
    pub fn send(&self, method: &str, path: &str, body: Option<&Value>) -> std::io::Result<(u16, Value)> {
        Self::exchange(&self.address, method, path, body)
    }

    /// The same to the server at an address.
    pub fn exchange(
        address: &str,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> std::io::Result<(u16, Value)> {
        let body = body.map_or_else(String::new, ToString::to_string);
        let (status, body) = Self::raw(address, method, path, body.as_bytes())?;
        Ok((status, serde_json::from_str(&body).map_err(|_| cut())?))
    }

    /// The same with bytes, of which the answer's are text.
    pub fn raw(address: &str, method: &str, path: &str, body: &[u8]) -> std::io::Result<(u16, String)> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        )?;
        stream.write_all(body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(cut)?;
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(cut)?;
        let head = head.to_ascii_lowercase();
        if head.contains("transfer-encoding: chunked") {
            return Ok((status, unchunked(body).ok_or_else(cut)?));
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
        match length {
            Some(length) if body.len() < length => Err(cut()),
            _ => Ok((status, body.to_owned())),
        }
    }

    pub fn get(&self, path: &str) -> Value {
        let (status, body) = self.call("GET", path, None).unwrap();
        assert_eq!(status, 200, "{path}: {body}");
        body
    }
}

fn cut() -> std::io::Error {
    std::io::Error::other("the answer was cut")
}

/// The text of a body in chunks; `None` when its end is missing.
fn unchunked(mut body: &str) -> Option<String> {
    let mut text = String::new();
    loop {
        let (size, rest) = body.split_once("\r\n")?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        if size == 0 {
            return Some(text);
        }
        text.push_str(rest.get(..size)?);
        body = rest.get(size..)?.strip_prefix("\r\n")?;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already dead in the usual case; gone only when waited for.
        let _dead = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Pseudo-random numbers from a seed (Steele, Lea, Flood 2014: SplitMix64).
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

fn arrive(project: &Path, month: u64) {
    let (year, month) = (2000 + month / 12, month % 12 + 1);
    let text = format!("at,value\n{year}-{month:02}-01,1\n{year}-{month:02}-02,2\n");
    let temporary = project.join("arriving");
    fs::write(&temporary, text).unwrap();
    fs::rename(temporary, project.join(format!("data/{year}-{month:02}.csv"))).unwrap();
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

pub fn random() -> Random {
    let seed =
        std::env::var("VOLANO_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_131_231);
    println!("seed {seed}");
    Random(seed)
}

#[test]
fn what_was_acknowledged_survives_twenty_kills_and_the_loop_goes_on() {
    let (mut random, port) = (random(), free_port());
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("sums");
    fs::create_dir_all(project.join("data")).unwrap();
    for (name, text) in
        [("volano.yaml", PROJECT), ("prepare.sql", "SELECT at, value FROM numbers\n"), ("add.py", ADD)]
    {
        fs::write(project.join(name), text).unwrap();
    }
    let mut runs = Vec::new();
    for kill in 0..KILLS {
        let server = Server::start(&project, port);
        arrive(&project, kill);
        let until = Instant::now() + Duration::from_millis(50 + random.below(1500));
        while Instant::now() < until {
            log_run(&server, kill, &mut runs);
        }
        server.kill();
    }
    assert!(runs.len() > 20, "only {} runs were acknowledged", runs.len());
    let server = Server::start(&project, port);
    check_runs(&server, &runs);
    let done = check_loop(&server, "sums", "numbers", KILLS);
    assert!(done as u64 > KILLS, "{done} units were done");
    check_audit(&server);
}

/// Needs `VOLANO_TEST_DEMO`, the folder of a demo that was played to its end.
#[test]
fn the_flights_demo_survives_twenty_kills() {
    let project = std::env::var_os("VOLANO_TEST_DEMO")
        .expect("VOLANO_TEST_DEMO names a played demo: run the tests with `cargo xtask test`");
    let (project, mut random, port) = (PathBuf::from(project), random(), free_port());
    let rows = json!({"rows": [{
        "origin": "JFK", "dest": "SFO", "carrier": "DL", "hour": 17.0, "day_of_week": 2.0, "distance": 2586.0,
        "sched_arr_minute": 1249.0, "temp": 37.04, "humid": 43.85, "wind_speed": 16.1, "precip": 0.0,
        "pressure": 1013.2, "visib": 10.0,
    }]});
    let files = Server::start(&project, port).get("/datasets/flights")["latest"]["files"].as_u64().unwrap();
    let (mut runs, mut predictions) = (Vec::new(), Vec::new());
    let mut months = [9, 10, 11].into_iter();
    for kill in 0..KILLS {
        let server = Server::start(&project, port);
        if kill % 6 == 0
            && let Some(month) = months.next()
        {
            arrive_month(&project, month);
        }
        let until = Instant::now() + Duration::from_millis(100 + random.below(6000));
        while Instant::now() < until {
            log_run(&server, kill, &mut runs);
            // Until the model is loaded the answer is 503.
            if let Ok((200, answer)) = server.send("POST", "/serve/flights-late", Some(&rows)) {
                predictions.push(answer["prediction_ids"][0].as_str().unwrap().to_owned());
            }
        }
        server.kill();
    }
    let server = Server::start(&project, port);
    println!("{} runs and {} predictions were acknowledged", runs.len(), predictions.len());
    assert!(runs.len() > 20 && predictions.len() > 20);
    check_runs(&server, &runs);
    for id in &predictions {
        assert_eq!(server.get(&format!("/predictions/{id}"))["id"], *id.as_str());
    }
    check_loop(&server, "flights", "flights", files + 3);
    check_audit(&server);
}

/// Lets a month of the example arrive, the flights last and each file whole at once.
fn arrive_month(project: &Path, month: u32) {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/flights/data");
    for set in ["weather", "flights"] {
        let (temporary, name) = (project.join(".arriving"), format!("{set}/2013-{month:02}.parquet"));
        fs::copy(example.join(&name), &temporary).unwrap();
        fs::rename(temporary, project.join("data").join(&name)).unwrap();
    }
}

fn log_run(server: &Server, kill: u64, acknowledged: &mut Vec<(String, String)>) {
    let name = format!("run {kill} {}", acknowledged.len());
    let made = server.call("POST", "/runs", Some(&json!({"experiment": "kills", "name": name})));
    if let Ok((200, run)) = made {
        acknowledged.push((run["id"].as_str().unwrap().to_owned(), name));
    }
}

fn check_runs(server: &Server, acknowledged: &[(String, String)]) {
    for (id, name) in acknowledged {
        let run = server.get(&format!("/runs/{id}"));
        assert_eq!(run["name"], *name.as_str());
    }
}

/// Waits until the newest data version was worked on, and looks whether any unit was done twice. Returns how many were.
fn check_loop(server: &Server, project: &str, data: &str, files: u64) -> usize {
    let started = Instant::now();
    loop {
        let version = server.get(&format!("/datasets/{data}"))["latest"].clone();
        let runs = server.get(&format!("/pipelines/{project}/runs?limit=200"));
        let runs = runs["items"].as_array().unwrap();
        let idle = runs.iter().all(|run| !matches!(run["state"].as_str(), Some("queued" | "running")));
        let newest = runs.first().is_some_and(|run| {
            run["state"] == "succeeded" && run["data"][data]["number"] == version["number"]
        });
        if idle && newest && version["files"] == files {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "the loop does not end: {version} {runs:#?}");
        std::thread::sleep(Duration::from_millis(100));
    }
    let mut seen = std::collections::BTreeMap::new();
    let mut before = i64::MAX;
    while before > 1 {
        let page = server.get(&format!("/audit?noun=step_run&limit=1000&before={before}"));
        let events = page["items"].as_array().unwrap();
        for event in events.iter().filter(|event| event["action"] == "pipelines.step_run.finish") {
            let key = event["detail"]["key"].as_str().unwrap().to_owned();
            let other = seen.insert(key.clone(), event["id"].clone());
            assert!(other.is_none(), "the unit with key {key} was done by {} and {:?}", event["id"], other);
        }
        before = page["next_before"].as_i64().unwrap_or(0);
    }
    seen.len()
}

fn check_audit(server: &Server) {
    let verdict = server.get("/audit/verify");
    assert_eq!(verdict["intact"], true, "{verdict}");
}
