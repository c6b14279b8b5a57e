//! What `volano help TOPIC` says.

/// Names of the topics.
pub const TOPICS: [&str; 5] = ["refs", "filters", "exit-codes", "config", "output"];

/// The text of a topic.
pub fn topic(name: &str) -> Option<&'static str> {
    match name {
        "refs" => Some(REFS),
        "filters" => Some(FILTERS),
        "exit-codes" => Some(EXIT_CODES),
        "config" => Some(CONFIG),
        "output" => Some(OUTPUT),
        _ => None,
    }
}

const REFS: &str = "\
How things are named, in commands, addresses and Python alike.

  churn                  a data set, a model, an experiment
  churn@v8               version 8 of a data set; churn alone is the latest
  churn@latest           the newest published version
  churn@3fa9c1d2         a data version by the start of its commit id, also a rejected one
  churn:12               version 12 of a model
  churn@champion         the model version that an alias points at
  3fa9c1d2               a run, by its id, any unique start or end of it, or its name
  run:brisk-otter        the same, where a name could also be an experiment's
  exp:churn              an experiment by name or number, where it could also be a run's
  pipeline:019a3c5e…     a pipeline run, for volano diff
  @last                  the newest run
  @best                  the run with the best value of the objective's metric (or of --metric)
";

const FILTERS: &str = "\
The filter language of `volano exp ls --filter`; the page and the MLflow client use the same.

  metrics.auc > 0.8                          compare with = != < <= > >=
  params.depth = '8'                         parameters are text: quote the value
  tags.team = 'growth'
  attributes.status = 'FINISHED'             also run_name, run_id, start_time, end_time (milliseconds)
  attributes.run_name LIKE 'brisk%'          % is any text; ILIKE ignores case
  params.depth IN ('6', '8')
  metrics.auc > 0.8 AND params.depth = '8'   all must hold
  metrics.\"val/auc\" > 0.8                    quote names that hold other signs

Order: --order-by 'metrics.auc DESC', 'attributes.start_time ASC'.
";

const EXIT_CODES: &str = "\
How commands leave.

    0   done
    1   failed: not found, conflict, a step that failed, an internal error
    2   wrong use, or input that is not valid
    3   a check said no: contract, gate, drift, performance, audit, diff --exit-code
    4   not signed in, or not allowed
    5   server not reachable or busy, home or port in use
  130   interrupted

`volano run` leaves with the code of the command it ran.
";

const CONFIG: &str = "\
Where values come from; the first that says something wins.

  1. flags               --server, --home, --project, --color
  2. environment         VOLANO_URL, VOLANO_HOME, VOLANO_PROJECT, VOLANO_COLOR; MLFLOW_TRACKING_URI
  3. the project         volano.yaml, looked for upwards; its home is .volano beside it
  4. the user file       ~/.config/volano/config.toml (VOLANO_CONFIG names another)
  5. defaults

Which server a command speaks to: --server, VOLANO_URL, MLFLOW_TRACKING_URI, the server logged in to, the server that
has the home open, and at last the home itself, without any server.

`volano config show --origin` says what holds here and why. VOLANO_TOKEN holds an access token; VOLANO_LOG names what is
logged (error, warn, info, debug, or as `runner=debug`).
";

const OUTPUT: &str = "\
Results go to standard output, all else to standard error.

  on a terminal          tables that fit the width
  in a pipe              tab-separated lines, whole ids, exact numbers, times as RFC 3339, no colour
  --json                 one document; for lists one object a line. Errors too, on standard error
  -q                     ids only, for xargs

Colour: --color, NO_COLOR, CLICOLOR_FORCE and TERM=dumb are honoured. Bars are drawn on terminals only; elsewhere what
takes long says so every ten seconds.
";
