//! The virtual clock, and ISO-8601 texts.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, SecondsFormat, TimeDelta, Utc};

/// A moment: nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i128);

/// A virtual duration in milliseconds.
pub type Millis = i64;

impl Moment {
    pub fn from_millis(millis: Millis) -> Self {
        Self(i128::from(millis) * 1_000_000)
    }

    /// Rounded down.
    pub fn millis(self) -> Millis {
        Millis::try_from(self.0.div_euclid(1_000_000)).unwrap_or(Millis::MAX)
    }

    /// The first whole millisecond that is not before the moment.
    pub fn millis_ceil(self) -> Millis {
        Millis::try_from((self.0 + 999_999).div_euclid(1_000_000)).unwrap_or(Millis::MAX)
    }

    /// Reads `2024-01-02T03:04:05.678Z`: capital `T`, seconds, up to nine digits behind the point, `Z` or an offset.
    pub fn parse(text: &str) -> Option<Self> {
        let (date, rest) = text.split_once('T')?;
        let offset_at = rest.find(['Z', '+', '-'])?;
        let (time, offset) = rest.split_at(offset_at);
        let date = parse_date(date)?;
        let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
        let parts: Vec<u32> = clock.split(':').map(two_digits).collect::<Option<_>>()?;
        let [hour, minute, second] = parts[..] else {
            return None;
        };
        if !(1..=9).contains(&fraction.len()) || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let nanos: u32 = format!("{fraction:0<9}").parse().ok()?;
        let local: NaiveDateTime = date.and_hms_nano_opt(hour, minute, second, nanos)?;
        let moment = match offset {
            "Z" => local.and_utc(),
            _ => {
                let sign = if offset.starts_with('-') { -1 } else { 1 };
                let (hours, minutes) = offset[1..].split_once(':')?;
                let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
                let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
                let offset = FixedOffset::east_opt(sign * seconds)?;
                local
                    .and_local_timezone(offset)
                    .single()?
                    .with_timezone(&Utc)
            }
        };
        let nanos = i128::from(moment.timestamp()) * 1_000_000_000
            + i128::from(moment.timestamp_subsec_nanos());
        Some(Self(nanos))
    }

    /// `2024-01-02T03:04:05.678Z`
    pub fn text(self) -> String {
        let moment = DateTime::<Utc>::from_timestamp_millis(self.millis());
        moment
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
            .to_rfc3339_opts(SecondsFormat::Millis, true)
    }
}

fn parse_date(text: &str) -> Option<NaiveDate> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 || !year.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    NaiveDate::from_ymd_opt(year.parse().ok()?, two_digits(month)?, two_digits(day)?)
}

fn two_digits(text: &str) -> Option<u32> {
    if text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    }
}

/// `1.5 s`, `2 m`, `1 h 30 m`: a virtual duration as people read it.
pub fn duration_text(millis: Millis) -> String {
    let delta = TimeDelta::milliseconds(millis);
    if millis < 60_000 {
        let seconds = millis as f64 / 1000.0;
        return format!("{seconds} s");
    }
    let parts = [
        (delta.num_days(), "d"),
        (delta.num_hours() % 24, "h"),
        (delta.num_minutes() % 60, "m"),
        (delta.num_seconds() % 60, "s"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count != 0)
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect();
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_the_service_reads_them() {
        let millis = |text| Moment::parse(text).map(Moment::millis);
        assert_eq!(millis("1970-01-01T00:00:01Z"), Some(1000));
        assert_eq!(millis("1970-01-01T00:00:01.5Z"), Some(1500));
        assert_eq!(millis("1970-01-01T02:00:00+02:00"), Some(0));
        assert_eq!(
            millis("2016-03-05T21:29:29.243167252Z"),
            Some(1_457_213_369_243)
        );
        for wrong in [
            "2016-12-05 21:29:29Z",
            "2016-12-05t21:29:29Z",
            "2016-12-05T25:29:29Z",
            "2016-12-05T21:29:29",
            "2016-12-05T21:29Z",
            "2016-12-05",
            "20161205T212929Z",
            "2016-12-05T21:29:29.Z",
        ] {
            assert_eq!(millis(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_moment_is_written_with_milliseconds() {
        assert_eq!(
            Moment::from_millis(1_500).text(),
            "1970-01-01T00:00:01.500Z"
        );
    }

    #[test]
    fn durations_read_as_people_say_them() {
        assert_eq!(duration_text(1500), "1.5 s");
        assert_eq!(duration_text(90_000), "1 m 30 s");
        assert_eq!(duration_text(86_400_000), "1 d");
    }
}
