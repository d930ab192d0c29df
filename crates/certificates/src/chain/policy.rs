//! .NET's own check of a chain: every certificate that names what it may be used for, the root included, must name the purpose.

use super::Purpose;
use crate::certificate::Certificate;

/// Whether every certificate of `chain` may be used for `purpose`.
pub(super) fn allows(chain: &[Certificate], purpose: Purpose) -> bool {
    let wanted: &[u8] = match purpose {
        Purpose::CodeSigning => &[0x2B, 6, 1, 5, 5, 7, 3, 3],
        Purpose::TimeStamping => &[0x2B, 6, 1, 5, 5, 7, 3, 8],
    };
    // From the root down: once an explicit policy is required (policyConstraints), saying nothing no longer means everything.
    let mut until_explicit = u64::try_from(chain.len()).unwrap_or(u64::MAX);
    for certificate in chain.iter().rev() {
        let extensions = certificate.extensions();
        let declared = extensions.application_policies.as_ref().or(extensions.extended_key_usage.as_ref());
        let implicit = until_explicit > 0;
        until_explicit = until_explicit.saturating_sub(1);
        match declared {
            None if !implicit => return false,
            None => {}
            Some(declared) if !declared.iter().any(|oid| oid == wanted) => return false,
            Some(_) => {}
        }
        if let Some(skip) = extensions.require_explicit_policy {
            until_explicit = until_explicit.min(skip);
        }
    }
    true
}
