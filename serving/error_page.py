"""Writes ``docs/reference/errors.md`` from the code: ``python -m serving.error_page``."""

import ast
from collections.abc import Iterator
from pathlib import Path

from serving.errors import TYPE_BASE, status_of
from workflow.refused import CODES

ROOM = Path(__file__).parent
PAGE = ROOM.parent / "docs" / "reference" / "errors.md"

_HEAD = f"""\
# Errors

Written from the code by `python -m serving.error_page`; a test keeps it current.

Every error is a problem document (RFC 9457, `application/problem+json`). `code` is stable and
meant for programs; `detail` says what, which and what to do, and may be reworded; `todo` is the
sentence below. `type` is `{TYPE_BASE}` and the code. In a batch, each bad
item carries its own document as `problem`.

```json
{{
  "type": "{TYPE_BASE}over_return",
  "title": "Over return",
  "status": 409,
  "code": "over_return",
  "detail": "Line 1: 11 asked of invoice INV-1001 line 1, 10 still returnable (10 delivered, ...",
  "todo": "{CODES["over_return"]}",
  "instance": "/v1/returns"
}}
```

A refusal changes nothing and is not kept under its Idempotency-Key: the same key may try again.
"""

_BUSINESS = """
## A business rule says no

| code | status | what to do |
|---|---|---|
"""

_REQUESTS = """
## The request cannot succeed as it is, or not now

The document's `detail` says which place is wrong; `errors` lists every place where there are
several. Answers of 401 say how to sign in, answers of 503 when to try again (`Retry-After`).

| code | status |
|---|---|
"""

_LAST = """
Statuses of HTTP itself use the status's own name as their code (`not_found`, `method_not_allowed`).
"""


def markdown() -> str:
    """The whole page, ending in a newline."""
    business = "".join(f"| `{c}` | {status_of(c)} | {CODES[c]} |\n" for c in sorted(CODES))
    others = "".join(
        f"| `{code}` | {', '.join(map(str, sorted(statuses)))} |\n"
        for code, statuses in sorted(_written().items())
    )
    return _HEAD + _BUSINESS + business + _REQUESTS + others + _LAST


def _written() -> dict[str, set[int]]:
    """Codes that stand in this room's own text, with the statuses they are answered with."""
    found: dict[str, set[int]] = {}
    for path in sorted(ROOM.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                for code, status in _said(node.func.id, node):
                    if code not in CODES:
                        found.setdefault(code, set()).add(status)
    return found


def _said(name: str, call: ast.Call) -> Iterator[tuple[str, int]]:
    """Code and status of ``Invalid(code, message, status)`` and ``respond(status, code, ...)``."""
    values = [arg.value if isinstance(arg, ast.Constant) else None for arg in call.args]
    named = {k.arg: k.value.value for k in call.keywords if isinstance(k.value, ast.Constant)}
    if name == "Invalid" and values:
        status = values[2] if len(values) > 2 else named.get("status", 422)
        code = values[0]
    elif name in ("respond", "problem") and len(values) > 1:
        status, code = values[0], values[1]
    else:
        return
    if isinstance(code, str) and isinstance(status, int):
        yield code, status


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(markdown(), encoding="utf-8")
    print(PAGE)
