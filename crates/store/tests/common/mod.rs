//! Records and answers made up for tests.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::path::Path;

use jiff::Timestamp;
use model::{
    Actor, AiClaim, Analysis, ChangeType, ClaimedRole, Comment, CommentKind, Commit, Confidence,
    Event, Evidence, FileChange, FrictionLevel, Health, Label, Origin, PullRequest, Review,
    ReviewState, RiskLevel, Role, Scope, Signal, State, Summary, Tech, TechCategory, Verdict,
};
use store::{
    AnalysisOrigin, AnalysisRecord, OpenOptions, SqliteStore, Store, StoredPullRequest,
    VerdictWrite, Versions,
};
use teams::{By, TeamMapping, TeamRule};

/// Opens a database for writing, in a folder that must outlive it.
pub(crate) fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(&folder.join("tandem.db"), &OpenOptions::write("test")).expect("opens")
}

/// A time by its seconds since 1970.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

/// A record of which only the key is known.
pub(crate) fn bare(repo: &str, number: u64) -> PullRequest {
    let json = format!(r#"{{"repo":"{repo}","number":{number}}}"#);
    serde_json::from_str(&json).expect("a record")
}

/// A record of which everything is known.
pub(crate) fn full(repo: &str, number: u64) -> PullRequest {
    let opened = 1_700_000_000 + i64::try_from(number).expect("small") * 3_600;
    PullRequest {
        id: Some(format!("PR_{number}")),
        language: Some("Rust".into()),
        title: format!("Add step {number}"),
        body: Some(format!("Adds step {number} to the stairs, with a rail.")),
        author: Some(Actor {
            login: Some("ada".into()),
            id: Some(11),
            is_bot: Some(false),
        }),
        state: State::Closed,
        draft: Some(false),
        created_at: Some(at(opened)),
        updated_at: Some(at(opened + 9_000)),
        closed_at: Some(at(opened + 8_000)),
        merged_at: Some(at(opened + 8_000)),
        additions: Some(30),
        deletions: Some(4),
        changed_files: Some(2),
        head_ref: Some("steps".into()),
        base_ref: Some("main".into()),
        labels: Some(vec![Label("stairs".into())]),
        commits: Some(vec![Commit {
            sha: Some(format!("{number:040x}")),
            message: "Add a step\n\nCo-authored-by: Grace <grace@example.org>".into(),
            author_login: Some("ada".into()),
            committer_login: Some("ada".into()),
            author_name: Some("Ada".into()),
            author_email: Some("ada@example.org".into()),
            committer_name: Some("Ada".into()),
            committer_email: Some("ada@example.org".into()),
            authored_at: Some(at(opened - 60)),
        }]),
        reviews: Some(vec![Review {
            author: Some("grace".into()),
            author_id: Some(12),
            is_bot: Some(false),
            state: ReviewState::Approved,
            submitted_at: Some(at(opened + 7_000)),
            body: Some("Firm underfoot.".into()),
        }]),
        comments: Some(vec![Comment {
            author: Some("grace".into()),
            author_id: Some(12),
            is_bot: Some(false),
            created_at: Some(at(opened + 6_000)),
            kind: CommentKind::Review,
            path: Some("stairs/step.rs".into()),
            body: "How wide is it?".into(),
        }]),
        files: Some(vec![FileChange {
            path: "stairs/step.rs".into(),
            additions: Some(30),
            deletions: Some(4),
        }]),
        events: Some(vec![Event {
            event: "labeled".into(),
            actor: Some("ada".into()),
            created_at: Some(at(opened + 5)),
            label: Some("stairs".into()),
            assignee: None,
        }]),
        ..bare(repo, number)
    }
}

/// A rule of a team mapping, without dates.
pub(crate) fn rule(team: &str, by: By, pattern: &str) -> TeamRule {
    TeamRule {
        team: team.to_owned(),
        by,
        pattern: pattern.to_owned(),
        from: None,
        to: None,
    }
}

/// Puts a team mapping in force and brings everything stored in line, a few at a time.
pub(crate) fn map(store: &SqliteStore, rules: Vec<TeamRule>) {
    let mapping = TeamMapping::new(rules).expect("rules");
    store.set_team_mapping(&mapping).expect("stores");
    while !store.map_teams(2).expect("maps").is_last {}
}

/// A verdict with one piece of evidence.
pub(crate) fn verdict(origin: Origin) -> Verdict {
    let author_tools = match origin {
        Origin::Agent | Origin::Assisted => vec!["claude_code".to_owned()],
        Origin::NoneDetected | Origin::Unknown => Vec::new(),
    };
    Verdict {
        origin,
        ai_authored: match origin {
            Origin::Agent | Origin::Assisted => Some(true),
            Origin::NoneDetected => Some(false),
            Origin::Unknown => None,
        },
        ai_reviewed: true,
        author_tools,
        review_tools: vec!["bugbot".into(), "coderabbit".into()],
        plain_bot: false,
        confidence: 0.99,
        evidence: vec![Evidence {
            tool: "coderabbit".into(),
            role: Role::Reviewed,
            signal: Signal::Reviewer,
            field: "reviews[0].author".into(),
            quote: "coderabbitai[bot]".into(),
            rule: "coderabbit-reviewer".into(),
            confidence: Confidence::High,
            offset_bytes: 3,
        }],
        notes: vec!["the model names another tool".into()],
    }
}

/// A verdict to be stored for the present content.
pub(crate) fn verdict_write(stored: &StoredPullRequest, origin: Origin) -> VerdictWrite {
    VerdictWrite {
        key: stored.pull_request.key(),
        content_hash: stored.content_hash.clone(),
        verdict: verdict(origin),
        measures: measures::measure(&stored.pull_request, &|_| false),
    }
}

/// The versions that [`analysis`] is made with.
pub(crate) fn versions() -> Versions {
    Versions {
        prompt: "p1".into(),
        schema: "s1".into(),
    }
}

/// An analysis of the present content.
pub(crate) fn analysis(pull_request: &PullRequest) -> AnalysisRecord {
    AnalysisRecord {
        key: pull_request.key(),
        origin: AnalysisOrigin::Model,
        run_id: "7".into(),
        tier: 1,
        provider: "groq".into(),
        model: "openai/gpt-oss-20b".into(),
        attempt: 1,
        prompt_version: versions().prompt,
        schema_version: versions().schema,
        content_hash: pull_request.content_hash(),
        finish_reason: Some("stop".into()),
        input_tokens: 2_560,
        output_tokens: 840,
        cost_pico_usd: 222_000_000,
        answered_at: Timestamp::from_microsecond(1_750_000_000_123_456).expect("a time"),
        repaired: None,
        quote_supported: Some(true),
        answer: Analysis {
            ai: AiClaim {
                is_assisted: true,
                role: ClaimedRole::Assisted,
                tools: vec!["claude_code".into()],
                confidence: 0.75,
                quote: Some("with a rail".into()),
            },
            tech: Tech {
                languages: vec!["rust".into()],
                frameworks: Vec::new(),
                categories: vec![TechCategory::Backend],
            },
            summary: Summary {
                title: "A step more".into(),
                description: "Adds a step to the stairs.".into(),
                change_type: ChangeType::Feature,
            },
            health: Health {
                review_friction: FrictionLevel::Low,
                scope: Scope::Small,
                risk_level: RiskLevel::Low,
                insights: vec!["Reviewed within two hours.".into()],
            },
        },
    }
}
