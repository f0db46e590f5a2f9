"""SpiffWorkflow runs return_reason.bpmn: a script task scores, a person is asked where it abstains.

RETURNS_URL=http://127.0.0.1:8000 RETURNS_KEY=... python spiff_reason.py "The seal leaks"
"""

import os
import sys
from pathlib import Path
from typing import Any

import httpx
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine, TaskDataEnvironment
from SpiffWorkflow.util.task import TaskState

DIAGRAM = Path(__file__).with_name("return_reason.bpmn")


def score_reason(text: str) -> dict[str, Any]:
    """What the model says of one text; ``value`` is None where ``abstained`` says why.

    Nothing is recorded by it, so the engine may ask as often as it likes.
    """
    answer = httpx.post(
        f"{os.environ['RETURNS_URL']}/v1/score/return-reason",
        params={"explain": "none"},
        json={"items": [{"text": text}]},
        headers={"Authorization": f"Bearer {os.environ['RETURNS_KEY']}"},
        timeout=10,
    )
    answer.raise_for_status()
    item: dict[str, Any] = answer.json()["items"][0]
    if "problem" in item:
        raise ValueError(item["problem"]["detail"])
    return item


def start(text: str) -> Any:
    """The workflow, run until it ends or waits for a person."""
    parser = BpmnParser()
    parser.add_bpmn_file(str(DIAGRAM))
    engine = PythonScriptEngine(environment=TaskDataEnvironment({"score_reason": score_reason}))
    workflow = BpmnWorkflow(parser.get_spec("return_reason"), script_engine=engine)
    workflow.get_next_task(state=TaskState.READY).data["text"] = text
    workflow.do_engine_steps()
    return workflow


def waiting(workflow: Any) -> list[Any]:
    """The tasks that wait for a person."""
    return list(workflow.get_tasks(state=TaskState.READY, manual=True))


def name_reason(workflow: Any, reason: str) -> None:
    """A person's answer; the workflow goes on."""
    (task,) = waiting(workflow)
    task.data["reason"] = reason
    task.run()
    workflow.do_engine_steps()


if __name__ == "__main__":
    began = start(sys.argv[1])
    if waiting(began):
        name_reason(began, input("Nobody is sure. Reason: "))
    print(began.data["reason"])
