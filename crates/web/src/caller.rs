//! Who is calling: authentication of pushes by key. What a caller may do is the role's to say.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use model::{Code, Refusal};
use sha2::{Digest as _, Sha256};
use std::fmt;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// The push keys, as digests.
///
/// With no key configured, pushes are open when that was allowed, and closed otherwise. With keys and open pushes both, a caller without
/// a key is let in and one with a wrong key is not: they think that they are somebody.
#[derive(Clone)]
pub struct PushKeys {
    digests: Vec<[u8; 32]>,
    anonymous: bool,
}

/// Somebody who may push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Nobody in particular.
    Anonymous,
    /// The holder of the key with this number, in the order of the configuration, from 0.
    Key(u32),
}

impl Caller {
    /// How audit and log name them.
    pub fn name(self) -> String {
        match self {
            Self::Anonymous => "anonymous".to_owned(),
            Self::Key(number) => format!("push-key-{number}"),
        }
    }
}

impl PushKeys {
    /// Hashes `keys`; the clear text is not kept. Empty keys are left out: they would let anybody in.
    pub fn new<K: AsRef<str>>(keys: impl IntoIterator<Item = K>, allow_anonymous: bool) -> Self {
        let digests = keys.into_iter().filter(|k| !k.as_ref().is_empty()).map(|k| Sha256::digest(k.as_ref()).into()).collect();
        Self { digests, anonymous: allow_anonymous }
    }

    /// Whether a caller without a key is let in.
    pub fn allow_anonymous(&self) -> bool {
        self.anonymous
    }

    /// Whether any key is configured.
    pub fn has_keys(&self) -> bool {
        !self.digests.is_empty()
    }

    /// Who sends these headers: `X-NuGet-ApiKey`, as NuGet's client, or `Authorization: Bearer`.
    ///
    /// # Errors
    /// `push_key_missing`, `push_key_wrong`.
    pub fn authenticate(&self, headers: &HeaderMap) -> Result<Caller, Refusal> {
        let bearer = headers.get(AUTHORIZATION).and_then(|value| bearer_token(value.as_bytes()));
        let key = headers.get("x-nuget-apikey").map(|value| value.as_bytes()).filter(|key| !key.is_empty()).or(bearer);
        self.check(key)
    }

    /// Who holds `key`; `None` when none was given.
    ///
    /// # Errors
    /// `push_key_missing`, `push_key_wrong`.
    pub fn check(&self, key: Option<&[u8]>) -> Result<Caller, Refusal> {
        // A client cannot push without naming some key, so where there are none any will do.
        if self.digests.is_empty() && self.anonymous {
            return Ok(Caller::Anonymous);
        }
        let Some(key) = key.filter(|k| !k.is_empty()) else {
            return if self.anonymous {
                Ok(Caller::Anonymous)
            } else {
                Err(Refusal::new(Code::PushKeyMissing, "a push needs a key: give it as X-NuGet-ApiKey"))
            };
        };
        let given: [u8; 32] = Sha256::digest(key).into();
        let mut found = Choice::from(0);
        let mut number = 0_u32;
        // Every key is compared, whichever fits.
        for (candidate, digest) in (0_u32..).zip(&self.digests) {
            let equal = digest.ct_eq(&given);
            number.conditional_assign(&candidate, equal);
            found |= equal;
        }
        if bool::from(found) { Ok(Caller::Key(number)) } else { Err(Refusal::new(Code::PushKeyWrong, "the push key is not one of ours")) }
    }
}

impl fmt::Debug for PushKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushKeys").field("keys", &self.digests.len()).field("anonymous", &self.anonymous).finish()
    }
}

/// The token of an `Authorization: Bearer` value; the scheme's case does not matter (RFC 9110 11.1).
fn bearer_token(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_key_is_taken_from_either_header() {
        let keys = PushKeys::new(["one", "two"], false);
        let who = |pairs| keys.authenticate(&headers(pairs)).map_err(|refusal| refusal.code);
        assert_eq!(who(&[("x-nuget-apikey", "two")]), Ok(Caller::Key(1)));
        assert_eq!(who(&[("authorization", "bearer one")]), Ok(Caller::Key(0)));
        assert_eq!(who(&[("x-nuget-apikey", "tw")]), Err(Code::PushKeyWrong));
        assert_eq!(who(&[("authorization", "Basic one")]), Err(Code::PushKeyMissing));
        assert_eq!(who(&[("x-nuget-apikey", "")]), Err(Code::PushKeyMissing));
        assert_eq!(who(&[]), Err(Code::PushKeyMissing));
    }

    #[test]
    fn without_keys_pushes_are_open_only_when_that_was_said() {
        let (open, closed) = (PushKeys::new([""; 1], true), PushKeys::new([""; 0], false));
        assert_eq!(open.check(Some(b"anything")), Ok(Caller::Anonymous));
        assert_eq!(open.check(None), Ok(Caller::Anonymous));
        assert_eq!(closed.check(Some(b"anything")).map_err(|r| r.code), Err(Code::PushKeyWrong));
        assert_eq!(closed.check(None).map_err(|r| r.code), Err(Code::PushKeyMissing));
    }

    #[test]
    fn with_keys_and_open_pushes_a_wrong_key_is_still_wrong() {
        let keys = PushKeys::new(["one"], true);
        assert_eq!(keys.check(None), Ok(Caller::Anonymous));
        assert_eq!(keys.check(Some(b"other")).map_err(|r| r.code), Err(Code::PushKeyWrong));
    }

    #[test]
    fn keys_do_not_print() {
        assert_eq!(format!("{:?}", PushKeys::new(["hunter2"], false)), "PushKeys { keys: 1, anonymous: false }");
    }
}
