// Begins a run on its page in a real browser, and watches it move until it ends.
//
//   node live.mjs ADDRESS MODULES SCREENSHOTS [CHROMIUM]
//
// ADDRESS is where `tandem serve` listens, with an emulator behind it that takes some seconds for a batch.
// Prints what is wrong, one line each; exit code 1 if anything is.
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const [address, modules, screenshots, executable = "/usr/bin/chromium"] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(modules), "x.js"));
const { chromium } = require("playwright-core");
const origin = new URL(address).origin;
const FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const LIMIT = 90000;

const problems = [];
const check = (isRight, what) => { if (!isRight) { problems.push(what); } };

mkdirSync(screenshots, { recursive: true });
const browser = await chromium.launch({ executablePath: executable, headless: true, args: FLAGS });
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(LIMIT);
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) { problems.push(`console: ${message.text()}`); } });
  page.on("pageerror", (error) => problems.push(`script: ${error}`));

  await page.goto(`${origin}/runs`, { waitUntil: "domcontentloaded" });
  await page.click("details.start > summary");
  await page.fill("input[name=limit]", "20");
  await page.screenshot({ path: path.join(screenshots, "run-form.png") });
  await Promise.all([page.waitForNavigation(), page.click("text=Show the estimate")]);
  check((await page.textContent("main")).includes("up to $"), "the estimate says up to how much");
  await page.screenshot({ path: path.join(screenshots, "run-estimate.png"), fullPage: true });
  await Promise.all([page.waitForNavigation({ waitUntil: "domcontentloaded" }), page.click("text=Start the run")]);
  check(/\/runs\/\d+$/.test(page.url()), `the start leads to the run, not to ${page.url()}`);

  // It moves: the server sends the fragment again, without the page being loaded again.
  await page.waitForFunction(() => Number(document.querySelector("[data-live]")?.dataset.moves ?? 0) >= 2);
  await page.screenshot({ path: path.join(screenshots, "run-live.png"), fullPage: true });
  await page.waitForFunction(() => !document.querySelector("[data-live]"));
  check((await page.textContent("main")).includes("20 of 20 answered"), "the run ends with all answers");
  await page.screenshot({ path: path.join(screenshots, "run-finished.png"), fullPage: true });

  // Without a script the same page loads itself again.
  const plain = await browser.newContext({ javaScriptEnabled: false });
  const still = await plain.newPage();
  await still.goto(`${origin}/runs`, { waitUntil: "domcontentloaded" });
  const refresh = await still.$("meta[http-equiv=refresh]");
  check(refresh !== null, "without a script the page loads itself again");
} catch (error) {
  problems.push(`failed: ${String(error).split("\n")[0]}`);
} finally {
  await browser.close();
}
for (const problem of problems) { console.log(problem); }
process.exitCode = problems.length === 0 ? 0 : 1;
