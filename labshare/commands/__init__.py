"""The command line, one file a room: `labshare VERB …`.

Each file of this folder defines click commands or groups at its top level; they are found by looking, so a new file
needs no registration. `with_app` gives a command the application, and turns a `Problem` into words and exit code 1.
"""

import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import click
from flask import has_app_context

from labshare import uncollected
from labshare.kernel.errors import Problem

F = TypeVar("F", bound=Callable[..., Any])


def with_app(function: F, *, owner: bool = False) -> F:
    """Run a command inside the application, as the `owner` of the tables where it needs to be. Inside a running
    application context (a test's) that one is used."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        if has_app_context():
            return _with_problems_printed(function, *args, **kwargs)
        from labshare import create_app

        with create_app(serves=False, owner=owner).app_context():
            return _with_problems_printed(function, *args, **kwargs)

    return run  # type: ignore[return-value]


def _with_problems_printed(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    try:
        return function(*args, **kwargs)
    except Problem as problem:
        raise click.ClickException(str(problem)) from problem


def with_owners_app(function: F) -> F:
    """As `with_app`, for commands that change the tables themselves."""
    return with_app(function, owner=True)


class Commands(click.Group):
    """Imports a file only when its command is asked for: `labshare serve` does not wait for the demonstration data."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(name for file in _files() for name in _commands_of(file))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        files = sorted(_files(), key=lambda file: file != name.replace("-", "_"))
        with uncollected():
            return next((found for file in files if (found := _commands_of(file).get(name))), None)


def _files() -> Iterator[str]:
    return (module.name for module in pkgutil.iter_modules(__path__))


def _commands_of(file: str) -> dict[str, click.Command]:
    """The top-level commands of one file, by name; members of its groups are not top-level."""
    module = importlib.import_module(f"{__name__}.{file}")
    found = [thing for thing in vars(module).values() if isinstance(thing, click.Command)]
    members = {id(member) for group in found if isinstance(group, click.Group) for member in group.commands.values()}
    return {command.name: command for command in found if command.name and id(command) not in members}


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """LabShare: shared laboratories, their bookings, revenue, rewards and audit."""
