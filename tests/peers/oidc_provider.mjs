// A provider that others wrote: node oidc-provider, with its own pages for sign-in and consent.
// Says its issuer, is told its client in one line of JSON, and then serves.
import { createServer } from "node:http";
import { generateKeyPairSync } from "node:crypto";
import { createInterface } from "node:readline";
import Provider from "oidc-provider";

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const jwk = { ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: "one" };

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  console.log(JSON.stringify({ issuer }));
  createInterface({ input: process.stdin }).once("line", (line) => serve(issuer, JSON.parse(line)));
});

function serve(issuer, { clientId, clientSecret, redirectUri, method }) {
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: [redirectUri],
        post_logout_redirect_uris: [redirectUri.replace("/openid/return", "")],
        token_endpoint_auth_method: method,
      },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    cookies: { keys: ["for tests only"] },
    jwks: { keys: [jwk] },
    pkce: { required: () => true },
    findAccount: (_ctx, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        email: `${id}@example.com`,
        email_verified: id !== "unverified",
        name: "Anna of the Provider",
      }),
    }),
  });
  server.on("request", provider.callback());
  console.log(JSON.stringify({ ready: true }));
}
