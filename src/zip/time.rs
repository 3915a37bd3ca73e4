//! When an entry was last changed.

use super::long;

/// 1980-01-01, the first day of DOS's calendar.
const EARLIEST_SECONDS: u32 = 315_532_800;
/// The extended timestamp of Info-ZIP, an extra field.
const EXTENDED: u16 = 0x5455;

/// Returns the extended timestamp where there is one (it is in UTC), else the DOS time.
pub(super) fn modified_seconds(dos_date: u16, dos_time: u16, extra: &[u8]) -> Option<u32> {
    let extended = super::directory::field(extra, EXTENDED);
    // The first bit says that a modification time comes first.
    if let Some([flags, seconds @ ..]) = extended
        && flags & 1 != 0
        && seconds.len() >= 4
    {
        // Signed, by Info-ZIP's notes. Before DOS there was no ZIP: such a time is nobody's.
        let seconds = long(seconds);
        let is_time = (EARLIEST_SECONDS..=i32::MAX.unsigned_abs()).contains(&seconds);
        return is_time.then_some(seconds);
    }
    let number = |number: u16| i8::try_from(number).ok();
    let civil = jiff::civil::DateTime::new(
        i16::try_from(1980 + (dos_date >> 9)).ok()?,
        number(dos_date >> 5 & 0xf)?,
        number(dos_date & 0x1f)?,
        number(dos_time >> 11)?,
        number(dos_time >> 5 & 0x3f)?,
        number((dos_time & 0x1f) * 2)?,
        0,
    );
    let utc = civil.ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    u32::try_from(utc.timestamp().as_second()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2024-05-06 and 07:08:10.
    const DATE: u16 = (44 << 9) | (5 << 5) | 6;
    const TIME: u16 = (7 << 11) | (8 << 5) | 5;

    #[test]
    fn the_extended_time_counts_where_it_is_one() {
        let extra = |seconds: u32| {
            let mut bytes = vec![0x55, 0x54, 5, 0, 1];
            bytes.extend(seconds.to_le_bytes());
            bytes
        };
        for (date, time, extra, seconds) in [
            (DATE, TIME, vec![], Some(1_714_979_290)),
            (DATE, TIME, extra(1_000_000_000), Some(1_000_000_000)),
            (DATE, TIME, extra(0), None),
            (DATE, TIME, extra(u32::MAX), None),
            (DATE, TIME, vec![0x55, 0x54, 5, 0, 1], Some(1_714_979_290)),
            (0, 0, vec![], None),
            (DATE, 31, vec![], None),
        ] {
            assert_eq!(modified_seconds(date, time, &extra), seconds, "{extra:?}");
        }
    }
}
