//! What `countersign sign` does with a package: NuGet's signer's own table (spec 4.9), which refuses more than a push does.

use model::signature_kind::SignatureKind;
use model::{Code, Refusal};
use nuget_signature::plan::{Action, Arrival, UpstreamSignature, plan};

/// The action for a signature of `kind`, or NuGet's refusal: NU3001, NU3032, NU3033.
pub fn command_action(kind: SignatureKind, arrival: Arrival) -> Result<Action, Refusal> {
    let refuse = |nu, reason| Err(Refusal::nu(Code::SignatureInvalid, nu, reason));
    match (kind, arrival) {
        (_, Arrival::Unsigned) => Ok(Action::SignPrimary),
        (SignatureKind::Repository, Arrival::Repository) => refuse(3033, "the package has a repository signature"),
        (SignatureKind::Repository, Arrival::AuthorCountersigned) => refuse(3032, "the package has a repository countersignature"),
        (SignatureKind::Repository, other) => match plan(other, UpstreamSignature::ReSign, false) {
            Action::Refuse(refusal) => Err(refusal),
            action => Ok(action),
        },
        (SignatureKind::Author | SignatureKind::Unknown, _) => refuse(3001, "the package is signed already"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_nugets_signer_refuses() {
        let number = |kind, arrival| command_action(kind, arrival).map_err(|refusal| refusal.nu.map(|nu| nu.0));
        let (repository, author) = (SignatureKind::Repository, SignatureKind::Author);
        assert_eq!(number(repository, Arrival::Unsigned), Ok(Action::SignPrimary));
        assert_eq!(number(author, Arrival::Unsigned), Ok(Action::SignPrimary));
        assert_eq!(number(repository, Arrival::Author), Ok(Action::Countersign));
        assert_eq!(number(repository, Arrival::Repository), Err(Some(3033)));
        assert_eq!(number(repository, Arrival::AuthorCountersigned), Err(Some(3032)));
        for arrival in [Arrival::Author, Arrival::AuthorCountersigned, Arrival::Repository, Arrival::Unknown] {
            assert_eq!(number(author, arrival), Err(Some(3001)));
        }
        assert_eq!(number(repository, Arrival::Unknown), Err(None));
    }
}
