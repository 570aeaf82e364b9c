// Reads an AsyncAPI document with the project's own parser: node check.js DOCUMENT
//
// Errors and warnings fail. What is only information passes: version 3.0.0, which more tools read than 3.1.0, is one.

import { readFileSync } from "node:fs";
import asyncapi from "@asyncapi/parser";

const SEVERITIES = ["error", "warning"];

const file = process.argv[2];
const { document, diagnostics } = await new asyncapi.Parser().parse(readFileSync(file, "utf8"));
const problems = diagnostics.filter(({ severity }) => severity < SEVERITIES.length);
for (const { severity, path, message } of problems) {
  console.error(`${file}: ${SEVERITIES[severity]}: ${path.join(".")}: ${message}`);
}
if (!document || problems.length > 0) process.exit(1);
const counts = ["channels", "operations", "messages"].map((kind) => `${document[kind]().length} ${kind}`);
console.log(`${file}: AsyncAPI ${document.version()}, ${counts.join(", ")}`);
