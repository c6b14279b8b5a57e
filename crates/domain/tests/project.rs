//! What people get wrong in `volano.yaml`, and what they are told.

use domain::pipelines::project::Project;

/// Name, and a file that is wrong in one way (or several, to be reported at once).
const WRONG: &[(&str, &str)] = &[
    ("empty file", ""),
    ("not a map", "- project: x\n"),
    ("broken yaml", "project: x\nsteps: {a: [1, 2}\n"),
    ("tab as indentation", "project: x\nsteps:\n\ta: {}\n"),
    ("key written twice", "project: x\nproject: y\n"),
    ("no project", "steps: {}\n"),
    ("project is no name", "project: my project\n"),
    ("project is a number", "project: 2013\n"),
    ("unknown key at the top", "project: x\nstep: {}\n"),
    (
        "unknown keys everywhere, all at once",
        "project: x\nobjectiv: {}\nlimits: {cooldwn: 6h}\nmonitor: {freshnes: 2d}\n",
    ),
    ("unknown metric", "project: x\nobjective: {metric: roc_acu}\n"),
    ("target is text", "project: x\nobjective: {target: high}\n"),
    ("slices is not a list", "project: x\nobjective: {slices: origin}\n"),
    ("parameter without default", "project: x\nparams: {lr: {min: 0}}\n"),
    ("default out of range", "project: x\nparams: {lr: {default: 2, max: 1}}\n"),
    ("default is not a choice", "project: x\nparams: {kind: {default: a, choices: [b, c]}}\n"),
    ("source without path", "project: x\ndata: {d: {kind: table}}\n"),
    ("source outside the project", "project: x\ndata: {d: {path: ../secret.csv}}\n"),
    ("source with a broken pattern", "project: x\ndata: {d: {path: \"data/[a.csv\"}}\n"),
    ("unknown kind of source", "project: x\ndata: {d: {path: d.csv, kind: tabel}}\n"),
    ("missing contract", "project: x\ndata: {d: {path: d.csv, contract: contracts/none.yaml}}\n"),
    ("step that does nothing", "project: x\nsteps: {a: {in: {}}}\n"),
    ("step that does two things", "project: x\nsteps: {a: {run: echo, sql: here.sql}}\n"),
    ("step called data", "project: x\nsteps: {data: {run: echo}}\n"),
    ("unknown key of a step", "project: x\nsteps: {a: {run: echo, timout: 30m}}\n"),
    (
        "missing files of steps",
        "project: x\nsteps:\n  a: {sql: none.sql, out: {t: {kind: table}}}\n  b: {notebook: none.ipynb}\n  c: {run: echo, env: {requirements: none.txt}}\n",
    ),
    ("unknown built-in", "project: x\nsteps: {a: {use: evalute}}\n"),
    (
        "unknown source",
        "project: x\ndata: {flights: {path: d.csv}}\nsteps: {a: {run: echo, in: {f: data.flihgts}}}\n",
    ),
    (
        "unknown step and output",
        "project: x\nsteps:\n  prepare: {run: echo, out: {features: {kind: table}}}\n  b: {run: echo, in: {x: prepar.features, y: prepare.feature}}\n",
    ),
    ("input that names nothing", "project: x\nsteps: {a: {run: echo, in: {f: flights}}}\n"),
    ("unknown part", "project: x\ndata: {d: {path: d.csv}}\nsteps: {a: {run: echo, in: {f: data.d@test}}}\n"),
    (
        "part of something that is no table",
        "project: x\nsteps:\n  a: {run: echo, out: {m: {kind: model}}}\n  b: {run: echo, in: {m: a.m@train}}\n",
    ),
    (
        "circle",
        "project: x\nsteps:\n  a: {run: echo, in: {x: c.o}, out: {o: {kind: file}}}\n  b: {run: echo, in: {x: a.o}, out: {o: {kind: file}}}\n  c: {run: echo, in: {x: b.o}, out: {o: {kind: file}}}\n",
    ),
    ("query without a table", "project: x\nsteps: {a: {sql: here.sql, out: {m: {kind: model}}}}\n"),
    ("unknown kind of output", "project: x\nsteps: {a: {run: echo, out: {m: {kind: modle}}}}\n"),
    ("output without kind", "project: x\nsteps: {a: {run: echo, out: {m: {}}}}\n"),
    (
        "broken partition",
        "project: x\nsteps: {a: {sql: here.sql, out: {t: {kind: table}}, by: monthly(time)}}\n",
    ),
    ("partition of a command", "project: x\nsteps: {a: {run: echo, by: month(time)}}\n"),
    (
        "broken duration, size and percentage",
        "project: x\nsteps: {a: {run: echo, timeout: 30, need: {memory: 2 gigs, cpu: 0}}}\ngate: {require: [no_skew]}\ndeploy: {to: d, canary: [5, 100%], every: soon}\n",
    ),
    (
        "placeholders that stand for nothing",
        "project: x\nparams: {lr: 1}\nsteps: {a: {run: \"python a.py ${in.x} ${params.rl} ${env.HOME} ${out\"}}\n",
    ),
    (
        "each of an unknown parameter",
        "project: x\nparams: {seed: 1}\nsteps: {a: {run: echo, each: {sede: [1, 2]}}}\n",
    ),
    (
        "each of wrong values",
        "project: x\nparams: {seed: 1}\nsteps: {a: {run: echo, each: {seed: [1, 1, two]}}}\n",
    ),
    ("keep without each", "project: x\nsteps: {a: {run: echo, keep: best(roc_auc)}}\n"),
    (
        "several models go on",
        "project: x\nparams: {seed: 1}\nsteps:\n  a: {run: echo, each: {seed: [1, 2]}, out: {m: {kind: model}}}\n  b: {run: echo, in: {m: a.m}}\n",
    ),
    (
        "environments that are not supported yet",
        "project: x\nsteps:\n  a: {run: echo, env: {image: \"python:3.12\"}}\n  b: {run: echo, env: {requirements: here.txt, python: 3.12}}\n",
    ),
    (
        "retry on exit without codes",
        "project: x\nsteps: {a: {run: echo, retry: {max: 1, if: [exit, lots]}}}\n",
    ),
    (
        "evaluation without its inputs and label",
        "project: x\nsteps: {e: {use: evaluate, in: {modle: e.m}}}\n",
    ),
    (
        "slip in a check",
        "project: x\nsteps: {a: {sql: here.sql, out: {t: {kind: table}}, check: [rows = 10, no_nuls(late), row > 3, \"rows > 10 &&\"]}}\n",
    ),
    (
        "slips in a gate",
        "project: x\ngate:\n  require: [roc_acu > 0.5, latency_p99 < 50, slice.roc_auc > 0.5, \"worst(roc_auc >= 0.5\", \"roc_auc + 1\"]\n",
    ),
    ("gate without evaluation", "project: x\ngate: {require: [roc_auc > 0.5]}\n"),
    ("deployment without gate", "project: x\ndeploy: {to: d}\n"),
    ("canary that falls", "project: x\ndeploy: {to: d, canary: [50%, 25%]}\ngate: {require: [no_skew]}\n"),
    ("shadow is not supported yet", "project: x\ndeploy: {to: d, shadow: 1h}\ngate: {require: [no_skew]}\n"),
    (
        "rollback on a metric that serving does not have",
        "project: x\ndeploy: {to: d, rollback: [eror_rate > 1%, rows > 3]}\ngate: {require: [no_skew]}\n",
    ),
    ("broken rate", "project: x\nmonitor: {drift: {false_alarms: rarely}}\n"),
    ("performance without label", "project: x\nmonitor: {performance: {after: 1 day}}\n"),
    (
        "trigger that watches nothing or two things",
        "project: x\ntriggers: [{when: age > 7d}, {data: d, schedule: \"0 3 * * *\"}]\n",
    ),
    (
        "trigger on an unknown source",
        "project: x\ndata: {flights: {path: d.csv}}\ntriggers: [{data: flight}]\n",
    ),
    ("trigger on an unknown deployment", "project: x\ntriggers: [{drift: flights-late}]\n"),
    (
        "broken schedules",
        "project: x\ntriggers: [{schedule: \"0 3 * *\"}, {schedule: \"0 25 * * 1\"}, {schedule: \"0 3 * * 1 Europe/Roma\"}]\n",
    ),
    (
        "conditions of triggers",
        "project: x\ndata: {d: {path: d.csv}}\ntriggers: [{data: d, when: new_row > 3}, {data: d, when: age > 7}, {data: d, when: rows > 3 for 1h}]\n",
    ),
    ("push is not supported yet", "project: x\ntriggers: [{push: {branch: main}}]\n"),
    ("on instead of triggers", "project: x\non: [{schedule: \"0 3 * * *\"}]\n"),
    ("broken limits", "project: x\nlimits: {per_day: 0, overlap: lates, budget: 20 h, pause_after: three}\n"),
];

fn told(text: &str) -> String {
    let there = ["here.sql", "here.txt"];
    match Project::parse_with_files(text, "volano.yaml", &|path| there.contains(&path)) {
        Ok(_) => "nothing".to_owned(),
        Err(problems) => problems.iter().map(|p| format!("{p}\n")).collect(),
    }
}

#[test]
fn every_slip_is_told_with_its_place_and_the_way_out() {
    let mut all = String::new();
    for (name, text) in WRONG {
        let told = told(text);
        assert_ne!(told, "nothing", "{name}");
        all.push_str(&format!("## {name}\n{text}--\n{told}\n"));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn no_text_makes_the_reader_panic() {
    let whole = include_str!("project/whole.yaml");
    let chars: Vec<char> = whole.chars().collect();
    for at in (0..chars.len()).step_by(3) {
        let cut: String = chars[..at].iter().collect();
        let _ = Project::parse(&cut, "volano.yaml");
        let holed: String = chars[..at].iter().chain(chars.get(at + 5..).unwrap_or_default()).collect();
        let _ = Project::parse(&holed, "volano.yaml");
    }
}

#[test]
fn the_schema_in_the_book_is_the_one_the_reader_has() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/book/volano.schema.json");
    let wanted = serde_json::to_string_pretty(&domain::pipelines::project::schema::schema()).unwrap() + "\n";
    if std::env::var_os("VOLANO_UPDATE").is_some() {
        std::fs::write(path, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(found == wanted, "docs/book/volano.schema.json is old: run this test with VOLANO_UPDATE=1");
}
