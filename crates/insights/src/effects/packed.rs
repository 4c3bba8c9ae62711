//! A row as comparisons see it, packed.

use measures::{Observation, SizeBucket};

use super::outcome::Exposure;
use crate::months::month_index;

const DAY_SECONDS: i64 = 86_400;

/// The bucket of what has no size, after all others.
const NO_BUCKET: u32 = SizeBucket::Xxl as u32 + 1;
/// More kinds of change than there are; the last is that of titles which do not tell.
const KINDS: u32 = 16;

/// Repository by size bucket by type, as a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Stratum(pub(crate) u32);

impl Stratum {
    fn new(repo: u32, size_lines: Option<u32>, kind: u8) -> Self {
        let bucket = size_lines.map_or(NO_BUCKET, |lines| SizeBucket::of(u64::from(lines)) as u32);
        Stratum((repo * (NO_BUCKET + 1) + bucket) * KINDS + u32::from(kind).min(KINDS - 1))
    }

    pub(crate) fn repo(self) -> u32 {
        self.0 / ((NO_BUCKET + 1) * KINDS)
    }

    /// The same for all sizes.
    pub(crate) fn without_size(self) -> Self {
        Stratum((self.repo() * (NO_BUCKET + 1) + NO_BUCKET) * KINDS + self.0 % KINDS)
    }
}

/// What a comparison may ask of a row, in 28 bytes instead of 130.
#[derive(Clone, Copy)]
pub(crate) struct Packed {
    /// The person; whose person is not known is a cluster with the repository, by a code above all people.
    pub(crate) person: u32,
    /// Repository by size bucket by type.
    pub(crate) stratum: Stratum,
    /// `u32::MAX` for none.
    pub(crate) team: u32,
    /// Lines; `u32::MAX` where they are not known.
    pub(crate) size: u32,
    /// Files, likewise.
    pub(crate) files: u32,
    /// The month of opening; 0 where it is not known.
    pub(crate) month: u16,
    pub(crate) kind: u8,
    /// Monday is 0.
    pub(crate) weekday: u8,
    pub(crate) flags: Flags,
}

/// What is so or not of a row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Flags(u8);

const DRAFT: u8 = 1;
/// By a person or an agent, and measured.
const COUNTS: u8 = 1 << 1;
/// In an arm of either exposure, and in the one with AI.
const IN_AN_ARM: [u8; 2] = [1 << 2, 1 << 3];
const WITH_AI: [u8; 2] = [1 << 4, 1 << 5];

const PLAIN_BOT: u8 = 1 << 6;

pub(crate) const EXPOSURES: [Exposure; 2] = [Exposure::AiAuthored, Exposure::AiReviewed];

impl Packed {
    /// Packs a row; there are so many codes of people and repositories.
    pub(crate) fn new(row: &Observation, people: u32, repos: u32) -> Self {
        let repo = row.repo.index().unwrap_or(0) as u32;
        let opened = row.opened.seconds();
        let kind = row.change_type.map_or(u8::MAX, |kind| kind as u8);
        let mut flags = 0;
        for (exposure, (in_an_arm, with_ai)) in EXPOSURES
            .into_iter()
            .zip(IN_AN_ARM.into_iter().zip(WITH_AI))
        {
            match exposure.arm(row) {
                Some(true) => flags |= in_an_arm | with_ai,
                Some(false) => flags |= in_an_arm,
                None => {}
            }
        }
        if row.opened_as_draft {
            flags |= DRAFT;
        }
        if row.plain_bot {
            flags |= PLAIN_BOT;
        } else if row.measured {
            flags |= COUNTS;
        }
        Packed {
            person: match row.person.index() {
                Some(person) => person as u32,
                None => people + (repos - 1).saturating_sub(repo),
            },
            stratum: Stratum::new(repo, row.size_lines(), kind),
            team: row.team.index().map_or(u32::MAX, |team| team as u32),
            size: row.size_lines().unwrap_or(u32::MAX),
            files: row.changed_files().unwrap_or(u32::MAX),
            month: opened.map_or(0, |opened| month_index(opened) as u16),
            kind,
            weekday: weekday(opened.unwrap_or(0)),
            flags: Flags(flags),
        }
    }
}

impl Flags {
    /// Whether it was opened as a draft.
    pub(crate) fn is_draft(self) -> bool {
        self.0 & DRAFT != 0
    }

    /// Whether it was opened by plain automation.
    pub(crate) fn is_plain_bot(self) -> bool {
        self.0 & PLAIN_BOT != 0
    }

    /// Whether it takes part in comparisons: by a person or an agent, and measured.
    pub(crate) fn counts(self) -> bool {
        self.0 & COUNTS != 0
    }

    /// As [`Exposure::arm`].
    pub(crate) fn arm(self, exposure: Exposure) -> Option<bool> {
        let place = exposure as usize;
        (self.0 & IN_AN_ARM[place] != 0).then(|| self.0 & WITH_AI[place] != 0)
    }
}

/// Monday is 0.
fn weekday(seconds: i64) -> u8 {
    (seconds.div_euclid(DAY_SECONDS) + 3).rem_euclid(7) as u8
}
