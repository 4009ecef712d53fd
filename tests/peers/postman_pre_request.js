// Runs in Postman before each request of a collection. It takes its values from the environment as
// ION-API-viaPostman's script does (docs/reference/clients.md#sign-on) and makes the same calls: the
// refresh grant when a refresh token is there and the access token has ended, else the password
// grant, with client and scope in the body. Requests then send {{access_token}}.
for (const name of ["ci", "cs", "pu", "ot", "saak", "sask", "scopes"]) {
  pm.expect(pm.environment.has(name), name).to.be.true;
}
const read = (name) => pm.environment.get(name) || "";
const ask = (grant, then) =>
  pm.sendRequest(
    {
      url: read("pu") + read("ot"),
      method: "POST",
      header: { Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded" },
      body: {
        mode: "urlencoded",
        urlencoded: Object.entries({
          client_id: read("ci"),
          client_secret: read("cs"),
          ...grant,
        }).map(([key, value]) => ({ key, value })),
      },
    },
    (error, answer) => then(error ? {} : answer.json()),
  );
const keep = (tokens) => {
  pm.environment.set("access_token", tokens.access_token);
  if (tokens.refresh_token) pm.environment.set("refresh_token", tokens.refresh_token);
  pm.environment.set("refresh_time", new Date());
  pm.environment.set("expires_in", (tokens.expires_in || 0) * 1000);
};
const signOn = () =>
  ask(
    {
      grant_type: "password",
      username: read("saak"),
      password: read("sask"),
      scope: String(read("scopes")).replace(/,/g, " ").replace(/["[\]]/g, ""),
    },
    keep,
  );
const age = Date.now() - Date.parse(read("refresh_time") || "2000-01-01") + 60000;
if (age >= read("expires_in")) {
  const refreshToken = read("refresh_token");
  if (refreshToken) {
    ask({ grant_type: "refresh_token", refresh_token: refreshToken }, (tokens) =>
      tokens.access_token ? keep(tokens) : signOn(),
    );
  } else {
    signOn();
  }
}
