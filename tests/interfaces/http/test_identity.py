"""Who one is: tokens that hold, tokens that do not, and whom a token stands for."""

import base64
import hmac
import json
import time

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey
from starlette.testclient import TestClient

from countersign import Actor
from countersign.application import commands as c
from countersign.domain.employee import Role
from countersign.interfaces.http.app import create_app
from countersign.interfaces.http.development import DevelopmentTokens, development_key
from countersign.interfaces.http.identity import Bearers, Remembered, Unauthenticated
from countersign.interfaces.http.keys import KeysUnavailable, PublishedKeys, fetch
from countersign.interfaces.http.loopback import is_loopback
from countersign.interfaces.http.settings import HttpSettings
from countersign.interfaces.http.tokens import NotConfigured, OidcTokens

ISSUER, AUDIENCE = "https://login.tallis.example", "countersign"
SOON = 300


@pytest.fixture(scope="module")
def first_key():
    return RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})


@pytest.fixture(scope="module")
def second_key():
    return ECKey.generate_key("P-256", {"kid": "second", "use": "sig"})


class Issuer:
    """An identity provider: what it publishes, and how often it was asked."""

    def __init__(self, *keys):
        self.keys = list(keys)
        self.asked = 0

    def fetch(self, url):
        self.asked += 1
        return json.dumps(KeySet(self.keys).as_dict()).encode()


@pytest.fixture
def issuer(first_key):
    return Issuer(first_key)


def settings(**more):
    words = {
        "oidc_issuer": ISSUER,
        "oidc_audience": AUDIENCE,
        "oidc_jwks_url": f"{ISSUER}/keys",
        "oidc_person_kind": "number",
        **more,
    }
    return HttpSettings(**words)


def claims(**more):
    now = int(time.time())
    return {"iss": ISSUER, "aud": AUDIENCE, "sub": "Ada", "iat": now, "exp": now + SOON} | more


def signed(key, said, algorithm="RS256", **header):
    known = {"alg": algorithm, "kid": key.kid, **header}
    return jwt.encode(known, said, key, algorithms=[algorithm])


@pytest.fixture
def who(quiet_company, issuer):
    """Asks in the name of a token: the status, and what /me or the problem says."""

    def ask(token, **more):
        said = settings(**more)
        verify = OidcTokens(said, PublishedKeys(said.oidc_jwks_url, fetch=issuer.fetch))
        app = create_app(
            quiet_company.engine, resolver=Bearers(quiet_company.engine, verify), settings=said
        )
        with TestClient(app) as client:
            shown = {b"Authorization": b"Bearer " + token.encode()}
            told = client.get("/api/v1/me", headers=shown)
        return told.status_code, told.json()

    return ask


def test_a_token_of_the_issuer_stands_for_the_person_it_names(who, first_key):
    status, me = who(signed(first_key, claims()))

    assert (status, me["name"]) == (200, "Ada")


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://login.elsewhere.example"},
        {"aud": "another application"},
        {"exp": 1},
        {"exp": None},
        {"sub": None},
        {"aud": None},
    ],
    ids=lambda wrong: "-".join(f"{name}" for name in wrong),
)
def test_a_token_that_is_not_for_us_or_no_longer_does_not_hold(who, first_key, wrong):
    said = {name: value for name, value in (claims() | wrong).items() if value is not None}

    status, problem = who(signed(first_key, said))

    assert (status, problem["title"]) == (401, "Unauthenticated")


def test_a_token_signed_by_somebody_else_does_not_hold(who):
    forged = RSAKey.generate_key(2048, {"kid": "first"})

    assert who(signed(forged, claims()))[0] == 401


def part(said):
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")


def test_a_token_without_a_signature_does_not_hold(who):
    assert who(f"{part({'alg': 'none'})}.{part(claims())}.")[0] == 401


def test_a_published_key_is_no_secret_to_sign_with(who, first_key):
    """Algorithm confusion (RFC 8725, section 2.1): HS256 over the public key's own text."""
    secret = first_key.as_pem(private=False)
    said = f"{part({'alg': 'HS256', 'kid': 'first'})}.{part(claims())}"
    forged = base64.urlsafe_b64encode(hmac.digest(secret, said.encode(), "sha256"))

    assert who(f"{said}.{forged.decode().rstrip('=')}")[0] == 401


def test_an_algorithm_that_was_not_pinned_does_not_hold(who, first_key):
    token = signed(first_key, claims(), "RS512")

    assert who(token)[0] == 401
    assert who(token, oidc_algorithms=("RS512",))[0] == 200


def test_a_token_of_another_type_does_not_hold(who, first_key):
    assert who(signed(first_key, claims(), typ="logout+jwt"))[0] == 401
    assert who(signed(first_key, claims(), typ="at+jwt"))[0] == 200


@pytest.mark.parametrize("token", ["", "x", "x.y.z", "Ж", "a" * 20_000])
def test_what_is_no_token_does_not_hold(who, token):
    assert who(token)[0] == 401


def test_a_token_for_somebody_unheard_of_may_do_nothing(who, first_key):
    status, problem = who(signed(first_key, claims(sub="Nobody")))

    assert (status, problem["title"]) == (403, "Unknown actor")


def test_a_number_is_not_taken_for_a_login(who, first_key):
    assert who(signed(first_key, claims()), oidc_person_kind="login")[0] == 403


def test_an_address_counts_only_when_it_was_verified(quiet_company, who, first_key):
    row = quiet_company.row("Zoe", "Max", email="zoe@tallis.example")
    quiet_company.import_rows(row)
    said = {"email": "zoe@tallis.example"}
    words = {"oidc_person_claim": "email", "oidc_person_kind": "email"}

    assert who(signed(first_key, claims(**said)), **words)[0] == 401
    assert who(signed(first_key, claims(**said, email_verified="yes")), **words)[0] == 401
    assert who(signed(first_key, claims(**said, email_verified=True)), **words)[0] == 200


def test_roles_come_from_claims_where_the_settings_say_so(who, first_key):
    token = signed(first_key, claims(roles=["people-team", "another", 7]))

    assert who(token)[1]["roles"] == []
    assert who(token, oidc_roles={"people-team": Role.HR})[1]["roles"] == ["hr"]
    spaced = signed(first_key, claims(roles="x people-team"))
    assert who(spaced, oidc_roles={"people-team": Role.HR})[1]["roles"] == ["hr"]


def test_without_an_issuer_nobody_can_be_told_apart():
    with pytest.raises(NotConfigured, match="COUNTERSIGN_OIDC_ISSUER"):
        OidcTokens(HttpSettings.model_construct())


# Keys


class Now:
    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def now():
    return Now()


def test_keys_are_fetched_once_while_they_are_fresh(issuer, now):
    keys = PublishedKeys("https://x", fetch=issuer.fetch, now=now)
    for _ in range(5):
        keys.key("first")

    assert issuer.asked == 1
    now.seconds += 601
    keys.key("first")
    assert issuer.asked == 2


def test_a_rotated_key_is_found_at_once_and_unknown_ones_do_not_flood(issuer, second_key, now):
    keys = PublishedKeys("https://x", fetch=issuer.fetch, now=now)
    keys.key("first")
    issuer.keys.append(second_key)
    now.seconds += 31

    assert keys.key("second").kid == "second"
    for _ in range(50):
        with pytest.raises(Exception, match="No key"):
            keys.key("unheard of")
    assert issuer.asked == 2


def test_keys_that_cannot_be_fetched_again_are_believed_for_a_day(issuer, now):
    keys = PublishedKeys("https://x", fetch=issuer.fetch, now=now)
    keys.key("first")

    def down(url):
        raise OSError("unreachable")

    keys._fetch = down
    now.seconds += 3600
    assert keys.key("first").kid == "first"
    now.seconds += 86_400
    with pytest.raises(KeysUnavailable):
        keys.key("first")


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"keys": 1}', b'{"keys": [{"kty": "oct"}]}'])
def test_what_is_no_key_set_is_not_believed(body, now):
    keys = PublishedKeys("https://x", fetch=lambda url: body, now=now)

    with pytest.raises(KeysUnavailable):
        keys.key("first")


def test_keys_are_fetched_over_tls_only():
    for url in ("http://login.tallis.example/keys", "file:///etc/hostname", "ftp://x/y"):
        with pytest.raises(ValueError, match="https"):
            fetch(url)


# Development


def test_a_development_token_holds_until_its_time():
    at = Now()
    tokens = DevelopmentTokens(bytes(32), now=at)
    token = tokens.issue("somebody", seconds=60)

    assert tokens(token).value == "somebody"
    at.seconds += 61
    with pytest.raises(Unauthenticated):
        tokens(token)
    with pytest.raises(Unauthenticated):
        DevelopmentTokens(b"another secret, 32 bytes long...", now=Now())(token)


def test_the_development_key_is_its_owners_alone(tmp_path):
    file = tmp_path / "development.key"

    assert development_key(file) == development_key(file)
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    with pytest.raises(NotConfigured, match="chmod 600"):
        development_key(file)
    file.chmod(0o600)
    file.write_text("short")
    with pytest.raises(NotConfigured, match="remove it"):
        development_key(file)


@pytest.mark.parametrize(
    ("host", "reached"),
    [
        *((host, False) for host in ("127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost")),
        *((host, True) for host in ("0.0.0.0", "::", "10.0.0.7", "tallis.example", "")),
    ],
)
def test_what_is_loopback(host, reached):
    assert is_loopback(host) is not reached


# A host's own resolver


@pytest.fixture
def hosted(quiet_company):
    def ask(resolver):
        with TestClient(create_app(quiet_company.engine, resolver=resolver)) as client:
            return client.get("/api/v1/me")

    return ask


def test_a_host_says_who_is_signed_in(quiet_company, hosted):
    def sync(request):
        return Actor(quiet_company.person("Ada"), via="intranet")

    async def later(request):
        return sync(request)

    for resolver in (sync, later):
        assert hosted(resolver).json()["name"] == "Ada"


def test_a_host_says_that_nobody_is_signed_in(hosted):
    def nobody(request):
        raise Unauthenticated

    assert hosted(nobody).status_code == 401


def test_nobody_passes_for_the_engine(hosted):
    assert hosted(lambda request: Actor("engine")).status_code == 403


def test_the_name_of_the_client_stands_in_the_record(on_sqlite):
    app = create_app(
        on_sqlite.engine, resolver=lambda request: Actor(on_sqlite.person("Ada"), via="intranet")
    )
    with TestClient(app) as client:
        client.post("/api/v1/plans")
        plan = client.get("/api/v1/me").json()["plan"]
        trail = client.get(f"/api/v1/plans/{plan}/audit-trail").json()["items"]

    assert {each["via"] for each in trail} == {"intranet"}


def test_a_withdrawn_role_is_gone_at_once(on_sqlite, api):
    hilda = api("Hilda")
    hilda.get("/funnel").ok()
    on_sqlite.does("Rob", c.WithdrawRole(person=on_sqlite.person("Hilda"), role=Role.HR))

    hilda.get("/funnel").problem(403, "role-needed")


def test_what_is_remembered_is_bounded_in_number_and_time():
    remembered: Remembered[str, str] = Remembered(2)
    for name in "abc":
        remembered.put(name, name, 10)

    assert [remembered.get(name, 5) for name in "abc"] == [None, "b", "c"]
    assert remembered.get("b", 10) is None
