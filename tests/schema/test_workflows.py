"""Chains of requests, linked by the ids in the answers, conform to the document."""

from typing import Any

import hypothesis
from hypothesis.errors import FlakyStrategyDefinition
from schemathesis import Case
from schemathesis.checks import CheckFunction
from schemathesis.core.failures import FailureGroup
from schemathesis.core.transport import Response
from schemathesis.generation.stateful.state_machine import StepInput, StepOutput

from tests.schema.document import SCHEMA
from tests.schema.resources import ResourceFactory

ROUNDS = 8
FEWEST_LINKED_OPERATIONS = 15


def test_chains_of_operations_conform_to_the_schema(resources: ResourceFactory) -> None:
    failures: list[FailureGroup] = []
    linked_successes: set[str] = set()

    class Workflow(SCHEMA.as_state_machine()):  # type: ignore[misc]  # Schemathesis makes the class
        def step(self, input: StepInput) -> StepOutput:
            case = input.case
            self._headers = resources.prepare(case, {name for _, name in input.applied_parameters if name})
            if resources.relies_on(case.path_parameters.get("user_id")):
                # Deleting the caller's account would delete its resources, which later steps need.
                case.path_parameters["user_id"] = resources.new_account()
            output: StepOutput = super().step(input)
            if input.applied_parameters and output.response.status_code < 300:
                linked_successes.add(case.operation.label)
            return output

        def get_call_kwargs(self, case: Case[Any]) -> dict[str, Any]:
            return {"base_url": resources.base_url, "session": resources.session, "headers": self._headers}

        def validate_response(
            self,
            response: Response,
            case: Case[Any],
            additional_checks: list[CheckFunction] | None = None,
            **kwargs: Any,
        ) -> None:
            try:
                case.validate_response(response, headers=self._headers, transport_kwargs=kwargs, recorder=self.recorder)
            except FailureGroup as failure:
                failures.append(failure)
                raise

    settings = hypothesis.settings(
        SCHEMA.config.get_hypothesis_settings(phase="stateful"), phases=[hypothesis.Phase.generate]
    )
    for number in range(ROUNDS):
        try:
            hypothesis.seed(number)(Workflow).run(settings=settings)
        except FlakyStrategyDefinition:
            # The service has state, so the same choices may lead to another chain. End the run instead.
            continue
        finally:
            if failures:
                raise failures[0]
    assert len(linked_successes) >= FEWEST_LINKED_OPERATIONS, sorted(linked_successes)
