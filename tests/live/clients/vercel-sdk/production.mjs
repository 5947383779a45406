// production.mjs list | rollback ID | promote ID | variable NAME VALUE: what @vercel/sdk says, as JSON on one line.
// $SDK is the folder that holds node_modules; an ES module is not looked for in $NODE_PATH.
import { pathToFileURL } from "node:url";

const { Vercel } = await import(pathToFileURL(`${process.env.SDK}/node_modules/@vercel/sdk/esm/index.js`));
const { VERCEL_API, VERCEL_TOKEN, VERCEL_PROJECT_ID, VERCEL_ORG_ID } = process.env;
const vercel = new Vercel({ bearerToken: VERCEL_TOKEN, serverURL: VERCEL_API });
const place = { projectId: VERCEL_PROJECT_ID, teamId: VERCEL_ORG_ID };
const [verb, first, value] = process.argv.slice(2);

const verbs = {
  list: async () => (await vercel.deployments.getDeployments({ ...place, target: "production" })).deployments,
  rollback: () => vercel.projects.requestRollback({ ...place, deploymentId: first }),
  promote: () => vercel.projects.requestPromote({ ...place, deploymentId: first }),
  variable: () =>
    vercel.projects.createProjectEnv({
      idOrName: VERCEL_PROJECT_ID,
      teamId: VERCEL_ORG_ID,
      upsert: "true",
      requestBody: { key: first, value, type: "plain", target: ["production"] },
    }),
};

try {
  console.log(JSON.stringify((await verbs[verb]()) ?? null));
} catch (problem) {
  console.log(JSON.stringify({ status: problem.statusCode, said: problem.body ?? String(problem) }));
  process.exit(1);
}
