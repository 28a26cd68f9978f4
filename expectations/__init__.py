"""Expectation suites: is the warehouse fit to publish? README.md says which kind of check lives where."""

from expectations.running import SUITES, Result, run_suites

__all__ = ["SUITES", "Result", "run_suites"]
