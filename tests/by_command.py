"""What the command says of a home, in this process."""

import json

from click.testing import CliRunner, Result

from orchestration.command import cpai
from orchestration.home import Home


def said(home: Home, *words: object) -> Result:
    return CliRunner().invoke(cpai, ["--home", str(home.root), *map(str, words)])


def done(home: Home, *words: object):
    """What it answers as JSON, having done its work."""
    answer = said(home, *words, "--json")
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)
