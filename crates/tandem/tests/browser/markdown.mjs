// Renders Markdown as others do and says what in it is not what we write: headings, paragraphs, lists, tables.
//
//   node markdown.mjs MODULES FILE...
//
// MODULES is a node_modules folder with markdown-it. Raw HTML and bare links are allowed, as hosts do: what a
// name smuggled in would show. Prints what is wrong, one line each; exit code 1 if anything is.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const [modules, ...files] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(modules), "x.js"));
const MarkdownIt = require("markdown-it");
const OURS = new Set(["heading_open", "heading_close", "inline", "text", "text_special", "paragraph_open", "paragraph_close", "bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close", "table_open", "table_close", "thead_open", "thead_close", "tbody_open", "tbody_close", "tr_open", "tr_close", "th_open", "th_close", "td_open", "td_close", "em_open", "em_close"]);

const problems = [];
const markdown = new MarkdownIt("default", { html: true, linkify: true });
markdown.linkify.set({ fuzzyLink: true, fuzzyEmail: true });

function look(file) {
  const seen = new Set();
  const visit = (tokens) => {
    for (const token of tokens) {
      seen.add(token.type);
      if (!OURS.has(token.type)) { problems.push(`${file}: ${token.type}: ${JSON.stringify(token.content || token.attrs).slice(0, 200)}`); }
      if (token.children) { visit(token.children); }
    }
  };
  const tokens = markdown.parse(readFileSync(file, "utf8"), {});
  visit(tokens);
  if (!seen.has("table_open") || !seen.has("td_open")) { problems.push(`${file}: there is no table`); }
  rows(file, tokens);
}

/** Each row of a table has as many cells as its head. */
function rows(file, tokens) {
  let head = 0;
  let cells = 0;
  for (const token of tokens) {
    if (token.type === "table_open") { head = 0; }
    if (token.type === "th_open") { head += 1; }
    if (token.type === "tr_open") { cells = 0; }
    if (token.type === "td_open") { cells += 1; }
    if (token.type === "tr_close" && cells > 0 && cells !== head) { problems.push(`${file}: a row of ${cells} cells under ${head} columns`); }
  }
}

for (const file of files) { look(file); }
for (const problem of problems) { console.log(problem); }
console.log(`${files.length} files, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
