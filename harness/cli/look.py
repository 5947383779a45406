"""Commands that look and touch nothing: list, plan, validate, schema."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click
import docker
from rich.console import Console
from rich.table import Table

from harness.cli.common import SCENARIOS, load, prepared, scenario_options
from harness.errors import ScenarioProblem
from harness.gate.policy import policy_schema
from harness.images import Images
from harness.runner.plan import Plan, plan_of
from harness.runner.session import recipe_folders
from harness.scenario.find import all_scenarios, find_scenario
from harness.scenario.schema import json_schema
from harness.units import format_duration


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def list_command(as_json: bool) -> None:
    """List the scenarios, their paths and the failure modes that they teach."""
    rows = []
    for file in all_scenarios(SCENARIOS):
        scenario = load(file).scenario
        for name, path in scenario.paths.items():
            rows.append(
                {
                    "scenario": scenario.name,
                    "path": name,
                    "teaches": scenario.teaches,
                    "title": scenario.title,
                    "summary": path.summary,
                    "labels": scenario.labels,
                }
            )
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    table = Table("scenario", "path", "teaches", "what happens", box=None, header_style="bold")
    for row in rows:
        table.add_row(
            str(row["scenario"]), str(row["path"]), " ".join(row["teaches"]) or "-", str(row["summary"] or row["title"])
        )
    Console().print(table)


@click.command("validate")
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO...]")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def validate_command(scenarios: Sequence[str], as_json: bool) -> None:
    """Check scenario files: every problem with file, line, key, what was expected, and a suggestion."""
    complaints = []
    files = [find_scenario(each, SCENARIOS) for each in scenarios] or list(all_scenarios(SCENARIOS))
    for file in files:
        try:
            load(file)
        except ScenarioProblem as problem:
            complaints += problem.complaints
        else:
            if not as_json:
                click.echo(f"{file}: valid")
    if as_json:
        click.echo(
            json.dumps(
                [
                    {
                        "file": each.where.file,
                        "line": each.where.line,
                        "column": each.where.column,
                        "key": each.key,
                        "expected": each.expected,
                        "seen": each.seen,
                        "suggestion": each.suggestion,
                    }
                    for each in complaints
                ],
                indent=1,
            )
        )
    if complaints and not as_json:
        raise ScenarioProblem(complaints)
    raise click.exceptions.Exit(ScenarioProblem.exit_code if complaints else 0)


@click.command("schema")
@click.option("--gate", is_flag=True, help="Of gate policies instead.")
def schema_command(gate: bool) -> None:
    """Print the JSON Schema of scenario files, for editors."""
    click.echo(json.dumps(policy_schema() if gate else json_schema(), indent=2))


@click.command("plan")
@click.argument("scenario")
@scenario_options
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def plan_command(
    scenario: str, overrides: Sequence[str], without: Sequence[str], path_name: str, as_json: bool
) -> None:
    """Say every step that a drill would take, with its timeout and the budgets. Starts nothing, asks nobody."""
    loaded, path, _ = prepared(scenario, overrides, without, path_name)
    images = Images(_nobody, recipe_folders(loaded.workdir), progress=lambda _text: None)
    plan = plan_of(loaded.scenario, path, images)
    click.echo(plan.model_dump_json(indent=1) if as_json else _text(plan))


def _nobody() -> docker.DockerClient:
    raise AssertionError("a plan asks no engine")


def _text(plan: Plan) -> str:
    lines = [f"{plan.scenario}, path {plan.path}: {plan.title}", ""]
    for number, phase in enumerate(plan.phases, start=1):
        lines.append(f"{number:2}. {phase.name:<14} at most {format_duration(phase.timeout)}")
        for step in phase.steps:
            limit = f"  [{format_duration(step.timeout)}]" if step.timeout else ""
            lines.append(f"      - {step.what}{limit}")
    lines += [
        "",
        "budgets: " + ", ".join(f"{name} {value}" for name, value in plan.budgets.items()),
        "nothing was started",
    ]
    return "\n".join(lines)
