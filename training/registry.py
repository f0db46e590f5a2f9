"""MLflow as the drawer of runs and versions: ``mlruns/mlflow.db`` and ``mlruns/artifacts``.

What is champion is decided in the journal (``promotion.py``); the alias here is a projection of
it, for people who look with MLflow's own tools. Serving never reads this drawer. MLflow is
imported when a registry is first used: it costs seconds.
"""

import json
import logging
import os
import subprocess
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version as installed_version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote, urlparse

from models.bundle import file_digest, link_or_copy
from models.protocol import Column
from workflow.refused import Refused

DRAWER = Path("mlruns")
BUNDLE = "bundle"
LARGE = 1_000_000
"""Bytes from which a file is worth being kept only once."""
CARD_PAGE = "model_card.md"
"""The bundle's own account of itself, shown beside the run's report too."""
SLICES = "slice/"
"""Before the name of every figure of a part only."""
_MODEL = "model"
_TYPES = {"number": "double", "flag": "double", "category": "string", "text": "string"}
"""MLflow has no nullable boolean, so a flag is a double that may be missing, like a number."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A version of a model in the registry, its run, and its bundle's folder on this disk."""

    name: str
    version: str
    run_id: str
    bundle: Path


@dataclass(frozen=True)
class RunRecord:
    """Everything a run keeps besides the bundle. ``plots`` are PNG bytes by file name."""

    params: Mapping[str, str | int | float]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    plots: Mapping[str, bytes]
    report: Mapping[str, Any]


class Registry:
    """Runs and versions under one folder; works offline.

    ``folder`` is made where it is missing; two processes may use it one after the other.
    """

    def __init__(self, folder: Path = DRAWER) -> None:
        self.folder = folder.resolve()

    @cached_property
    def _client(self) -> Any:
        """MLflow's client. Telemetry and autologging are off before anything is imported."""
        os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
        os.environ["DO_NOT_TRACK"] = "true"
        (self.folder / "artifacts").mkdir(parents=True, exist_ok=True)
        uri = f"sqlite:///{self.folder / 'mlflow.db'}"
        with _quiet():
            import mlflow

            mlflow.autolog(disable=True, silent=True)
            logging.getLogger("mlflow").setLevel(logging.WARNING)  # its migrations are no news
            return mlflow.MlflowClient(uri, uri)

    def register(
        self,
        name: str,
        columns: Sequence[Column],
        record: RunRecord,
        write_bundle: Callable[[str, Path], None],
    ) -> Registered:
        """One run and one new version. ``write_bundle(version, folder)`` writes the bundle.

        The version is drawn first, because a bundle's card carries it.
        """
        with _quiet():
            client = self._client
            run = client.create_run(self._experiment(name), tags=dict(record.tags))
            run_id = run.info.run_id
            source = f"{run.info.artifact_uri}/{_MODEL}"
            try:
                version = self._new_version(name, source, run_id)
                client.update_run(run_id, name=f"{name} {version}")
                with TemporaryDirectory() as scratch:
                    folder = Path(scratch) / BUNDLE
                    folder.mkdir()
                    write_bundle(version, folder)
                    self._log_model(run_id, folder, columns, Path(scratch) / _MODEL)
                    report = Path(scratch) / "report"
                    report.mkdir()
                    if (folder / CARD_PAGE).is_file():
                        link_or_copy(folder / CARD_PAGE, report / CARD_PAGE)
                    self._log_record(run_id, record, report)
            except BaseException:
                client.set_terminated(run_id, "FAILED")
                raise
            client.set_terminated(run_id, "FINISHED")
        return Registered(name, version, run_id, self.bundle(name, version))

    def bundle(self, name: str, version: str) -> Path:
        """The bundle's folder of a version. ``Refused('unknown_model')`` where there is none."""
        found = self._version(name, version)
        folder = _local(found.source) / "data" / BUNDLE
        if not folder.is_dir():
            raise Refused(
                "unknown_model", f"{name} {version} is registered, but {folder} holds no bundle."
            )
        return folder

    def metrics(self, name: str, version: str) -> dict[str, float]:
        """The figures the version was judged by, but for those of slices.

        ``Refused('unknown_model')`` where there is no such version, or its run was purged.
        """
        found = self._version(name, version)
        with _quiet():
            from mlflow.exceptions import MlflowException

            try:
                run = self._client.get_run(found.run_id)
            except MlflowException as error:
                raise Refused(
                    "unknown_model",
                    f"{name} {version} is registered in {self.folder}, but its run"
                    f" {found.run_id} was deleted: train it again.",
                ) from error
        figures = sorted(run.data.metrics.items())
        return {key: float(value) for key, value in figures if not key.startswith(SLICES)}

    def set_alias(self, name: str, version: str, alias: str) -> None:
        """Points MLflow's alias at a version."""
        with _quiet():
            self._client.set_registered_model_alias(name, alias, version)

    def delete_alias(self, name: str, alias: str) -> None:
        """Takes an alias away from whatever version it points at."""
        with _quiet():
            self._client.delete_registered_model_alias(name, alias)

    def alias(self, name: str, alias: str) -> str | None:
        """The version an alias points at, ``None`` where it points at none."""
        with _quiet():
            found = self._client.search_registered_models(f"name = '{name}'")
        version = dict(found[0].aliases).get(alias) if found else None
        return None if version is None else str(version)

    def versions(self, name: str) -> list[str]:
        """Every version, the oldest first; among them those whose training failed."""
        with _quiet():
            found = self._client.search_model_versions(f"name = '{name}'")
        return sorted((str(v.version) for v in found), key=int)

    def latest(self, name: str) -> str | None:
        """The newest version, ``None`` before the first."""
        return max(self.versions(name), key=int, default=None)

    def _version(self, name: str, version: str) -> Any:
        with _quiet():
            from mlflow.exceptions import MlflowException

            try:
                return self._client.get_model_version(name, version)
            except MlflowException as error:
                raise Refused(
                    "unknown_model",
                    f"{name} {version} is not registered in {self.folder}: train it first.",
                ) from error

    def _experiment(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        place = (self.folder / "artifacts" / name).as_uri()
        return str(self._client.create_experiment(name, artifact_location=place))

    def _new_version(self, name: str, source: str, run_id: str) -> str:
        if not self._client.search_registered_models(f"name = '{name}'"):
            self._client.create_registered_model(name)
        return str(self._client.create_model_version(name, source, run_id).version)

    def _log_model(
        self, run_id: str, bundle: Path, columns: Sequence[Column], folder: Path
    ) -> None:
        """The bundle as an ``mlflow.pyfunc`` model, so that Spark can score with it too."""
        import mlflow.pyfunc

        mlflow.pyfunc.save_model(
            folder,
            loader_module="training.pyfunc",
            data_path=bundle,
            signature=signature_of(columns),
            pip_requirements=[f"lightgbm=={installed_version('lightgbm')}"],
        )
        check_signature(folder, columns)
        self._client.log_artifacts(run_id, str(folder), _MODEL)
        artifacts = _local(self._client.get_run(run_id).info.artifact_uri)
        self._keep_once(artifacts / _MODEL / "data" / BUNDLE)

    def _keep_once(self, folder: Path) -> None:
        """Large files that other versions hold too become one file under many names.

        Every reason model carries the same 90 MB encoder.
        """
        blobs = self.folder / "blobs"
        blobs.mkdir(exist_ok=True)
        for path in folder.iterdir():
            if path.stat().st_size < LARGE:
                continue
            blob = blobs / file_digest(path)
            if blob.is_file():
                link_or_copy(blob, path)
            else:
                link_or_copy(path, blob)

    def _log_record(self, run_id: str, record: RunRecord, folder: Path) -> None:
        from mlflow.entities import Metric, Param

        now = self._client.get_run(run_id).info.start_time
        self._client.log_batch(
            run_id,
            metrics=[Metric(key, float(v), now, 0) for key, v in record.metrics.items()],
            params=[Param(key, str(value)) for key, value in record.params.items()],
        )
        (folder / "report.json").write_text(json.dumps(record.report, indent=1, sort_keys=True))
        for name, png in record.plots.items():
            (folder / name).write_bytes(png)
        self._client.log_artifacts(run_id, str(folder), "report")


def signature_of(columns: Sequence[Column]) -> Any:
    """MLflow's signature of a model that reads these columns, each of which may be missing."""
    inputs: list[Any]
    outputs: list[Any]
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    inputs = [ColSpec(_TYPES[c.kind], c.name, required=False) for c in columns]
    outputs = [ColSpec("string", "value", required=False)]
    outputs.append(ColSpec("double", "confidence", required=False))
    outputs.append(ColSpec("string", "abstained", required=False))
    return ModelSignature(inputs=Schema(inputs), outputs=Schema(outputs))


def check_signature(folder: Path, columns: Sequence[Column]) -> None:
    """Refuses a saved model whose signature is not exactly our card's columns.

    MLflow has been seen to drop or retype nullable columns; ours is the contract.
    """
    from mlflow.models import get_model_info

    schema = get_model_info(str(folder)).signature.inputs.to_dict()
    saved = [(column["name"], column["type"], column["required"]) for column in schema]
    ours = [(column.name, _TYPES[column.kind], False) for column in columns]
    if saved != ours:
        different = sorted({str(c) for c in saved} ^ {str(c) for c in ours})
        raise ValueError(f"MLflow's signature differs from the card: {', '.join(different)}")


def code_version() -> str:
    """The commit this checkout is at, with a word where its files differ from it, or the installed
    version where there is no checkout."""
    here = Path(__file__).resolve().parent.parent
    if (here / ".git").exists():
        commit = _git(here, "rev-parse", "HEAD")
        if commit:
            changed = _git(here, "status", "--porcelain", "--untracked-files=no")
            return f"{commit} with uncommitted changes" if changed else commit
    return f"returns-triage {installed_version('returns-triage')}"


def _git(here: Path, *words: str) -> str:
    """What git says of a checkout; nothing where it refuses."""
    asked = ["git", "-C", str(here), *words]
    found = subprocess.run(asked, capture_output=True, text=True, check=False)
    return found.stdout.strip() if found.returncode == 0 else ""


def _local(uri: str) -> Path:
    parsed = urlparse(uri)
    return Path(unquote(parsed.path)) if parsed.scheme == "file" else Path(uri)


@contextmanager
def _quiet() -> Iterator[None]:
    """MLflow and what it imports warn of their own deprecations, about which we can do nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
