"""Great Expectations' expectation about rows that must not be: here it counts them and reads none."""

from typing import Any, ClassVar

from great_expectations.expectations.core import UnexpectedRowsExpectation


class CountedRowsExpectation(UnexpectedRowsExpectation):
    """As shipped, it also fetches the first rows: each query runs twice, and gives values where only keys are needed."""

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count",)

    def _validate(
        self, metrics: dict, runtime_configuration: dict | None = None, execution_engine: Any = None
    ) -> dict:
        count = metrics["unexpected_rows_query.row_count"]
        return {"success": count == 0, "result": {"observed_value": count}}
