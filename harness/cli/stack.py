"""``drill stack``: what drills share between runs."""

from __future__ import annotations

import json

import click

from harness.kept import kept_stacks
from harness.plugins import KEEPERS, registered
from harness.runner.keeping import drop, keep
from harness.units import format_duration

_json_option = click.option("--json", "as_json", is_flag=True, help="For machines.")


@click.group("stack")
def stack_command() -> None:
    """Keep a slow part of a stack between drills; each drill gets a place of its own in it.

    \b
    drill stack keep kind    one Kubernetes cluster for all drills on this host
    drill run k8s-bad-image  uses it, in a namespace of the run's own
    drill stack list         what is kept
    drill stack drop kind    remove it
    """


@stack_command.command("keep")
@click.argument("name")
def keep_command(name: str) -> None:
    """Make stack NAME and keep it until `drill stack drop NAME`; neither a run's end nor `drill reap` removes it."""
    kept = keep(name, click.echo)
    click.echo(f"{kept.name}: {kept.value}, made in {format_duration(kept.took)}")


@stack_command.command("list")
@_json_option
def list_command(as_json: bool) -> None:
    """List what is kept, and what could be."""
    stacks = kept_stacks()
    if as_json:
        click.echo(json.dumps([each.model_dump() for each in stacks], indent=1))
        return
    for each in stacks:
        click.echo(f"{each.name}: {each.value}, kept since {each.made[:16]}Z")
    for name in sorted(set(registered(KEEPERS)) - {each.name for each in stacks}):
        click.echo(f"{name}: not kept; `drill stack keep {name}`")


@stack_command.command("drop")
@click.argument("name")
def drop_command(name: str) -> None:
    """Remove kept stack NAME; refused while a drill uses it."""
    for what in drop(name):
        click.echo(f"removed {what}")
