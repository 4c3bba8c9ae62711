//! Writes a tool's marks into a pull request, in the shapes the tools really use.

use jiff::{Timestamp, civil::Date};
use model::{Actor, Event, PullRequest};

use super::calendar::{midnight, moment};
use super::chance::Chance;
use super::people::Person;
use super::tools::{LoginForm, Mark, Tool};

/// Codex signs commits by default since this day.
const CODEX_SIGNS_SINCE: Date = Date::constant(2026, 2, 17);

/// Draws the marks a tool leaves in a pull request opened at `opened_second`; never none.
pub(super) fn choose_marks(tool: Tool, opened_second: i64, chance: &mut Chance) -> Vec<Mark> {
    let mut marks = Vec::new();
    for (mark, probability) in tool.marks() {
        let not_yet = tool == Tool::Codex
            && *mark == Mark::CoAuthor
            && opened_second < midnight(CODEX_SIGNS_SINCE);
        if chance.happens(*probability) && !not_yet {
            marks.push(*mark);
        }
    }
    if marks.is_empty() {
        marks.push(tool.marks()[0].0);
    }
    marks
}

/// Writes the marks into the record; returns the places that now show the tool, sorted.
pub(super) fn stamp(
    tool: Tool,
    marks: &[Mark],
    person: &Person,
    form: LoginForm,
    record: &mut PullRequest,
    chance: &mut Chance,
) -> Vec<String> {
    for mark in marks {
        match mark {
            Mark::Author => {
                stamp_author(tool, person, form, record);
                if tool == Tool::Devin {
                    // Devin's prefix is no signature of the catalogue: written, and not counted.
                    let time = chance.between(1_750_000_000, 1_790_000_000);
                    record.head_ref = Some(format!("devin/{time}-{}", chance.hex(6)));
                }
            }
            Mark::Branch => {
                let topic = record.head_ref.take().unwrap_or_default();
                record.head_ref = Some(branch(tool, &topic, chance));
            }
            Mark::Body => {
                let line = body_line(tool, person, chance);
                let body = record.body.get_or_insert_default();
                if !body.is_empty() {
                    body.push_str("\n\n");
                }
                body.push_str(&line);
            }
            Mark::CoAuthor => stamp_trailer(&co_author(tool, chance), record, chance),
            Mark::Trailer => {
                stamp_trailer(
                    &session_trailer(tool, &record.repo.clone(), chance),
                    record,
                    chance,
                );
            }
            Mark::Commit => stamp_commits(tool, person, form, record),
        }
    }
    let mut places: Vec<String> = marks.iter().map(|mark| mark.place().to_owned()).collect();
    places.sort();
    places.dedup();
    places
}

/// The agent opens the pull request; the person is only named.
fn stamp_author(tool: Tool, person: &Person, form: LoginForm, record: &mut PullRequest) {
    let Some(identity) = tool.identity() else {
        return;
    };
    let login = match (tool, form) {
        (Tool::CopilotAgent, LoginForm::GraphQl) => "copilot-swe-agent".to_owned(),
        _ if identity.suffixed => form.app_login(identity.login),
        _ => identity.login.to_owned(),
    };
    record.author = Some(Actor {
        login: Some(login.clone()),
        id: form.id(identity.id),
        is_bot: Some(true),
    });
    if tool == Tool::CopilotAgent {
        let opened: Option<Timestamp> = record.created_at;
        for assignee in [login, person.login.clone()] {
            record.events.get_or_insert_default().insert(
                0,
                Event {
                    event: "assigned".to_owned(),
                    actor: Some(person.login.clone()),
                    created_at: opened,
                    label: None,
                    assignee: Some(assignee),
                },
            );
        }
    }
}

/// The tool makes the commits, all but those the person adds after review.
fn stamp_commits(tool: Tool, person: &Person, form: LoginForm, record: &mut PullRequest) {
    let opened = record.created_at.unwrap_or(moment(0));
    for commit in record.commits.get_or_insert_default() {
        if commit.authored_at.is_some_and(|at| at > opened) {
            continue;
        }
        if tool == Tool::Aider {
            commit.author_name = Some(format!("{} (aider)", person.name));
        }
        if let Some(identity) = tool.identity() {
            let login = if identity.suffixed {
                form.app_login(identity.login)
            } else {
                identity.login.to_owned()
            };
            commit.author_name = Some(identity.name.to_owned());
            commit.author_email = Some(identity.email.to_owned());
            commit.author_login = Some(login);
        }
    }
}

/// Puts a trailer into the first commit and, mostly, into the others that precede review.
fn stamp_trailer(trailer: &str, record: &mut PullRequest, chance: &mut Chance) {
    for (index, commit) in record
        .commits
        .get_or_insert_default()
        .iter_mut()
        .enumerate()
    {
        if index > 0 && !chance.happens(0.7) {
            continue;
        }
        let last_line = commit.message.lines().last().unwrap_or_default();
        let continues = commit.message.contains('\n') && is_trailer(last_line);
        // Now and then a tool glues the trailer to the subject.
        let separator = if continues || chance.happens(0.06) {
            "\n"
        } else {
            "\n\n"
        };
        commit.message.push_str(separator);
        commit.message.push_str(trailer);
    }
}

/// Whether a line reads `Key: value`.
fn is_trailer(line: &str) -> bool {
    line.split_once(": ").is_some_and(|(key, _)| {
        key.contains('-')
            && key
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
    })
}

fn branch(tool: Tool, topic: &str, chance: &mut Chance) -> String {
    // A person's branch may carry a prefix of its own, which the tool replaces.
    let topic = topic.rsplit('/').next().unwrap_or(topic);
    match tool {
        Tool::Aider => format!("aider/{topic}"),
        Tool::ClaudeCode => format!("claude/{topic}-{}", chance.hex(6)),
        Tool::Codex => format!("codex/{topic}"),
        Tool::CopilotAgent => format!("copilot/{topic}"),
        Tool::Cursor => format!("cursor/{topic}-{}", chance.hex(4)),
        Tool::Jules => format!("jules-{}-{}", task_number(chance), chance.hex(8)),
        _ => topic.to_owned(),
    }
}

fn body_line(tool: Tool, person: &Person, chance: &mut Chance) -> String {
    match tool {
        Tool::ClaudeCode => chance
            .pick(&[
                "🤖 Generated with [Claude Code](https://claude.com/claude-code)",
                "🤖 Generated with [Claude Code](https://claude.ai/code)",
            ])
            .to_owned(),
        Tool::Codex => format!(
            "------\n[Codex Task](https://chatgpt.com/codex/tasks/task_e_{})",
            chance.hex(32)
        ),
        Tool::CopilotAgent => {
            "---\n\n💡 How to work with the Copilot coding agent: https://gh.io/copilot-coding-agent-tips"
                .to_owned()
        }
        Tool::Cursor => "Made with [Cursor](https://cursor.com)".to_owned(),
        Tool::Devin => format!(
            "Link to Devin run: https://app.devin.ai/sessions/{}\nRequested by: {} (@{})",
            chance.hex(32),
            person.name,
            person.login
        ),
        Tool::Jules => {
            let task = task_number(chance);
            format!(
                "---\n*PR created automatically by Jules for task [{task}](https://jules.google.com/task/{task}) started by @{}*",
                person.login
            )
        }
        Tool::OpenCode => "🤖 Generated with [OpenCode](https://opencode.ai)".to_owned(),
        Tool::Aider | Tool::CopilotAssistant | Tool::Windsurf => String::new(),
    }
}

fn co_author(tool: Tool, chance: &mut Chance) -> String {
    let key = chance.pick(&["Co-Authored-By", "Co-authored-by"]);
    let who = match tool {
        Tool::Aider => "aider (claude-sonnet-4-5) <noreply@aider.chat>".to_owned(),
        Tool::ClaudeCode => format!(
            "{} <noreply@anthropic.com>",
            chance.pick(&["Claude", "Claude", "Claude Sonnet 4.5", "Claude Opus 4.5"])
        ),
        Tool::Codex => "Codex <noreply@openai.com>".to_owned(),
        Tool::CopilotAgent => "Copilot <198982749+Copilot@users.noreply.github.com>".to_owned(),
        Tool::CopilotAssistant => "Copilot <223556219+Copilot@users.noreply.github.com>".to_owned(),
        Tool::Cursor => "Cursor <cursoragent@cursor.com>".to_owned(),
        Tool::Devin => {
            "Devin AI <158243242+devin-ai-integration[bot]@users.noreply.github.com>".to_owned()
        }
        Tool::Jules => {
            "google-labs-jules[bot] <161369871+google-labs-jules[bot]@users.noreply.github.com>"
                .to_owned()
        }
        Tool::OpenCode => "opencode <noreply@opencode.ai>".to_owned(),
        Tool::Windsurf => "Cascade <cascade@windsurf.ai>".to_owned(),
    };
    format!("{key}: {who}")
}

fn session_trailer(tool: Tool, repo: &str, chance: &mut Chance) -> String {
    match tool {
        Tool::ClaudeCode => {
            format!(
                "Claude-Session: https://claude.ai/code/session_{}",
                chance.hex(24)
            )
        }
        Tool::CopilotAgent => format!(
            "Agent-Logs-Url: https://github.com/{repo}/sessions/{}-{}-{}-{}-{}",
            chance.hex(8),
            chance.hex(4),
            chance.hex(4),
            chance.hex(4),
            chance.hex(12)
        ),
        _ => "Made-with: Cursor".to_owned(),
    }
}

/// A number of twenty digits, as Jules counts its tasks.
fn task_number(chance: &mut Chance) -> u64 {
    chance.between(10_000_000_000_000_000_000, 17_999_999_999_999_999_999)
}
