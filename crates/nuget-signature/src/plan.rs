//! What arrived, and what policy makes of it: one table, asked by intake (refuse?) and by signing (do what?).

use crate::error::Error;
use crate::parse::PrimarySignature;
use model::signature_kind::SignatureKind;
use model::{Code, Refusal};

/// What signature a package came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// None.
    Unsigned,
    /// An author's alone.
    Author,
    /// An author's with a repository's countersignature.
    AuthorCountersigned,
    /// A repository's.
    Repository,
    /// One of no known kind.
    Unknown,
    /// An author's with a countersignature that is not a repository's.
    OtherCountersigners,
}

/// `Signing:UpstreamSignature`: what becomes of a repository signature that is not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UpstreamSignature {
    /// It is cut out and ours put in.
    #[default]
    ReSign,
    /// The package is refused.
    Reject,
}

/// What to do with a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Sign it: a repository primary signature.
    SignPrimary,
    /// Countersign the author's signature.
    Countersign,
    /// Cut the repository signature out and sign.
    ReplacePrimary,
    /// Cut the repository countersignature out and countersign.
    ReplaceCountersignature,
    /// Nothing: it is signed by us.
    Keep,
    /// Refuse it.
    Refuse(Refusal),
}

impl Arrival {
    /// Looks at a package's signature. A countersignature that contradicts itself, or cannot be read, is an error: it may be a
    /// repository's.
    pub fn of(signature: Option<&PrimarySignature>) -> Result<Self, Error> {
        let Some(signature) = signature else { return Ok(Self::Unsigned) };
        Ok(match signature.kind() {
            SignatureKind::Unknown => Self::Unknown,
            SignatureKind::Repository => Self::Repository,
            SignatureKind::Author => {
                let (mut repositories, mut others) = (0_usize, 0_usize);
                for countersigner in signature.countersigners()? {
                    match countersigner.kind()? {
                        SignatureKind::Repository => repositories += 1,
                        SignatureKind::Author | SignatureKind::Unknown => others += 1,
                    }
                }
                match (repositories, others) {
                    (_, 1..) => Self::OtherCountersigners,
                    (1.., 0) => Self::AuthorCountersigned,
                    (0, 0) => Self::Author,
                }
            }
        })
    }
}

/// The table. `is_ours`: the repository signature verifies fully, by an active certificate of ours.
#[must_use]
pub fn plan(arrival: Arrival, upstream: UpstreamSignature, is_ours: bool) -> Action {
    match (arrival, upstream) {
        (Arrival::Unsigned, _) => Action::SignPrimary,
        (Arrival::Author, _) => Action::Countersign,
        (Arrival::Unknown, _) => Action::Refuse(Refusal::new(
            Code::SignatureTypeUnsupported,
            "the package's signature is neither an author's nor a repository's",
        )),
        (Arrival::OtherCountersigners, _) => Action::Refuse(Refusal::new(
            Code::SignatureOtherCountersigners,
            "the author's signature has a countersignature that is not a repository's",
        )),
        (Arrival::Repository | Arrival::AuthorCountersigned, _) if is_ours => Action::Keep,
        (Arrival::Repository, UpstreamSignature::ReSign) => Action::ReplacePrimary,
        (Arrival::AuthorCountersigned, UpstreamSignature::ReSign) => Action::ReplaceCountersignature,
        (Arrival::Repository | Arrival::AuthorCountersigned, UpstreamSignature::Reject) => Action::Refuse(Refusal::new(
            Code::UpstreamSignatureRefused,
            "the package has another repository's signature, which this feed does not take",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table() {
        use Arrival::{Author, AuthorCountersigned, OtherCountersigners, Repository, Unknown, Unsigned};
        use UpstreamSignature::{ReSign, Reject};
        let words = |arrival, upstream, is_ours| match plan(arrival, upstream, is_ours) {
            Action::SignPrimary => "sign",
            Action::Countersign => "countersign",
            Action::ReplacePrimary => "replace",
            Action::ReplaceCountersignature => "replace countersignature",
            Action::Keep => "keep",
            Action::Refuse(refusal) => refusal.code.as_str(),
        };
        for (arrival, upstream, is_ours, action) in [
            (Unsigned, ReSign, false, "sign"),
            (Unsigned, Reject, false, "sign"),
            (Author, ReSign, false, "countersign"),
            (Author, Reject, false, "countersign"),
            (AuthorCountersigned, ReSign, false, "replace countersignature"),
            (AuthorCountersigned, Reject, false, "upstream_signature_refused"),
            (AuthorCountersigned, ReSign, true, "keep"),
            (AuthorCountersigned, Reject, true, "keep"),
            (Repository, ReSign, false, "replace"),
            (Repository, Reject, false, "upstream_signature_refused"),
            (Repository, ReSign, true, "keep"),
            (Repository, Reject, true, "keep"),
            (Unknown, ReSign, false, "signature_type_unsupported"),
            (OtherCountersigners, ReSign, false, "signature_other_countersigners"),
        ] {
            assert_eq!(words(arrival, upstream, is_ours), action, "{arrival:?} {upstream:?} {is_ours}");
        }
    }
}
