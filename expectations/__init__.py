"""Expectation suites: is the warehouse fit to publish? README.md has the home of each kind of check."""

from expectations.running import SUITES, Result, run_suites

__all__ = ["SUITES", "Result", "run_suites"]
