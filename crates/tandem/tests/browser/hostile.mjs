// Opens pages and files full of hostile text in a real browser: nothing executes, nothing is asked of
// anybody, nothing acts on what stands around it, and nothing makes the page wider than the screen.
//
//   node hostile.mjs ADDRESS MODULES LIST [CHROMIUM]
//
// ADDRESS is where `tandem serve` listens, MODULES a node_modules folder with playwright-core, and LIST a JSON
// file: {"pages": [paths], "files": [paths of HTML files]}. Prints what is wrong, one line each; exit code 1
// if anything is.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { drawAll, settled } from "./drawn.mjs";

const [address, modules, list, executable = "/usr/bin/chromium"] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(modules), "x.js"));
const { chromium } = require("playwright-core");
const origin = new URL(address).origin;
const wanted = JSON.parse(readFileSync(list, "utf8"));

const WIDTHS = [[1440, 900], [390, 844]];
const FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const problems = [];

/** What a page may be made of. Anything else came out of somebody's text. */
function inspect(host) {
  const found = [];
  const tell = (what, element) => found.push(`${what}: ${element.outerHTML.slice(0, 160)}`);
  for (const element of document.querySelectorAll("*")) {
    for (const attribute of element.attributes) {
      if (attribute.name.startsWith("on")) { tell("an attribute that executes", element); }
    }
  }
  for (const element of document.querySelectorAll("script:not([type='application/json'])")) {
    const isOurs = window.location.protocol === "file:" ? !element.src : new URL(element.src).pathname.startsWith("/assets/");
    if (!isOurs) { tell("a script", element); }
  }
  for (const element of document.querySelectorAll("iframe, object, embed, base, meta[http-equiv=refresh], frame, marquee, animate, video, audio")) {
    // Without charts and scripts some pages load themselves again.
    if (!element.closest("noscript")) { tell("an element that is not ours", element); }
  }
  for (const element of document.querySelectorAll("img, link")) {
    const target = element.src || element.href;
    if (!target.startsWith(`${window.location.origin}/assets/`)) { tell("a picture or a sheet", element); }
  }
  for (const element of document.querySelectorAll("a[href], form[action], button[formaction]")) {
    const target = new URL(element.href ?? element.action ?? element.formAction, window.location.href);
    const isHere = target.origin === window.location.origin || (window.location.protocol === "file:" && target.protocol === "file:");
    if (!isHere && target.origin !== host) { tell("a link elsewhere", element); }
  }
  // Overrides and isolates of direction, control, and what hides.
  const acts = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u2060-\u2069\u202a-\u202e\ufeff]|\udb40[\udc00-\udc7f]/u;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.parentElement.closest("script, style")) { continue; }
    if (acts.test(node.data)) { found.push(`text that acts: ${JSON.stringify(node.data.slice(0, 80))}`); }
  }
  // What stands beside a name stays where it is written.
  for (const note of document.querySelectorAll(".found p.note")) {
    const boxes = [...note.querySelectorAll("bdi")].map((one) => one.getClientRects()).filter((rects) => rects.length === 1).map(([box]) => box);
    for (const [index, box] of boxes.entries()) {
      const before = boxes[index - 1];
      if (before && Math.abs(before.top - box.top) < 2 && before.right > box.left + 1) { tell("a name turned its neighbours round", note); }
    }
  }
  // Letters do not reach over their line: marks pile up to some height, not over the rows around.
  for (const cell of document.querySelectorAll(".found tbody th a bdi, td bdi, .pr-title bdi")) {
    if (cell.getBoundingClientRect().width > window.innerWidth) { tell("a name wider than the screen", cell); }
  }
  if (window.hit) { found.push(`executed: ${window.hit}`); }
  const tooWide = document.documentElement.scrollWidth - window.innerWidth;
  if (tooWide > 0) {
    const sticksOut = (element) => element.getBoundingClientRect().right > window.innerWidth + 1;
    const scrolls = (element) => element !== null && element !== document.body && (["auto", "scroll", "hidden"].includes(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
    const outer = [...document.body.querySelectorAll("*")].filter((element) => sticksOut(element) && !scrolls(element.parentElement));
    const culprits = outer.filter((element) => ![...element.children].some(sticksOut));
    found.push(`scrolls sideways by ${tooWide} px`);
    for (const culprit of culprits.slice(0, 3)) { tell("sticks out", culprit.parentElement); }
  }
  for (const violation of window.policyViolations) { found.push(`policy: ${violation}`); }
  return found;
}

async function look(context, address) {
  let width = WIDTHS[0][0];
  const report = (what) => { problems.push(what); console.log(`${address.slice(0, 200)} at ${width} px: ${what}`); };
  const page = await context.newPage();
  page.on("dialog", (dialog) => { report(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("popup", () => report("a window opened"));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !message.text().includes("503")) { report(`console: ${message.text()}`); }
  });
  page.on("pageerror", (error) => report(`script: ${error}`));
  page.on("request", (request) => {
    const url = request.url();
    const isOurs = url.startsWith(origin) || url.startsWith("data:") || url.startsWith("blob:") || url === address;
    if (!isOurs) { report(`asks for ${url}`); }
  });
  await page.addInitScript(() => {
    window.policyViolations = [];
    document.addEventListener("securitypolicyviolation", (event) => window.policyViolations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
  });
  try {
    const status = await settled(page, address);
    if (status !== 200) { report(`status ${status}`); }
    await drawAll(page);
    for (const details of await page.$$("details:not([open]) > summary")) { await details.evaluate((one) => { one.parentElement.open = true; }); }
    // One page at each width: loading it anew takes longer than all that is looked at.
    for (const [wide, high] of WIDTHS) {
      width = wide;
      await page.setViewportSize({ width: wide, height: high });
      await page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));
      for (const what of await page.evaluate(inspect, "https://github.com")) { report(what); }
    }
  } catch (error) {
    report(`failed: ${String(error).split("\n")[0]}`);
  } finally {
    await page.close();
  }
}

const addresses = [...wanted.pages.map((one) => origin + one), ...wanted.files.map((file) => pathToFileURL(file).href)];
const browser = await chromium.launch({ executablePath: executable, headless: true, args: FLAGS });
try {
  const [width, height] = WIDTHS[0];
  const context = await browser.newContext({ viewport: { width, height }, deviceScaleFactor: 1, reducedMotion: "reduce" });
  // A few at a time: most of it is waiting.
  const queue = [...addresses];
  const worker = async () => { while (queue.length > 0) { await look(context, queue.shift()); } };
  await Promise.all([worker(), worker(), worker()]);
  await context.close();
} finally {
  await browser.close();
}
console.log(`${addresses.length} pages and files, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
