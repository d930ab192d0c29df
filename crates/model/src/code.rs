//! The closed list of outcomes that are visible outside, each a stable word and a category; and the refusal that carries one.
//!
//! The same word stands in the API, in metrics, in logs and in `docs/CODES.md`. Status numbers are chosen from the category
//! in two places in the whole house: `web::problem` for HTTP and `front::status` for gRPC.

use std::fmt;

/// What kind of outcome a code is: decides the status that a caller sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    /// What was sent is wrong.
    Invalid,
    /// Nobody said who they are.
    Unauthenticated,
    /// Somebody who may not.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// The address does not take the method.
    MethodNotAllowed,
    /// It exists already, with other content.
    Conflict,
    /// Over a size limit.
    TooLarge,
    /// A byte range outside the content.
    RangeNotSatisfiable,
    /// Understood, and refused by policy.
    Unprocessable,
    /// Over a rate or concurrency limit; try later.
    TooMany,
    /// Not now; try later.
    Unavailable,
    /// Our fault.
    Internal,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $category:ident;)*) => {
        /// A stable outcome code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable word.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Its category.
            pub fn category(self) -> Category {
                match self { $(Self::$variant => Category::$category,)* }
            }
        }
    };
}

codes! {
    // The package's fault: 400.
    /// The file is not a ZIP archive that can be read.
    ZipMalformed = "zip_malformed", Invalid;
    /// Bytes stand before the first entry.
    ZipPrefix = "zip_prefix", Invalid;
    /// Bytes stand between entries, or between the directory and the end record.
    ZipGap = "zip_gap", Invalid;
    /// Bytes stand after the end record.
    ZipTrailingData = "zip_trailing_data", Invalid;
    /// Two entries share bytes.
    ZipOverlap = "zip_overlap", Invalid;
    /// A local entry that the directory does not name.
    ZipHiddenEntry = "zip_hidden_entry", Invalid;
    /// Counts or disk numbers of the end record disagree.
    ZipCounts = "zip_counts", Invalid;
    /// The archive comment holds an end-record signature.
    ZipComment = "zip_comment", Invalid;
    /// A local header's name is not the directory's.
    ZipNamesDiffer = "zip_names_differ", Invalid;
    /// Two entries have one name, or names equal but for case.
    ZipDuplicateName = "zip_duplicate_name", Invalid;
    /// A Zip64 archive cannot be signed (NU3006).
    Zip64 = "zip64", Invalid;
    /// More entries than can be signed (NU3039) or than the limit.
    TooManyEntries = "too_many_entries", Invalid;
    /// The central directory is over the limit.
    DirectoryTooLarge = "directory_too_large", Invalid;
    /// An entry's name is too long or unusable.
    NameInvalid = "name_invalid", Invalid;
    /// No nuspec at the root.
    NuspecMissing = "nuspec_missing", Invalid;
    /// More than one nuspec at the root.
    NuspecAmbiguous = "nuspec_ambiguous", Invalid;
    /// The nuspec is over the limit.
    NuspecTooLarge = "nuspec_too_large", Invalid;
    /// The nuspec cannot be read.
    NuspecInvalid = "nuspec_invalid", Invalid;
    /// The package id is not one NuGet takes.
    IdInvalid = "id_invalid", Invalid;
    /// The package version is not one NuGet takes.
    VersionInvalid = "version_invalid", Invalid;
    /// The signature entry is invalid (NU3005).
    SignatureEntryInvalid = "signature_entry_invalid", Invalid;
    /// The signature file is over the limit.
    SignatureTooLarge = "signature_too_large", Invalid;
    /// The package's signature is broken (the NU code says how).
    SignatureInvalid = "signature_invalid", Invalid;
    /// A primary signature of Unknown type.
    SignatureTypeUnsupported = "signature_type_unsupported", Invalid;
    /// An author signature with countersigners that are not repositories.
    SignatureOtherCountersigners = "signature_other_countersigners", Invalid;
    /// The upload has no bytes.
    PackageEmpty = "package_empty", Invalid;
    /// The request cannot be read.
    RequestMalformed = "request_malformed", Invalid;
    // Policy.
    /// The package has a repository signature and policy refuses those.
    UpstreamSignatureRefused = "upstream_signature_refused", Unprocessable;
    /// The same id and version exist with other bytes.
    IdentityTaken = "identity_taken", Conflict;
    /// Visible packages carry signatures by the certificate.
    CertificateNeeded = "certificate_needed", Conflict;
    // Limits.
    /// The package is over Limits:MaxPackageBytes.
    PackageTooLarge = "package_too_large", TooLarge;
    /// Too many pushes at once.
    TooManyPushes = "too_many_pushes", TooMany;
    /// Too many requests.
    RateLimited = "rate_limited", TooMany;
    /// The spool is full.
    SpoolFull = "spool_full", Unavailable;
    // Who.
    /// No push key was given.
    PushKeyMissing = "push_key_missing", Unauthenticated;
    /// The push key is not one of ours.
    PushKeyWrong = "push_key_wrong", Forbidden;
    // Not found.
    /// No such package.
    PackageNotFound = "package_not_found", NotFound;
    /// No such certificate.
    CertificateNotFound = "certificate_not_found", NotFound;
    /// No such address.
    RouteNotFound = "route_not_found", NotFound;
    /// This address does not take the method.
    MethodNotAllowed = "method_not_allowed", MethodNotAllowed;
    /// The range lies outside the package.
    RangeNotSatisfiable = "range_not_satisfiable", RangeNotSatisfiable;
    // Not now.
    /// The signing certificate is expired, about to expire or disabled.
    CertificateUnusable = "certificate_unusable", Unavailable;
    /// The package is being signed.
    SigningPending = "signing_pending", Unavailable;
    /// The package could not be signed.
    SigningFailed = "signing_failed", Unavailable;
    /// The blob store does not answer.
    StorageUnavailable = "storage_unavailable", Unavailable;
    /// The database does not answer.
    DatabaseUnavailable = "database_unavailable", Unavailable;
    /// The process is stopping.
    ShuttingDown = "shutting_down", Unavailable;
    /// The request took too long.
    DeadlineExceeded = "deadline_exceeded", Unavailable;
    // Why an attempt failed.
    /// The key service does not answer.
    KeyUnavailable = "key_unavailable", Unavailable;
    /// The key service refused to sign.
    KeyRefused = "key_refused", Unavailable;
    /// The key service did not answer in time.
    KeyTimeout = "key_timeout", Unavailable;
    /// The time-stamping authority cannot be reached.
    TimestampUnreachable = "timestamp_unreachable", Unavailable;
    /// The time-stamping authority did not answer in time.
    TimestampTimeout = "timestamp_timeout", Unavailable;
    /// The time-stamping authority answered 5xx.
    TimestampBusy = "timestamp_busy", Unavailable;
    /// The time-stamping authority answered 429.
    TimestampThrottled = "timestamp_throttled", Unavailable;
    /// The time-stamping authority answered another status.
    TimestampHttpStatus = "timestamp_http_status", Unavailable;
    /// The time-stamping authority's answer broke off.
    TimestampInterrupted = "timestamp_interrupted", Unavailable;
    /// The time-stamping authority answered nothing.
    TimestampEmpty = "timestamp_empty", Unavailable;
    /// The time-stamping authority's answer is no time-stamp reply.
    TimestampWrongType = "timestamp_wrong_type", Unavailable;
    /// The time-stamping authority's answer cannot be decoded.
    TimestampMalformed = "timestamp_malformed", Unavailable;
    /// The time-stamping authority's answer is over the limit.
    TimestampTooLarge = "timestamp_too_large", Unavailable;
    /// The time-stamping authority refused the request.
    TimestampRefused = "timestamp_refused", Unavailable;
    /// The token is for another nonce (NU3026).
    TimestampNonce = "timestamp_nonce", Unavailable;
    /// The token is for other data (NU3019).
    TimestampImprint = "timestamp_imprint", Unavailable;
    /// The token's signer certificate is missing (NU3020).
    TimestampSignerMissing = "timestamp_signer_missing", Unavailable;
    /// The token is invalid (NU3021).
    TimestampInvalid = "timestamp_invalid", Unavailable;
    /// The authority's certificate is unusable (NU3022 to NU3025).
    TimestampCertificate = "timestamp_certificate", Unavailable;
    /// The token's time lies outside the authority's certificate (NU3036).
    TimestampOutsideValidity = "timestamp_outside_validity", Unavailable;
    /// The authority's certificate chain is not trusted (NU3028).
    TimestampUntrusted = "timestamp_untrusted", Unavailable;
    /// The signature would lie outside its certificate's validity (NU3037).
    CertificateExpired = "certificate_expired", Unavailable;
    /// The signing certificate is not one NuGet accepts.
    CertificateInvalid = "certificate_invalid", Internal;
    /// Our own verification refused what we made.
    VerificationFailed = "verification_failed", Internal;
    /// A blob that the database names is not in the store.
    BlobMissing = "blob_missing", Unavailable;
    /// A blob is not what was recorded.
    BlobChanged = "blob_changed", Internal;
    /// Another worker has the job.
    LeaseLost = "lease_lost", Unavailable;
    /// All attempts failed.
    AttemptsSpent = "attempts_spent", Internal;
    /// The configuration cannot be used.
    ConfigurationInvalid = "configuration_invalid", Internal;
    /// An error of ours.
    Internal = "internal", Internal;
}

impl Code {
    /// Reads the stable word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|c| c.as_str() == word)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One of NuGet's own numbers: `NU3006` and kin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NuCode(pub u16);

impl fmt::Display for NuCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NU{:04}", self.0)
    }
}

/// A refusal that a caller may read: a code, NuGet's number where it has one, and a reason in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The stable code.
    pub code: Code,
    /// NuGet's number for the condition.
    pub nu: Option<NuCode>,
    /// A sentence for a person, without secrets.
    pub reason: String,
}

impl Refusal {
    /// A refusal without a number of NuGet's.
    pub fn new(code: Code, reason: impl Into<String>) -> Self {
        Self { code, nu: None, reason: reason.into() }
    }

    /// A refusal with NuGet's number.
    pub fn nu(code: Code, nu: u16, reason: impl Into<String>) -> Self {
        Self { code, nu: Some(NuCode(nu)), reason: reason.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.nu {
            Some(nu) => write!(f, "{nu}: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_stable_and_distinct() {
        for code in Code::ALL {
            assert_eq!(Code::from_word(code.as_str()), Some(*code));
            assert!(code.as_str().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'), "{code}");
        }
    }

    #[test]
    fn a_refusal_reads_with_its_number() {
        assert_eq!(Refusal::nu(Code::Zip64, 3006, "Zip64 cannot be signed").to_string(), "NU3006: Zip64 cannot be signed");
    }
}
