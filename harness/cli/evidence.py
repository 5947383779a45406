"""Commands about evidence: sign, verify.

What signs and verifies is imported where it is needed: its libraries take a third of the time to start any command.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.common import run_folder, signing_key_option
from harness.cli.options import runs_option
from harness.errors import DrillError, ExitCode, UsageProblem
from harness.report.escape import one_line

if TYPE_CHECKING:
    from harness.evidence import Checked


@click.command("sign")
@click.argument("runs_named", nargs=-1, metavar="[RUN...]")
@signing_key_option("--key")
@click.option(
    "--new-key",
    "fresh",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Make an Ed25519 pair instead: FILE (private, mode 0600) and FILE.pub.",
)
@runs_option
def sign_command(runs_named: Sequence[str], key: Path | None, fresh: Path | None, runs: Path) -> None:
    """Sign RUN (its folder, its id, the beginning of it, or `last`): writes attestation.dsse.json into its folder.

    \b
    drill sign --new-key ~/.config/drill/signing.pem       once; give signing.pem.pub to those who verify
    drill sign last --key ~/.config/drill/signing.pem
    drill run ecs-bad-migration --sign ~/.config/drill/signing.pem
    """
    from harness.evidence import new_key, private_key, sign_run

    if fresh:
        made = new_key(fresh)
        click.echo(f"made {fresh} (keep it secret) and {fresh}.pub, key {made.keyid[:16]}")
    if not runs_named and not fresh:
        raise UsageProblem("no run is named", next_step="`drill sign last --key FILE`")
    if not (file := fresh or key):
        raise UsageProblem("no key is named", next_step="--key FILE or $DRILL_SIGNING_KEY; --new-key FILE makes one")
    signer = private_key(file, runs)
    for each in runs_named:
        click.echo(f"signed {sign_run(run_folder(each, runs), signer)} with key {signer.public_key.keyid[:16]}")


def signing(key: Path | None, runs: Path) -> Callable[[Path], ExitCode]:
    """What signs the runs of ``drill run``; nothing without a key. Raises UsageProblem where the key cannot be used."""
    if key is None:
        return lambda _folder: ExitCode.PASSED
    from harness.evidence import private_key, sign_run

    signer = private_key(key, runs)

    def sign(folder: Path) -> ExitCode:
        # What cannot be signed is said, and costs neither the verdict nor the next drill.
        try:
            sign_run(folder, signer)
        except DrillError as problem:
            click.secho(f"not signed: {problem.message}", fg="red", err=True)
            return ExitCode.ENVIRONMENT
        return ExitCode.PASSED

    return sign


@click.command("verify")
@click.argument("runs_named", nargs=-1, required=True, metavar="RUN...")
@click.option(
    "--key",
    "keys",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    metavar="FILE",
    help="Public key (PEM) that is trusted; may be given several times. Without one, no signature is checked.",
)
@runs_option
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def verify_command(runs_named: Sequence[str], keys: Sequence[Path], runs: Path, as_json: bool) -> None:
    """Check that RUN is what was signed; names what was changed.

    Without --key it says whether a run contradicts its own timeline or the history. That is no signature.

    \b
    drill verify last --key signing.pem.pub
    drill verify 2026-11-22T21 2026-11-23 --key signing.pem.pub --key former.pem.pub
    drill verify last                                      is it what its own timeline says?

    \b
    Exit codes: 0 nothing is wrong · 1 something was changed, or is not signed by that key · 3 usage
    """
    from harness.evidence import check_signed, check_unsigned, public_key

    trusted = [public_key(file) for file in keys]
    folders = [run_folder(each, runs) for each in runs_named]
    answers = [check_signed(folder, trusted) if trusted else check_unsigned(folder) for folder in folders]
    if as_json:
        click.echo(json.dumps([each.model_dump(mode="json") for each in answers], indent=1))
    else:
        for each in answers:
            _say(each)
    raise click.exceptions.Exit(ExitCode.FAILED if any(each.problems for each in answers) else ExitCode.PASSED)


def _headline(answer: Checked) -> str:
    good, by = not answer.problems, answer.signed_by[:16]
    if answer.against == "timeline":
        return "as its own timeline says" if good else "not what its timeline or the history says"
    if not by:
        return "not proven to be signed"
    return f"as it was signed with key {by}" if good else f"changed since it was signed with key {by}"


def _say(answer: Checked) -> None:
    good = not answer.problems
    click.secho(f"{'✓' if good else '✗'} {answer.run}: {_headline(answer)}", fg="green" if good else "red")
    for problem in answer.problems:
        click.echo(f"  {problem}")
    if answer.told:
        said = ", ".join(f"{name} {value}" for name, value in answer.told if value)
        click.echo(f"  {'signed' if answer.signed_by else 'says'}: {one_line(said)}")
    for note in answer.notes:
        click.echo(f"  note: {note}")
