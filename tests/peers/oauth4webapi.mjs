// One client of an authorization server, written with oauth4webapi as its manual says.
//
// The first line of standard input says who it is: {issuer, clientId, clientSecret, method,
// redirectUri, audience}. Each line of standard output is one JSON object. With a redirectUri the
// first one holds the authorization URL, and the next input line must be the address that the
// server led back to. Whatever oauth4webapi finds wrong ends the process with its message.

import assert from "node:assert/strict";
import { createInterface } from "node:readline";

import * as oauth from "oauth4webapi";

const PATIENCE_MILLISECONDS = 60_000;
// The server of the test is on the loopback address, without TLS: nothing else is relaxed.
const http = { [oauth.allowInsecureRequests]: true };
const METHODS = {
  client_secret_basic: (secret) => oauth.ClientSecretBasic(secret),
  client_secret_post: (secret) => oauth.ClientSecretPost(secret),
  none: () => oauth.None(),
};

setTimeout(() => process.exit(3), PATIENCE_MILLISECONDS).unref();
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const settings = JSON.parse(await read());
const server = await discover(new URL(settings.issuer));
const client = { client_id: settings.clientId };
const proof = METHODS[settings.method](settings.clientSecret);

if (settings.redirectUri) {
  await actForAPerson();
} else {
  await actForItself();
}
process.exit(0);

async function discover(issuer) {
  const found = [];
  for (const algorithm of ["oauth2", "oidc"]) {
    const response = await oauth.discoveryRequest(issuer, { algorithm, ...http });
    found.push(await oauth.processDiscoveryResponse(issuer, response));
  }
  assert.deepEqual(found[0], found[1]);
  return found[0];
}

async function actForAPerson() {
  const issued = await exchange();
  const refreshed = await refresh(issued.refresh_token);
  assert.notEqual(refreshed.access_token, issued.access_token);
  const kept = refreshed.refresh_token ?? issued.refresh_token;
  say({ rotates: kept !== issued.refresh_token });
  if (settings.method !== "none") {
    const about = await introspect(refreshed.access_token);
    assert.equal(about.active, true);
    assert.equal(about.client_id, settings.clientId);
  }
  if (settings.audience) {
    await verify(refreshed.access_token);
  }
  await revoke(kept);
  if (settings.method !== "none") {
    assert.equal((await introspect(refreshed.access_token)).active, false);
  }
  await assert.rejects(refresh(kept), { error: "invalid_grant", status: 400 });
  say({ done: true });
}

async function actForItself() {
  const response = await oauth.clientCredentialsGrantRequest(server, client, proof, {}, http);
  const issued = await oauth.processClientCredentialsResponse(server, client, response);
  assert.equal((await introspect(issued.access_token)).active, true);
  if (settings.audience) {
    await verify(issued.access_token);
  }
  await revoke(issued.access_token);
  assert.equal((await introspect(issued.access_token)).active, false);
  say({ done: true });
}

async function exchange() {
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const url = new URL(server.authorization_endpoint);
  url.searchParams.set("client_id", client.client_id);
  url.searchParams.set("redirect_uri", settings.redirectUri);
  url.searchParams.set("response_type", "code");
  url.searchParams.set("code_challenge", await oauth.calculatePKCECodeChallenge(verifier));
  url.searchParams.set("code_challenge_method", "S256");
  url.searchParams.set("state", state);
  say({ url: url.href });
  const back = oauth.validateAuthResponse(server, client, new URL(await read()), state);
  const response = await oauth.authorizationCodeGrantRequest(
    server, client, proof, back, settings.redirectUri, verifier, http,
  );
  return oauth.processAuthorizationCodeResponse(server, client, response);
}

async function refresh(token) {
  const response = await oauth.refreshTokenGrantRequest(server, client, proof, token, http);
  return oauth.processRefreshTokenResponse(server, client, response);
}

async function introspect(token) {
  const response = await oauth.introspectionRequest(server, client, proof, token, http);
  return oauth.processIntrospectionResponse(server, client, response);
}

async function revoke(token) {
  const response = await oauth.revocationRequest(server, client, proof, token, http);
  await oauth.processRevocationResponse(response);
}

// As a resource server would: the key comes from the server's key set (RFC 9068 §4).
async function verify(token) {
  const headers = { authorization: `Bearer ${token}` };
  const request = new Request(settings.audience, { headers });
  const claims = await oauth.validateJwtAccessToken(server, request, settings.audience, http);
  assert.equal(claims.client_id, settings.clientId);
}

async function read() {
  const line = await lines.next();
  assert.equal(line.done, false, "standard input ended early");
  return line.value;
}

function say(value) {
  console.log(JSON.stringify(value));
}
