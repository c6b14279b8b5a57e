//! What stands first in every help text, and what stands last.

/// Examples of one command, and the likely next one.
pub struct Entry {
    /// Lines as one would type them.
    pub examples: &'static [&'static str],
    /// What comes next.
    pub next: &'static str,
}

/// The entry of a command, by its words.
pub fn of(path: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|(words, _)| *words == path).map(|(_, entry)| entry)
}

macro_rules! entries {
    ($($path:literal: [$($example:literal),* $(,)?] -> $next:literal;)*) => {
        static ENTRIES: &[(&str, Entry)] = &[
            $(($path, Entry { examples: &[$($example),*], next: $next })),*
        ];
    };
}

entries! {
    "volano": ["volano demo --fast                  the whole loop on real data",
               "volano init churn --data telco.csv  a project from your own data",
               "volano server --open                page, APIs and predictions on one port"]
        -> "volano COMMAND -h for examples of one command; volano help refs, filters, exit-codes, config, output";
    "volano demo": ["volano demo", "volano demo --fast --exit", "volano demo --fast --exit --json"]
        -> "volano trace PREDICTION_ID, with an id that the demo prints";
    "volano init": ["volano init churn --data telco.csv", "volano init churn --data telco.csv --label churned", "volano init --template empty"]
        -> "volano pipeline run";
    "volano server": ["volano server", "volano server --open", "volano server --port 0 --home /srv/volano", "volano server --database postgres://volano@db/volano"]
        -> "export MLFLOW_TRACKING_URI=http://127.0.0.1:5000";
    "volano login": ["volano login https://ml.example.org --token-stdin < token", "volano login http://127.0.0.1:5000 --name laptop"]
        -> "volano config show --origin";
    "volano doctor": ["volano doctor", "volano doctor --json"]
        -> "volano server";
    "volano data": ["volano data add telco.csv --name churn", "volano data ls", "volano data diff churn@v1 churn@v2"]
        -> "volano data add FILE --name NAME";
    "volano data add": ["volano data add telco.csv --name churn", "volano data add data/*.parquet --name flights -m 'April'", "volano data add telco.csv --name churn --dry-run"]
        -> "volano data profile NAME";
    "volano data ls": ["volano data ls", "volano data ls churn", "volano data ls -q"]
        -> "volano data show NAME";
    "volano data show": ["volano data show churn", "volano data show churn@v1 --rows 20", "volano data show churn@v1 --json"]
        -> "volano data profile NAME";
    "volano data checkout": ["volano data checkout churn", "volano data checkout churn@v3 before", "volano data checkout churn@review/may"]
        -> "volano run -- python train.py FOLDER";
    "volano data branch": ["volano data branch churn", "volano data branch churn@v3 review/may", "volano data branch churn review/may --rm"]
        -> "volano data add FILE --name NAME --branch BRANCH";
    "volano data tag": ["volano data tag churn", "volano data tag churn@v3 q1-frozen", "volano data tag churn q1-frozen --rm"]
        -> "volano data show NAME@TAG";
    "volano data merge": ["volano data merge churn@review/may --dry-run", "volano data merge churn@review/may -m 'May, mended'"]
        -> "volano data ls NAME";
    "volano data diff": ["volano data diff churn@v1 churn@v2", "volano data diff churn@v1 v2 --column tenure", "volano data diff churn@v1 v2 --exit-code"]
        -> "volano contract test NAME@v2";
    "volano data profile": ["volano data profile churn", "volano data profile churn@v2 --column tenure", "volano data profile churn --json"]
        -> "volano contract infer NAME --write";
    "volano data sql": ["volano data sql 'SELECT plan, avg(tenure) FROM churn@v2 GROUP BY plan'", "volano data sql 'SELECT count(*) FROM churn@v1 JOIN churn@v2 USING (id)'", "volano data sql @report.sql --output report.parquet"]
        -> "volano data sql 'DESCRIBE NAME'";
    "volano data s3": ["volano data s3", "eval \"$(volano data s3)\"", "volano data s3 --json"]
        -> "aws s3 ls s3://NAME/latest/";
    "volano data usage": ["volano data usage", "volano data usage --json"]
        -> "volano data gc --plan";
    "volano data verify": ["volano data verify", "volano data verify --json"]
        -> "volano data usage";
    "volano data gc": ["volano data gc --plan", "volano data gc"]
        -> "volano data usage";
    "volano contract": ["volano contract infer churn --write", "volano contract test churn@v2"]
        -> "volano contract infer NAME --write";
    "volano contract history": ["volano contract history churn", "volano contract history churn --limit 5 --json"]
        -> "volano data show NAME@v3";
    "volano contract infer": ["volano contract infer churn", "volano contract infer churn --last 5 --write", "volano contract infer churn --from v1..v5"]
        -> "edit contracts/NAME.yaml, then volano contract test NAME";
    "volano contract show": ["volano contract show churn", "volano contract show churn --json"]
        -> "volano contract test NAME";
    "volano contract test": ["volano contract test churn", "volano contract test churn@v2", "volano contract test churn --contract contracts/churn.yaml", "volano contract test churn --since 90d"]
        -> "volano data diff NAME@v1 NAME@v2";
    "volano run": ["volano run -- python train.py", "volano run -p depth=8 -- python train.py --depth '${params.depth}'", "volano run -p lr=0.1 explore.ipynb", "volano run --replay"]
        -> "volano exp compare @last @best";
    "volano pipeline": ["volano pipeline plan", "volano pipeline run", "volano pipeline why train"]
        -> "volano pipeline run";
    "volano pipeline check": ["volano pipeline check", "volano pipeline check --json"]
        -> "volano pipeline plan";
    "volano pipeline plan": ["volano pipeline plan", "volano pipeline plan -p lr=0.05"]
        -> "volano pipeline run";
    "volano pipeline run": ["volano pipeline run", "volano pipeline run -p lr=0.05", "volano pipeline run --no-wait"]
        -> "volano pipeline status";
    "volano pipeline why": ["volano pipeline why train", "volano pipeline why prepare --json"]
        -> "volano pipeline plan";
    "volano pipeline status": ["volano pipeline status", "volano pipeline status 3fa9c1d2", "volano pipeline status --json"]
        -> "volano pipeline logs STEP";
    "volano pipeline logs": ["volano pipeline logs train", "volano pipeline logs train --follow"]
        -> "volano pipeline run";
    "volano exp": ["volano exp ls", "volano exp ls churn --filter 'metrics.auc > 0.8'", "volano exp compare @last @best"]
        -> "volano exp compare @last @best";
    "volano exp ls": ["volano exp ls churn --order-by 'metrics.auc DESC'", "volano exp ls --filter 'metrics.auc > 0.8' --columns name,auc,params.lr,tags.team", "volano exp ls --experiments"]
        -> "volano exp show @best";
    "volano exp show": ["volano exp show @last", "volano exp show 3fa9c1d2", "volano exp show @best --metric auc"]
        -> "volano exp compare @last @best";
    "volano exp compare": ["volano exp compare @last @best", "volano exp compare 3fa9c1d2 77b0e4aa --all"]
        -> "volano model register @best --name NAME";
    "volano exp best": ["volano exp best churn --metric auc", "volano exp best --metric val/loss --lowest -q"]
        -> "volano model register @best --name NAME";
    "volano exp create": ["volano exp create churn", "volano exp create churn --tag team=growth"]
        -> "volano run --experiment NAME -- python train.py";
    "volano exp rename": ["volano exp rename churn churn-2026", "volano exp rename @last 'the good one'"]
        -> "volano exp ls --experiments";
    "volano exp note": ["volano exp note @last 'too many trees'", "volano exp note churn --file NOTES.md", "volano exp note churn"]
        -> "volano exp show @last";
    "volano exp tag": ["volano exp tag @last team=growth stage=trial", "volano exp tag churn owner=ada --remove draft"]
        -> "volano exp ls --filter \"tags.team = 'growth'\"";
    "volano traces": ["volano traces ls --experiment shop", "volano traces show tr-0123456789abcdef0123456789abcdef"]
        -> "volano traces ls --filter \"status = 'ERROR'\"";
    "volano traces ls": ["volano traces ls --experiment shop", "volano traces ls --filter \"status = 'ERROR' AND span.type = 'LLM'\"", "volano traces ls --order-by 'execution_time DESC' --limit 5"]
        -> "volano traces show TRACE";
    "volano traces show": ["volano traces show tr-0123456789abcdef0123456789abcdef", "volano traces show TRACE --steps", "volano traces show TRACE --json"]
        -> "volano traces ls --filter \"name = 'NAME'\"";
    "volano traces rm": ["volano traces rm tr-0123456789abcdef0123456789abcdef", "volano traces ls --filter \"tags.env = 'test'\" -q | xargs volano traces rm", "volano traces rm TRACE --dry-run"]
        -> "volano traces ls";
    "volano exp rm": ["volano exp rm 3fa9c1d2 77b0e4aa", "volano exp ls churn --filter 'metrics.auc < 0.6' -q | xargs volano exp rm", "volano exp rm churn --dry-run"]
        -> "volano exp restore REF";
    "volano exp restore": ["volano exp restore run:3fa9c1d2", "volano exp restore churn"]
        -> "volano exp ls --deleted";
    "volano exp mv": ["volano exp mv 3fa9c1d2 77b0e4aa --to churn-2026", "volano exp ls churn --filter 'metrics.auc < 0.6' -q | xargs volano exp mv --to attic"]
        -> "volano exp ls EXPERIMENT";
    "volano exp cp": ["volano exp cp @best --to showcase", "volano exp cp --experiment churn --to churn-copy"]
        -> "volano exp ls EXPERIMENT";
    "volano exp export": ["volano exp export churn -o runs.parquet", "volano exp export churn --columns name,auc,lr > runs.csv", "volano exp export churn --metrics-history -o points.parquet"]
        -> "pandas.read_parquet('runs.parquet')";
    "volano diff": ["volano diff @last @best", "volano diff churn:3 churn@champion", "volano diff churn@v1 v2 --exit-code"]
        -> "volano help refs";
    "volano model": ["volano model register @best --name churn", "volano model promote churn:2 champion", "volano model rollback churn"]
        -> "volano model show NAME";
    "volano model ls": ["volano model ls", "volano model ls --filter \"name LIKE 'churn%'\"", "volano model ls --json"]
        -> "volano model show NAME";
    "volano model show": ["volano model show churn", "volano model show churn@champion", "volano model show churn:2 --json"]
        -> "volano model promote NAME:2";
    "volano model promote": ["volano model promote churn:2", "volano model promote churn@challenger champion --reason 'fewer false alarms'", "volano model promote churn:2 --dry-run"]
        -> "volano deploy NAME@champion --to ENDPOINT";
    "volano model rollback": ["volano model rollback churn", "volano model rollback churn --dry-run"]
        -> "volano model show NAME";
    "volano model history": ["volano model history churn", "volano model history churn@champion", "volano model history churn --json"]
        -> "volano model rollback NAME";
    "volano webhook": ["volano webhook ls", "volano webhook deliveries WEBHOOK"]
        -> "volano webhook ls";
    "volano webhook ls": ["volano webhook ls", "volano webhook ls --json"]
        -> "volano webhook deliveries WEBHOOK";
    "volano webhook deliveries": ["volano webhook deliveries 019a2b3c4d5e7f80a1b2c3d4e5f60718", "volano webhook deliveries WEBHOOK --json"]
        -> "volano webhook ls";
    "volano model register": ["volano model register @best --name churn", "volano model register 3fa9c1d2 --name churn -m 'deeper trees'", "volano model register models:/m-3fa9… --name churn --dry-run"]
        -> "volano model promote NAME:1 champion";
    "volano model compare": ["volano model compare churn:3 churn@champion", "volano model compare churn:1 churn:2 churn:3 --all"]
        -> "volano model promote NAME:3";
    "volano model tag": ["volano model tag churn team=growth", "volano model tag churn:3 checked=yes --remove draft"]
        -> "volano model show NAME:3";
    "volano model note": ["volano model note churn 'who leaves within a month'", "volano model note churn:3"]
        -> "volano model card NAME:3";
    "volano model rm": ["volano model rm churn:1 --yes", "volano model rm churn --dry-run"]
        -> "volano model ls";
    "volano model card": ["volano model card churn@champion", "volano model card churn:3 > churn.md"]
        -> "volano model export NAME:3 -o DIR";
    "volano model export": ["volano model export churn@champion -o churn-champion", "volano model export churn:3 -o /tmp/churn3"]
        -> "mlflow.pyfunc.load_model('DIR')";
    "volano serve": ["volano serve churn@champion", "volano serve churn:2 --to churn-test --port 0"]
        -> "volano predict NAME rows.csv";
    "volano deploy": ["volano deploy churn@champion --to churn-api", "volano deploy churn:3 --to churn-api --canary 10%", "volano deploy undo churn-api"]
        -> "volano predict NAME rows.csv";
    "volano deploy ls": ["volano deploy ls", "volano deploy ls -q"]
        -> "volano deploy status NAME";
    "volano deploy status": ["volano deploy status churn-api", "volano deploy status churn-api --json"]
        -> "volano monitor status NAME";
    "volano deploy undo": ["volano deploy undo churn-api", "volano deploy undo churn-api --dry-run"]
        -> "volano deploy status NAME";
    "volano predict": ["volano predict churn-api rows.csv", "echo '[{\"tenure\": 3}]' | volano predict churn-api", "volano predict churn-api rows.csv -o answers.csv"]
        -> "volano monitor status NAME";
    "volano monitor": ["volano monitor status", "volano monitor drift churn-api", "volano monitor performance churn-api"]
        -> "volano monitor status";
    "volano monitor status": ["volano monitor status", "volano monitor status churn-api"]
        -> "volano monitor drift NAME";
    "volano monitor drift": ["volano monitor drift churn-api", "volano monitor drift churn-api --history 10"]
        -> "volano pipeline run";
    "volano monitor performance": ["volano monitor performance churn-api", "volano monitor performance churn-api --history 10"]
        -> "volano label add NAME labels.csv";
    "volano label": ["volano label add churn-api labels.csv"]
        -> "volano label add NAME labels.csv";
    "volano label add": ["volano label add churn-api labels.csv", "volano label add churn-api --id 0199… --value 1"]
        -> "volano monitor performance NAME";
    "volano trash": ["volano trash ls", "volano trash restore churn:3", "volano trash purge --older-than 30d --dry-run"]
        -> "volano trash purge --dry-run";
    "volano trash ls": ["volano trash ls", "volano trash ls --kind run --experiment churn", "volano trash ls --older-than 30d -q"]
        -> "volano trash restore REF";
    "volano trash restore": ["volano trash restore run:3fa9c1d2", "volano trash restore exp:churn", "volano trash restore churn:3 model:flights"]
        -> "volano trash ls";
    "volano trash purge": ["volano trash purge --older-than 30d --dry-run", "volano trash purge --experiment churn --yes", "volano trash purge run:3fa9c1d2 --yes"]
        -> "volano trash purges";
    "volano trash purges": ["volano trash purges", "volano trash purges --json"]
        -> "volano trash ls";
    "volano trash retention": ["volano trash retention show", "volano trash retention set 30d", "volano trash retention set 7d --experiment churn"]
        -> "volano trash retention show";
    "volano trash retention show": ["volano trash retention show", "volano trash retention show --json"]
        -> "volano trash retention set 30d";
    "volano trash retention set": ["volano trash retention set 30d", "volano trash retention set 7d --experiment churn"]
        -> "volano trash retention show";
    "volano trash retention rm": ["volano trash retention rm", "volano trash retention rm --experiment churn"]
        -> "volano trash retention show";
    "volano model restore": ["volano model restore churn:3", "volano model restore churn"]
        -> "volano model show NAME";
    "volano trace": ["volano trace 019a3c5e7f2b7d11a4c09be2f3d81c55", "volano trace 019a3c5e7f2b7d11a4c09be2f3d81c55 --json"]
        -> "volano audit log --id ID";
    "volano audit": ["volano audit log --limit 20", "volano audit verify"]
        -> "volano audit verify";
    "volano audit log": ["volano audit log", "volano audit log --noun model --id churn", "volano audit log --json --limit 1000"]
        -> "volano audit verify";
    "volano audit verify": ["volano audit verify", "volano audit verify --json"]
        -> "volano audit log";
    "volano import": ["volano import mlflow mlflow.db --artifacts mlartifacts --dry-run", "volano import mlflow mlruns"]
        -> "volano import mlflow SOURCE --artifacts DIR --dry-run";
    "volano import mlflow": ["volano import mlflow sqlite:///mlflow.db --artifacts mlartifacts --dry-run", "volano import mlflow mlflow.db --artifacts mlartifacts", "volano import mlflow mlruns"]
        -> "volano exp ls";
    "volano config": ["volano config show --origin", "volano config set server http://127.0.0.1:5000"]
        -> "volano config show --origin";
    "volano config show": ["volano config show", "volano config show --origin"]
        -> "volano config set KEY VALUE";
    "volano config get": ["volano config get server"]
        -> "volano config show --origin";
    "volano config set": ["volano config set server http://127.0.0.1:5000", "volano config set server ''"]
        -> "volano config show --origin";
    "volano completions": ["volano completions bash > ~/.local/share/bash-completion/completions/volano", "volano completions zsh > ~/.zfunc/_volano"]
        -> "open a new shell";
    "volano explain": ["volano explain E0212", "volano explain"]
        -> "volano help exit-codes";
    "volano help": ["volano help", "volano help deploy", "volano help filters"]
        -> "volano help refs";
    "volano version": ["volano version", "volano version --json"]
        -> "volano doctor";
}
