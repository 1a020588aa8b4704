//! The names of time zones, as schedules take them.

use super::lines::find_line;

const NAMES: &str = include_str!("derived/timezones.txt");

/// All names of IANA's database, sorted: `Europe/Berlin`, `UTC`.
pub fn names() -> impl Iterator<Item = &'static str> {
    NAMES.lines()
}

pub fn is_known(name: &str) -> bool {
    find_line(NAMES, name).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_told_from_what_is_none() {
        assert!(names().is_sorted());
        for right in ["Europe/Berlin", "UTC", "Etc/GMT+1", "America/New_York"] {
            assert!(is_known(right), "{right}");
        }
        for wrong in ["", "berlin", "Europe/", "Europe/Berlim", "+01:00"] {
            assert!(!is_known(wrong), "{wrong}");
        }
    }
}
