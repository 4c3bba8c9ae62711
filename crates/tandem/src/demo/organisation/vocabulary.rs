//! The words that titles, descriptions and comments are made of.

/// What can go wrong; reads after "when" and "handle".
pub(super) const EDGES: &[&str] = &[
    "a parcel has no weight",
    "the carrier answers twice",
    "a customer changes address mid-way",
    "the clock goes back an hour",
    "two requests arrive together",
    "the list is empty",
    "a postcode has a trailing space",
    "the upstream times out",
    "a field is missing",
    "the page is opened offline",
    "a row arrives late",
    "the amount is zero",
    "a record is deleted half-way",
    "the connection drops",
    "a name holds an apostrophe",
    "the batch is larger than usual",
    "a token expires during the call",
    "the same event is delivered again",
];

/// What can be added; reads after "add".
pub(super) const FEATURES: &[&str] = &[
    "a dry-run mode",
    "bulk edits",
    "an audit entry",
    "a retry with back-off",
    "keyboard navigation",
    "a per-region limit",
    "an export as CSV",
    "a filter by status",
    "a progress indicator",
    "paging",
    "a warm-up step",
    "a preview",
    "a feature flag",
    "partial results",
    "a health metric",
    "an undo action",
    "sorting by due date",
    "a fallback carrier",
];

/// What code is made of; reads after "the".
pub(super) const THINGS: &[&str] = &[
    "lookup",
    "parser",
    "date handling",
    "error mapping",
    "retry loop",
    "state machine",
    "connection pool",
    "validation",
    "serialisation",
    "permission check",
    "cache",
    "pagination",
    "scheduling",
    "rounding rule",
    "migration",
    "configuration loading",
];

/// Endings of file names.
pub(super) const STEMS: &[&str] = &[
    "handler",
    "store",
    "client",
    "mapper",
    "validator",
    "queue",
    "policy",
    "view",
    "schema",
    "retry",
    "limits",
    "session",
    "loader",
    "writer",
    "index",
    "report",
];

/// Packages that bots update: fictional, apart from nothing.
pub(super) const PACKAGES: &[&str] = &[
    "fernmatch",
    "tidy-table",
    "paper-crane",
    "lumen-log",
    "oakjson",
    "quick-scale",
    "hexdate",
    "plainauth",
    "riverbed",
    "moss-cache",
    "stonekit",
    "brightform",
];

/// Why a change is made. `{component}` and `{edge}` are filled in.
pub(super) const REASONS: &[&str] = &[
    "Support saw several tickets about this since the last release.",
    "We lose time here whenever {edge}.",
    "The {component} alert fired twice last week for this very reason.",
    "This is the second half of what we agreed in the planning round.",
    "Found while reading the {component} logs after the incident.",
    "A customer in the pilot region asked for it.",
    "It keeps the {component} code in one place before the next feature lands on it.",
    "The old behaviour was surprising: nobody expected it when {edge}.",
    "Numbers from the last month say that this path is the slow one.",
    "Prepares the move to the new depot layout.",
];

/// What was done, one point each. `{thing}`, `{component}` and `{edge}` are filled in.
pub(super) const POINTS: &[&str] = &[
    "Move the {thing} of {component} behind one function.",
    "Return early when {edge}.",
    "Log the id when {edge}, without the payload.",
    "Rename the {thing} so that it says what it does.",
    "Drop the second {thing}; nothing called it any more.",
    "Keep the old {thing} readable for one release.",
    "Make the {thing} independent of the time zone.",
    "Count how often it happens that {edge}.",
    "Cover the case that {edge}.",
    "Document the {thing} where it is defined.",
];

/// How a change was tried. `{component}` and `{edge}` are filled in.
pub(super) const TRIALS: &[&str] = &[
    "Unit tests for the case that {edge}.",
    "Ran the {component} suite locally, twice.",
    "Clicked through it on staging with orders of last week.",
    "Replayed a day of traffic against the branch; no differences.",
    "Existing tests cover it; one was wrong and is fixed here.",
    "Compared the output before and after for fifty accounts.",
    "Not tested by hand, the types carry it.",
];

/// What reviewers ask. `{thing}`, `{component}` and `{edge}` are filled in.
pub(super) const REQUESTS: &[&str] = &[
    "What happens here when {edge}?",
    "Could the {thing} live next to {component}? I looked for it there first.",
    "Please add a test for the case that {edge}.",
    "Nit: the name says how, I would rather read why.",
    "This reads well, but the {thing} now does two things.",
    "Do we still need the {thing} after this?",
    "I think this breaks when {edge}. Can you check?",
    "Can this be split? The {thing} alone would be easy to approve.",
    "Why does {component} need to know about the {thing}?",
    "I expected an error when {edge}, this returns quietly.",
    "Two of these lines look the same to me. Is the second one meant?",
    "The comment above the {thing} is out of date now.",
    "Happy with the {thing}; the tests of {component} are hard to follow, though.",
    "Which release is this for? The {thing} changes what customers see.",
];

/// What reviewers say when they are content.
pub(super) const APPROVALS: &[&str] = &[
    "",
    "",
    "",
    "LGTM",
    "Looks good, thanks!",
    "Nice, easy to follow.",
    "Approved with one nit.",
    "Thanks for the quick turn.",
    "Works for me on staging.",
];

/// What authors answer.
pub(super) const ANSWERS: &[&str] = &[
    "Done.",
    "Good point, changed.",
    "I would rather keep it: the other caller needs it.",
    "Added a test, it does fail without the fix.",
    "Renamed.",
    "Split off, follow-up is on the board.",
    "You are right, that case was missing.",
];

/// What review bots say about a file, in our words. `{thing}` and `{edge}` are filled in.
pub(super) const BOT_FINDINGS: &[&str] = &[
    "**Potential issue:** the {thing} is not guarded for the case that {edge}.",
    "**Suggestion:** extract the {thing}; the same lines stand twice in this change.",
    "**Nitpick:** the {thing} could be a constant.",
    "**Consider:** a test for the case that {edge} is missing.",
    "**Performance:** the {thing} runs once per item; once per batch would do.",
];

/// How people own up to AI in a sentence. `{tool}` is filled in.
pub(super) const DISCLOSURES: &[&str] = &[
    "I used {tool} to draft the tests, then rewrote about half of them by hand.",
    "First version came out of {tool}; I cleaned up the naming and the error paths.",
    "Most of the boilerplate here was written by {tool}, please look closely at the edge cases.",
    "Full disclosure: {tool} wrote the conversion code, the rest is mine.",
    "Paired with {tool} on this one, it found the missing branch.",
    "The refactoring was done with {tool} under supervision, commit by commit.",
    "Had {tool} generate the fixtures and the mapping table.",
    "{tool} did the mechanical part of the rename for me.",
];

/// Fills the named slots of a sentence.
pub(super) fn fill(sentence: &str, component: &str, thing: &str, edge: &str) -> String {
    sentence
        .replace("{component}", component)
        .replace("{thing}", thing)
        .replace("{edge}", edge)
}
