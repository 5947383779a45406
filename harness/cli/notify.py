"""``drill notify``, and telling people from a command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import click

from harness.cli.options import notify_targets
from harness.errors import EnvironmentProblem
from harness.notify.delivery import VARIABLE, Sending, Target
from harness.notify.message import Message, said
from harness.redact import Redactor


class FieldType(click.ParamType[tuple[str, str]]):
    """``NAME=VALUE``."""

    name = "field"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Name and value; the value may be empty, then the field is left out."""
        name, equals, rest = str(value).partition("=")
        if not name.strip() or not equals:
            self.fail(f"expected NAME=VALUE, got {value!r}", param, ctx)
        return name.strip(), rest


@click.command("notify")
@click.argument("urls", nargs=-1, metavar="[URL...]", envvar=VARIABLE, callback=notify_targets)
@click.option("--title", required=True, help="First line, and subject of a mail.")
@click.option(
    "--field",
    "fields",
    multiple=True,
    type=FieldType(),
    metavar="NAME=VALUE",
    help="A line of the message. `status` (success, failure, cancelled) also says which kind of message it is.",
)
@click.option("--strict", is_flag=True, help="Exit 4 where somebody was not told; 0 when left out.")
def notify_command(urls: tuple[Target, ...], title: str, fields: Sequence[tuple[str, str]], strict: bool) -> None:
    """Tell people something, from a script or a workflow; URLs as Apprise spells them, or $DRILL_NOTIFY.

    \b
    drill notify --title 'Rollback started' --field version=v1 --field operator=kim
    drill notify --title 'Rollback done' --field version=v1 --field operator=kim --field status=success --strict

    Whoever is not told within 10 s is named by the scheme of their URL. Every user of a host can read the arguments
    of a command: a URL with a secret belongs into $DRILL_NOTIFY.
    """
    if not urls and strict:
        raise EnvironmentProblem("nobody to tell", next_step=f"name a URL, or set ${VARIABLE}")
    if not urls:
        click.echo(f"nobody to tell: no URL, and ${VARIABLE} is empty", err=True)
    clean = _redactor(urls).clean  # before values are cut: half a secret would not be known as one
    told = said(clean(title), [(clean(name), clean(value)) for name, value in fields])
    if not tell(told, urls, partial(click.echo, err=True)) and strict:
        raise EnvironmentProblem("not everybody was told")


def tell(message: Message, targets: Sequence[Target], say: Callable[[str], None]) -> bool:
    """Send ``message`` to all and ``say`` what became of it; whether everybody got it."""
    done = Sending(message.cleaned(_redactor(targets).clean), targets).wait()
    for each in done:
        say(f"not delivered to {each.to}: {each.problem}" if each.problem else f"delivered to {each.to}")
    return not any(each.problem for each in done)


def _redactor(targets: Sequence[Target]) -> Redactor:
    redactor = Redactor()
    for target in targets:
        for secret in target.secrets:
            redactor.add(secret)
    return redactor
