// Lints an OpenAPI document by Redocly's recommended rules, of which warnings fail, too: node check.js DOCUMENT

import { createConfig, lint } from "@redocly/openapi-core";

const file = process.argv[2];
const config = await createConfig({ extends: ["recommended"] });
const problems = await lint({ ref: file, config });
for (const { severity, ruleId, message, location } of problems) {
  console.error(`${file}: ${severity}: ${ruleId}: ${location[0]?.pointer ?? ""}: ${message}`);
}
if (problems.length > 0) process.exit(1);
console.log(`${file}: no problem`);
