// The pages that the browser test opens. A new page is one more line here:
//   path    where it is; TEAM stands for the first team, PULL for a pull request by an agent
//   name    of its screenshots
//   charts  how many drawn charts there are at least
//   status  optional: other than 200
//   acts    optional: what to click and expect, `async (page, check) => { ... }`, once, at 1440 px in light
import { chooseMonths, chooseTeam, followQuestions, openTables, searchPullRequests } from "./acts.mjs";


export const PAGES = [
  { path: "/", name: "overview", charts: 8, acts: chooseMonths },
  { path: "/teams", name: "teams", charts: 2, acts: chooseTeam },
  { path: "/teams/TEAM", name: "team", charts: 8, acts: openTables },
  { path: "/tools", name: "tools", charts: 4 },
  { path: "/insights", name: "insights", charts: 0 },
  { path: "/detection", name: "detection", charts: 2 },
  { path: "/methods", name: "methods", charts: 0, acts: followQuestions },
  { path: "/pull-requests", name: "pull-requests", charts: 0, acts: searchPullRequests },
  { path: "/pull-requests?origin=agent&sort=size", name: "pull-requests-filtered", charts: 0 },
  { path: "/pull-requests/PULL", name: "pull-request", charts: 0 },
  { path: "/runs", name: "runs", charts: 0 },
  { path: "/runs/1", name: "run", charts: 0 },
  { path: "/runs/quarantine", name: "quarantine", charts: 0 },
  { path: "/account", name: "access", charts: 0 },
  { path: "/?from=2019-01&to=2019-02", name: "empty", charts: 0 },
  { path: "/no-such-page", name: "not-found", charts: 0, status: 404 },
];

// Pages that other pages lead to already and that are not served yet.
export const NOT_YET = [];
