"""Trains a gradient-boosted model of {{label}} and logs it with the plain MLflow client.

Runs by itself as well: `python src/train.py --features FOLDER_OR_FILE`, with MLFLOW_TRACKING_URI set to any MLflow server,
or `volano run -- python src/train.py --features FOLDER_OR_FILE`.
"""

import argparse

import mlflow
import pandas as pd
from mlflow.models import infer_signature
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import {{estimator}}
from sklearn.metrics import {{metric_function}}
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

LABEL = {{label_python}}
CATEGORIES = {{categories}}
NUMBERS = {{numbers}}


def build(lr: float, leaves: int) -> Pipeline:
    """The untrained pipeline: categories to indicator columns, numbers as they are, missing numbers left missing."""
    columns = ColumnTransformer(
        [("categories", OneHotEncoder(handle_unknown="ignore", min_frequency=10, sparse_output=False), CATEGORIES)],
        remainder="passthrough",
    )
    trees = {{estimator}}(learning_rate=lr, max_leaf_nodes=leaves, max_iter=150, random_state=7)
    return Pipeline([("columns", columns), ("trees", trees)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--features", required=True, help="Parquet file or folder of Parquet files")
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--leaves", type=int, default=31)
    args = parser.parse_args()

    mlflow.autolog(log_models=False, silent=True)
    table = pd.read_parquet(args.features)
    inputs, label = table[CATEGORIES + NUMBERS], table[LABEL]
    fit_x, check_x, fit_y, check_y = train_test_split(inputs, label, test_size=0.1, random_state=7)
    with mlflow.start_run():
        mlflow.log_params({"lr": args.lr, "leaves": args.leaves, "rows": len(table)})
        model = build(args.lr, args.leaves).fit(fit_x, fit_y)
        value = {{check}}
        mlflow.log_metric("check_{{metric}}", value)
        example = inputs.head(5)
        mlflow.sklearn.log_model(
            model,
            name="model",
            signature=infer_signature(example, model.{{predict}}(example)),
            input_example=example,
            pyfunc_predict_fn="{{predict}}",
            serialization_format="cloudpickle",
        )
        print(f"trained on {len(fit_x):,} rows, {{metric}} {value:.4f} on {len(check_x):,} set aside")


if __name__ == "__main__":
    main()
