"""Ends a command that met what can be expected with its sentences, whatever it was doing."""

from collections.abc import Callable
from typing import Any

import click

from orchestration.command import asked
from orchestration.stopping import AS_INTERRUPTED, INTERRUPTED, Stopped, interrupted, state_of, stop


class Sentences(click.Group):
    """Ends a command that met what can be expected with its sentences, whatever it was doing."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta["orchestration.wants_json"] = "--json" in args
        return self._ending(ctx, lambda: super(Sentences, self).parse_args(ctx, args))

    def invoke(self, ctx: click.Context) -> Any:
        return self._ending(ctx, lambda: super(Sentences, self).invoke(ctx))

    @staticmethod
    def _ending(ctx: click.Context, doing: Callable[[], Any]) -> Any:
        wants_json = ctx.meta["orchestration.wants_json"]
        try:
            done = doing()
        except (click.exceptions.Exit, click.exceptions.NoArgsIsHelpError):
            raise
        except BaseException as problem:
            if isinstance(problem, SystemExit) and (problem.code == AS_INTERRUPTED or not interrupted()):
                raise
            if interrupted() or isinstance(problem, KeyboardInterrupt | click.Abort):
                stop([INTERRUPTED], wants_json, AS_INTERRUPTED)
            if isinstance(problem, Stopped):
                stop(problem.sentences, wants_json, problem.code)
            if isinstance(problem, click.UsageError):
                stop([_usage(problem)], wants_json, problem.exit_code)
            if sentence := state_of(problem):
                stop([sentence], wants_json)
            raise
        return done


def _usage(wrong: click.UsageError) -> str:
    """One sentence for what click prints in four lines."""
    sentence = wrong.format_message().rstrip(".").replace(". Did you mean", "; did you mean")
    parameter = wrong.param if isinstance(wrong, click.BadParameter) else None
    if wrong.message and isinstance(parameter, click.Parameter) and isinstance(parameter.type, asked.Ours):
        return wrong.message
    path = wrong.ctx.command_path if wrong.ctx else "cpai"
    return f"{sentence[:1].lower()}{sentence[1:]}{'' if sentence.endswith('?') else ';'} see {path} --help"
