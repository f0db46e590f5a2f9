"""The reference pages of policies and codes, written from the data they describe.

``python -m workflow.policy_pages`` rewrites ``docs/reference/policies.md``, ``policy-packs.md`` and
``codes.md``; a test fails while they differ from what the data says.
"""

from collections.abc import Sequence
from pathlib import Path

from workflow.crosswalk import OWN_CODES, Crosswalk
from workflow.crosswalk import load as load_crosswalk
from workflow.policy import Policies, Policy, Rule, load
from workflow.policy_packs import Pack, names_of, read_pack

_POLICIES = """# Policies

Written from `policies/*.toml` by `python -m workflow.policy_pages`; edit the data, not this page.

A policy is a table of rules. In a judging policy the first rule whose condition holds decides,
and the last one has no condition, so every case is answered. In `disposition` every rule is
tried and each that holds removes options; where nothing is left, the goods stay in quarantine. The
first one that holds and proposes an option that is left is proposed, before any model's choice.
In `master_…` every rule that holds is a finding about a record: a task for its role
([keep masters clean](../how-to/keep-masters-clean.md)).

- **Conditions** are CEL (Common Expression Language): `==`, `!=`, `<`, `in`, `&&`, `||`, `!`,
  `+`, `-`, `startsWith`, `size`. Digits may be grouped (`200_00` is 200.00 in minor units).
- **Facts** are declared with type and unit; a condition that names another, or compares one with
  something it can never be, refuses to load. Money is a whole number of minor units.
- **A missing fact is `null`.** `==`, `!=` and `in` may meet it; an order or a sum may not, so it is
  guarded (`days != null && days > 30`) or dealt with by a rule above. At loading every condition
  is tried with every kind of value, `null` included; one that could have no answer refuses to
  load. *Required* facts are never missing: asking without one is an error of the caller.
- **Every reason.** Where a table says which outcome is its `yes`, a verdict that is none also tells
  the rules below the one that decided that hold too, down to the first that would say yes: what
  else stands in the way. Such rules state their own bounds instead of leaning on those above.
- **Two keys.** A rule that asks a human may name a `second_role`: after somebody of the role says
  yes, the same is asked of that one. Two people, in whatever name; the no of either ends it.
- **Every word is heard.** Where lines ask different roles, or a rule below the one that decides
  asks another, a return has two keys, unless one role stands in for the other. What such a rule
  refuses comes back only by the word of a returns manager, a finance lead or quality.
- **Days of the business.** `[calendar]` in a table says `time_zone`, `weekdays` and `holidays`;
  working days and the day of delivery are counted by it. Without one: UTC, Monday to Friday.
- **In doubt, careful.** Should a condition still have no answer (a sum out of range), a judging
  policy answers with its last rule and names the rule under `unevaluated`; a removing policy
  takes the rule as fired.
- **Every verdict** carries `name@version#digest`, the rule, its reason and the rules tried before.
- **Versions**: the folder ships the first of each; later ones are proposed, published by somebody
  else and kept in the journal ([change a policy](../how-to/change-a-policy.md)). The one with the
  latest `effective` day applies; a return that is authorised keeps the versions of that moment.
- **Variants**: `policies/units/{business unit}/NAME.toml` (or `--unit`) stands instead of the
  general table for that business unit; its verdicts say `credit/{business unit}@2#…`.
- **Golden tables** (`policies/golden/*.toml`) hold examples for every rule; `triage policy check`
  runs them, and `triage policy diff` shows which rules of two versions differ.
- **Approval limits**: the first row that reaches an amount says who is asked; a `[[stop]]` row
  switches the system or the model off for a reason or an item class, whatever the amount.
- **Second reviews**: a `[[review]]` row of the approval limits says how many of the decisions that
  people take at a point are taken a second time, blind.
"""

_PACKS = """# Policy packs

Written from `policies/packs/` by `python -m workflow.policy_pages`; edit the data, not this page.

The published return terms of eight distributors as tables that a business unit can adopt, to start
from instead of an empty page. Terms change and ours is a reading of them: check before you adopt.

    triage policy packs
    triage policy adopt battaglia --unit foodservice --by paula
    triage policy publish eligibility:1 --by pavel

`adopt` proposes the tables as the unit's own, under its next version, from today or `--effective`;
somebody else publishes them, with the replay in front of them, as
[every change](../how-to/change-a-policy.md). `triage policy check` checks packs too.

Recalls, holds, two keys, medicines and goods without a source are decided above the published rules
as in the [general tables](policies.md), word for word; below are the rules that differ.

What they read is told with the masters and documents: `flags`, `temperature` and `warranty_days` of
a product, `takes_unsaleables` of a supplier, `warranty_days` of a customer, `delivery_signed` of an
invoice; and with the request, for each line, `stated`: `condition`, `handed_over`, `barcode`,
`soiled`, `infested`. What nobody told is missing, not false.
"""

_CODES = """# Codes

Written from `policies/crosswalk.toml` by `python -m workflow.policy_pages`; edit the data, not this
page. *Near* is the closest code, with what differs. Where there is no exact equivalent, that is
said and nothing is guessed.
"""


def policies_page(policies: Policies) -> str:
    """``docs/reference/policies.md``: every policy's facts and rules as tables."""
    names = sorted({policy.name for policy in policies.versions})
    return "\n".join([_POLICIES, *(_policy(policies[name]) for name in names)])


def packs_page(packs: list[Pack], general: Policies) -> str:
    """``docs/reference/policy-packs.md``: of every pack what was published, how we read it, and
    the rules that are not those of the general table."""
    lines = [_PACKS]
    for pack in packs:
        lines += [f"## {pack.title}", "", f"`{pack.name}`. Published:", ""]
        lines += [*(f"- {says}" for says in pack.published), "", "Our reading:", ""]
        lines += [*(f"- {says}" for says in pack.reading), ""]
        for policy in pack.policies:
            house = {rule.id: rule.columns() for rule in general[policy.name].rules}
            own = [rule for rule in policy.rules if rule.columns() != house.get(rule.id)]
            lines += [f"### {policy.name} of {pack.name}", "", *_rules(own), ""]
    return "\n".join(lines)


def _rules(rules: Sequence[Rule], finds: str = "") -> list[str]:
    rows = [f"| `{r.id}` | {_cell(r)} | {_then(r, finds)} | {r.because} |" for r in rules]
    return ["| rule | when | then | because |", "|---|---|---|---|", *rows]


def _policy(policy: Policy) -> str:
    lines = [
        f"## {policy.name}",
        "",
        f"{policy.says} Version {policy.version}, in force from {policy.effective}.",
        "",
    ]
    if policy.finds and policy.options:
        lines += [f"May block: {', '.join(f'`{option}`' for option in policy.options)}.", ""]
    elif policy.options:
        lines += [f"Options: {', '.join(f'`{option}`' for option in policy.options)}.", ""]
    lines += ["| fact | type | unit | may be missing | what it says |", "|---|---|---|---|---|"]
    lines += [
        f"| `{f.name}` | {f.kind} | {f.unit} | {'no' if f.required else 'yes'} | {f.says} |"
        for f in policy.facts.values()
    ]
    lines += ["", *_rules(policy.rules, policy.finds)]
    if policy.reviews:
        lines += [
            "",
            "| second review | of decisions at | per mille | because |",
            "|---|---|---|---|",
        ]
        lines += [f"| `{r.id}` | {r.point} | {r.permille} | {r.because} |" for r in policy.reviews]
    return "\n".join(lines) + "\n"


def _cell(rule: Rule) -> str:
    if rule.when is None:
        return "always"
    return "`" + rule.when.source.replace("|", "\\|") + "`"


def _then(rule: Rule, finds: str) -> str:
    if finds:
        waits = f"; blocks {', '.join(rule.removes)}" if rule.removes else ""
        return f"**{dict(rule.values)['severity']}** ({rule.role}){waits}"
    if rule.removes:
        asks = f"; proposes **{rule.proposes}**" if rule.proposes else ""
        return "removes " + ", ".join(rule.removes) + asks
    role = f" ({rule.role})" if rule.role else ""
    values = "".join(f", {name} {value}" for name, value in rule.values)
    return f"**{rule.outcome}**{role}{values}"


def codes_page(crosswalk: Crosswalk) -> str:
    """``docs/reference/codes.md``: every code with its name in every system."""
    lines = [_CODES]
    for vocabulary, codes in OWN_CODES.items():
        lines += [f"## {vocabulary.replace('_', ' ').capitalize()}", ""]
        for code in codes:
            lines += [f"### `{code}`", "", "| system | match | code | note |", "|---|---|---|---|"]
            lines += [
                f"| {e.title} | {e.match} | {f'`{e.code}` {e.says}' if e.code else ''} | {e.note} |"
                for e in crosswalk.of(vocabulary, code)
            ]
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def pages(root: Path) -> dict[Path, str]:
    """The pages as they should be, by path under ``root`` (the checkout)."""
    folder = root / "policies"
    reference = root / "docs" / "reference"
    general = load(folder)
    packs = [read_pack(folder, name, general)[0] for name in names_of(folder)]
    return {
        reference / "policies.md": policies_page(general),
        reference / "policy-packs.md": packs_page([p for p in packs if p is not None], general),
        reference / "codes.md": codes_page(load_crosswalk(folder / "crosswalk.toml")),
    }


if __name__ == "__main__":
    for path, text in pages(Path(__file__).parent.parent).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path)
