"""Autologging of PyTorch through Lightning, with whatever PyTorch the system has.

    python networks.py URL
"""
import sys

import harness
import mlflow
import pytorch_lightning as pl
import torch
from mlflow import MlflowClient
from torch.utils.data import DataLoader, TensorDataset


class Line(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)

    def _register_sharded_tensor_state_dict_hooks_if_available(self):
        """Debian 12's PyTorch cannot import its own sharded tensors under its Python; they are not needed here."""

    def forward(self, rows):
        return self.layer(rows)

    def training_step(self, batch, _):
        rows, wanted = batch
        loss = torch.nn.functional.mse_loss(self(rows), wanted)
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch, _):
        rows, wanted = batch
        self.log("val_loss", torch.nn.functional.mse_loss(self(rows), wanted))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.05)


def lightning():
    """mlflow.pytorch.autolog: losses for each epoch, the trainer's params, summary; log_state_dict, load_state_dict."""
    mlflow.set_experiment("lightning")
    torch.manual_seed(7)
    rows = torch.rand(64, 2)
    data = DataLoader(TensorDataset(rows, rows.sum(dim=1, keepdim=True)), batch_size=16)
    # MLflow writes whole models only with a PyTorch that has torch.export.
    mlflow.pytorch.autolog(log_models=False)
    with mlflow.start_run() as run:
        model = Line()
        trainer = pl.Trainer(
            max_epochs=3, accelerator="cpu", enable_progress_bar=False, enable_checkpointing=False, logger=False
        )
        trainer.fit(model, data, data)
        mlflow.pytorch.log_state_dict(model.state_dict(), "weights")
    mlflow.pytorch.autolog(disable=True)
    client = MlflowClient()
    kept = client.get_run(run.info.run_id)
    assert kept.info.status == "FINISHED"
    assert len(client.get_metric_history(run.info.run_id, "train_loss")) == 3, kept.data.metrics
    assert kept.data.metrics["val_loss"] < 1 and kept.data.params["epochs"] == "3", kept.data
    assert kept.data.params["optimizer_name"] == "SGD", kept.data.params
    assert "model_summary.txt" in {entry.path for entry in client.list_artifacts(run.info.run_id)}
    other = Line()
    other.load_state_dict(mlflow.pytorch.load_state_dict(f"runs:/{run.info.run_id}/weights"))
    assert torch.equal(other(rows), model(rows))


if __name__ == "__main__":
    harness.main(sys.argv[1], [check for check in list(globals().values()) if harness.is_check(check, __name__)], sys.argv[2:])
