# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Is the new version better than the one that answers?
#
# Train a first version on two thirds of a small distributor's history and make it champion; train a second on
# all of it; let both answer the same questions, which neither was trained on; try the gates; and see who may
# promote it. The same steps on your own journal are `triage train`, `evaluate`, `propose` and `approve`
# ([how-to](../docs/how-to/promote-and-roll-back.md)).

# %%
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp

import pandas as pd

from journal.promotions import approve
from models.store import Store
from simulation.sandbox import sandbox
from training.journal_source import facts_of
from training.promotion import BOOTSTRAP, TRAINER, Proposal, propose, tried
from training.registry import Registry
from training.rows import gather
from training.train import train
from workflow.actor import Actor
from workflow.refused import Refused

MODEL = "disposition"
stack = ExitStack()
house = stack.enter_context(sandbox(days=100, scale=0.45))
drawer = Path(mkdtemp())
registry, store = Registry(drawer), Store(str(drawer / "bundles"), drawer / "shelf")

with house.engine.connect() as conn:
    facts = list(facts_of(house.journal, conn))
early, everything = gather(facts[: 2 * len(facts) // 3]), gather(facts)
pd.Series(
    {
        "facts": len(facts),
        "portions people decided, early": sum(e.label is not None for e in early.of(MODEL)),
        "portions people decided, all": sum(e.label is not None for e in everything.of(MODEL)),
    }
)

# %% [markdown]
# ## Two versions
# Each is judged on its own last fifth, by time; those figures are not comparable with each other. The gates below
# ask both the same.

# %%
first = train(MODEL, early, out=drawer)
second = train(MODEL, everything, out=drawer)
pd.DataFrame({f"version {made.version}": dict(made.metrics) for made in (first, second)}).round(3)

# %% [markdown]
# ## The first becomes champion
# Proposed by the unattended trainer and approved by the recorded bootstrap actor: that works for the very first
# version only.

# %%
now = house.clock()


def proposed(version, by, alias="champion", despite=""):
    with house.engine.connect() as conn:
        gates = tried(
            house.journal, conn, MODEL, version, everything, registry=registry, store=store
        )
    wish = Proposal(MODEL, version, gates, alias, despite)
    with house.engine.begin() as conn:
        said = propose(house.journal, conn, wish, by, now, registry=registry, store=store)
        return said, gates


def approved(proposal, by, bootstrap=False):
    with house.engine.begin() as conn:
        return approve(house.journal, conn, proposal, by, now, bootstrap)


try:
    proposal, gates = proposed(first.version, TRAINER)
    print(approved(proposal, BOOTSTRAP, True))
except Refused as no:
    print("Refused:", no.message)

# %% [markdown]
# ## Does the second pass the gates?
# Champion and candidate answer what came after everything that either learned from. On so small a history the
# answer is often "the same within noise": then a person may propose it all the same and say why.

# %%
with house.engine.connect() as conn:
    gates = tried(
        house.journal, conn, MODEL, second.version, everything, registry=registry, store=store
    )
pd.DataFrame({"gate": g.name, "passed": g.passed, "says": g.says} for g in gates)

# %% [markdown]
# ## Who may promote it
# A data scientist proposes, a model approver approves, and they are two people. A challenger decides nothing, so
# it needs fewer gates: it answers live questions in the shadow and is compared.

# %%
dana = Actor("dana", frozenset({"data_scientist", "model_approver"}))
milo = Actor("milo", frozenset({"model_approver"}))
try:
    proposal, _ = proposed(second.version, dana, alias="challenger")
    try:
        approved(proposal, dana)
    except Refused as no:
        print("dana approves her own:", no.message)
    print("milo approves:", approved(proposal, milo).alias)
except Refused as no:
    print("Refused:", no.message)

# %%
stack.close()
