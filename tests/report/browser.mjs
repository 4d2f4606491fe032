// Chromium with a page, and what the checks need of it.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { readFile } from "node:fs/promises";

const require = createRequire(`${process.env.NODE_PACKAGES}/`);
const { chromium } = require("playwright-core");
const AXE = require.resolve("axe-core/axe.min.js");

// Without these Chromium looks for its maker's hosts at every start.
const QUIET = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-quic",
  "--disable-sync",
  "--no-first-run",
];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  // Chromium's sandbox refuses root.
  args: ["--no-sandbox", "--disable-gpu", ...QUIET],
});

/** Opens a file; requests for anything else, and errors of its script, are in `faults`. */
export async function open(file, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    permissions: ["clipboard-read", "clipboard-write"],
    ...options,
  });
  const page = await context.newPage();
  const url = pathToFileURL(file).href;
  page.faults = [];
  page.on("pageerror", (error) => page.faults.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") page.faults.push(message.text());
  });
  page.on("request", (request) => {
    if (request.url() !== url) page.faults.push(`requests ${request.url()}`);
  });
  await page.goto(url);
  return page;
}

export function equal(found, expected, what) {
  const [one, other] = [found, expected].map((value) => JSON.stringify(value));
  if (one !== other) throw new Error(`${what}: ${one}, expected ${other}`);
}

export function holds(condition, what) {
  if (!condition) throw new Error(what);
}

/**
 * The violations of axe's rules, or of some, that are serious or critical, each with its elements.
 */
export async function violations(page, rules) {
  await page.evaluate(await readFile(AXE, "utf8"));
  const { violations } = await page.evaluate(
    (rules) => axe.run({ resultTypes: ["violations"], ...(rules && { runOnly: rules }) }),
    rules,
  );
  const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  return grave.flatMap(({ id, nodes }) =>
    nodes.slice(0, 3).map(({ target, failureSummary }) => `${id}: ${target}: ${failureSummary}`),
  );
}

/** The data of a page. */
export const dataOf = (page) =>
  page.evaluate(() => JSON.parse(document.getElementById("data").textContent));

// A page that hangs ends the check.
const LIMIT = 100_000;
const stop = () => {
  console.error(`no end in ${LIMIT / 1000} s`);
  process.exit(1);
};
setTimeout(stop, LIMIT).unref();

/** Runs the check that the command line names with its files, and closes the browser. */
export async function runCheck(checks) {
  const [name, ...files] = process.argv.slice(2);
  try {
    await checks[name](...files);
    console.log("as it should be");
  } catch (error) {
    console.error(`${name}: ${error.stack}`);
    process.exitCode = 1;
  } finally {
    await browser.close();
  }
}
