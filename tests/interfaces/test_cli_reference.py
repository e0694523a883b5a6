"""The page docs/reference/cli.md says of every command what the command says of itself."""

from pathlib import Path

import pytest
import typer

from countersign.interfaces.cli.app import app

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "cli.md").read_text("utf-8")
SHARED = {"--db", "--as", "--json", "--help"}


def commands(command, path="countersign"):
    children = getattr(command, "commands", {})
    for name, each in children.items():
        yield from commands(each, f"{path} {name}")
    if not children:
        yield pytest.param(path, command, id=path)


@pytest.mark.parametrize(("path", "command"), [*commands(typer.main.get_command(app))])
def test_the_page_has_help_examples_and_options_of(path, command):
    section = PAGE.partition(f"# {path}\n")[2].partition("\n#")[0]
    examples = [line.strip() for line in command.epilog.splitlines() if line.startswith("  ")]
    options = {name for each in command.params for name in each.opts if name.startswith("--")}

    assert command.help in section
    assert examples
    assert [each for each in examples if each not in section] == []
    assert [each for each in options - SHARED if f"`{each}`" not in section] == []
