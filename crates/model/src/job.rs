//! A job: what is true about the work of signing one package. Who is looking at it now (the lease) is kept apart.

use std::fmt;

/// A job's identity, given when the package is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub i64);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is true about a job.
///
/// `pending` → `signed` | `rejected` | `failed`; `failed` → `pending` when the same bytes are pushed again or an operator
/// retries; `signed` → `pending` only when an operator asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobState {
    /// To be done, now or at `not_before`.
    Pending,
    /// Done: the signature is kept.
    Signed,
    /// The package's fault; permanent.
    Rejected,
    /// Ours: attempts are spent.
    Failed,
}

impl JobState {
    /// The word in rows, metrics, API and docs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Signed => "signed",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
        }
    }

    /// Reads that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Pending, Self::Signed, Self::Rejected, Self::Failed].into_iter().find(|s| s.as_str() == word)
    }
}

/// How urgent a job is; workers take lanes in this order. Nothing claims `dormant` until front raises it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lane {
    /// Somebody waits for the download.
    Interactive,
    /// A push.
    Upload,
    /// A re-signing campaign.
    Campaign,
    /// Recorded while signing was off; waits to be raised.
    Dormant,
}

impl Lane {
    /// The word in rows, metrics and queue names.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Interactive => "interactive",
            Self::Upload => "upload",
            Self::Campaign => "campaign",
            Self::Dormant => "dormant",
        }
    }

    /// Order of claiming: smaller first.
    pub fn rank(self) -> i32 {
        match self {
            Self::Interactive => 0,
            Self::Upload => 1,
            Self::Campaign => 2,
            Self::Dormant => 9,
        }
    }

    /// The lane with this rank.
    pub fn from_rank(rank: i32) -> Option<Self> {
        [Self::Interactive, Self::Upload, Self::Campaign, Self::Dormant].into_iter().find(|l| l.rank() == rank)
    }
}
