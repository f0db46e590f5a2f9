"""Splits texts, has the reason model fitted, and judges it against two simple ones."""

import re
from collections.abc import Sequence
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from weakref import finalize

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from models.bundle import read_card
from models.protocol import Card, Model, Prediction
from models.reason.model import ReasonModel, load
from training import measures
from training.encoder import exported, on_all_cores
from training.enough import need
from training.made import Judgement, Made
from training.reason import fit as fit_head
from training.rows import TextExample
from training.split import Split, by_time_and_customer, drawn_as
from workflow.codes import UNCLEAR

NAME = "reason"
LEAST_TEXTS = 60


def fit(texts: Sequence[TextExample], *, seed: int, finetune_minutes: float = 0.0) -> Made:
    """Learns from texts whose reason people settled, each by its weight.

    The encoder stays as it is, or is tuned to them for at most ``finetune_minutes``. Texts of the
    test part that also occur in training are left out of the report: knowing them by heart is no
    merit. Errors: ``TooLittle`` with fewer than 60 texts.
    """
    how = "Settle the reasons of more returns."
    need(NAME, "texts with a settled reason", len(texts), LEAST_TEXTS, how)
    split = by_time_and_customer(texts, seed)
    folder = Path(mkdtemp(prefix="reason-"))
    encoder = on_all_cores(exported())  # held, so that what it encoded is remembered
    fitted = fit_head(
        *_columns(split.train),
        *_columns(split.calibration),
        folder,
        seed=seed,
        prototypes=True,
        finetune_minutes=finetune_minutes,
        weights=[example.weight for example in split.train],
    )
    own = read_card(folder)
    encoder = on_all_cores(folder)  # the same one, or the one that was tuned

    def build(card: Card, _: object = encoder) -> ReasonModel:
        return load(folder, card)

    # The files must outlive this call: they go when nothing can build the model any more.
    finalize(build, rmtree, folder, ignore_errors=True)
    judged = _judge(build(own), split, seed)
    judged.metrics |= {f"calibration_{name}": float(value) for name, value in fitted.items()}
    return Made(
        name=NAME,
        build=build,
        columns=own.reads,
        says=own.says,
        output=own.output,
        limits=own.limits,
        feature_set=own.feature_set,
        params={"seed": seed, "texts": len(texts), "finetune_minutes": finetune_minutes},
        judged=judged,
        data=texts,
        test=split.test,
        conformal_level=own.conformal_level,
    )


def _columns(part: Sequence[TextExample]) -> tuple[list[str], list[str]]:
    return [example.text for example in part], [example.reason for example in part]


def _judge(model: Model, split: Split[TextExample], seed: int) -> Judgement:
    known = {_plain(example.text) for example in split.train}
    test = [example for example in split.test if _plain(example.text) not in known]
    if not test:
        return Judgement({"test_rows": 0.0})
    truth = [example.reason for example in test]
    answers = model.predict([{"text": example.text} for example in test])
    best = [answer.candidates[0].value if answer.candidates else "" for answer in answers]
    sure = np.array([a.candidates[0].probability if a.candidates else 0.0 for a in answers])
    right = np.array([float(t == b) for t, b in zip(truth, best, strict=True)])
    answered = np.array([answer.abstained is None for answer in answers])
    low, high = measures.interval(
        lambda at: float(right[at].mean()), drawn_as(test), seed, share=True
    )
    metrics = {
        "test_rows": float(len(test)),
        "accuracy": float(right.mean()),
        "accuracy_low": low,
        "accuracy_high": high,
        "accuracy_when_answered": float(right[answered].mean()) if answered.any() else np.nan,
        "abstained_share": float(1 - answered.mean()),
        "macro_f1": measures.macro_f1(truth, best),
        "ece": measures.calibration_error(sure, right),
        **_sets(truth, answers),
        **_baselines(split, test),
    }
    confusion, classes = measures.confusion(truth, [reason or UNCLEAR for reason in best])
    read = sure > 0  # a text that was declined unread was said to be nothing
    return Judgement(
        metrics,
        confidence=sure[read],
        right=right[read],
        confusion=confusion,
        classes=classes,
        rows=test,
        figure="accuracy",
        measure=lambda at: float(right[at].mean()),
    )


def _sets(truth: Sequence[str], answers: Sequence[Prediction]) -> dict[str, float]:
    """Coverage and size of the conformal sets, of texts that are told to state a reason.

    A text that was declined unread (empty, another language) has no set that could hold anything,
    and of one that is called out of scope nothing is promised; how many those are is told beside,
    and in the accuracy they count as they are.
    """
    read = [(t, answer) for t, answer in zip(truth, answers, strict=True) if answer.candidates]
    inside = [(t, answer) for t, answer in read if answer.abstained != "out_of_scope"]
    found = {
        "unread_share": 1 - len(read) / len(answers),
        "out_of_scope_share": (len(read) - len(inside)) / len(answers),
    }
    if not inside:
        return found
    return found | {
        "set_coverage": float(np.mean([t in answer.set for t, answer in inside])),
        "set_size": float(np.mean([len(answer.set) for _, answer in inside])),
    }


def _baselines(split: Split[TextExample], test: Sequence[TextExample]) -> dict[str, float]:
    """Always the commonest reason, and word counts with a logistic regression."""
    texts, reasons = _columns(split.train)
    truth = np.array([example.reason for example in test])
    names, counts = np.unique(reasons, return_counts=True)
    found = {"majority_accuracy": float((truth == names[counts.argmax()]).mean())}
    if len(names) > 1:
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        simple = LogisticRegression(C=10.0, max_iter=300).fit(words.fit_transform(texts), reasons)
        said = simple.predict(words.transform([example.text for example in test]))
        found["logistic_accuracy"] = float((said == truth).mean())
    return found


def _plain(text: str) -> str:
    """Letters only, so that another order number does not make another text."""
    return re.sub(r"[\W\d_]+", " ", text).strip().lower()
