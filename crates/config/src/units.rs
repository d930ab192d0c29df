//! Sizes (`250MiB` or a plain number of bytes) and durations (`90s`).

use std::time::Duration;

/// Reads a size: a plain number of bytes, or one with `KB`, `MB`, `GB` (thousands), `KiB`, `MiB`, `GiB` (1024s).
pub fn parse_bytes(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(factor)
}

/// A size for people: the largest binary unit that divides it.
pub fn format_bytes(bytes: u64) -> String {
    for (factor, unit) in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] {
        if bytes >= factor && bytes.is_multiple_of(factor) {
            return format!("{}{unit}", bytes / factor);
        }
    }
    bytes.to_string()
}

/// Reads a duration: a number with `ms`, `s`, `m`, `h` or `d`; without a unit only `0`.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let (number, unit) = split(text)?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        "h" => number.checked_mul(3_600).map(Duration::from_secs),
        "d" => number.checked_mul(86_400).map(Duration::from_secs),
        "" if number == 0 => Some(Duration::ZERO),
        _ => None,
    }
}

fn split(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..digits].parse().ok()?, text[digits..].trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("0", Some(0)),
            ("100000", Some(100_000)),
            ("250MiB", Some(250 << 20)),
            ("1 gib", Some(1 << 30)),
            ("2GB", Some(2_000_000_000)),
            ("", None),
            ("MiB", None),
            ("-1", None),
            ("1.5GiB", None),
            ("3 bananas", None),
            ("99999999999999GiB", None),
        ] {
            assert_eq!(parse_bytes(text), bytes, "{text:?}");
        }
        assert_eq!(format_bytes(250 << 20), "250MiB");
        assert_eq!(format_bytes(1_000), "1000");
    }

    #[test]
    fn durations() {
        for (text, duration) in [
            ("90s", Some(Duration::from_secs(90))),
            ("250ms", Some(Duration::from_millis(250))),
            ("5m", Some(Duration::from_secs(300))),
            ("1d", Some(Duration::from_secs(86_400))),
            ("0", Some(Duration::ZERO)),
            ("5", None),
            ("s", None),
            ("", None),
        ] {
            assert_eq!(parse_duration(text), duration, "{text:?}");
        }
    }
}
