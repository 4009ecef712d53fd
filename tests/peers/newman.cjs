// newman.cjs ENVIRONMENT PRE_REQUEST PATH…: sends a GET to each path under {{iu}}/{{ti}} as a
// collection with a script before each request, and prints path, status and Authorization of each call. The
// path "-" sends nothing: it makes the access token count as ended.
const { readFileSync } = require("node:fs");
const newman = require("newman");

const [environment, script, ...paths] = process.argv.slice(2);
const event = (listen, text) => ({ listen, script: { type: "text/javascript", exec: [text] } });
const item = [];
for (const path of paths) {
  if (path === "-") item.at(-1).event = [event("test", 'pm.environment.set("expires_in", 0);')];
  else item.push({ name: path, request: { method: "GET", url: `{{iu}}/{{ti}}/${path}` } });
}
const collection = {
  info: {
    name: "ION API",
    schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
  },
  auth: { type: "bearer", bearer: [{ key: "token", value: "{{access_token}}", type: "string" }] },
  event: [event("prerequest", readFileSync(script, "utf8"))],
  item,
};
const options = { collection, environment: JSON.parse(readFileSync(environment, "utf8")) };
const calls = [];
newman
  .run({ ...options, timeoutRequest: 30000 }, (error, summary) => {
    if (error) throw error;
    const failures = summary.run.failures.map((failure) => failure.error.message);
    console.log(JSON.stringify({ calls, failures }));
  })
  // The calls of the script are told as well.
  .on("request", (_error, { request, response }) => {
    calls.push({
      path: request.url.getPath(),
      status: response?.code,
      authorization: request.headers.get("Authorization") ?? "",
    });
  });
