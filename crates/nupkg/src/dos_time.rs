//! The two DOS words of an entry's time.

use time::OffsetDateTime;

/// The DOS time of `at`, in the offset that it carries: time word low, date word high (spec 1.6).
///
/// DOS knows the years 1980 to 2107 in steps of two seconds; a moment outside is moved to the nearest end.
pub fn dos_time(at: OffsetDateTime) -> u32 {
    let year = at.year();
    if year < 1980 {
        return (1 << 21) | (1 << 16);
    }
    if year > 2107 {
        return (127 << 25) | (12 << 21) | (31 << 16) | (23 << 11) | (59 << 5) | 29;
    }
    let years = u32::try_from(year - 1980).unwrap_or(0);
    (years << 25)
        | (u32::from(u8::from(at.month())) << 21)
        | (u32::from(at.day()) << 16)
        | (u32::from(at.hour()) << 11)
        | (u32::from(at.minute()) << 5)
        | (u32::from(at.second()) / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn words_and_ends() {
        let cases = [
            (datetime!(1980-01-01 00:00:00 UTC), 0x0021_0000),
            (datetime!(2026-11-24 13:02:59 +01:00), (46 << 25) | (11 << 21) | (24 << 16) | (13 << 11) | (2 << 5) | 29),
            (datetime!(1979-12-31 23:59:59 UTC), 0x0021_0000),
            (datetime!(2107-12-31 23:59:59 UTC), 0xFF9F_BF7D),
            (datetime!(2108-01-01 00:00:00 UTC), 0xFF9F_BF7D),
        ];
        for (at, word) in cases {
            assert_eq!(dos_time(at), word, "{at}");
        }
    }
}
