"""Every way to sign in that the facts name, and who one is then."""

import datetime
import json
import os
import urllib.parse
import urllib.request

from checks import check, run
from databricks.sdk import AccountClient, WorkspaceClient
from databricks.sdk.config import Config
from databricks.sdk.credentials_provider import CredentialsStrategy
from databricks.sdk.environments import Cloud
from databricks.sdk.errors import (
    InvalidParameterValue,
    NotFound,
    PermissionDenied,
    ResourceAlreadyExists,
    ResourceConflict,
    ResourceDoesNotExist,
    Unauthenticated,
)
from databricks.sdk.service.iam import ListServicePrincipalResponse, Patch, PatchOp, PatchSchema, User
from databricks.sdk.service.oauth2 import (
    FederationPolicy,
    ListFederationPoliciesResponse,
    ListServicePrincipalSecretsResponse,
    OidcFederationPolicy,
)
from databricks.sdk.service.settings import ListPublicTokensResponse
from expectations import raises, refusal, understood

host, account = os.environ["DATABRICKS_HOST"], os.environ["DATABRICKS_ACCOUNT_ID"]
admin_token = os.environ.pop("DATABRICKS_TOKEN")
issuer, jwks = os.environ["ISSUER"], os.environ["ISSUER_JWKS"]
subject = "binding:wine:role:trainer"
admin = WorkspaceClient(token=admin_token)
accounts = AccountClient(host=host, account_id=account, token=admin_token)
shared = {}


def jwt(sub=subject, audience=account, **more):
    query = urllib.parse.urlencode({"sub": sub, "audience": audience, **more})
    with urllib.request.urlopen(f"{issuer}/token?{query}") as answer:
        return json.load(answer)["value"]


def federated(token):
    """A client that signs in with this subject token; what it raises at its first call is the exchange's refusal."""
    os.environ["DATABRICKS_OIDC_TOKEN"] = token
    return WorkspaceClient(auth_type="env-oidc", client_id=shared["trainer"].application_id)


@check("a personal access token is the admin")
def pat():
    assert admin.config.auth_type == "pat"
    me = admin.current_user.me()
    assert me.user_name == "admin@workspace.localhost"
    assert me.active is True
    assert [each.value for each in me.emails] == [me.user_name]
    assert "admins" in [each.display for each in me.groups]


@check("the host says of itself what the SDK looks for")
def discovery():
    assert admin.config.account_id == account
    assert admin.config.workspace_id == str(admin.get_workspace_id())
    assert admin.config.cloud is Cloud.AWS
    assert admin.config.databricks_oidc_endpoints.token_endpoint == f"{host}/oidc/v1/token"


@check("tokens are made, listed, used and deleted")
def tokens():
    made = admin.tokens.create(comment="from a test", lifetime_seconds=600)
    assert made.token_info.comment == "from a test"
    assert made.token_info.expiry_time - made.token_info.creation_time == 600_000
    assert made.token_info.token_id in [each.token_id for each in admin.tokens.list()]
    other = WorkspaceClient(token=made.token_value)
    assert other.current_user.me().user_name == admin.current_user.me().user_name
    admin.tokens.delete(made.token_info.token_id)
    raises(PermissionDenied, other.current_user.me)
    raises(ResourceDoesNotExist, lambda: admin.tokens.delete(made.token_info.token_id))
    assert admin.tokens.create().token_info.expiry_time == -1


@check("service principals are made, found, changed and deleted")
def principals():
    trainer = admin.service_principals.create(display_name="trainer")
    shared["trainer"] = trainer
    assert trainer.active is True
    assert admin.service_principals.get(trainer.id).application_id == trainer.application_id
    for name in ("a", "b", "c"):
        admin.service_principals.create(display_name=name)
    paged = [each.display_name for each in admin.service_principals.list(count=2)]
    assert sorted(paged) == ["a", "b", "c", "trainer"], paged
    [found] = admin.service_principals.list(filter='displayName eq "b"')
    assert found.display_name == "b"
    admin.service_principals.update(found.id, display_name="renamed", application_id=found.application_id, active=True)
    assert admin.service_principals.get(found.id).display_name == "renamed"
    admin.service_principals.patch(
        found.id,
        operations=[Patch(op=PatchOp.REPLACE, path="active", value="false")],
        schemas=[PatchSchema.URN_IETF_PARAMS_SCIM_API_MESSAGES_2_0_PATCH_OP],
    )
    assert admin.service_principals.get(found.id).active is False
    admin.service_principals.delete(found.id)
    raises(NotFound, lambda: admin.service_principals.get(found.id))
    assert trainer.id in [each.id for each in accounts.service_principals.list()]


@check("OAuth M2M with client id and secret is the service principal")
def m2m():
    secret = admin.service_principal_secrets_proxy.create(shared["trainer"].id)
    assert secret.status == "ACTIVE"
    shared["secret"] = secret
    w = WorkspaceClient(client_id=shared["trainer"].application_id, client_secret=secret.secret)
    assert w.config.auth_type == "oauth-m2m"
    me = w.current_user.me()
    assert me.user_name == shared["trainer"].application_id
    assert me.display_name == "trainer"
    assert me.id == shared["trainer"].id
    assert "admins" not in [each.display for each in me.groups]
    token = w.config.oauth_token()
    assert token.token_type == "Bearer"
    assert token.access_token not in (secret.secret, admin_token)
    raises(PermissionDenied, lambda: w.service_principals.create(display_name="not mine to make"))


@check("a wrong secret, and one that was deleted, is refused")
def wrong_secret():
    def attempt(secret):
        return WorkspaceClient(
            client_id=shared["trainer"].application_id, client_secret=secret
        ).current_user.me()

    assert "invalid_client" in str(raises(ValueError, lambda: attempt("dose0")))
    other = accounts.service_principal_secrets.create(shared["trainer"].id, lifetime="3600s")
    assert attempt(other.secret).user_name == shared["trainer"].application_id
    listed = [each.id for each in admin.service_principal_secrets_proxy.list(shared["trainer"].id)]
    assert listed == [shared["secret"].id, other.id]
    admin.service_principal_secrets_proxy.delete(shared["trainer"].id, other.id)
    assert "invalid_client" in str(raises(ValueError, lambda: attempt(other.secret)))


@check("a federation policy is made, read, changed and listed")
def policy():
    id = int(shared["trainer"].id)
    policies = accounts.service_principal_federation_policy
    made = policies.create(
        id,
        FederationPolicy(
            description="the backend's trainer",
            oidc_policy=OidcFederationPolicy(issuer=issuer, subject="nobody yet", audiences=[account]),
        ),
    )
    assert made.service_principal_id == id
    assert made.name == f"accounts/{account}/servicePrincipals/{id}/federationPolicies/{made.policy_id}"
    changed = policies.update(
        id,
        made.policy_id,
        FederationPolicy(description="ignored", oidc_policy=OidcFederationPolicy(subject=subject)),
        update_mask="oidc_policy.subject",
    )
    assert changed.oidc_policy.subject == subject
    assert changed.oidc_policy.issuer == issuer
    assert changed.description == "the backend's trainer"
    described = policies.update(id, made.policy_id, FederationPolicy(description="the trainer"))
    assert (described.description, described.oidc_policy.subject) == ("the trainer", subject)
    assert policies.get(id, made.policy_id).oidc_policy.audiences == [account]
    assert [each.policy_id for each in policies.list(id)] == [made.policy_id]
    shared["policy"] = made.policy_id


@check("env-oidc exchanges the token of the environment")
def env_oidc():
    w = federated(jwt())
    assert w.config.auth_type == "env-oidc"
    assert w.current_user.me().user_name == shared["trainer"].application_id
    os.environ["CI_TOKEN"] = jwt()
    os.environ["DATABRICKS_OIDC_TOKEN_ENV"] = "CI_TOKEN"
    named = federated("unused")
    del os.environ["DATABRICKS_OIDC_TOKEN_ENV"]
    assert named.current_user.me().user_name == shared["trainer"].application_id


@check("the access token lives no longer than what it was exchanged for")
def life():
    w = federated(jwt(seconds=100))
    token = w.config.oauth_token()
    left = (token.expiry - datetime.datetime.now()).total_seconds()
    assert 0 < left <= 100, left


@check("file-oidc exchanges the token of a file, and a new client takes the file's new one")
def file_oidc():
    path = os.environ["DATABRICKS_OIDC_TOKEN_FILEPATH"] = os.path.join(os.environ["HOME"], "token")

    def signed_in(token):
        with open(path, "w") as file:
            file.write(token + "\n")
        w = WorkspaceClient(auth_type="file-oidc", client_id=shared["trainer"].application_id)
        return w.config.auth_type, w.current_user.me().user_name

    assert signed_in(jwt()) == ("file-oidc", shared["trainer"].application_id)
    assert "invalid_grant" in str(raises(ValueError, lambda: signed_in(jwt(seconds=-100))))
    assert signed_in(jwt()) == ("file-oidc", shared["trainer"].application_id)


@check("github-oidc asks the CI service for a token of the audience that the workspace names")
def github_oidc():
    os.environ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "any"
    os.environ["ACTIONS_ID_TOKEN_REQUEST_URL"] = f"{issuer}/token?{urllib.parse.urlencode({'sub': subject})}"
    w = WorkspaceClient(auth_type="github-oidc", client_id=shared["trainer"].application_id)
    assert w.config.token_audience == account
    assert w.current_user.me().user_name == shared["trainer"].application_id


@check("a subject token that the policy does not match is refused, with the claim that is wrong")
def refused_tokens():
    for token, claim in (
        (jwt(sub="binding:wine:role:releaser"), "sub"),
        (jwt(audience="somebody else"), "aud"),
        (jwt(seconds=-100), "exp"),
        (jwt(key="other"), "signature"),
        (jwt()[:-8] + "AAAAAAAA", "signature"),
        ("not.a.token", "JSON Web Token"),
    ):
        error = str(raises(ValueError, lambda: federated(token).current_user.me()))
        assert error.startswith("invalid_grant: ") and claim in error, (claim, error)


@check("a policy with the keys in it needs no address that the workspace could reach")
def keys_in_the_policy():
    id = int(shared["trainer"].id)
    policies = accounts.service_principal_federation_policy
    policies.delete(id, shared["policy"])
    raises(ValueError, lambda: federated(jwt()).current_user.me())
    unused = json.loads(jwks)
    unused["keys"][0]["kid"] = "two"
    made = policies.create(
        id,
        FederationPolicy(oidc_policy=OidcFederationPolicy(issuer=issuer, subject=subject, jwks_json=json.dumps(unused))),
        policy_id="inline",
    )
    assert made.policy_id == "inline"
    assert "kid" in str(raises(ValueError, lambda: federated(jwt()).current_user.me()))
    policies.update(id, "inline", FederationPolicy(oidc_policy=OidcFederationPolicy(jwks_json=jwks)))
    assert federated(jwt()).current_user.me().user_name == shared["trainer"].application_id


@check("every field and value of who there is is one that the SDK knows")
def fields():
    id = shared["trainer"].id
    scim = "/api/2.0/preview/scim/v2"
    understood(User, admin.api_client.do("GET", f"{scim}/Me"))
    understood(ListServicePrincipalResponse, admin.api_client.do("GET", f"{scim}/ServicePrincipals"))
    understood(ListPublicTokensResponse, admin.api_client.do("GET", "/api/2.0/token/list"))
    base = f"/api/2.0/accounts/{account}/servicePrincipals/{id}"
    understood(ListFederationPoliciesResponse, admin.api_client.do("GET", f"{base}/federationPolicies"))
    understood(ListServicePrincipalSecretsResponse, admin.api_client.do("GET", f"{base}/credentials/secrets"))


@check("an inactive principal cannot sign in, and what it holds is worth nothing")
def inactive():
    w = federated(jwt())
    assert w.current_user.me().active is True
    admin.service_principals.patch(
        shared["trainer"].id,
        operations=[Patch(op=PatchOp.REPLACE, path="active", value="false")],
        schemas=[PatchSchema.URN_IETF_PARAMS_SCIM_API_MESSAGES_2_0_PATCH_OP],
    )
    raises(PermissionDenied, w.current_user.me)
    raises(ValueError, lambda: federated(jwt()).current_user.me())


class Nobody(CredentialsStrategy):
    def auth_type(self):
        return "nobody"

    def __call__(self, config):
        return lambda: {}


nobody = WorkspaceClient(config=Config(host=host, credentials_strategy=Nobody()))
stranger = WorkspaceClient(token="dapi" + "0" * 32)
policies = accounts.service_principal_federation_policy


def made_policy(**fields):
    return policies.create(int(shared["trainer"].id), FederationPolicy(oidc_policy=OidcFederationPolicy(**fields)))


# Credentials are refused with the status as an integer code, as on Databricks.
check("no credential at all")(refusal(Unauthenticated, 401, nobody.current_user.me))
check("a token that nobody has")(refusal(PermissionDenied, 403, stranger.current_user.me))
check("a service principal that does not exist")(
    refusal(NotFound, "SCIM_404", lambda: admin.service_principals.get("1"))
)
check("a service principal of an application id that is taken")(
    refusal(
        ResourceConflict,
        "SCIM_409",
        lambda: admin.service_principals.create(
            display_name="again", application_id=shared["trainer"].application_id
        ),
    )
)
check("a secret of a service principal that does not exist")(
    refusal(
        ResourceDoesNotExist,
        "RESOURCE_DOES_NOT_EXIST",
        lambda: admin.service_principal_secrets_proxy.create("1"),
    )
)
check("a federation policy that does not exist")(
    refusal(
        ResourceDoesNotExist,
        "RESOURCE_DOES_NOT_EXIST",
        lambda: policies.get(int(shared["trainer"].id), "none"),
    )
)
check("a federation policy of an id that is taken")(
    refusal(
        ResourceAlreadyExists,
        "RESOURCE_ALREADY_EXISTS",
        lambda: policies.create(
            int(shared["trainer"].id),
            FederationPolicy(oidc_policy=OidcFederationPolicy(issuer=issuer, subject="x")),
            policy_id="inline",
        ),
    )
)
check("a federation policy without a subject")(
    refusal(InvalidParameterValue, "INVALID_PARAMETER_VALUE", lambda: made_policy(issuer=issuer))
)

run()
