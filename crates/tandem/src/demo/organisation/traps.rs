//! Hard negatives: pull requests by people that look like AI to a careless reader.

use jiff::civil::Date;
use model::{Comment, CommentKind, PullRequest};

use super::calendar::midnight;
use super::chance::Chance;
use super::documents::change;
use super::people::Person;
use super::plan::House;

/// Something that looks like AI and is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trap {
    /// A tool's name as the subject of the work.
    ProductMention,
    /// A statement that no AI was used.
    Denial,
    /// A change to a tool's configuration.
    Configuration,
    /// Work on the documentation of a tool's set-up, from a branch that names it.
    DocsBranch,
    /// A co-author who works at a vendor.
    VendorEmployee,
    /// A template's own text, in a comment, with boxes left empty.
    Template,
    /// A trailer quoted in a code block.
    CodeBlock,
    /// `Assisted-by:` a person.
    AssistedByPerson,
    /// The co-author that an editor stamped unasked for two weeks.
    EditorStamp,
    /// A placeholder co-author.
    Placeholder,
    /// A word that contains a tool's name.
    Substring,
    /// A colleague who talks of tools in a comment.
    Talk,
}

const ALL: [(Trap, f64); 12] = [
    (Trap::ProductMention, 2.0),
    (Trap::Denial, 1.5),
    (Trap::Configuration, 1.0),
    (Trap::DocsBranch, 0.5),
    (Trap::VendorEmployee, 1.0),
    (Trap::Template, 1.2),
    (Trap::CodeBlock, 1.0),
    (Trap::AssistedByPerson, 0.8),
    (Trap::EditorStamp, 1.5),
    (Trap::Placeholder, 0.7),
    (Trap::Substring, 1.0),
    (Trap::Talk, 1.0),
];

/// Share of people's pull requests that carry one.
const TRAP_SHARE: f64 = 0.09;
/// The first day on which an editor stamped unasked, and the day after the last.
const EDITOR_STAMP_DAYS: (Date, Date) = (Date::constant(2026, 4, 22), Date::constant(2026, 5, 6));

const PRODUCT_TITLES: &[&str] = &[
    "Add cursor for paging through results",
    "Add GitHub Copilot provider to the settings page",
    "feat: integrate with OpenAI for answer cards",
    "Show an AI-generated label on content cards",
    "Use conn.cursor() with a context manager",
    "Expand the list of Claude models in the picker",
    "fix: devin depot is missing from the route table",
    "Let customers choose Gemini or Claude for summaries",
];

const DENIALS: &[&str] = &[
    "AI disclosure: none.",
    "No AI was used for this change.",
    "Did not use Claude Code or Copilot here, the policy forbids it for postings.",
    "## AI Disclosure\n\nN/A",
    "- [ ] I used an AI assistant (Copilot, Cursor, Claude)\n- [x] I wrote this myself",
];

const TALK: &[&str] = &[
    "Cursor suggested the same to me yesterday, for another file, and it was wrong.",
    "Would Copilot have caught this?",
    "We should ask Claude to explain this regex one day.",
    "Not a job for Codex, I guess.",
];

impl Trap {
    /// The name in truth files.
    pub(super) fn name(self) -> &'static str {
        match self {
            Trap::ProductMention => "product_mention",
            Trap::Denial => "denial",
            Trap::Configuration => "configuration",
            Trap::DocsBranch => "docs_branch",
            Trap::VendorEmployee => "vendor_employee",
            Trap::Template => "template",
            Trap::CodeBlock => "code_block",
            Trap::AssistedByPerson => "assisted_by_person",
            Trap::EditorStamp => "editor_stamp",
            Trap::Placeholder => "placeholder",
            Trap::Substring => "substring",
            Trap::Talk => "talk",
        }
    }

    /// Whether it needs a description to stand in.
    pub(super) fn needs_body(self) -> bool {
        matches!(self, Trap::Denial | Trap::Template | Trap::CodeBlock)
    }
}

/// Draws a trap for a person's pull request, or none. Teams with a template state their use of AI.
pub(super) fn choose(house: House, first_commit: i64, chance: &mut Chance) -> Option<Trap> {
    let (first_day, end) = EDITOR_STAMP_DAYS;
    let stamped = (midnight(first_day)..midnight(end)).contains(&first_commit);
    if stamped && chance.happens(0.25) {
        return Some(Trap::EditorStamp);
    }
    if house == House::Template && chance.happens(0.25) {
        return Some(chance.pick(&[Trap::Denial, Trap::Template]));
    }
    if !chance.happens(TRAP_SHARE) {
        return None;
    }
    let trap = ALL[chance.weighted(&ALL.map(|(_, weight)| weight))].0;
    Some(trap).filter(|trap| *trap != Trap::EditorStamp || stamped)
}

/// Writes the trap into a person's pull request.
pub(super) fn set(trap: Trap, colleague: &Person, record: &mut PullRequest, chance: &mut Chance) {
    match trap {
        Trap::ProductMention => retitle(chance.pick(PRODUCT_TITLES), record),
        Trap::Denial => append(chance.pick(DENIALS), record),
        Trap::Configuration => {
            let path = chance.pick(&[
                "CLAUDE.md",
                ".cursor/mcp.json",
                ".codex/config.toml",
                "AGENTS.md",
            ]);
            let lines = chance.between(4, 40);
            record
                .files
                .get_or_insert_default()
                .push(change(path.to_owned(), lines, chance));
            retitle(&format!("chore: update {path}"), record);
        }
        Trap::DocsBranch => {
            record.head_ref = Some(
                chance
                    .pick(&["docs/codex-mcp", "docs/claude-setup", "docs/cursor-rules"])
                    .to_owned(),
            );
            retitle(
                "docs: describe the assistant set-up for new colleagues",
                record,
            );
        }
        Trap::VendorEmployee => {
            let who = chance.pick(&[
                "Priya Nairwell <priya.nairwell@anthropic.com>",
                "Charlie Osgoode <charlie@openai.com>",
                "Lena Brightwater <lena@cursor.com>",
                "Claude Fontanel <claude@anthropic.com>",
            ]);
            trailer(&format!("Co-authored-by: {who}"), record);
        }
        Trap::Template => append(
            "<!-- If a tool helped, keep its footer, for instance: 🤖 Generated with [Claude Code](https://claude.com/claude-code) -->\n\n- [ ] AI assistance was used\n- [x] Tests pass",
            record,
        ),
        Trap::CodeBlock => append(
            "The hook now refuses messages such as\n\n```\nfix: typo\n\nCo-Authored-By: Claude <noreply@anthropic.com>\n```\n\nin the release branch.",
            record,
        ),
        Trap::AssistedByPerson => trailer(&format!("Assisted-by: {}", colleague.name), record),
        Trap::EditorStamp => trailer("Co-authored-by: Copilot <copilot@github.com>", record),
        Trap::Placeholder => trailer("Co-authored-by: Debug Agent <debug@example.com>", record),
        Trap::Substring => retitle(
            chance.pick(&[
                "Fix raider: depot spawn timing in the simulator",
                "warp the parcel image before reading the label; ai here is air index",
                "Bump opus 1.3 codec in the voice recorder",
                "Rename ambolt to bolt-pattern in the drawing import",
            ]),
            record,
        ),
        Trap::Talk => {
            let reviews = record.reviews.iter().flatten();
            let Some(at) = reviews.filter_map(|review| review.submitted_at).max() else {
                return append("Unrelated to the Copilot trial that Rae runs.", record);
            };
            record.comments.get_or_insert_default().push(Comment {
                author: Some(colleague.login.clone()),
                author_id: Some(colleague.id),
                is_bot: Some(false),
                created_at: Some(at),
                kind: CommentKind::Issue,
                path: None,
                body: chance.pick(TALK).to_owned(),
            });
        }
    }
}

fn retitle(title: &str, record: &mut PullRequest) {
    title.clone_into(&mut record.title);
    if let Some(first) = record.commits.get_or_insert_default().first_mut() {
        title.clone_into(&mut first.message);
    }
}

fn append(text: &str, record: &mut PullRequest) {
    let body = record.body.get_or_insert_default();
    if !body.is_empty() {
        body.push_str("\n\n");
    }
    body.push_str(text);
}

fn trailer(line: &str, record: &mut PullRequest) {
    if let Some(first) = record.commits.get_or_insert_default().first_mut() {
        first.message.push_str("\n\n");
        first.message.push_str(line);
    }
}
