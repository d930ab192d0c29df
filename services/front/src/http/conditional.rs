//! Conditional requests (RFC 9110 §13): If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since, If-Range, in the
//! order of §13.2.2.

use http::{HeaderMap, header};
use std::time::{Duration, SystemTime};
use time::OffsetDateTime;

/// What a representation is compared by. The tag is strong: equal tags mean equal bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Validators {
    /// The tag with its quotes.
    tag: String,
    /// To the second, as an HTTP date has it.
    modified: SystemTime,
}

/// What the conditions of a GET or HEAD say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Answer in full, a Range header as well.
    Ranged,
    /// Answer in full, without regard to a Range header: what the client has a part of is something else.
    Whole,
    /// 304.
    NotModified,
    /// 412.
    Failed,
}

impl Validators {
    /// `tag` without quotes.
    pub(crate) fn new(tag: &str, modified: OffsetDateTime) -> Self {
        let seconds = u64::try_from(modified.unix_timestamp()).unwrap_or(0);
        Self { tag: format!("\"{tag}\""), modified: SystemTime::UNIX_EPOCH + Duration::from_secs(seconds) }
    }

    /// The ETag header's value.
    pub(crate) fn tag(&self) -> &str {
        &self.tag
    }

    /// The Last-Modified header's value.
    pub(crate) fn last_modified(&self) -> String {
        httpdate::fmt_http_date(self.modified)
    }

    /// Weighs the request's conditions.
    pub(crate) fn weigh(&self, headers: &HeaderMap) -> Condition {
        if headers.contains_key(header::IF_MATCH) {
            if !self.any_tag(headers, header::IF_MATCH, Comparison::Strong) {
                return Condition::Failed;
            }
        } else if date(headers, header::IF_UNMODIFIED_SINCE).is_some_and(|since| self.modified > since) {
            return Condition::Failed;
        }
        if headers.contains_key(header::IF_NONE_MATCH) {
            if self.any_tag(headers, header::IF_NONE_MATCH, Comparison::Weak) {
                return Condition::NotModified;
            }
        } else if date(headers, header::IF_MODIFIED_SINCE).is_some_and(|since| self.modified <= since) {
            return Condition::NotModified;
        }
        match headers.get(header::IF_RANGE).map(|value| value.to_str().unwrap_or_default().trim()) {
            Some(value) if value.starts_with('"') || value.starts_with("W/") => {
                if value == self.tag {
                    Condition::Ranged
                } else {
                    Condition::Whole
                }
            }
            // A date must be the very one: a later one says nothing about the bytes that the client has.
            Some(value) if httpdate::parse_http_date(value).ok() != Some(self.modified) => Condition::Whole,
            _ => Condition::Ranged,
        }
    }

    fn any_tag(&self, headers: &HeaderMap, name: header::HeaderName, comparison: Comparison) -> bool {
        headers.get_all(name).iter().filter_map(|v| v.to_str().ok()).any(|value| {
            value.trim() == "*" || tags(value).any(|(weak, tag)| tag == self.tag && !(weak && comparison == Comparison::Strong))
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    /// Weak tags match nothing.
    Strong,
    /// The mark of weakness is overlooked.
    Weak,
}

/// The entity tags of a list: whether each is weak, and the quoted part. Stops at what is none.
fn tags(list: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut rest = list;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let (weak, after) = rest.strip_prefix("W/").map_or((false, rest), |after| (true, after));
        let end = after.strip_prefix('"')?.find('"')? + 2;
        let (tag, after) = after.split_at(end);
        rest = after;
        Some((weak, tag))
    })
}

fn date(headers: &HeaderMap, name: header::HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    /// Modified at Sun, 06 Nov 1994 08:49:37 GMT, with a fraction that no header shows.
    fn check(headers: &[(&'static str, &'static str)], expected: Condition) {
        let modified = OffsetDateTime::from_unix_timestamp(784_111_777).unwrap() + Duration::from_millis(700);
        let map = headers.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v))).collect();
        assert_eq!(Validators::new("abc", modified).weigh(&map), expected, "{headers:?}");
    }

    const THEN: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const AFTER: &str = "Mon, 07 Nov 1994 08:49:37 GMT";

    #[test]
    fn tags_and_dates_print_as_headers_have_them() {
        let validators = Validators::new("abc", OffsetDateTime::from_unix_timestamp(784_111_777).unwrap());
        assert_eq!((validators.tag(), validators.last_modified().as_str()), ("\"abc\"", THEN));
    }

    #[test]
    fn a_tag_that_the_client_has_is_not_sent_again() {
        for value in ["\"abc\"", "W/\"abc\"", "*", "\"x\", \"abc\"", "\"x\",W/\"abc\" , \"y\"", "\"a,b\", \"abc\""] {
            check(&[("if-none-match", value)], Condition::NotModified);
        }
        for value in ["\"abd\"", "abc", "\"abc", "", "\"x\", \"y\""] {
            check(&[("if-none-match", value)], Condition::Ranged);
        }
    }

    #[test]
    fn a_tag_goes_before_a_date() {
        check(&[("if-none-match", "\"x\""), ("if-modified-since", AFTER)], Condition::Ranged);
        check(&[("if-modified-since", AFTER)], Condition::NotModified);
        check(&[("if-modified-since", THEN)], Condition::NotModified);
        check(&[("if-modified-since", BEFORE)], Condition::Ranged);
        check(&[("if-modified-since", "yesterday")], Condition::Ranged);
        check(&[("if-modified-since", "Sunday, 06-Nov-94 08:49:37 GMT")], Condition::NotModified);
    }

    #[test]
    fn preconditions_that_fail() {
        check(&[("if-match", "\"x\"")], Condition::Failed);
        check(&[("if-match", "W/\"abc\"")], Condition::Failed);
        check(&[("if-match", "*")], Condition::Ranged);
        check(&[("if-match", "\"x\", \"abc\"")], Condition::Ranged);
        check(&[("if-unmodified-since", BEFORE)], Condition::Failed);
        check(&[("if-unmodified-since", THEN)], Condition::Ranged);
    }

    #[test]
    fn a_range_holds_only_for_the_same_bytes() {
        check(&[("if-range", "\"abc\"")], Condition::Ranged);
        check(&[("if-range", "W/\"abc\"")], Condition::Whole);
        check(&[("if-range", "\"x\"")], Condition::Whole);
        check(&[("if-range", THEN)], Condition::Ranged);
        check(&[("if-range", AFTER)], Condition::Whole);
        check(&[("if-range", "nonsense")], Condition::Whole);
    }
}
