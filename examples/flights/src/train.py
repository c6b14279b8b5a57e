"""Trains a gradient-boosted classifier of late arrivals and logs it with the plain MLflow client.

Runs by itself as well: `python src/train.py --features FOLDER_OR_FILE`, with MLFLOW_TRACKING_URI set to any MLflow server.
"""

import argparse
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.models import infer_signature
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

LABEL = "late"
CATEGORIES = ["origin", "dest", "carrier"]
NUMBERS = [
    "hour", "day_of_week", "distance", "sched_arr_minute",
    "temp", "humid", "wind_speed", "precip", "pressure", "visib",
]


def build(lr: float, leaves: int) -> Pipeline:
    """The untrained pipeline: categories to indicator columns, numbers as they are, missing numbers left missing."""
    columns = ColumnTransformer(
        [("categories", OneHotEncoder(handle_unknown="ignore", min_frequency=50, sparse_output=False), CATEGORIES)],
        remainder="passthrough",
    )
    trees = HistGradientBoostingClassifier(
        learning_rate=lr, max_leaf_nodes=leaves, max_iter=150, early_stopping=False, random_state=7
    )
    return Pipeline([("columns", columns), ("trees", trees)])


def export_onnx(model: Pipeline, example: pd.DataFrame) -> None:
    """Logs an ONNX form of the model beside it where the exporter knows all its parts."""
    try:
        from skl2onnx import to_onnx
        from skl2onnx.common.data_types import FloatTensorType, StringTensorType

        kinds = [(c, (StringTensorType if c in CATEGORIES else FloatTensorType)([None, 1])) for c in example.columns]
        onnx = to_onnx(model, initial_types=kinds, options={"zipmap": False})
    except Exception as error:  # the exporter lags behind its inputs; the model itself is what counts
        mlflow.set_tag("onnx_export", f"not available: {type(error).__name__}: {error}"[:500])
        return
    path = Path("model.onnx")
    path.write_bytes(onnx.SerializeToString())
    mlflow.log_artifact(str(path), "onnx")
    mlflow.set_tag("onnx_export", "onnx/model.onnx")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--features", required=True, help="Parquet file or folder of Parquet files")
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--leaves", type=int, default=31)
    args = parser.parse_args()

    mlflow.autolog(log_models=False, silent=True)
    table = pd.read_parquet(args.features)
    inputs, label = table[CATEGORIES + NUMBERS], table[LABEL]
    fit_x, check_x, fit_y, check_y = train_test_split(inputs, label, test_size=0.1, random_state=7, stratify=label)
    with mlflow.start_run():
        mlflow.log_params({"lr": args.lr, "leaves": args.leaves, "rows": len(table)})
        model = build(args.lr, args.leaves).fit(fit_x, fit_y)
        auc = roc_auc_score(check_y, model.predict_proba(check_x)[:, 1])
        mlflow.log_metric("check_roc_auc", auc)
        example = inputs.head(5)
        mlflow.sklearn.log_model(
            model,
            name="model",
            signature=infer_signature(example, model.predict_proba(example)),
            input_example=example,
            pyfunc_predict_fn="predict_proba",
            serialization_format="cloudpickle",
        )
        export_onnx(model, example)
        print(f"trained on {len(fit_x):,} flights, roc_auc {auc:.4f} on {len(check_x):,} set aside")


if __name__ == "__main__":
    main()
