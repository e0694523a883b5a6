"""Serving from the command line: who may be served, and with which tokens."""

import json

import pytest
from typer.testing import CliRunner

from countersign.interfaces.cli.app import app
from countersign.interfaces.http.bearers import development_tokens

ADMINISTRATORS = (
    *("--number", "1", "--name", "Hilda"),
    *("--second-number", "2", "--second-name", "Rob"),
)


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COUNTERSIGN_DATABASE_URL", f"sqlite:///{tmp_path}/trial.db")

    def invoke(*words):
        return CliRunner().invoke(app, words)

    assert invoke("init", *ADMINISTRATORS).exit_code == 0
    return invoke


def test_a_token_stands_for_whoever_acts(run):
    told = json.loads(run("token", "--as", "1", "--json").stdout)
    person = json.loads(run("employee", "show", "1", "--as", "1", "--json").stdout)["person"]

    assert development_tokens()(told["token"]).value == person


def test_nobody_gets_a_token_without_a_name(run):
    told = run("token")

    assert (told.exit_code, "--as PERSON" in told.stderr) == (2, True)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "tallis.example"])
def test_development_refuses_an_address_that_others_can_reach(run, host):
    told = run("serve", "--development", "--host", host)

    assert told.exit_code == 2
    assert "can be reached from elsewhere" in told.stderr


def test_without_an_identity_provider_nobody_is_served(run):
    told = run("serve")

    assert told.exit_code == 2
    assert "COUNTERSIGN_OIDC_ISSUER" in told.stderr


def test_a_development_key_that_others_can_read_is_refused(run, tmp_path):
    run("token", "--as", "1")
    (tmp_path / "countersign-development.key").chmod(0o644)

    told = run("serve", "--development")

    assert (told.exit_code, "chmod 600" in told.stderr) == (2, True)
