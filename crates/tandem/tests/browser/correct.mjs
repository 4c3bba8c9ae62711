// Corrects a verdict by clicking, and withdraws it, in a real browser.
//
//   node correct.mjs ADDRESS MODULES SCREENSHOTS CHROMIUM PHASE PULL ADMIN VIEWER
//
// ADDRESS is where `tandem serve` listens and asks for a token. PHASE is `make`, or `after` once the server was
// started anew; PULL is the address of a pull request; ADMIN and VIEWER are tokens. Prints what is wrong, one
// line each; exit code 1 if anything is.
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const [address, modules, screenshots, executable, phase, pull, admin, viewer] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(modules), "x.js"));
const { chromium } = require("playwright-core");
const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const origin = new URL(address).origin;
const FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const LIMIT = 60000;

const problems = [];
const check = (isRight, what) => { if (!isRight) { problems.push(`${phase}: ${what}`); } };
const shot = (page, name) => page.screenshot({ path: path.join(screenshots, `${name}.png`), fullPage: true });

mkdirSync(screenshots, { recursive: true });
const browser = await chromium.launch({ executablePath: executable, headless: true, args: FLAGS });

/** A page of somebody who gave a token on the page for it. */
async function loggedIn(token, width = 1440) {
  const context = await browser.newContext({ viewport: { width, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(LIMIT);
  page.on("pageerror", (error) => problems.push(`script: ${error}`));
  await page.goto(origin + pull);
  check(new URL(page.url()).pathname === "/login", `a stranger is led to the log-in, not to ${page.url()}`);
  await shot(page, `log-in-${width}`);
  await page.fill("input[name=token]", token);
  await Promise.all([page.waitForNavigation(), page.click("button:has-text('Log in')")]);
  check(new URL(page.url()).pathname === pull, `the log-in leads to where it was asked for, not to ${page.url()}`);
  return page;
}

/** What the page says of its origin. */
const verdict = (page) => page.textContent(".verdict .big");

async function accessible(page, where) {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  for (const violation of violations.filter((it) => ["serious", "critical"].includes(it.impact))) {
    problems.push(`${where}: accessibility: ${violation.id}: ${violation.nodes[0].target.join(" ")}`);
  }
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  check(overflow <= 0, `${where}: ${overflow} px too wide`);
}

async function make() {
  const page = await loggedIn(admin);
  const before = await verdict(page);
  check(before.includes("made with AI's help"), `before it is '${before}'`);

  // A form that is not ours is refused, and changes nothing.
  await page.click("details.correct > summary");
  await page.selectOption("details.correct select[name=origin]", "none_detected");
  await page.fill("details.correct input[name=note]", "a template of the team");
  await page.$eval("details.correct input[name=csrf]", (field) => { field.value = "0".repeat(64); });
  const [refused] = await Promise.all([page.waitForNavigation(), page.click("button:has-text('Correct')")]);
  check(refused.status() === 403, `a wrong proof is answered ${refused.status()}`);
  await page.goto(origin + pull);
  check((await verdict(page)) === before, "a refused form changes nothing");

  await page.click("details.correct > summary");
  await page.selectOption("details.correct select[name=origin]", "none_detected");
  await page.selectOption("details.correct select[name=reviewed]", "no");
  await page.fill("details.correct input[name=note]", "a template of the team");
  await shot(page, "correct-form");
  await accessible(page, "the form");
  await Promise.all([page.waitForNavigation(), page.click("button:has-text('Correct')")]);
  check(page.url().endsWith(`${pull}#correction`), `the correction leads back to its page, not to ${page.url()}`);
  check((await verdict(page)).includes("none detected"), `the page says at once what holds: ${await verdict(page)}`);
  const card = await page.textContent("#correction");
  check(card.includes("a template of the team") && card.includes("Without the correction: made with AI's help"), `the card says why and what else: ${card}`);
  check(!card.includes("boss"), "no name is shown");
  await shot(page, "corrected");
  await page.goto(`${origin}/pull-requests?corrected=yes`);
  check((await page.textContent(".found-count strong")) === "1", "the list finds what is corrected, at once");
  check((await page.textContent(".found tbody tr")).includes("corrected"), "the list says so");
}

async function after() {
  // A viewer sees it, has no form, and is refused with a proof of their own.
  const look = await loggedIn(viewer, 390);
  check((await verdict(look)).includes("none detected"), "the correction outlived the server");
  check((await look.$("details.correct")) === null, "a viewer has no form");
  await accessible(look, "the page at 390 px");
  await shot(look, "corrected-390");
  const status = await look.evaluate(async (pull) => {
    const account = await (await fetch("/account")).text();
    const csrf = account.match(/name="csrf" value="([0-9a-f]+)"/)[1];
    const body = new URLSearchParams({ csrf, note: "x", origin: "agent" });
    return (await fetch(`${pull}/correct`, { method: "POST", body })).status;
  }, pull);
  check(status === 403, `a viewer is answered ${status}`);
  const log = await look.goto(`${origin}/account/log`);
  check(log.status() === 403, `a viewer sees the log of changes: ${log.status()}`);

  const page = await loggedIn(admin);
  await page.click("details.withdrawal > summary");
  await page.fill("details.withdrawal input[name=note]", "it was right");
  await Promise.all([page.waitForNavigation(), page.click("button:has-text('Withdraw')")]);
  check((await verdict(page)).includes("made with AI's help"), `it is taken back: ${await verdict(page)}`);
  await page.click("details.history > summary");
  const history = await page.textContent("details.history");
  check(history.includes("withdrawn") && history.includes("it was right") && history.includes("a template of the team"), `the history has both: ${history}`);
  await page.goto(`${origin}/account`);
  await shot(page, "account-admin");
  await Promise.all([page.waitForNavigation(), page.click("a:has-text('Log of changes')")]);
  const text = await page.textContent("main");
  check(text.includes("boss") && text.includes("correct") && text.includes("withdraw"), `admins see who did what: ${text}`);
  await accessible(page, "the log");
  await shot(page, "log");
}

try {
  await (phase === "make" ? make() : after());
} catch (error) {
  problems.push(`${phase}: failed: ${String(error).split("\n")[0]}`);
} finally {
  await browser.close();
}
for (const problem of problems) { console.log(problem); }
process.exitCode = problems.length === 0 ? 0 : 1;
