//! The typed steps from a plan to a signed package.

use crate::window::{Window, check_window};
use crate::{Credential, Error};
use bytes::Bytes;
use keys::SignInput;
use model::signature_kind::SignatureKind;
use model::{Digests, HashAlgorithm, Refusal, Splice};
use nuget_signature::assemble::assemble;
use nuget_signature::plan::Action;
use nuget_signature::prepare::{Attributes, PreparedSignature, Subject};
use nuget_signature::{surgery, timestamp_token};
use nupkg::Layout;
use time::OffsetDateTime;
use timestamp::Timestamper;

/// What the signature says beside the digest and the certificate.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// Author or Repository.
    pub kind: SignatureKind,
    /// The feed's service index, for Repository.
    pub service_index: Option<&'a str>,
    /// The package's owners, for Repository.
    pub owners: &'a [String],
    /// The signing time.
    pub signing_time: OffsetDateTime,
}

/// Everything is decided, and a key may be asked.
#[derive(Debug, Clone)]
pub struct Draft {
    prepared: PreparedSignature,
    credential: Credential,
    arrived: Option<Bytes>,
    base: Option<Bytes>,
    /// As it was asked for, not as it was written: the verifier holds one against the other.
    signing_time: OffsetDateTime,
}

/// The key has signed.
#[derive(Debug, Clone)]
pub struct Signed {
    draft: Draft,
    value: Bytes,
}

/// Stamped, or not to be.
#[derive(Debug, Clone)]
pub struct Stamped {
    signed: Signed,
    token: Option<Bytes>,
}

/// A signed package that nobody has verified yet.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The `.signature.p7s`.
    pub p7s: Bytes,
    /// The signed package over the package as it came.
    pub splice: Splice,
    /// Whether the signature is a countersignature.
    pub is_countersignature: bool,
    /// The `.signature.p7s` that the package came with, if any.
    pub arrived: Option<Bytes>,
    /// For a countersignature: what was countersigned, the one that came with foreign countersignatures cut out.
    pub base: Option<Bytes>,
    /// The signing time that was asked for (whole seconds are written); for what was kept, the kept one.
    pub signing_time: OffsetDateTime,
    /// Whether it carries a time stamp.
    pub is_timestamped: bool,
}

impl Draft {
    /// Does what `action` says, but for asking the key. `arrived` is the `.signature.p7s` that the package came with, `unsigned`
    /// the digests of its unsigned form.
    pub fn new(
        action: &Action,
        arrived: Option<&[u8]>,
        unsigned: &Digests,
        terms: &Terms<'_>,
        credential: &Credential,
    ) -> Result<Self, Error> {
        let prepare = |subject: Subject<'_>| PreparedSignature::new(subject, &attributes(terms, credential));
        let draft = Self::prepare(action, arrived, unsigned, credential, prepare)?;
        Ok(Self { signing_time: terms.signing_time, ..draft })
    }

    /// The draft whose key's answer was kept, beside its `signed_attributes`; its signing time is the kept one. An error of code
    /// `internal` when anything else is not as it was then (`prepare::Error::KeptDiffers`): the key must be asked again.
    pub fn from_kept(
        signed_attributes: &[u8],
        action: &Action,
        arrived: Option<&[u8]>,
        unsigned: &Digests,
        terms: &Terms<'_>,
        credential: &Credential,
    ) -> Result<Self, Error> {
        Self::prepare(action, arrived, unsigned, credential, |subject| {
            PreparedSignature::from_kept(signed_attributes, subject, &attributes(terms, credential))
        })
    }

    fn prepare(
        action: &Action,
        arrived: Option<&[u8]>,
        unsigned: &Digests,
        credential: &Credential,
        prepare: impl FnOnce(Subject<'_>) -> Result<PreparedSignature, nuget_signature::prepare::Error>,
    ) -> Result<Self, Error> {
        let base = match action {
            Action::SignPrimary | Action::ReplacePrimary => None,
            Action::Countersign => arrived.map(Bytes::copy_from_slice),
            Action::ReplaceCountersignature => match arrived {
                Some(arrived) => surgery::remove_repository_countersignatures(arrived)?.map(Bytes::from),
                None => None,
            },
            Action::Keep => return Err(Error::Refused(Refusal::new(model::Code::Internal, "the package's signature is to be kept"))),
            Action::Refuse(refusal) => return Err(Error::Refused(refusal.clone())),
        };
        let is_primary = matches!(action, Action::SignPrimary | Action::ReplacePrimary);
        let prepared = match &base {
            Some(base) => prepare(Subject::Author(base))?,
            None if is_primary => {
                let algorithm = credential.algorithm();
                prepare(Subject::Package(unsigned.by(algorithm).ok_or(Error::DigestUnknown(algorithm))?))?
            }
            None => return Err(Error::Refused(Refusal::new(model::Code::Internal, "there is no signature to countersign"))),
        };
        let signing_time = prepared.signing_time().unwrap_or(OffsetDateTime::UNIX_EPOCH);
        Ok(Self { prepared, credential: credential.clone(), arrived: arrived.map(Bytes::copy_from_slice), base, signing_time })
    }

    /// The DER SET that the key signs: to be kept beside the key's answer.
    #[must_use]
    pub fn signed_attributes(&self) -> &[u8] {
        self.prepared.signed_attributes()
    }

    /// What the key is asked.
    #[must_use]
    pub fn sign_input(&self) -> SignInput<'_> {
        SignInput { signed_attributes: self.prepared.signed_attributes(), digest: self.prepared.digest() }
    }

    /// Who signs.
    #[must_use]
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// All the steps at once, for who keeps nothing between them: the authority is asked whether it is ready, then the key, then
    /// the authority. With no `authority` the signature has no time stamp.
    pub async fn complete(
        self,
        authority: Option<&dyn Timestamper>,
        layout: &Layout,
        dos_time: u32,
        now: OffsetDateTime,
    ) -> Result<Finished, Error> {
        if let Some(authority) = authority {
            authority.ready()?;
        }
        let signed = self.ask().await?;
        let stamped = match authority {
            Some(authority) => signed.stamp(authority, now).await?,
            None => signed.unstamped(),
        };
        stamped.finish(layout, dos_time, now)
    }

    /// Asks the key. Cancelled, it may have been used.
    pub async fn ask(self) -> Result<Signed, Error> {
        let value = self.credential.sign(self.sign_input()).await?;
        Ok(self.with_value(value))
    }

    /// Goes on with a signature value that the key gave for [`Self::sign_input`].
    #[must_use]
    pub fn with_value(self, value: impl Into<Bytes>) -> Signed {
        Signed { draft: self, value: value.into() }
    }
}

fn attributes<'a>(terms: &Terms<'a>, credential: &'a Credential) -> Attributes<'a> {
    Attributes {
        kind: terms.kind,
        signing_time: terms.signing_time,
        certificate: credential.certificate().der(),
        algorithm: credential.algorithm(),
        service_index: terms.service_index,
        owners: terms.owners,
    }
}

/// The digest algorithm in requests for time stamps: NuGet's default, whatever the signature's own is.
pub(crate) const STAMP_ALGORITHM: HashAlgorithm = HashAlgorithm::Sha256;

impl Signed {
    /// The key's answer: what is stamped, and to be kept until the package is signed.
    #[must_use]
    pub fn signature_value(&self) -> &Bytes {
        &self.value
    }

    /// The bytes that the key signed.
    #[must_use]
    pub fn signed_attributes(&self) -> &[u8] {
        self.draft.signed_attributes()
    }

    /// Asks `authority` for a time stamp over the signature value.
    pub async fn stamp(self, authority: &dyn Timestamper, now: OffsetDateTime) -> Result<Stamped, Error> {
        let token = authority.timestamp(&self.value, STAMP_ALGORITHM, now).await?;
        Ok(Stamped { signed: self, token: Some(token) })
    }

    /// Goes on with a token over [`Self::signature_value`] that was made elsewhere and is whole.
    #[must_use]
    pub fn with_token(self, token: impl Into<Bytes>) -> Stamped {
        Stamped { signed: self, token: Some(token.into()) }
    }

    /// Goes on without a time stamp, because none is configured.
    #[must_use]
    pub fn unstamped(self) -> Stamped {
        Stamped { signed: self, token: None }
    }
}

impl Stamped {
    /// The `.signature.p7s` alone, whatever its time.
    pub fn assembled(&self) -> Result<Vec<u8>, Error> {
        let Signed { draft, value } = &self.signed;
        Ok(assemble(&draft.prepared, value, draft.credential.chain(), self.token.as_deref())?)
    }

    /// Makes the signature and the package. `dos_time` is the modification time of a new entry; a countersignature keeps that of
    /// the entry it changes. `now` is the signature's time when it has no stamp.
    pub fn finish(self, layout: &Layout, dos_time: u32, now: OffsetDateTime) -> Result<Finished, Error> {
        let p7s = self.assembled()?;
        let Self { signed: Signed { draft, .. }, token } = self;
        let window = match &token {
            Some(token) => Window::of(&timestamp_token::parse(token.clone())?),
            None => Window::at(now),
        };
        check_window(draft.credential.certificate(), window)?;
        let is_countersignature = draft.prepared.is_countersignature();
        let splice = if is_countersignature { layout.replace_signature(&p7s)? } else { layout.sign(&p7s, dos_time)? };
        Ok(Finished {
            p7s: p7s.into(),
            splice,
            is_countersignature,
            arrived: draft.arrived,
            base: draft.base,
            signing_time: draft.signing_time,
            is_timestamped: token.is_some(),
        })
    }
}
