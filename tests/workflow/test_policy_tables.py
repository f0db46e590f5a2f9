"""Policy tables: verdicts, traces, masks, versions, digests, and every fault a file can have."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from workflow.assessment import Masked
from workflow.policy import Mismatch, Policies, Policy, WrongFacts, check, diff, load
from workflow.policy_reading import read_policy
from workflow.policy_table import Left

CREDIT = """
name = "credit"
version = 7
effective = 2026-11-01
says = "What a credit is."
outcomes = ["automatic", "ask_human"]

[facts]
credit_minor = { type = "int", unit = "minor units", required = true, says = "Amount." }
currency = { type = "string", required = true, says = "Currency." }
days = { type = "int", unit = "days", says = "Age." }
bonus = { type = "int", unit = "days", says = "More age." }

[values]
percent = { type = "int", unit = "percent", says = "Share." }
fast = { type = "bool", says = "At once." }

[[rule]]
id = "high-value"
when = "credit_minor >= 200_00 && currency == 'USD'"
outcome = "ask_human"
role = "finance_lead"
because = "Credits of 200.00 or more need a finance lead."

[[rule]]
id = "young"
when = "days != null && bonus != null && days + bonus < 10"
outcome = "automatic"
because = "It is young."
percent = 80
fast = true

[[rule]]
id = "otherwise"
outcome = "ask_human"
role = "finance_clerk"
because = "Nothing else speaks."
"""

MASKS = """
name = "disposition"
version = 1
effective = 2026-01-01
says = "What is left."
options = ["restock", "quarantine", "scrap"]
stays = "quarantine"

[facts]
recall_open = { type = "bool", says = "Recall." }
wet = { type = "bool", says = "Wet." }
mass = { type = "int", unit = "grams", required = true, says = "Mass." }

[[rule]]
id = "recall"
when = "recall_open == true"
removes = ["restock"]
proposes = "scrap"
because = "Recalled."

[[rule]]
id = "wet"
when = "wet == true"
removes = ["restock", "scrap"]
proposes = "quarantine"
because = "Wet."

[[rule]]
id = "doomed"
when = "mass + mass > 1_000"
removes = ["restock", "quarantine", "scrap"]
because = "Nothing is possible."
"""


def policy(text: str) -> Policy:
    found, faults = read_policy(text, "a.toml")
    assert found is not None, faults
    return found


def test_the_first_rule_that_fires_decides_and_the_trace_says_what_was_tried() -> None:
    """Outcome, role, rule, reason, version with digest, and the rules before it."""
    credit = policy(CREDIT)
    verdict = credit.judge({"credit_minor": 200_00, "currency": "USD"})
    assert (verdict.outcome, verdict.role) == ("ask_human", "finance_lead")
    assert (verdict.rule, verdict.trace) == ("high-value", (("high-value", True),))
    assert verdict.because == "Credits of 200.00 or more need a finance lead."
    assert verdict.policy == f"credit@7#{credit.digest[:8]}"
    later = credit.judge({"credit_minor": 199_99, "currency": "USD"})
    assert later.trace == (("high-value", False), ("young", False), ("otherwise", True))


def test_a_rules_further_columns_are_values_as_text() -> None:
    """``percent`` and friends reach the verdict in the rule's own order; booleans in lower case."""
    verdict = policy(CREDIT).judge({"credit_minor": 1, "currency": "USD", "days": 1, "bonus": 2})
    assert verdict.values == (("percent", "80"), ("fast", "true"))


def test_a_text_read_twice_is_one_policy_and_its_faults_are_the_readers_own() -> None:
    """What is remembered cannot be changed by who was told of it; other text is read anew."""
    assert policy(CREDIT) is policy(CREDIT)
    assert policy(CREDIT.replace("200_00", "300_00")).digest != policy(CREDIT).digest
    wrong = CREDIT.replace("currency ==", "curency ==")
    _, faults = read_policy(wrong, "a.toml")
    told = list(faults)
    faults.clear()
    assert told and read_policy(wrong, "a.toml") == (None, told)


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"credit_minor": 1, "currency": "USD", "weight": 3}, "weight is not declared"),
        ({"credit_minor": 1}, "currency is required"),
        ({"credit_minor": 1.5, "currency": "USD"}, "credit_minor must be int, not 1.5"),
        ({"credit_minor": True, "currency": "USD"}, "credit_minor must be int"),
    ],
)
def test_facts_that_were_not_declared_are_refused(facts: dict[str, object], says: str) -> None:
    """The message names the policy, the fact and what it should have been."""
    with pytest.raises(WrongFacts, match=says):
        policy(CREDIT).judge(facts)


def test_a_rule_that_overflows_leaves_the_word_to_the_last_rule() -> None:
    """The service answers carefully instead of crashing, and says which rule could not."""
    verdict = policy(CREDIT).judge(
        {"credit_minor": 1, "currency": "USD", "days": 2**63 - 1, "bonus": 1}
    )
    assert verdict.rule == "otherwise"
    assert ("unevaluated", "young") in verdict.values
    assert verdict.trace == (("high-value", False), ("young", False), ("otherwise", True))


def test_masks_name_the_first_rule_that_removed_an_option() -> None:
    """Every rule is tried; what is left keeps the policy's order."""
    left = policy(MASKS).masks({"recall_open": True, "wet": True, "mass": 1})
    assert left.allowed == ("quarantine",)
    assert left.masked == (Masked("restock", "recall"), Masked("scrap", "wet"))
    assert policy(MASKS).masks({"mass": 1}) == Left(("restock", "quarantine", "scrap"), (), None)


def test_where_nothing_is_left_quarantine_stays() -> None:
    """An empty set of options is never handed on."""
    left = policy(MASKS).masks({"mass": 501})
    assert left.allowed == ("quarantine",)
    assert [m.value for m in left.masked] == ["restock", "scrap"]


def test_a_masking_rule_that_cannot_be_evaluated_removes() -> None:
    """In doubt, less is allowed."""
    assert policy(MASKS).masks({"mass": 2**63 - 1}).allowed == ("quarantine",)


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        ({"mass": 1}, None),
        ({"mass": 1, "recall_open": True}, "recall"),
        ({"mass": 1, "recall_open": True, "wet": True}, "wet"),
    ],
)
def test_the_first_rule_whose_option_is_left_proposes(
    facts: dict[str, object], rule: str | None
) -> None:
    """What another rule removed is not proposed; the next rule that holds is asked."""
    asking = policy(MASKS).masks(facts).asking
    assert (asking.id if asking else None) == rule


@pytest.mark.parametrize(
    ("proposes", "says"),
    [("restock", "'restock' and removes it"), ("burn", "'burn', which is no option")],
)
def test_a_rule_proposes_an_option_that_it_leaves(proposes: str, says: str) -> None:
    """Anything else is a fault of the file, with the rule."""
    text = MASKS.replace('proposes = "scrap"', f'proposes = "{proposes}"')
    found, (fault,) = read_policy(text, "a.toml")
    assert found is None
    assert (fault.rule, says in fault.says) == ("recall", True)


def test_judging_and_removing_are_not_mixed_up() -> None:
    """Asking a policy the wrong way says which way is right."""
    with pytest.raises(WrongFacts, match=r"masks\(\)"):
        policy(MASKS).judge({"mass": 1})
    with pytest.raises(WrongFacts, match=r"judge\(\)"):
        policy(CREDIT).masks({"credit_minor": 1, "currency": "USD"})


def test_the_digest_is_of_the_content() -> None:
    """Comments and layout do not change it; any value does."""
    assert policy("# a comment\n\n" + CREDIT).digest == policy(CREDIT).digest
    assert policy(CREDIT.replace("200_00", "200_01")).digest != policy(CREDIT).digest
    assert policy(CREDIT.replace("young.", "new.")).digest != policy(CREDIT).digest


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("version = 7", "", "needs version = a int"),
        ("version = 7", 'version = "7"', "needs version = a int"),
        ("effective = 2026-11-01", 'effective = "2026-11-01"', "needs effective = a date"),
        ("version = 7", "version = 7\nverison = 8", "unknown entry 'verison'"),
        ("percent = 80", "procent = 80", "unknown entry 'procent'"),
        ("percent = 80", 'percent = "80"', "percent must be int"),
        ('because = "It is young."', "", "needs because"),
        ('because = "It is young."', 'because = "It is young"', "ends with a full stop"),
        ('id = "young"', "", "needs an id"),
        ('id = "young"', 'id = "high-value"', "used twice"),
        ('outcome = "automatic"', 'outcome = "perhaps"', "'perhaps' is none of"),
        ('role = "finance_lead"', "", "must say which role"),
        ('role = "finance_lead"', 'role = "king"', "'king' is none of"),
        ("credit_minor >= 200_00", "credit_major >= 200_00", "unknown fact 'credit_major'"),
        ("days != null && bonus", "bonus", "guard: days != null"),
        ('type = "int", unit = "minor units"', 'type = "double", unit = "minor units"', "is money"),
        (', unit = "days", says = "Age."', ', says = "Age."', "needs a unit"),
        ('says = "Age."', 'says = ""', "needs says"),
        ('type = "bool", says = "At once."', 'type = "maybe"', "needs type"),
        ("outcomes = ", "options = ", "needs stays"),
        ('id = "otherwise"', 'id = "otherwise"\nwhen = "days == null"', "last rule must have no"),
        ("when = \"credit_minor >= 200_00 && currency == 'USD'\"", "", "no rule after it can fire"),
        ("[facts]", "[facts", "is not TOML"),
    ],
)
def test_every_fault_of_a_file_is_told_with_its_rule(old: str, new: str, says: str) -> None:
    """A file with a fault gives no policy, and a sentence that says what to do."""
    assert old in CREDIT
    found, faults = read_policy(CREDIT.replace(old, new, 1), "credit.toml")
    assert found is None
    assert any(says in str(fault) for fault in faults), [str(f) for f in faults]
    assert all(str(fault).startswith("credit.toml") for fault in faults)


def test_loading_tells_all_faults_of_all_files_at_once(tmp_path: Path) -> None:
    """``Mismatch`` keeps the service from starting and lists everything."""
    (tmp_path / "a.toml").write_text(CREDIT.replace("200_00", "'x'"))
    (tmp_path / "b.toml").write_text("name = 3")
    with pytest.raises(Mismatch) as caught:
        load(tmp_path)
    assert {fault.file for fault in caught.value.faults} == {"a.toml", "b.toml"}


def test_an_empty_folder_is_a_fault(tmp_path: Path) -> None:
    """No policy at all is not a set of policies."""
    with pytest.raises(Mismatch, match="holds no policy"):
        load(tmp_path)


def test_the_version_in_force_on_a_day_applies(tmp_path: Path) -> None:
    """Before the first effective day there is none; the later version takes over on its day."""
    (tmp_path / "credit.toml").write_text(CREDIT)
    newer = CREDIT.replace("version = 7", "version = 8").replace("2026-11-01", "2027-01-01")
    (tmp_path / "credit_8.toml").write_text(newer)
    policies = load(tmp_path)
    assert policies["credit"].version == 8
    assert policies.at(datetime(2026, 12, 31, 23, 59, tzinfo=UTC))["credit"].version == 7
    assert policies.at(datetime(2027, 1, 1, tzinfo=UTC))["credit"].version == 8
    with pytest.raises(KeyError, match="No policy 'credit' is in force"):
        policies.at(datetime(2026, 10, 31, tzinfo=UTC))["credit"]


def test_one_version_number_or_day_stands_once(tmp_path: Path) -> None:
    """Two files with the same version or effective day would leave it open which applies."""
    (tmp_path / "a.toml").write_text(CREDIT)
    (tmp_path / "b.toml").write_text(CREDIT)
    with pytest.raises(Mismatch, match="raise version and effective"):
        load(tmp_path)


def test_diff_lists_what_changed() -> None:
    """Added, removed, changed with before and after, and moved."""
    after = CREDIT.replace("200_00", "300_00").replace('id = "young"', 'id = "fresh"')
    changes = diff(policy(CREDIT), policy(after))
    assert [str(change) for change in changes] == [
        "changed high-value: when: \"credit_minor >= 200_00 && currency == 'USD'\""
        " -> \"credit_minor >= 300_00 && currency == 'USD'\"",
        "added fresh",
        "removed young",
    ]
    assert diff(policy(CREDIT), policy(CREDIT)) == []
    head, first, second, last = CREDIT.split("[[rule]]")
    moved = "[[rule]]".join([head, second, first, last])
    assert {c.kind for c in diff(policy(CREDIT), policy(moved))} == {"moved"}


def test_check_finds_wrong_examples_and_rules_without_one(tmp_path: Path) -> None:
    """``policy check`` runs the golden tables and names what they miss."""
    (tmp_path / "credit.toml").write_text(CREDIT)
    assert "is missing" in str(check(tmp_path)[0])
    golden = tmp_path / "golden"
    golden.mkdir()
    (golden / "credit.toml").write_text(
        """
[usual]
credit_minor = 1
currency = "USD"
[[case]]
says = "wrong on purpose"
facts = { credit_minor = 200_00 }
outcome = "automatic"
rule = "high-value"
role = "finance_lead"
[[case]]
says = "asks badly"
missing = ["currency"]
"""
    )
    told = "\n".join(map(str, check(tmp_path)))
    assert "case 'wrong on purpose': outcome is 'ask_human', expected 'automatic'" in told
    assert "currency is required" in told
    assert "rule young: no case reaches it" in told


def test_a_set_answers_by_name() -> None:
    """``judge``, ``masks`` and ``declared`` find their policy."""
    both = Policies((policy(CREDIT), policy(MASKS)))
    assert both.judge("credit", {"credit_minor": 1, "currency": "EUR"}).rule == "otherwise"
    assert both.masks("disposition", {"mass": 1}).masked == ()
    assert both.declared("disposition") == {"recall_open", "wet", "mass"}
