//! Random filters over random runs: the database finds what a plain evaluation over the stored values finds, whatever AND,
//! OR, NOT and parentheses stand between the comparisons.

use db::search::{Search, runs};
use db::tracking::metric::{self, RunPoints};
use db::tracking::{param, run};
use db::{Conn, Error};
use domain::search::{Object, parse_filter};
use domain::tracking::experiment::{ExperimentId, Lifecycle, View};
use domain::tracking::metric::Metric;
use domain::tracking::param::{Param, Tag};
use domain::tracking::run::{RunInfo, RunStatus};
use domain::{Id, Timestamp};

const RUNS: u32 = 120;
const FILTERS: usize = 600;
const NUMBERS: [f64; 7] = [-1e300, -1.0, -0.0, 0.5, 1.0, 2.0, 1e300];
const TEXTS: [&str; 9] = ["", "a", "A", "ab", "a%b", "a_b", "a\\b", "abab", "x y"];
const PATTERNS: [&str; 10] = ["%", "a%", "A%", "%b", "_", "a_b", "a\\%", "%%", "%\\%", "ab"];

/// Pseudo-random numbers (Marsaglia 2003: xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// A run as it was stored.
#[derive(Clone, Debug)]
struct Stored {
    id: Id,
    status: RunStatus,
    user: String,
    start: i64,
    end: Option<i64>,
    metrics: [Option<f64>; 2],
    params: [Option<String>; 2],
    tag: Option<String>,
}

/// A text, sometimes so long that only its start is in an index.
fn some_text(random: &mut Random) -> String {
    let text = random.of(&TEXTS);
    if random.below(6) == 0 { format!("{}{text}", "long ".repeat(60)) } else { text.to_owned() }
}

fn stored(n: u32, random: &mut Random) -> Stored {
    let mut bytes = [0; 10];
    bytes[6..].copy_from_slice(&n.to_be_bytes());
    let metric = |random: &mut Random| match random.below(8) {
        0 | 1 => None,
        2 => Some(f64::NAN),
        3 => Some(f64::INFINITY),
        4 => Some(f64::NEG_INFINITY),
        _ => Some(random.of(&NUMBERS)),
    };
    let text = |random: &mut Random| (random.below(4) > 0).then(|| some_text(random));
    Stored {
        id: Id::new(Timestamp::from_millis(i64::from(n)), bytes),
        status: random.of(&[RunStatus::Running, RunStatus::Finished, RunStatus::Failed]),
        user: random.of(&TEXTS).to_owned(),
        start: i64::try_from(random.below(4)).unwrap(),
        end: (random.below(3) > 0).then_some(2),
        metrics: [metric(random), metric(random)],
        params: [text(random), text(random)],
        tag: text(random),
    }
}

async fn insert(conn: &mut Conn<'_>, all: &[Stored]) {
    let mut points = Vec::new();
    for run in all {
        let info = RunInfo {
            id: run.id.clone(),
            experiment: ExperimentId::DEFAULT,
            name: "run".to_owned(),
            user: run.user.clone(),
            status: run.status,
            start: Timestamp::from_millis(run.start),
            end: run.end.map(Timestamp::from_millis),
            lifecycle: Lifecycle::Active,
            artifact_uri: String::new(),
        };
        let num = run::insert(conn, &info).await.unwrap();
        let keyed = ["p0", "p1"].into_iter().zip(&run.params);
        let params: Vec<Param> = keyed
            .filter_map(|(key, value)| Some(Param { key: key.to_owned(), value: value.clone()? }))
            .collect();
        param::insert(conn, num, ExperimentId::DEFAULT, &params).await.unwrap();
        let tags: Vec<Tag> = run.tag.iter().map(|value| Tag::new("t", value)).collect();
        param::set_tags(conn, num, ExperimentId::DEFAULT, &tags).await.unwrap();
        let keyed = ["m0", "m1"].into_iter().zip(run.metrics);
        let metrics: Vec<Metric> = keyed
            .filter_map(|(key, value)| {
                Some(Metric { key: key.to_owned(), value: value?, timestamp_ms: 1, step: 0 })
            })
            .collect();
        points.push((num, metrics));
    }
    let points: Vec<RunPoints<'_>> = points
        .iter()
        .map(|(run, metrics)| RunPoints { run: *run, experiment: ExperimentId::DEFAULT, metrics })
        .collect();
    metric::insert(conn, &points).await.unwrap();
}

/// A filter as it is written, and whether it holds of a run.
struct Filter {
    text: String,
    holds: Box<dyn Fn(&Stored) -> bool>,
    /// Whether it stands alone as a part of another.
    whole: bool,
}

fn compare(sign: &str, left: f64, right: f64) -> bool {
    match sign {
        "=" => left == right,
        "!=" => left != right,
        "<" => left < right,
        "<=" => left <= right,
        ">" => left > right,
        _ => left >= right,
    }
}

/// Whether a text matches a pattern: `%` any text, `_` any letter.
fn matches(pattern: &[char], text: &[char]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, rest) => rest.is_none(),
        (Some(('%', pattern)), _) => (0..=text.len()).any(|at| matches(pattern, &text[at..])),
        (Some(('_', pattern)), Some((_, text))) => matches(pattern, text),
        (Some((letter, pattern)), Some((found, text))) => letter == found && matches(pattern, text),
        (Some(_), None) => false,
    }
}

fn says(operator: &str, found: &str, wanted: &str) -> bool {
    let letters = |text: &str| text.chars().collect::<Vec<_>>();
    match operator {
        "=" => found == wanted,
        "!=" => found != wanted,
        "LIKE" => matches(&letters(wanted), &letters(found)),
        _ => matches(&letters(&wanted.to_lowercase()), &letters(&found.to_lowercase())),
    }
}

/// A comparison of what `read` finds; what is not there compares to nothing.
fn number(
    random: &mut Random,
    name: &str,
    read: impl Fn(&Stored) -> Option<f64> + 'static,
    numbers: &[f64],
) -> Filter {
    let (sign, wanted) = (random.of(&["=", "!=", "<", "<=", ">", ">="]), random.of(numbers));
    let holds = move |run: &Stored| match read(run) {
        None => false,
        Some(found) if found.is_nan() => sign == "!=",
        Some(found) => compare(sign, found.clamp(f64::MIN, f64::MAX), wanted),
    };
    Filter { text: format!("{name} {sign} {wanted:?}"), holds: Box::new(holds), whole: true }
}

fn text(random: &mut Random, name: &str, read: impl Fn(&Stored) -> Option<String> + 'static) -> Filter {
    let operator = random.of(&["=", "!=", "LIKE", "ILIKE"]);
    let wanted = match operator {
        "=" | "!=" => some_text(random),
        _ if random.below(4) == 0 => format!("long%{}", random.of(&PATTERNS)),
        _ => random.of(&PATTERNS).to_owned(),
    };
    let shown = format!("{name} {operator} '{wanted}'");
    let holds = move |run: &Stored| read(run).is_some_and(|found| says(operator, &found, &wanted));
    Filter { text: shown, holds: Box::new(holds), whole: true }
}

fn presence(random: &mut Random, name: &str, read: impl Fn(&Stored) -> bool + 'static) -> Filter {
    let present = random.below(2) == 0;
    let shown = format!("{name} {}", if present { "IS NOT NULL" } else { "is null" });
    Filter { text: shown, holds: Box::new(move |run| read(run) == present), whole: true }
}

fn status(run: &Stored) -> String {
    format!("{:?}", run.status).to_uppercase()
}

fn leaf(random: &mut Random, ids: &[Id]) -> Filter {
    let at = random.below(2);
    match random.below(10) {
        0 | 1 => number(random, &format!("metrics.m{at}"), move |run| run.metrics[at], &NUMBERS),
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        2 => number(random, "start_time", |run| Some(run.start as f64), &[0.0, 1.0, 1.5, 3.0]),
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        3 => number(random, "attributes.end_time", |run| run.end.map(|end| end as f64), &[1.0, 2.0, 3.0]),
        4 | 5 => text(random, &format!("params.`p{at}`"), move |run| run.params[at].clone()),
        6 => text(random, "tags.t", |run| run.tag.clone()),
        7 => {
            let (sign, wanted) = (random.of(&["=", "!="]), random.of(&["FINISHED", "FAILED", "KILLED"]));
            let holds = move |run: &Stored| says(sign, &status(run), wanted);
            Filter { text: format!("status {sign} '{wanted}'"), holds: Box::new(holds), whole: true }
        }
        8 => match random.below(3) {
            0 => presence(random, &format!("params.p{at}"), move |run| run.params[at].is_some()),
            1 => presence(random, "tags.nobody", |_| false),
            _ => text(random, "attributes.user_id", |run| Some(run.user.clone())),
        },
        _ => {
            let wanted: Vec<Id> =
                (0..=random.below(40)).map(|_| ids[random.below(ids.len())].clone()).collect();
            let inside = random.below(2) == 0;
            let listed: Vec<String> = wanted.iter().map(|id| format!("'{id}'")).collect();
            let shown = format!("run_id {} ({})", if inside { "IN" } else { "not in" }, listed.join(", "));
            Filter {
                text: shown,
                holds: Box::new(move |run| wanted.contains(&run.id) == inside),
                whole: true,
            }
        }
    }
}

/// The text of a part, in parentheses when it needs them, and now and then when it does not.
fn part(random: &mut Random, filter: &Filter) -> String {
    if filter.whole && random.below(8) > 0 { filter.text.clone() } else { format!("({})", filter.text) }
}

fn filter(random: &mut Random, ids: &[Id], depth: usize) -> Filter {
    let kind = if depth == 0 { 0 } else { random.below(4) };
    if kind == 0 {
        return leaf(random, ids);
    }
    if kind == 3 {
        let inner = filter(random, ids, depth - 1);
        let text = format!("{} {}", random.of(&["NOT", "not"]), part(random, &inner));
        let holds = inner.holds;
        return Filter { text, holds: Box::new(move |run| !holds(run)), whole: true };
    }
    let parts: Vec<Filter> = (0..2 + random.below(2)).map(|_| filter(random, ids, depth - 1)).collect();
    let all = kind == 1;
    let texts: Vec<String> = parts.iter().map(|inner| part(random, inner)).collect();
    let text = texts.join(if all { " AND " } else { " OR " });
    let checks: Vec<_> = parts.into_iter().map(|inner| inner.holds).collect();
    let holds = move |run: &Stored| {
        if all { checks.iter().all(|holds| holds(run)) } else { checks.iter().any(|holds| holds(run)) }
    };
    Filter { text, holds: Box::new(holds), whole: false }
}

#[tokio::test]
async fn the_database_finds_what_a_plain_evaluation_finds() {
    let mut random = Random(0x0dd5_eed5);
    let all: Vec<Stored> = (0..RUNS).map(|n| stored(n, &mut random)).collect();
    let ids: Vec<Id> = all.iter().map(|run| run.id.clone()).collect();
    let filters: Vec<Filter> = (0..FILTERS).map(|n| filter(&mut random, &ids, n % 5)).collect();
    for test in testkit::databases().await {
        let given = all.clone();
        test.db
            .write::<_, Error, _>(move |conn| {
                Box::pin(async move {
                    insert(conn, &given).await;
                    Ok(())
                })
            })
            .await
            .unwrap();
        let mut reader = test.db.read().await.unwrap();
        let mut conn = reader.conn();
        for Filter { text, holds, .. } in &filters {
            let search = Search {
                experiments: vec![ExperimentId::DEFAULT],
                view: View::Active,
                filter: parse_filter(Object::Runs, text).unwrap(),
                limit: i64::from(RUNS),
                ..Search::default()
            };
            let found = runs(&mut conn, &search).await.unwrap();
            let mut found: Vec<&Id> = found.iter().map(|run| &run.info.id).collect();
            found.sort_unstable();
            let expected: Vec<&Id> = all.iter().filter(|run| holds(run)).map(|run| &run.id).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
