"""The commands are imported when they are used; each is where it is said to be."""

import subprocess
import sys

import click
import pytest

from harness.cli.app import _COMMANDS, main


@pytest.mark.parametrize("name", sorted(_COMMANDS))
def test_every_command_is_there_and_teaches(name):
    command = main.get_command(click.Context(main), name)
    assert command.name == name
    assert len(command.get_short_help_str(200)) > 20


def test_a_query_of_the_history_imports_no_container_engine():
    loaded = "import sys, harness.cli.app, harness.cli.history; print('docker' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
