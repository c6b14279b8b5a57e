"""Writes small models with mlflow, as a user would log them, into the folder given as the first argument."""
import json
import os
import sys

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import infer_signature
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

out = sys.argv[1]
os.chdir(out)
rng = np.random.default_rng(0)


def pipeline():
    rows = pd.DataFrame({
        "hour": rng.integers(5, 23, 500),
        "distance": rng.uniform(100, 2500, 500),
        "carrier": rng.choice(["UA", "AA", "DL"], 500),
    })
    late = (rows.hour + rng.normal(0, 3, 500) > 14).astype(int)
    columns = make_column_transformer((OneHotEncoder(), ["carrier"]), (StandardScaler(), ["hour", "distance"]))
    model = make_pipeline(columns, LogisticRegression()).fit(rows, late)
    probabilities = model.predict_proba(rows.head(3))
    mlflow.sklearn.save_model(
        model, "pipeline", signature=infer_signature(rows.head(), probabilities), input_example=rows.head(3),
        pyfunc_predict_fn="predict_proba", pip_requirements=["scikit-learn", "mlflow"],
    )
    with open("pipeline.json", "w") as file:
        json.dump(probabilities.tolist(), file)


def doubles():
    rows = pd.DataFrame({"a": rng.uniform(0, 5, 300), "b": rng.uniform(0, 100, 300)})
    model = LogisticRegression().fit(rows, (rows.a * 20 > rows.b).astype(int))
    mlflow.sklearn.save_model(
        model, "doubles", signature=infer_signature(rows.head(), model.predict_proba(rows.head())),
        input_example=rows.head(2), pyfunc_predict_fn="predict_proba", pip_requirements=["scikit-learn", "mlflow"],
    )
    onnx(model, rows, "doubles")
    onnx(LogisticRegression().fit(rows, rows.b > 50), rows, "other")


def onnx(model, rows, name):
    """The same model as an ONNX file beside its folder, where the converter is installed."""
    try:
        from skl2onnx import to_onnx
    except ImportError:
        return
    exported = to_onnx(model, rows.head(1).to_numpy().astype(np.float32), options={"zipmap": False})
    with open(name + ".onnx", "wb") as file:
        file.write(exported.SerializeToString())


MOODY = '''
import os, sys, time
import mlflow

class Moody(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        mood = str(list(model_input)[0])
        if mood == "raise":
            raise ValueError("no such flight")
        if mood == "sleep":
            time.sleep(60)
        if mood == "nap":
            time.sleep(0.5)
        if mood == "die":
            print("out of luck", file=sys.stderr, flush=True)
            os._exit(3)
        if mood == "environment":
            return [f"{name}={value}" for name, value in os.environ.items()]
        if mood == "pid":
            return [os.getpid()]
        return [mood]

mlflow.models.set_model(Moody())
'''


def from_code(name, text):
    with open(name + ".py", "w") as file:
        file.write(text)
    mlflow.pyfunc.save_model(name, python_model=name + ".py", pip_requirements=["mlflow"])


pipeline()
doubles()
from_code("moody", MOODY)
from_code("broken", MOODY)
path = os.path.join("broken", "broken.py")
with open(path, "a") as file:
    file.write("\nimport no_such_module_anywhere\n")
