//! Small numbers for enumerations, and other conversions at the border.

use jiff::Timestamp;
use model::{ChangeType, Confidence, Origin, Role, Signal};

use super::fault::Fault;
use crate::adoption::ToolPlace;
use crate::analyses::AnalysisOrigin;
use crate::error::StoreError;
use crate::facts::Outcome;

/// Defines the code of each variant, both ways, from one list.
macro_rules! codes {
    ($encode:ident, $decode:ident, $type:ty, { $($variant:path => $code:literal),+ $(,)? }) => {
        pub(super) fn $encode(value: $type) -> i64 {
            match value {
                $($variant => $code),+
            }
        }

        pub(super) fn $decode(code: i64) -> Result<$type, Fault> {
            match code {
                $($code => Ok($variant),)+
                _ => Err(Fault::Damaged(format!(
                    "there is no {} with the code {code}",
                    stringify!($type)
                ))),
            }
        }
    };
}

codes!(outcome_code, outcome, Outcome, {
    Outcome::Open => 0,
    Outcome::Closed => 1,
    Outcome::Merged => 2,
});
codes!(origin_code, origin, Origin, {
    Origin::Agent => 0,
    Origin::Assisted => 1,
    Origin::NoneDetected => 2,
    Origin::Unknown => 3,
});
codes!(role_code, role, Role, {
    Role::Authored => 0,
    Role::Assisted => 1,
    Role::Reviewed => 2,
});
codes!(confidence_code, confidence, Confidence, {
    Confidence::Low => 0,
    Confidence::Medium => 1,
    Confidence::High => 2,
});
codes!(place_code, place, ToolPlace, {
    ToolPlace::Author => 0,
    ToolPlace::Review => 1,
});
codes!(analysis_origin_code, analysis_origin, AnalysisOrigin, {
    AnalysisOrigin::Rules => 0,
    AnalysisOrigin::Model => 1,
});
codes!(signal_code, signal, Signal, {
    Signal::Author => 0,
    Signal::Branch => 1,
    Signal::Title => 2,
    Signal::Body => 3,
    Signal::Label => 4,
    Signal::CommitIdentity => 5,
    Signal::CoAuthor => 6,
    Signal::Trailer => 7,
    Signal::Reviewer => 8,
    Signal::Commenter => 9,
    Signal::CommentText => 10,
    Signal::Event => 11,
});

codes!(change_type_code, change_type, ChangeType, {
    ChangeType::Feature => 0,
    ChangeType::Bugfix => 1,
    ChangeType::Refactor => 2,
    ChangeType::Docs => 3,
    ChangeType::Test => 4,
    ChangeType::Chore => 5,
    ChangeType::Ci => 6,
    ChangeType::Performance => 7,
    ChangeType::Revert => 8,
});

/// A count as SQLite has it; what does not fit is the largest number that does.
pub(super) fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A count that came from SQLite.
pub(super) fn uncount(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// The number of a pull request, which is part of its key and so must fit.
pub(super) fn number(repo: &str, number: u64) -> Result<i64, Fault> {
    i64::try_from(number).map_err(|_| {
        Fault::Store(StoreError::Invalid {
            what: format!("the number of {repo}#{number} is too large"),
        })
    })
}

/// A time from seconds since 1970.
pub(super) fn time(seconds: Option<i64>) -> Result<Option<Timestamp>, Fault> {
    seconds
        .map(|seconds| {
            Timestamp::from_second(seconds)
                .map_err(|_| Fault::Damaged(format!("{seconds} is not a time")))
        })
        .transpose()
}

/// A time in seconds since 1970.
pub(super) fn seconds(time: Option<Timestamp>) -> Option<i64> {
    time.map(Timestamp::as_second)
}

/// The 32 bytes of a content hash given as 64 hex digits.
pub(super) fn hash_bytes(hex: &str) -> Result<[u8; 32], Fault> {
    blake3::Hash::from_hex(hex)
        .map(|hash| *hash.as_bytes())
        .map_err(|_| {
            Fault::Store(StoreError::Invalid {
                what: format!("{hex:?} is not a content hash of 64 hex digits"),
            })
        })
}

/// A content hash as 64 hex digits.
pub(super) fn hash_hex(bytes: &[u8]) -> Result<String, Fault> {
    blake3::Hash::from_slice(bytes)
        .map(|hash| hash.to_hex().to_string())
        .map_err(|_| Fault::Damaged("a content hash is not 32 bytes long".to_owned()))
}
